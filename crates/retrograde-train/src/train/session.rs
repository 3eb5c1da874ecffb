//! A training in the caller's hands: one step at a time.

use super::checkpoint::{Checkpoint, Identity};
use super::classification::Classification;
use super::evaluate::{Evaluation, Evaluator, batch};
use super::trainer::Trainer;
use crate::data::{Batches, Dataset};
use crate::nn::{Model, Parameters};
use crate::optim::{Schedule, check_learning_rate};
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Leaf, Tensor, Var};
use retrograde_core::kernel::{Real, Threads};
use retrograde_core::plan::{Plan, Planner, Profile};

/// A model in training: the compiled step with the current parameters, and the evaluation of both sets.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::Dataset;
/// use retrograde::nn::Mlp;
/// use retrograde::optim::Sgd;
/// use retrograde::train::{Session, Trainer};
///
/// let data = Dataset::embedded()?;
/// let mut net = Mlp::new([784, 50, 10]).build()?;
/// let trainer = Trainer::new(Sgd::new(0.1)).batch(100);
/// let mut session = Session::<f32>::new(&trainer, &net, &data)?;
/// // Early stopping, outside of any framework's loop:
/// while session.steps() < 1000 && session.step()? > 0.5 {}
/// session.store(&mut net)?;
/// # assert!(session.steps() < 1000);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Session<T: Real> {
    plan: Plan<T>,
    loss: Var,
    learning_rate: Var,
    /// What the schedule's factor is multiplied with.
    base_rate: f64,
    /// Of a length of its own, whatever the training's.
    schedule: Schedule,
    rows: Var,
    rows_to_come: Var,
    parameters: Vec<Var>,
    /// Everything that updates change: parameters first, then the optimiser's states.
    leaves: Vec<Var>,
    batches: Batches,
    drawn: Vec<u32>,
    /// The batch after the one being trained on, and the step that it is for, if it has been drawn.
    upcoming: Vec<u32>,
    drawn_ahead: Option<u64>,
    steps: u64,
    train: Evaluator<T>,
    test: Evaluator<T>,
    identity: Identity,
    threads: Threads,
}

impl<T: Real> Session<T> {
    /// Records and compiles the training step of `model` on `data` with the trainer's settings.
    pub fn new(trainer: &Trainer, model: &impl Model, data: &Dataset) -> Result<Self> {
        trainer.check_on(data)?;
        let samples = data.train();
        let batches = Batches::new(samples.len(), trainer.batch, trainer.drawing, trainer.seed)?;
        let threads = Threads::new(trainer.thread_count());
        let graph = Graph::new();
        let rows = graph.index_input("rows", [trainer.batch]);
        let rows_to_come = graph.index_input("rows_to_come", [trainer.batch]);
        let (x, labels) = batch(&graph, samples, &rows, Some(&rows_to_come));
        let parameters = model.parameters().record(&graph);
        let logits = model.record(&x, &parameters);
        let expected = [trainer.batch, data.classes()];
        if !logits.is_error() && *logits.shape() != expected {
            let (found, classes) = (logits.shape(), data.classes());
            let problem = format!("for {} rows it gives logits of shape {found}", trainer.batch);
            return Err(Error::invalid(
                "the model",
                problem,
                format!("`{}` has {classes} classes", data.name()),
            ));
        }
        let loss = logits.softmax_with_loss(&labels).named("loss");
        let gradients = loss.backward()?;
        let gradients = parameters.iter().map(|var| gradients.wrt(var)).collect::<Result<Vec<Var>>>()?;
        let learning_rate = graph.state("learning_rate", trainer.optimizer.learning_rate());
        let updates = trainer.optimizer.record(&graph, &learning_rate, &parameters, &gradients);
        let mut planner = Planner::new(&graph).want(&loss).want(&learning_rate).threads(threads.clone());
        let mut leaves = parameters.clone();
        for update in &updates {
            planner = planner.update(&update.leaf, &update.value);
            if matches!(update.leaf.node().leaf(), Some(Leaf::State(_))) {
                leaves.push(update.leaf.clone());
            }
        }
        Ok(Session {
            plan: planner.want_all(&leaves).compile()?,
            loss,
            learning_rate,
            base_rate: trainer.optimizer.learning_rate(),
            schedule: trainer.fixed_schedule(samples.len())?,
            rows,
            rows_to_come,
            parameters,
            leaves,
            drawn: vec![0; trainer.batch],
            upcoming: vec![0; trainer.batch],
            drawn_ahead: None,
            batches,
            steps: 0,
            train: Evaluator::new(model, samples, &threads)?,
            test: Evaluator::new(model, data.test(), &threads)?,
            identity: Identity::new(trainer, model, data)?,
            threads,
        })
    }

    /// Draws the next batch, runs forward, backward and the update, and returns the batch's loss before the update.
    /// Errors when the loss is not a finite number; the parameters are then no longer of use.
    pub fn step(&mut self) -> Result<f64> {
        if self.drawn_ahead == Some(self.steps) {
            std::mem::swap(&mut self.drawn, &mut self.upcoming);
        } else {
            self.batches.draw(self.steps, &mut self.drawn)?;
        }
        // The batch after this one is drawn already, so that its rows are on their way from main memory meanwhile.
        self.batches.draw(self.steps + 1, &mut self.upcoming)?;
        self.drawn_ahead = Some(self.steps + 1);
        self.plan.set_indices(&self.rows, &self.drawn)?;
        self.plan.set_indices(&self.rows_to_come, &self.upcoming)?;
        if !self.schedule.is_constant() {
            self.plan.set(&self.learning_rate, &[self.learning_rate()])?;
        }
        self.plan.run()?;
        self.steps += 1;
        let loss = self.plan.scalar(&self.loss)?;
        if loss.is_finite() { Ok(loss) } else { Err(diverged(self.steps, loss)) }
    }

    /// Measures where the time of steps goes from now on, until [`end_profile`](Self::end_profile).
    pub fn begin_profile(&mut self) {
        self.plan.begin_profile();
    }

    /// Where the time of the steps since [`begin_profile`](Self::begin_profile) went, drawing their batches not counted.
    pub fn end_profile(&mut self) -> Profile {
        self.plan.end_profile()
    }

    /// How many steps have been done, those before a resume included.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How many threads work.
    pub fn threads(&self) -> usize {
        self.threads.count()
    }

    /// What it trains and how.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The threads themselves, for what runs beside it.
    pub(super) fn team(&self) -> &Threads {
        &self.threads
    }

    /// The rows of the last step's batch.
    pub(super) fn drawn(&self) -> &[u32] {
        &self.drawn
    }

    /// A parameter as it is now, by its place in the model.
    pub(super) fn parameter(&mut self, number: usize) -> Result<&[T]> {
        self.plan.read(&self.parameters[number])
    }

    /// How many passes over the training set the steps so far make.
    pub fn epochs(&self) -> f64 {
        self.epochs_at(self.steps)
    }

    fn epochs_at(&self, step: u64) -> f64 {
        (step as f64 * self.batches.batch() as f64) / self.batches.rows() as f64
    }

    /// Whether a pass over the training set ends with this step.
    pub(super) fn ends_an_epoch(&self, step: u64) -> bool {
        step > 0 && self.epochs_at(step).floor() > self.epochs_at(step - 1).floor()
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        // The schedule has a length of its own.
        self.base_rate * self.schedule.factor(self.steps, 0)
    }

    /// Changes the learning rate from the next step on. The schedule, if there is one, goes on multiplying it. It is not
    /// part of checkpoints: who changes it sets it again after a resume.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<()> {
        check_learning_rate(learning_rate)?;
        self.base_rate = learning_rate;
        self.plan.set(&self.learning_rate, &[self.learning_rate()])
    }

    /// Loss and accuracy on the whole training set and on the whole test set.
    pub fn evaluate(&mut self) -> Result<(Evaluation, Evaluation)> {
        let values = self.exact_values()?;
        let values: Vec<&[T]> = values.iter().map(Vec::as_slice).collect();
        Ok((self.train.evaluate(&values)?, self.test.evaluate(&values)?))
    }

    /// The same, and what becomes of each image of the test set.
    pub fn classify(&mut self) -> Result<(Evaluation, Evaluation, Classification)> {
        let values = self.exact_values()?;
        let values: Vec<&[T]> = values.iter().map(Vec::as_slice).collect();
        let (test, classification) = self.test.classify(&values)?;
        Ok((self.train.evaluate(&values)?, test, classification))
    }

    fn exact_values(&mut self) -> Result<Vec<Vec<T>>> {
        (0..self.parameters.len()).map(|number| self.parameter(number).map(<[T]>::to_vec)).collect()
    }

    /// The parameters as they are now, by name.
    pub fn parameters(&mut self) -> Result<Parameters> {
        let mut parameters = Parameters::new();
        for var in &self.parameters {
            parameters.insert(var.node().label(), self.plan.value(var)?);
        }
        Ok(parameters)
    }

    /// Puts the parameters as they are now into the model.
    pub fn store(&mut self, model: &mut impl Model) -> Result<()> {
        let values = self.values()?;
        for ((_, to), value) in model.parameters_mut().iter_mut().zip(values) {
            *to = value;
        }
        Ok(())
    }

    /// All that is needed to continue from here, bit for bit. Errors when a parameter is no longer a finite number:
    /// such a state is not worth keeping.
    pub fn checkpoint(&mut self) -> Result<Checkpoint> {
        let values = self.values()?;
        let mut tensors = Parameters::new();
        for (leaf, value) in self.leaves.iter().zip(values) {
            if !value.values().iter().all(|number| number.is_finite()) {
                return Err(diverged(self.steps, f64::NAN));
            }
            tensors.insert(leaf.node().label(), value);
        }
        Ok(Checkpoint::new(self.identity.clone(), self.steps, tensors))
    }

    /// Continues from a checkpoint of the same model, data and settings. `path` is where it came from, for messages. On an
    /// error the session is what it was before.
    pub fn resume(&mut self, checkpoint: &Checkpoint, path: &std::path::Path) -> Result<()> {
        self.identity.check(checkpoint.identity(), path)?;
        let found = |leaf: &Var| {
            let label = leaf.node().label();
            let missing = || {
                let help = "give a checkpoint of this model and optimiser";
                Error::format(path, format!("it has no `{label}` of shape {}", leaf.shape()), help)
            };
            let value = checkpoint.tensors().get(&label).filter(|value| *value.shape() == leaf.shape());
            value.ok_or_else(missing)
        };
        let values = self.leaves.iter().map(found).collect::<Result<Vec<&Tensor>>>()?;
        for (leaf, value) in self.leaves.iter().zip(values) {
            self.plan.set(leaf, value.values())?;
        }
        self.steps = checkpoint.step();
        Ok(())
    }

    fn values(&mut self) -> Result<Vec<Tensor>> {
        let mut values = Vec::new();
        for leaf in &self.leaves {
            values.push(self.plan.value(leaf)?);
        }
        Ok(values)
    }
}

fn diverged(step: u64, loss: f64) -> Error {
    let help = "choose a smaller learning rate, or smaller initial weights".into();
    Error::Diverged { step, loss, help }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Mlp;
    use crate::optim::Sgd;
    use std::path::Path;

    #[test]
    fn a_checkpoint_that_lacks_a_tensor_changes_nothing() -> Result<()> {
        let (data, net) = (Dataset::embedded()?, Mlp::new([784, 3, 10]).build()?);
        let mut session =
            Session::<f64>::new(&Trainer::new(Sgd::new(0.1)).batch(10).threads(1), &net, &data)?;
        let whole = session.checkpoint()?;
        session.step()?;
        let before = session.parameters()?;
        let mut tensors = Parameters::new();
        for (name, tensor) in whole.tensors().iter().take(3) {
            tensors.insert(name, tensor.clone());
        }
        let damaged = Checkpoint::new(whole.identity().clone(), 0, tensors);
        let error = session.resume(&damaged, Path::new("run")).expect_err("a missing tensor").to_string();
        assert!(error.contains("it has no `affine2.bias`"), "{error}");
        assert_eq!((session.parameters()?, session.steps()), (before, 1));
        session.resume(&whole, Path::new("run"))?;
        assert_eq!((session.parameters()?, session.steps()), (net.parameters().clone(), 0));
        Ok(())
    }
}

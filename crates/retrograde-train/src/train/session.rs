//! A training session: single steps for custom loops.

use super::batch::Batch;
use super::checkpoint::{Checkpoint, RunFingerprint};
use super::classification::Classification;
use super::evaluate::{Evaluation, Evaluator, EvaluatorLayout, of_predictions};
use super::memory::{MemoryEstimate, Plans};
use super::trainer::Trainer;
use crate::data::{Batches, Dataset, Features, Samples, Task};
use crate::nn::{Model, Parameters, Recorded};
use crate::optim::{Schedule, check_learning_rate};
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Leaf, Tensor, Var};
use retrograde_core::kernel::{Real, Threads};
use retrograde_core::ops::RandomKey;
use retrograde_core::plan::{Plan, Planner, Profile};

/// A training session: the compiled step, the current parameters, and the evaluation of both sets.
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
/// // Early stopping:
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
    /// The learning rate without the schedule's factor.
    base_rate: f64,
    /// With an explicit length.
    schedule: Schedule,
    samples: Samples,
    batch: Batch,
    parameters: Vec<Var>,
    /// The parameters and buffers, in the order of the model.
    values: Vec<Var>,
    /// The updated leaves: the parameters and buffers, then the optimizer states.
    leaves: Vec<Var>,
    /// The step, if random numbers depend on it.
    step: Option<Var>,
    batches: Batches,
    batch_rows: Vec<u32>,
    /// The next batch, which is prefetched, and its step.
    next_batch_rows: Vec<u32>,
    next_batch_step: Option<u64>,
    steps: u64,
    train: Evaluator<T>,
    test: Evaluator<T>,
    fingerprint: RunFingerprint,
    threads: Threads,
    memory: MemoryEstimate,
}

/// A training step, recorded.
struct RecordedStep {
    planner: Planner,
    loss: Var,
    learning_rate: Var,
    batch: Batch,
    parameters: Vec<Var>,
    /// The parameters and buffers, in the order of the model.
    values: Vec<Var>,
    /// The updated leaves: the parameters and buffers, then the optimizer states.
    leaves: Vec<Var>,
    /// The step, if random numbers depend on it.
    step: Option<Var>,
}

impl RecordedStep {
    fn new(trainer: &Trainer, model: &impl Model, data: &Dataset, threads: &Threads) -> Result<Self> {
        let (takes, given) = (model.inputs(), data.train().row_len());
        if takes != given {
            let problem =
                format!("it takes rows of {takes} numbers, those of `{}` have {given}", data.name());
            return Err(Error::invalid(
                "model",
                problem,
                format!("use a model with an input of {given} numbers"),
            ));
        }
        let graph = Graph::new();
        let batch = Batch::record(&graph, data.train(), trainer.batch, true);
        let Recorded { output, parameters, values, updates: buffers, step } =
            model.record_steps(&batch.x, trainer.seed);
        let outputs = data.train().outputs();
        let output = of_predictions(&output, data.train());
        if !output.is_error()
            && *output.shape() != [trainer.batch * data.train().targets().positions(), outputs]
        {
            let (found, name) = (output.shape(), data.name());
            let problem = format!("its outputs for {} rows have the shape {found}", trainer.batch);
            let help = match data.task() {
                Task::Classification => {
                    format!("use a model with one output for each of the {outputs} classes of `{name}`")
                }
                Task::NextToken => format!(
                    "use a model with outputs [rows, {}, {outputs}], one for each of the {outputs} different tokens of `{name}`",
                    data.train().row_len()
                ),
                _ => {
                    format!("use a model with {outputs} outputs, as many numbers as a target of `{name}` has")
                }
            };
            return Err(Error::invalid("model", problem, help));
        }
        let loss =
            trainer.loss_for(data)?.record(&output, &batch.targets, batch.weights.as_ref()).named("loss");
        let gradients = loss.backward()?;
        let gradients = parameters.iter().map(|var| gradients.wrt(var)).collect::<Result<Vec<Var>>>()?;
        let learning_rate = graph.state("learning_rate", trainer.optimizer.learning_rate());
        let updates = trainer.optimizer.record(&graph, &learning_rate, &parameters, &gradients);
        let mut planner = Planner::new(&graph).fetch(&loss).fetch(&learning_rate).threads(threads.clone());
        for (buffer, value) in &buffers {
            planner = planner.update(buffer, value);
        }
        let mut leaves = values.clone();
        for update in &updates {
            planner = planner.update(&update.leaf, &update.value);
            if matches!(update.leaf.node().leaf(), Some(Leaf::State(_))) {
                leaves.push(update.leaf.clone());
            }
        }
        planner = planner.fetch_all(&leaves);
        if let (Some(rows), Some(next_rows)) = (&batch.rows, &batch.next_rows) {
            planner = planner.prefetch(rows, next_rows);
        }
        Ok(RecordedStep { planner, loss, learning_rate, batch, parameters, values, leaves, step })
    }
}

impl Trainer {
    /// The planner of the training step of `model` on `data`, to print its plan or to inspect it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for settings out of range or a model that does not fit the data.
    pub fn planner(&self, model: &impl Model, data: &Dataset) -> Result<Planner> {
        self.check_for(data)?;
        Ok(RecordedStep::new(self, model, data, &Threads::new(self.thread_count()))?.planner)
    }
}

impl<T: Real> Session<T> {
    /// Records and compiles the training step of `model` on `data` with the settings of the trainer.
    ///
    /// # Errors
    /// [`Error::Invalid`] for settings out of range or a model that does not fit the data, [`Error::OutOfMemory`] if the system
    /// does not have the memory.
    pub fn new(trainer: &Trainer, model: &impl Model, data: &Dataset) -> Result<Self> {
        trainer.check_for(data)?;
        let train = data.train();
        if T::NAME == f32::NAME {
            [train, data.test()].into_iter().try_for_each(must_fit_f32)?;
        }
        let batches = Batches::new(train.len(), trainer.batch, trainer.sampling, trainer.seed)?;
        let threads = Threads::new(trainer.thread_count());
        let RecordedStep { planner, loss, learning_rate, batch, parameters, values, leaves, step } =
            RecordedStep::new(trainer, model, data, &threads)?;
        let plan = planner.lay_out::<T>()?;
        let scoring = trainer.scoring(data)?;
        let [train_layout, test_layout] = [
            EvaluatorLayout::new(model, train, &scoring, &threads)?,
            EvaluatorLayout::new(model, data.test(), &scoring, &threads)?,
        ];
        let elements = |leaves: &[Var]| leaves.iter().map(|leaf| leaf.shape().elements()).sum::<usize>();
        let plans = Plans {
            number: size_of::<T>(),
            parameters: elements(&values),
            states: elements(&leaves[values.len()..]),
            memory: [plan.memory()]
                .into_iter()
                .chain(train_layout.memory())
                .chain(test_layout.memory())
                .collect(),
        };
        let memory = MemoryEstimate::new(trainer, data, &plans);
        memory.must_fit(model)?;
        Ok(Session {
            plan: plan.allocate()?,
            loss,
            learning_rate,
            base_rate: trainer.optimizer.learning_rate(),
            schedule: trainer.fixed_schedule(train.len())?,
            samples: train.clone(),
            batch,
            parameters,
            values,
            leaves,
            step,
            batch_rows: vec![0; trainer.batch],
            next_batch_rows: vec![0; trainer.batch],
            next_batch_step: None,
            batches,
            steps: 0,
            train: train_layout.allocate()?,
            test: test_layout.allocate()?,
            fingerprint: RunFingerprint::new(trainer, model, data)?,
            threads,
            memory,
        })
    }

    /// Samples the next batch, runs forward, backward and the update, and returns the loss of the batch before the update.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the loss is not finite. The parameters are then no longer useful.
    pub fn step(&mut self) -> Result<f64> {
        if self.next_batch_step == Some(self.steps) {
            std::mem::swap(&mut self.batch_rows, &mut self.next_batch_rows);
        } else {
            self.batches.draw(self.steps, &mut self.batch_rows)?;
        }
        if let Some(next_rows) = &self.batch.next_rows {
            // The rows of the next batch are prefetched during this step.
            self.batches.draw(self.steps + 1, &mut self.next_batch_rows)?;
            self.next_batch_step = Some(self.steps + 1);
            self.plan.set_indices(next_rows, &self.next_batch_rows)?;
        }
        let shift = self.batches.shift_of(self.steps, self.samples.targets().positions());
        self.batch.set(&mut self.plan, &self.samples, &self.batch_rows, shift)?;
        if !self.schedule.is_constant() {
            self.plan.set(&self.learning_rate, &[self.learning_rate()])?;
        }
        if let Some(step) = &self.step {
            self.plan.set_indices(step, &RandomKey::step_indices(self.steps))?;
        }
        self.plan.run()?;
        self.steps += 1;
        let loss = self.plan.scalar(&self.loss)?;
        if loss.is_finite() { Ok(loss) } else { Err(diverged(self.steps, loss)) }
    }

    /// Starts profiling, until [`end_profile`](Self::end_profile).
    pub fn begin_profile(&mut self) {
        self.plan.begin_profile();
    }

    /// The profile of the steps since [`begin_profile`](Self::begin_profile), without the sampling of batches.
    pub fn end_profile(&mut self) -> Profile {
        self.plan.end_profile()
    }

    /// The number of steps done, those before a resume included.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.threads.count()
    }

    /// The memory that the training needs.
    pub fn memory(&self) -> MemoryEstimate {
        self.memory
    }

    /// The fingerprint of the training.
    pub fn fingerprint(&self) -> &RunFingerprint {
        &self.fingerprint
    }

    /// The thread pool.
    pub(super) fn thread_pool(&self) -> &Threads {
        &self.threads
    }

    /// The rows of the batch of the last step.
    pub(super) fn batch_rows(&self) -> &[u32] {
        &self.batch_rows
    }

    /// By how many tokens the windows of the batch of the last step have moved.
    pub(super) fn batch_shift(&self) -> usize {
        self.batches.shift_of(self.steps.saturating_sub(1), self.samples.targets().positions())
    }

    /// The current value of a parameter, by its index in the model.
    pub(super) fn parameter(&mut self, index: usize) -> Result<&[T]> {
        self.plan.read(&self.parameters[index])
    }

    /// The number of passes over the training set so far.
    pub fn epochs(&self) -> f64 {
        self.epochs_at(self.steps)
    }

    fn epochs_at(&self, step: u64) -> f64 {
        (step as f64 * self.batches.batch() as f64) / self.batches.rows() as f64
    }

    /// Whether a pass over the training set ends with this step.
    pub(super) fn ends_epoch(&self, step: u64) -> bool {
        step > 0 && self.epochs_at(step).floor() > self.epochs_at(step - 1).floor()
    }

    /// The learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        // The length is not used: the schedule has an explicit one.
        self.base_rate * self.schedule.factor(self.steps, 0)
    }

    /// Sets the learning rate from the next step on, before the schedule's factor. Checkpoints do not store it: set it again
    /// after a resume.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is negative or not finite.
    pub fn set_learning_rate(&mut self, learning_rate: f64) -> Result<()> {
        check_learning_rate(learning_rate)?;
        self.base_rate = learning_rate;
        self.plan.set(&self.learning_rate, &[self.learning_rate()])
    }

    /// Loss and scores on the training set and on the test set.
    pub fn evaluate(&mut self) -> Result<(Evaluation, Evaluation)> {
        let values = read(&self.plan, &self.values)?;
        Ok((self.train.evaluate(&values)?, self.test.evaluate(&values)?))
    }

    /// Loss and scores on the training set and on the test set, and the predictions of a classification for the test set.
    pub fn classify(&mut self) -> Result<(Evaluation, Evaluation, Option<Classification>)> {
        let values = read(&self.plan, &self.values)?;
        let (test, classification) = self.test.classify(&values)?;
        Ok((self.train.evaluate(&values)?, test, classification))
    }

    /// The current parameters and buffers, by name.
    pub fn parameters(&mut self) -> Result<Parameters> {
        let mut parameters = Parameters::new();
        for var in &self.values {
            let node = var.node();
            let insert = match node.leaf() {
                Some(Leaf::State(_)) => Parameters::insert_buffer,
                _ => Parameters::insert,
            };
            insert(&mut parameters, node.label(), self.plan.value(var)?);
        }
        Ok(parameters)
    }

    /// Copies the current parameters and buffers into the model.
    pub fn store(&mut self, model: &mut impl Model) -> Result<()> {
        for ((_, to), var) in model.parameters_mut().iter_mut().zip(&self.values) {
            *to = self.plan.value(var)?;
        }
        Ok(())
    }

    /// The checkpoint of the current state, from which a training resumes bit for bit.
    ///
    /// # Errors
    /// [`Error::Diverged`] if a parameter or an optimizer state is not finite.
    pub fn checkpoint(&mut self) -> Result<Checkpoint> {
        let mut tensors = Parameters::new();
        for leaf in &self.leaves {
            let value = self.plan.value(leaf)?;
            if !value.values().iter().all(|value| value.is_finite()) {
                return Err(diverged(self.steps, f64::NAN));
            }
            tensors.insert(leaf.node().label(), value);
        }
        Ok(Checkpoint::new(self.fingerprint.clone(), self.steps, tensors))
    }

    /// Resumes from a checkpoint of the same model, data and settings. `path` is its path, for messages. On an error the
    /// session does not change.
    ///
    /// # Errors
    /// [`Error::Format`] if the fingerprint differs or a tensor is missing.
    pub fn resume(&mut self, checkpoint: &Checkpoint, path: &std::path::Path) -> Result<()> {
        self.fingerprint.check(checkpoint.fingerprint(), path)?;
        let found = |leaf: &Var| {
            let label = leaf.node().label();
            let missing = || {
                let help = "give a checkpoint of this model and optimizer";
                Error::format(path, format!("it does not have `{label}` of shape {}", leaf.shape()), help)
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
}

/// The values of some leaves.
fn read<'a, T: Real>(plan: &'a Plan<T>, leaves: &[Var]) -> Result<Vec<&'a [T]>> {
    leaves.iter().map(|leaf| plan.read(leaf)).collect()
}

/// Checks that real numbers are within the range of `f32`.
fn must_fit_f32(samples: &Samples) -> Result<()> {
    match samples.features() {
        Features::Reals(matrix) => matrix.must_fit_f32(),
        Features::Bytes { .. } | Features::Tokens(_) => Ok(()),
    }
}

fn diverged(step: u64, loss: f64) -> Error {
    let help = "use a smaller learning rate or smaller initial weights".into();
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
        let complete = session.checkpoint()?;
        session.step()?;
        let before = session.parameters()?;
        let mut tensors = Parameters::new();
        for (name, tensor) in complete.tensors().iter().take(3) {
            tensors.insert(name, tensor.clone());
        }
        let damaged = Checkpoint::new(complete.fingerprint().clone(), 0, tensors);
        let error = session.resume(&damaged, Path::new("run")).expect_err("a missing tensor").to_string();
        assert!(error.contains("it does not have `affine2.bias`"), "{error}");
        assert_eq!((session.parameters()?, session.steps()), (before, 1));
        session.resume(&complete, Path::new("run"))?;
        assert_eq!((session.parameters()?, session.steps()), (net.parameters().clone(), 0));
        Ok(())
    }
}

//! A training session: single steps for custom loops.

use super::accumulation::{Accumulation, StepBatch, batches_of_step};
use super::batch::Batch;
use super::checkpoint::{Checkpoint, RunFingerprint};
use super::classification::Classification;
use super::evaluate::{Evaluation, Evaluator, EvaluatorLayout};
use super::loss::Loss;
use super::memory::{MemoryEstimate, Plans};
use super::recorded_step::RecordedStep;
use super::trainer::Trainer;
use crate::data::{Batches, Dataset, Features, Samples};
use crate::nn::{Model, Parameters};
use crate::optim::{Schedule, check_learning_rate};
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Leaf, Tensor, Var};
use retrograde_core::kernel::{Real, Threads};
use retrograde_core::ops::RandomKey;
use retrograde_core::plan::{Plan, Profile};

/// A training session: the compiled step, the current parameters, and the evaluation of all sets.
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
    /// What the loss is.
    loss_kind: Loss,
    accumulation: Option<Accumulation>,
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
    /// The rows of each step.
    batches: Batches,
    /// The rows of a batch, of which a step has one or more.
    batch_size: usize,
    step_rows: Vec<u32>,
    /// The rows of the next step, which are prefetched, and that step.
    next_step_rows: Vec<u32>,
    next_step: Option<u64>,
    steps: u64,
    train: Evaluator<T>,
    validation: Option<Evaluator<T>>,
    test: Evaluator<T>,
    fingerprint: RunFingerprint,
    threads: Threads,
    memory: MemoryEstimate,
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
            data.sets().try_for_each(must_fit_f32)?;
        }
        let batches = Batches::new(train.len(), trainer.step_rows(), trainer.sampling, trainer.seed)?;
        let threads = Threads::new(trainer.thread_count());
        let RecordedStep {
            planner,
            loss,
            accumulation,
            learning_rate,
            batch,
            parameters,
            values,
            leaves,
            step,
        } = RecordedStep::new(trainer, model, data, &threads)?;
        let plan = planner.lay_out::<T>()?;
        let scoring = trainer.scoring(data)?;
        let layout = |samples: &Samples| EvaluatorLayout::new(model, samples, &scoring, &threads);
        let (train_layout, test_layout) = (layout(&sample_of(train)?)?, layout(data.test())?);
        let validation_layout = data.validation().map(layout).transpose()?;
        let elements = |leaves: &[Var]| leaves.iter().map(|leaf| leaf.shape().elements()).sum::<usize>();
        let plans = Plans {
            number: size_of::<T>(),
            parameters: elements(&values),
            states: elements(&leaves[values.len()..])
                + accumulation.as_ref().map_or(0, |_| elements(&parameters)),
            memory: [plan.memory()]
                .into_iter()
                .chain(train_layout.memory())
                .chain(validation_layout.iter().flat_map(EvaluatorLayout::memory))
                .chain(test_layout.memory())
                .collect(),
        };
        let memory = MemoryEstimate::new(trainer, data, &plans);
        memory.must_fit(model)?;
        Ok(Session {
            plan: plan.allocate()?,
            loss,
            loss_kind: scoring.loss,
            accumulation,
            learning_rate,
            base_rate: trainer.optimizer.learning_rate(),
            schedule: trainer.fixed_schedule(train.len())?,
            samples: train.clone(),
            batch,
            parameters,
            values,
            leaves,
            step,
            batch_size: trainer.batch,
            step_rows: vec![0; trainer.step_rows()],
            next_step_rows: vec![0; trainer.step_rows()],
            next_step: None,
            batches,
            steps: 0,
            train: train_layout.allocate()?,
            validation: validation_layout.map(EvaluatorLayout::allocate).transpose()?,
            test: test_layout.allocate()?,
            fingerprint: RunFingerprint::new(trainer, model, data)?,
            threads,
            memory,
        })
    }

    /// Samples the next batch, runs forward, backward and the update, and returns the loss of the batch before the update. With
    /// [`Trainer::accumulate`] these are several batches, one update, and the mean loss of all their rows.
    ///
    /// # Errors
    /// [`Error::Diverged`] if the loss is not finite. The parameters are then no longer useful.
    pub fn step(&mut self) -> Result<f64> {
        if self.next_step == Some(self.steps) {
            std::mem::swap(&mut self.step_rows, &mut self.next_step_rows);
        } else {
            self.batches.draw(self.steps, &mut self.step_rows)?;
        }
        let is_stored = matches!(self.samples.features(), Features::Stored(_));
        if self.batch.next_rows.is_some() || is_stored {
            self.batches.draw(self.steps + 1, &mut self.next_step_rows)?;
            self.next_step = Some(self.steps + 1);
        }
        if !self.schedule.is_constant() {
            self.plan.set(&self.learning_rate, &[self.learning_rate()])?;
        }
        let (size, shift) = (self.batch_size, self.batches.shift_of(self.steps, self.positions()));
        let mut loss = 0.0;
        for batch in batches_of_step(&self.loss_kind, &self.samples, &self.step_rows, size, shift) {
            self.batch.set(&mut self.plan, &self.samples, batch.rows, shift)?;
            // The rows of the next batch are prefetched, or read, during this one.
            let in_step = self.step_rows.chunks_exact(size).nth(batch.index + 1);
            let next = in_step.unwrap_or(&self.next_step_rows[..size]);
            if let Some(next_rows) = &self.batch.next_rows {
                self.plan.set_indices(next_rows, next)?;
            }
            self.batch.read_ahead::<T>(&self.samples, next);
            if let Some(accumulation) = &self.accumulation {
                accumulation.set(&mut self.plan, &batch)?;
            }
            if let Some(step) = &self.step {
                // Each batch has random numbers of its own.
                self.plan.set_indices(step, &RandomKey::step_indices(self.run_of(self.steps, &batch)))?;
            }
            self.plan.run()?;
            loss += batch.share * self.plan.scalar(&self.loss)?;
        }
        self.steps += 1;
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

    /// The batches of the last step, and by how many tokens their windows have moved.
    pub(super) fn last_batches(&self) -> (impl Iterator<Item = StepBatch<'_>>, usize) {
        let shift = self.batches.shift_of(self.steps.saturating_sub(1), self.positions());
        (batches_of_step(&self.loss_kind, &self.samples, &self.step_rows, self.batch_size, shift), shift)
    }

    /// The number of a batch of the last step among all batches of the training, from 0: what its random numbers depend on.
    pub(super) fn last_run(&self, batch: &StepBatch<'_>) -> u64 {
        self.run_of(self.steps.saturating_sub(1), batch)
    }

    fn run_of(&self, step: u64, batch: &StepBatch<'_>) -> u64 {
        step * (self.step_rows.len() / self.batch_size) as u64 + batch.index as u64
    }

    fn positions(&self) -> usize {
        self.samples.targets().positions()
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

    /// Loss and scores on the training set and on the test set. Of the training set of a text they are
    /// those of 1,000 windows at most, evenly spaced, since all windows would take as long as a third of an epoch.
    pub fn evaluate(&mut self) -> Result<(Evaluation, Evaluation)> {
        let values = read(&self.plan, &self.values)?;
        Ok((self.train.evaluate(&values)?, self.test.evaluate(&values)?))
    }

    /// Loss and scores on the validation set, if the data have one.
    pub fn evaluate_validation(&mut self) -> Result<Option<Evaluation>> {
        let values = read(&self.plan, &self.values)?;
        self.validation.as_mut().map(|validation| validation.evaluate(&values)).transpose()
    }

    /// Loss and scores on the training set.
    pub(super) fn evaluate_train(&mut self) -> Result<Evaluation> {
        self.train.evaluate(&read(&self.plan, &self.values)?)
    }

    /// Whether the data have a validation set.
    pub(super) fn has_validation(&self) -> bool {
        self.validation.is_some()
    }

    /// Loss and scores on the training set and on the test set, and the predictions of a classification for the test set.
    pub fn classify(&mut self) -> Result<(Evaluation, Evaluation, Option<Classification>)> {
        let values = read(&self.plan, &self.values)?;
        let (test, classification) = self.test.classify(&values)?;
        Ok((self.train.evaluate(&values)?, test, classification))
    }

    /// Loss and scores on the test set of a model with these parameters and buffers, and the predictions of a classification.
    pub(super) fn test(&mut self, parameters: &Parameters) -> Result<(Evaluation, Option<Classification>)> {
        let of = |tensor: &Tensor| tensor.values().iter().map(|&value| T::of(value)).collect();
        let values: Vec<Vec<T>> = parameters.iter().map(|(_, tensor)| of(tensor)).collect();
        self.test.classify(&values.iter().map(Vec::as_slice).collect::<Vec<_>>())
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

/// The most windows of a text on which the training set is evaluated.
const MAX_WINDOWS: usize = 1000;

/// What the training set is evaluated on: all rows, or some windows of a text, evenly spaced, the same after each epoch.
fn sample_of(train: &Samples) -> Result<Samples> {
    let windows = train.len();
    if windows <= MAX_WINDOWS || !matches!(train.features(), Features::Tokens(_)) {
        return Ok(train.clone());
    }
    let spaced = |index: usize| (index as u64 * windows as u64 / MAX_WINDOWS as u64) as u32;
    train.select(&(0..MAX_WINDOWS).map(spaced).collect::<Vec<u32>>())
}

/// Checks that real numbers are within the range of `f32`.
fn must_fit_f32(samples: &Samples) -> Result<()> {
    match samples.features() {
        Features::Reals(matrix) => matrix.must_fit_f32(),
        // Those of a file are checked when they are read.
        Features::Bytes { .. } | Features::Tokens(_) | Features::Stored(_) => Ok(()),
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

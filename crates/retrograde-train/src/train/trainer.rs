//! The settings of a training.

use super::config::TrainingConfig;
use super::history::{EpochStats, History};
use super::loss::Loss;
use super::memory::MemoryEstimate;
use super::progress::Progress;
use super::scores::Scoring;
use super::training_loop::TrainingLoop;
use crate::data::{Dataset, Sampling};
use crate::nn::{Model, Precision};
use crate::optim::{Optimizer, Schedule, check_learning_rate};
use retrograde_base::error::{Error, Result};
use retrograde_core::kernel::Threads;
use retrograde_core::plan::Profile;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

/// The length of a training.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// A number of steps.
    Steps(u64),
    /// A number of passes over the training set.
    Epochs(u64),
}

/// The settings of a training.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::Dataset;
/// use retrograde::nn::Mlp;
/// use retrograde::optim::Sgd;
/// use retrograde::train::Trainer;
///
/// let mut net = Mlp::new([784, 50, 10]).build()?;
/// let history = Trainer::new(Sgd::new(0.1)).batch(100).steps(400).fit(&mut net, &Dataset::embedded()?)?;
/// assert!(history.last().is_some_and(|epoch| epoch.held_out().accuracy > Some(0.7)));
/// # Ok(())
/// # }
/// ```
#[allow(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Trainer {
    pub(super) optimizer: Box<dyn Optimizer + Send + Sync>,
    pub(super) schedule: Schedule,
    loss: Option<Loss>,
    top_k: Option<usize>,
    pub(super) patience: Option<u64>,
    pub(super) keep_best: bool,
    pub(super) batch: usize,
    pub(super) accumulate: usize,
    pub(super) length: Length,
    pub(super) seed: u64,
    pub(super) sampling: Sampling,
    pub(super) threads: Option<usize>,
    pub(super) precision: Precision,
    config: Option<TrainingConfig>,
    pub(super) run_dir: Option<PathBuf>,
    pub(super) resume: bool,
    pub(super) checkpoint_every: Option<Duration>,
    pub(super) collect_metrics: bool,
    pub(super) profiling: bool,
}

impl fmt::Debug for Trainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("optimizer", &self.optimizer.description())
            .field("schedule", &self.schedule)
            .field("batch", &self.batch)
            .field("accumulate", &self.accumulate)
            .field("length", &self.length)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// An event of a training, for its observer.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The training starts or resumes.
    Begin {
        /// Steps done before.
        done: u64,
        /// Steps in all.
        steps: u64,
        /// Steps per epoch, rounded up.
        steps_per_epoch: u64,
        /// The number of threads.
        threads: usize,
        /// The memory that the training needs.
        memory: MemoryEstimate,
    },
    /// A step is done.
    Step {
        /// The step, counted from 1.
        step: u64,
        /// The loss of the batch before the update.
        loss: f64,
    },
    /// The sets have been evaluated, after an epoch or at the end.
    Epoch(&'a EpochStats),
    /// A checkpoint has been written during the training. The first and the last checkpoint have no event.
    Checkpoint {
        /// Steps done.
        step: u64,
    },
    /// The progress of a training that [collects metrics](Trainer::collect_metrics): at its start, at most twice a second
    /// while it runs, and at its end, also if it fails.
    Progress(&'a Progress<'a>),
    /// The profile of the steps of a training that is [profiled](Trainer::profiling), at its end.
    Profile(&'a Profile),
}

impl Trainer {
    /// A trainer with the notebook's settings: batches of 100 sampled with replacement, 10,000 steps, seed 0, `f32`.
    pub fn new(optimizer: impl Optimizer + Send + Sync + 'static) -> Self {
        Trainer {
            optimizer: Box::new(optimizer),
            schedule: Schedule::constant(),
            loss: None,
            top_k: None,
            patience: None,
            keep_best: false,
            batch: 100,
            accumulate: 1,
            length: Length::Steps(10_000),
            seed: 0,
            sampling: Sampling::WithReplacement,
            threads: None,
            precision: Precision::F32,
            config: None,
            run_dir: None,
            resume: false,
            checkpoint_every: None,
            collect_metrics: false,
            profiling: false,
        }
    }

    /// The learning rate schedule. Default: constant.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// The loss. Default: that of the task of the data, which is [cross entropy](Loss::CrossEntropy) for a classification,
    /// [binary cross entropy](Loss::BinaryCrossEntropy) for a multi-label one, and the [squared error](Loss::SquaredError) for a
    /// regression.
    pub fn loss(mut self, loss: impl Into<Loss>) -> Self {
        self.loss = Some(loss.into());
        self
    }

    /// Evaluations of a classification also have the [top-k accuracy](super::Evaluation::top_k_accuracy) for this k.
    pub fn top_k(mut self, k: usize) -> Self {
        self.top_k = Some(k);
        self
    }

    /// Stops the training once the loss on the validation set ([`Dataset::with_validation_fraction`]) has not been below its lowest
    /// for so many epochs. The stop depends on the history alone: a resumed training stops at the same step.
    ///
    /// Without a validation set the loss on the test set decides, which makes it optimistic: it was used to choose the step,
    /// and new data have a higher loss on average.
    pub fn patience(mut self, epochs: u64) -> Self {
        self.patience = Some(epochs);
        self
    }

    /// Whether the model gets the parameters of the end of the epoch with the lowest loss on the validation set, instead of those of
    /// the last step. Checkpoints keep them. Without a validation set the loss on the test set decides, as for
    /// [`patience`](Self::patience), and is then optimistic.
    pub fn keep_best(mut self, keep_best: bool) -> Self {
        self.keep_best = keep_best;
        self
    }

    /// Rows per batch.
    pub fn batch(mut self, rows: usize) -> Self {
        self.batch = rows;
        self
    }

    /// Batches per step, whose gradients are averaged before its update: as one batch of so many times the rows, with the memory
    /// of one. Batch normalization and dropout see each batch by itself. Default: 1.
    pub fn accumulate(mut self, batches: usize) -> Self {
        self.accumulate = batches;
        self
    }

    /// The number of steps, those before a resume included.
    pub fn steps(self, steps: u64) -> Self {
        self.length(Length::Steps(steps))
    }

    /// The number of passes over the training set, those before a resume included.
    pub fn epochs(self, epochs: u64) -> Self {
        self.length(Length::Epochs(epochs))
    }

    /// The length of the training.
    pub fn length(mut self, length: Length) -> Self {
        self.length = length;
        self
    }

    /// The random seed of the batches.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sampling of batches with or without replacement.
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// The number of threads. Default: the number of CPUs. The results do not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// The floating-point precision.
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Writes the model and [checkpoints](Self::checkpoint_every) into this run directory, which must not contain a run.
    pub fn run_dir(mut self, run_dir: impl Into<PathBuf>) -> Self {
        self.run_dir = Some(run_dir.into());
        self.resume = false;
        self
    }

    /// Resumes the run in this run directory, bit for bit, and writes into it.
    pub fn resume(mut self, run_dir: impl Into<PathBuf>) -> Self {
        self.run_dir = Some(run_dir.into());
        self.resume = true;
        self
    }

    /// The least interval between two checkpoints; zero for a checkpoint after each step. A killed training loses at most
    /// this interval and one step. A training stopped by its observer loses nothing.
    ///
    /// Default: the larger of two seconds and 100 times the time of the last write, so that checkpoints take at most 1 % of
    /// the time. The results do not depend on it.
    pub fn checkpoint_every(mut self, interval: Duration) -> Self {
        self.checkpoint_every = Some(interval);
        self
    }

    /// Whether the steps are profiled, for [`Event::Profile`]. This takes about 1 % of the time of a small step.
    pub fn profiling(mut self, profiling: bool) -> Self {
        self.profiling = profiling;
        self
    }

    /// Whether to collect [metrics](History::metrics) for a report. Default: false. The results do not depend on it; it takes
    /// a few percent of the time.
    pub fn collect_metrics(mut self, collect_metrics: bool) -> Self {
        self.collect_metrics = collect_metrics;
        self
    }

    /// The config that its checkpoints store.
    pub(super) fn config(mut self, config: TrainingConfig) -> Self {
        self.config = Some(config);
        self
    }

    /// The config with the current settings of the trainer, if the trainer was built from a config.
    pub(super) fn current_config(&self) -> Option<TrainingConfig> {
        self.config.as_ref().map(|config| TrainingConfig {
            schedule: self.schedule,
            batch: self.batch,
            accumulate: self.accumulate,
            sampling: self.sampling,
            length: self.length,
            precision: self.precision,
            loss: self.loss.clone(),
            patience: self.patience,
            keep_best: self.keep_best,
            ..config.clone()
        })
    }

    pub(super) fn thread_count(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }

    /// Trains `model`, which then has the parameters of the last step.
    ///
    /// # Errors
    /// [`Error::Invalid`] for settings out of range or a model that does not fit the data, [`Error::OutOfMemory`] if the system
    /// does not have the memory, [`Error::Diverged`] if the loss is not finite, and the errors of [`RunDir`](super::RunDir) and [`Checkpoint`](super::Checkpoint).
    pub fn fit<M: Model>(&self, model: &mut M, data: &Dataset) -> Result<History> {
        self.fit_with(model, data, &mut |_| ControlFlow::Continue(()))
    }

    /// Trains `model` and calls `observer` for each event. If it returns [`ControlFlow::Break`], the training stops after the
    /// step, saves, and sets [`History::stopped`].
    pub fn fit_with<M: Model>(
        &self,
        model: &mut M,
        data: &Dataset,
        observer: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<History> {
        self.check()?;
        match self.precision {
            Precision::F32 => TrainingLoop::<f32>::train(self, model, data, observer),
            Precision::F64 => TrainingLoop::<f64>::train(self, model, data, observer),
        }
    }

    /// The loss of a training on this data.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the loss is not for the task of the data, or its options are out of range or for another number of
    /// classes.
    pub fn loss_for(&self, data: &Dataset) -> Result<Loss> {
        let loss = self.loss.clone().unwrap_or_else(|| Loss::of_task(data.task()));
        loss.check()?;
        loss.check_for(data)?;
        Ok(loss)
    }

    pub(super) fn scoring(&self, data: &Dataset) -> Result<Scoring> {
        let unit = data.description().target_deviation();
        Ok(Scoring { loss: self.loss_for(data)?, top: self.top_k, unit })
    }

    /// Checks the settings for this data.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a setting out of its range.
    pub fn check_for(&self, data: &Dataset) -> Result<()> {
        self.check()?;
        self.loss_for(data)?;
        let rows = data.train().len();
        if self.batch > rows {
            let problem = format!("{} is more than the {rows} rows of the training set", self.batch);
            return Err(Error::invalid("batch size", problem, format!("give 1 to {rows}")));
        }
        if self.step_rows() > rows {
            let Trainer { accumulate, batch, .. } = self;
            let problem =
                format!("{accumulate} of {batch} rows are more than the {rows} of the training set");
            let help = format!("give 1 to {}, or smaller batches", rows / batch);
            return Err(Error::invalid("accumulated batches", problem, help));
        }
        Ok(())
    }

    /// The rows of a step: those of all its batches.
    pub(super) fn step_rows(&self) -> usize {
        self.batch.saturating_mul(self.accumulate)
    }

    /// Checks the settings that do not depend on the model and the data.
    pub(super) fn check(&self) -> Result<()> {
        check_learning_rate(self.optimizer.learning_rate())?;
        self.schedule.check()?;
        if let Some(loss) = &self.loss {
            loss.check()?;
        }
        if self.top_k == Some(0) {
            return Err(Error::invalid("k of the top-k accuracy", "it is 0", "give at least 1"));
        }
        if self.patience == Some(0) {
            return Err(Error::invalid("patience", "it is 0", "give at least 1 epoch"));
        }
        if self.batch == 0 {
            return Err(Error::invalid("batch size", "it is 0", "give at least 1"));
        }
        if self.accumulate == 0 {
            return Err(Error::invalid("accumulated batches", "their number is 0", "give at least 1"));
        }
        match self.threads {
            Some(0) => Err(Error::invalid("number of threads", "it is 0", "give at least 1")),
            Some(threads) if threads > Threads::MAX => {
                let problem = format!("{threads} is more than {}", Threads::MAX);
                Err(Error::invalid("number of threads", problem, "give the number of CPUs"))
            }
            _ => Ok(()),
        }
    }

    /// The number of steps in all.
    pub(super) fn last_step(&self, rows: usize) -> Result<u64> {
        match self.length {
            Length::Steps(steps) => Ok(steps),
            Length::Epochs(epochs) => {
                let rows = epochs.checked_mul(rows as u64).ok_or_else(|| {
                    Error::invalid("number of epochs", format!("{epochs} is too large"), "give fewer")
                })?;
                Ok(rows.div_ceil(self.step_rows().max(1) as u64))
            }
        }
    }

    /// The schedule with the length of the training made explicit.
    pub(super) fn fixed_schedule(&self, rows: usize) -> Result<Schedule> {
        Ok(self.schedule.fixed(self.last_step(rows)?))
    }
}

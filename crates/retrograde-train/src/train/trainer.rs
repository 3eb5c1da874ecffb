//! The training loop and its settings.

use super::history::{EpochRecord, History};
use super::recipe::Recipe;
use super::run::Run;
use super::state::State;
use crate::data::{Dataset, Drawing};
use crate::nn::{Model, Precision};
use crate::optim::{Optimizer, Schedule, check_learning_rate};
use retrograde_base::error::{Error, Result};
use retrograde_core::plan::Profile;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

/// More threads than this, no machine has processors for, and not every system starts them.
const MOST_THREADS: usize = 1024;

/// How long a training lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// So many steps.
    Steps(u64),
    /// So many passes over the training set.
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
/// assert!(history.last().is_some_and(|epoch| epoch.test.accuracy > 0.7));
/// # Ok(())
/// # }
/// ```
pub struct Trainer {
    pub(super) optimizer: Box<dyn Optimizer + Send + Sync>,
    pub(super) schedule: Schedule,
    pub(super) batch: usize,
    pub(super) length: Length,
    pub(super) seed: u64,
    pub(super) drawing: Drawing,
    pub(super) threads: Option<usize>,
    pub(super) precision: Precision,
    recipe: Option<Recipe>,
    pub(super) folder: Option<PathBuf>,
    pub(super) resume: bool,
    pub(super) checkpoint_every: Option<Duration>,
    pub(super) recording: bool,
    pub(super) profiling: bool,
}

impl fmt::Debug for Trainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trainer")
            .field("optimizer", &self.optimizer.description())
            .field("schedule", &self.schedule)
            .field("batch", &self.batch)
            .field("length", &self.length)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

/// What happens during a training, for whoever watches it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// It begins, or continues.
    Begin {
        /// Steps done already: more than 0 when it continues.
        done: u64,
        /// Steps in all.
        steps: u64,
        /// Steps in an epoch, rounded up.
        steps_per_epoch: u64,
        /// Threads that work.
        threads: usize,
    },
    /// A step is done.
    Step {
        /// Its number, counted from 1.
        step: u64,
        /// The batch's loss before the update.
        loss: f64,
    },
    /// The sets have been evaluated, between two epochs or at the end.
    Epoch(&'a EpochRecord),
    /// A checkpoint of this step has been written while the training runs; of the first and the last one there is no event.
    Checkpoint {
        /// Steps done.
        step: u64,
    },
    /// Of a training that records: how it stands. At its beginning, then twice a second or less often, and at its end,
    /// be it a good one or not.
    State(&'a State<'a>),
    /// Of a training that [profiles](Trainer::profiling): at its end, where the time of its steps went.
    Profile(&'a Profile),
}

impl Trainer {
    /// With batches of 100 drawn with replacement, 10,000 steps, seed 0 and `f32` unless said otherwise: the
    /// notebook's settings.
    pub fn new(optimizer: impl Optimizer + Send + Sync + 'static) -> Self {
        Trainer {
            optimizer: Box::new(optimizer),
            schedule: Schedule::constant(),
            batch: 100,
            length: Length::Steps(10_000),
            seed: 0,
            drawing: Drawing::WithReplacement,
            threads: None,
            precision: Precision::F32,
            recipe: None,
            folder: None,
            resume: false,
            checkpoint_every: None,
            recording: false,
            profiling: false,
        }
    }

    /// How the learning rate changes from step to step; not at all unless said otherwise.
    pub fn schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// Rows in a batch.
    pub fn batch(mut self, rows: usize) -> Self {
        self.batch = rows;
        self
    }

    /// How many steps in all, those before a resume included.
    pub fn steps(self, steps: u64) -> Self {
        self.length(Length::Steps(steps))
    }

    /// How many passes over the training set in all.
    pub fn epochs(self, epochs: u64) -> Self {
        self.length(Length::Epochs(epochs))
    }

    /// How long it lasts.
    pub fn length(mut self, length: Length) -> Self {
        self.length = length;
        self
    }

    /// The seed from which batches are drawn.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// With or without replacement.
    pub fn drawing(mut self, drawing: Drawing) -> Self {
        self.drawing = drawing;
        self
    }

    /// How many threads; as many as the machine has processors unless said otherwise. The bits do not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// The precision of the numbers.
    pub fn precision(mut self, precision: Precision) -> Self {
        self.precision = precision;
        self
    }

    /// Writes model and [checkpoints](Self::checkpoint_every) into this folder, in which there must be no run yet.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self.resume = false;
        self
    }

    /// Continues the run in this folder, bit for bit, and writes into it.
    pub fn resume(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self.resume = true;
        self
    }

    /// Writes a checkpoint when this much time has passed since the last one, after the step that is then done, also within
    /// an epoch; of zero, after each step. That is what a training loses that is killed, and the step it was at. One that its
    /// observer stops loses nothing.
    ///
    /// Unless said otherwise it is two seconds, or a hundred times as long as the last checkpoint took to write if that is
    /// more: so checkpoints take a hundredth of the time at most. No bit depends on it.
    pub fn checkpoint_every(mut self, time: Duration) -> Self {
        self.checkpoint_every = Some(time);
        self
    }

    /// Whether it is measured where the time of steps goes, for [`Event::Profile`]. That takes about a hundredth of the
    /// time of a small step.
    pub fn profiling(mut self, profiling: bool) -> Self {
        self.profiling = profiling;
        self
    }

    /// Whether the network's insides are recorded into the history's [`recording`](History::recording), for a report:
    /// not unless said otherwise. It changes no bit of the training, and costs a few percent of its time.
    pub fn recording(mut self, recording: bool) -> Self {
        self.recording = recording;
        self
    }

    /// The recipe that its checkpoints remember.
    pub(super) fn recipe(mut self, recipe: Recipe) -> Self {
        self.recipe = Some(recipe);
        self
    }

    /// The recipe of this training, if it was made from one: the trainer's settings may have been changed since.
    pub(super) fn recipe_of_this(&self) -> Option<Recipe> {
        self.recipe.as_ref().map(|recipe| Recipe {
            schedule: self.schedule,
            batch: self.batch,
            drawing: self.drawing,
            length: self.length,
            precision: self.precision,
            ..recipe.clone()
        })
    }

    pub(super) fn thread_count(&self) -> usize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get))
    }

    /// Trains `model`, which then has the parameters of the last step.
    pub fn fit<M: Model>(&self, model: &mut M, data: &Dataset) -> Result<History> {
        self.fit_watched(model, data, &mut |_| ControlFlow::Continue(()))
    }

    /// Trains `model` and tells `observer` what happens. When that answers [`ControlFlow::Break`], the training stops
    /// after the step, keeps what it has, and the history says so.
    pub fn fit_watched<M: Model>(
        &self,
        model: &mut M,
        data: &Dataset,
        observer: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<History> {
        self.check()?;
        match self.precision {
            Precision::F32 => Run::<f32>::train(self, model, data, observer),
            Precision::F64 => Run::<f64>::train(self, model, data, observer),
        }
    }

    /// Errors when a setting makes no sense, or does not go with this data.
    pub fn check_on(&self, data: &Dataset) -> Result<()> {
        self.check()?;
        let rows = data.train().len();
        if self.batch > rows {
            let problem = format!("{} is more than the {rows} rows to train on", self.batch);
            return Err(Error::invalid("the batch size", problem, format!("give 1 to {rows}")));
        }
        Ok(())
    }

    /// Errors when a setting makes no sense, whatever the model and the data.
    pub(super) fn check(&self) -> Result<()> {
        check_learning_rate(self.optimizer.learning_rate())?;
        self.schedule.check()?;
        if self.batch == 0 {
            return Err(Error::invalid("the batch size", "0 rows teach nothing", "give one or more"));
        }
        match self.threads {
            Some(0) => {
                Err(Error::invalid("the number of threads", "0 threads do nothing", "give one or more"))
            }
            Some(threads) if threads > MOST_THREADS => {
                let problem = format!("{threads} are more than {MOST_THREADS}");
                Err(Error::invalid("the number of threads", problem, "give as many as there are processors"))
            }
            _ => Ok(()),
        }
    }

    /// The number of the last step.
    pub(super) fn last_step(&self, rows: usize) -> Result<u64> {
        match self.length {
            Length::Steps(steps) => Ok(steps),
            Length::Epochs(epochs) => {
                let rows = epochs.checked_mul(rows as u64).ok_or_else(|| {
                    Error::invalid("the number of epochs", format!("{epochs} are too many"), "give fewer")
                })?;
                Ok(rows.div_ceil(self.batch.max(1) as u64))
            }
        }
    }

    /// The schedule with its own length, for so many rows to train on.
    pub(super) fn fixed_schedule(&self, rows: usize) -> Result<Schedule> {
        Ok(self.schedule.fixed(self.last_step(rows)?))
    }
}

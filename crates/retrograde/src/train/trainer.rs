//! The training loop and its settings.

use super::folder::RunFolder;
use super::history::{EpochRecord, History};
use super::recipe::Recipe;
use super::session::Session;
use crate::data::{Dataset, Drawing};
use crate::error::{Error, Result};
use crate::kernel::Real;
use crate::nn::{Model, Precision};
use crate::optim::{Optimizer, Schedule, check_learning_rate};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// A checkpoint is written between two epochs when the last one is older than this, and at the end in any case.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(5);

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
    folder: Option<PathBuf>,
    resume: bool,
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

    /// Writes model and checkpoints into this folder, in which there must be no run yet.
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

    /// The recipe that its checkpoints remember.
    pub(super) fn recipe(mut self, recipe: Recipe) -> Self {
        self.recipe = Some(recipe);
        self
    }

    /// The recipe of this training, if it was made from one: the trainer's settings may have been changed since.
    fn recipe_of_this(&self) -> Option<Recipe> {
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
            Precision::F32 => self.run::<f32, M>(model, data, observer),
            Precision::F64 => self.run::<f64, M>(model, data, observer),
        }
    }

    /// Errors when a setting makes no sense, whatever the model and the data.
    pub(super) fn check(&self) -> Result<()> {
        check_learning_rate(self.optimizer.learning_rate())?;
        self.schedule.check()?;
        if self.batch == 0 {
            return Err(Error::invalid("the batch size", "0 rows teach nothing", "give one or more"));
        }
        if self.threads == Some(0) {
            return Err(Error::invalid("the number of threads", "0 threads do nothing", "give one or more"));
        }
        Ok(())
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

    fn run<T: Real, M: Model>(
        &self,
        model: &mut M,
        data: &Dataset,
        observer: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<History> {
        let mut session = Session::<T>::new(self, model, data)?;
        let rows = data.train().len();
        let last = self.last_step(rows)?;
        let mut run = Run { trainer: self, history: History::default(), folder: None, saved: Instant::now() };
        run.open(&mut session, model)?;
        run.history.threads = session.threads();
        let done = session.steps();
        let steps_per_epoch = (rows as u64).div_ceil(self.batch as u64);
        let begin = Event::Begin { done, steps: last, steps_per_epoch, threads: session.threads() };
        run.history.stopped = observer(begin).is_break();
        let mut since = run.history.losses.len();
        while session.steps() < last && !run.history.stopped {
            let epoch = session.epochs().floor();
            let loss = run.step(&mut session)?;
            run.history.stopped |= observer(Event::Step { step: session.steps(), loss }).is_break();
            let between = session.epochs().floor() > epoch;
            if between || session.steps() == last || run.history.stopped {
                let record = run.evaluate(&mut session, since)?;
                since = run.history.losses.len();
                run.history.stopped |= observer(Event::Epoch(&record)).is_break();
                if run.saved.elapsed() >= CHECKPOINT_EVERY {
                    run.save(&mut session, model)?;
                }
            }
        }
        if run.history.epochs.is_empty() {
            let record = run.evaluate(&mut session, since)?;
            let _ = observer(Event::Epoch(&record));
        }
        // What was complete before is left as it is.
        if session.steps() > done || !self.resume {
            run.save(&mut session, model)?;
        }
        session.store(model)?;
        Ok(run.history)
    }
}

/// A training under way.
struct Run<'a> {
    trainer: &'a Trainer,
    history: History,
    folder: Option<RunFolder>,
    saved: Instant,
}

impl Run<'_> {
    /// Opens the folder if there is one, and continues from its checkpoint or writes the first.
    fn open<T: Real>(&mut self, session: &mut Session<T>, model: &mut impl Model) -> Result<()> {
        let Some(path) = &self.trainer.folder else {
            return Ok(());
        };
        if self.trainer.resume {
            // Looked at before anything is created: a mistyped folder stays what it was.
            RunFolder::must_hold_a_run(path)?;
            let folder = RunFolder::open(path)?;
            let checkpoint = folder.checkpoint()?;
            session.resume(&checkpoint, &RunFolder::checkpoint_file(path))?;
            self.history = checkpoint.history().clone();
            self.history.train_seconds = 0.0;
            self.history.evaluation_seconds = 0.0;
            self.folder = Some(folder);
            return Ok(());
        }
        let folder = RunFolder::open(path)?;
        folder.must_be_new()?;
        self.folder = Some(folder);
        self.save(session, model)
    }

    fn step<T: Real>(&mut self, session: &mut Session<T>) -> Result<f64> {
        let start = Instant::now();
        let loss = session.step()?;
        self.history.train_seconds += start.elapsed().as_secs_f64();
        self.history.timed_steps += 1;
        self.history.losses.push(loss);
        Ok(loss)
    }

    fn evaluate<T: Real>(&mut self, session: &mut Session<T>, since: usize) -> Result<EpochRecord> {
        let start = Instant::now();
        let (train, test) = session.evaluate()?;
        self.history.evaluation_seconds += start.elapsed().as_secs_f64();
        let losses = &self.history.losses[since..];
        let loss =
            if losses.is_empty() { train.loss } else { losses.iter().sum::<f64>() / losses.len() as f64 };
        let record = EpochRecord { epoch: session.epochs(), step: session.steps(), loss, train, test };
        self.history.epochs.push(record);
        Ok(record)
    }

    /// Writes checkpoint and model if there is a folder.
    fn save<T: Real>(&mut self, session: &mut Session<T>, model: &mut impl Model) -> Result<()> {
        if let Some(folder) = &self.folder {
            session
                .checkpoint()?
                .with_history(&self.history)
                .with_recipe(self.trainer.recipe_of_this())
                .write(RunFolder::checkpoint_file(folder.path()))?;
            session.store(model)?;
            model.save(&RunFolder::model_file(folder.path()), self.trainer.precision)?;
        }
        self.saved = Instant::now();
        Ok(())
    }
}

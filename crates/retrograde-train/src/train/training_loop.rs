//! The training loop.

use super::best;
use super::checkpoint_timer::CheckpointTimer;
use super::history::{EpochStats, History};
use super::metrics_collector::MetricsCollector;
use super::progress::{Progress, Status};
use super::run_dir::RunDir;
use super::run_id::RunId;
use super::session::Session;
use super::trainer::{Event, Trainer};
use crate::data::Dataset;
use crate::nn::{Model, Parameters};
use retrograde_base::clock::Instant;
use retrograde_base::error::{Error, Result};
use retrograde_core::kernel::Real;
use std::ops::ControlFlow;
use std::time::Duration;

/// The least interval between progress events.
const PROGRESS_INTERVAL: Duration = Duration::from_millis(500);

/// The most losses for which memory is reserved in advance.
const MAX_RESERVED_LOSSES: u64 = 1 << 20;

/// Receives the events of a training.
type Observer<'a> = &'a mut dyn FnMut(Event<'_>) -> ControlFlow<()>;

/// A running training.
pub(super) struct TrainingLoop<'a, T: Real> {
    trainer: &'a Trainer,
    id: RunId,
    session: Session<T>,
    history: History,
    collector: Option<MetricsCollector<T>>,
    run_dir: Option<RunDir>,
    timer: CheckpointTimer,
    /// The time of the last progress event.
    last_notified: Instant,
    /// The number of steps in all.
    last_step: u64,
    /// The parameters of the end of the best epoch, if the trainer keeps them.
    best: Option<Parameters>,
}

impl<'a, T: Real> TrainingLoop<'a, T> {
    /// Trains `model` with the settings of `trainer`, and notifies `observer`.
    pub fn train(
        trainer: &'a Trainer,
        model: &mut impl Model,
        data: &Dataset,
        observer: Observer<'_>,
    ) -> Result<History> {
        let session = Session::<T>::new(trainer, model, data)?;
        let now = Instant::now();
        let last_step = trainer.last_step(data.train().len())?;
        let mut training = TrainingLoop {
            trainer,
            id: RunId::draw(),
            session,
            history: History::default(),
            collector: None,
            run_dir: None,
            timer: CheckpointTimer::new(trainer.checkpoint_every, now),
            last_notified: now,
            last_step,
            best: None,
        };
        training.open_run_dir(model, data)?;
        training.start_metrics(model, data)?;
        match training.run(model, data.train().len(), observer) {
            Ok(()) => Ok(training.history),
            Err(error) => {
                // The first error is returned.
                let _ = training.notify(Status::Failed(&error), observer);
                Err(error)
            }
        }
    }

    fn run(&mut self, model: &mut impl Model, rows: usize, observer: Observer<'_>) -> Result<()> {
        let done = self.session.steps();
        // The first million steps do not allocate.
        self.history.losses.reserve(self.last_step.saturating_sub(done).min(MAX_RESERVED_LOSSES) as usize);
        if done < self.last_step {
            self.history.test = None;
            self.drop_closing_evaluation();
        }
        let begin = Event::Begin {
            done,
            steps: self.last_step,
            steps_per_epoch: (rows as u64).div_ceil(self.trainer.step_rows() as u64),
            threads: self.session.threads(),
            memory: self.session.memory(),
        };
        self.history.stopped = observer(begin).is_break();
        self.notify(Status::Running, observer)?;
        if self.trainer.profiling {
            self.session.begin_profile();
        }
        self.history.stopped_early = self.has_lost_patience();
        while self.session.steps() < self.last_step && !self.history.stopped && !self.history.stopped_early {
            let (loss, mut now) = self.step()?;
            let step = self.session.steps();
            self.history.stopped |= observer(Event::Step { step, loss }).is_break();
            let ends_epoch = self.session.ends_epoch(step);
            if ends_epoch || step == self.last_step || self.history.stopped {
                let epoch = self.evaluate()?;
                if ends_epoch {
                    self.keep_best()?;
                    self.history.stopped_early = self.has_lost_patience();
                }
                self.history.stopped |= observer(Event::Epoch(&epoch)).is_break();
                now = Instant::now();
            }
            // After the evaluation, so that a run resumed here does not repeat it. The last step is saved below.
            let continues = step < self.last_step && !self.history.stopped && !self.history.stopped_early;
            if continues && self.run_dir.is_some() && self.timer.is_due(now) && self.save_midway(model)? {
                self.history.stopped |= observer(Event::Checkpoint { step }).is_break();
            }
            // The clock is read only at sampled steps and evaluations.
            let sampled = self.history.metrics.as_ref().is_some_and(|metrics| metrics.is_due(step));
            if (ends_epoch || sampled) && self.last_notified.elapsed() >= PROGRESS_INTERVAL {
                self.notify(Status::Running, observer)?;
            }
        }
        if self.trainer.profiling {
            self.history.stopped |= observer(Event::Profile(&self.session.end_profile())).is_break();
        }
        // A training always ends with an evaluation.
        if self.history.last().is_none_or(|last| last.step != self.session.steps()) {
            let epoch = self.evaluate()?;
            let _ = observer(Event::Epoch(&epoch));
        }
        if self.session.has_validation() && self.history.test.is_none() {
            self.session.store(model)?;
            self.give_best(model);
            self.test(model)?;
        }
        // A run that was already complete is not written again.
        if self.session.steps() > done || !self.trainer.resume {
            self.save(model)?;
        }
        self.session.store(model)?;
        self.give_best(model);
        let status = if self.history.stopped { Status::Stopped } else { Status::Complete };
        self.notify(status, observer)
    }

    /// Opens the run directory, if there is one. Resumes from its checkpoint, or writes the first.
    fn open_run_dir(&mut self, model: &mut impl Model, data: &Dataset) -> Result<()> {
        self.history.threads = self.session.threads();
        let Some(path) = &self.trainer.run_dir else {
            return Ok(());
        };
        if self.trainer.resume {
            // Checked first, so that a mistyped directory is not created.
            RunDir::expect_run(path)?;
            let run_dir = RunDir::open(path)?;
            let checkpoint = run_dir.checkpoint()?;
            let file = RunDir::checkpoint_file(path);
            self.session.resume(&checkpoint, &file)?;
            let metrics = checkpoint.history().metrics.as_ref();
            let found = metrics.and_then(|metrics| metrics.classification.as_ref());
            let (classes, rows) = (data.train().outputs(), data.test().len());
            if found.is_some_and(|found| found.classes != classes || found.images() != rows as u64) {
                let problem = format!("its metrics are not those of {rows} rows of {classes} classes");
                return Err(Error::format(file, problem, "give a checkpoint written by training"));
            }
            self.history = History { threads: self.session.threads(), ..checkpoint.history().clone() };
            self.id = checkpoint.run().unwrap_or(self.id);
            self.run_dir = Some(run_dir);
            self.best = best::restored(&checkpoint);
            return Ok(());
        }
        let run_dir = RunDir::open(path)?;
        run_dir.expect_new()?;
        run_dir.describe(data.description())?;
        self.run_dir = Some(run_dir);
        self.save(model)
    }

    /// Continues the metrics of an earlier run, or starts new ones.
    fn start_metrics(&mut self, model: &impl Model, data: &Dataset) -> Result<()> {
        if self.trainer.collect_metrics {
            let (collector, fresh) = MetricsCollector::new(
                model,
                data.train(),
                &self.trainer.loss_for(data)?,
                self.trainer.batch,
                self.trainer.seed,
                self.session.thread_pool(),
            )?;
            let earlier = self.history.metrics.take();
            self.history.metrics = earlier.filter(|earlier| earlier.is_compatible(&fresh)).or(Some(fresh));
            self.collector = Some(collector);
        }
        Ok(())
    }

    /// Drops the evaluation at the end of an earlier call within an epoch: an uninterrupted training does not have it.
    fn drop_closing_evaluation(&mut self) {
        if self.history.last().is_some_and(|last| !self.session.ends_epoch(last.step)) {
            self.history.epochs.pop();
            if let Some(metrics) = &mut self.history.metrics {
                metrics.classification = None;
            }
        }
    }

    /// Runs a step and returns its loss and the time of its end.
    fn step(&mut self) -> Result<(f64, Instant)> {
        let next = self.session.steps() + 1;
        let metrics = self.history.metrics.as_mut();
        let mut sampled = self.collector.as_mut().zip(metrics).filter(|(_, metrics)| metrics.is_due(next));
        let begin = sampled.is_some().then(Instant::now);
        if let Some((collector, _)) = &mut sampled {
            collector.before_step(&mut self.session)?;
        }
        let start = Instant::now();
        let loss = self.session.step();
        let end = Instant::now();
        if let (Some((collector, metrics)), Some(begin)) = (sampled, begin) {
            // Also for a step whose loss is not finite: its metrics show the cause.
            collector.after_step(&mut self.session, metrics)?;
            self.history.metrics_seconds += ((start - begin) + end.elapsed()).as_secs_f64();
        }
        let loss = loss?;
        let seconds = (end - start).as_secs_f64();
        self.history.train_seconds += seconds;
        self.history.timed_seconds += seconds;
        self.history.timed_steps += 1;
        self.history.losses.push(loss);
        Ok((loss, end))
    }

    /// The evaluations at the ends of epochs, to which alone a resumed training comes back.
    fn epoch_ends(&self) -> impl Iterator<Item = &EpochStats> {
        self.history.epochs.iter().filter(|epoch| self.session.ends_epoch(epoch.step))
    }

    /// Keeps the parameters if the last epoch is the best so far.
    fn keep_best(&mut self) -> Result<()> {
        if self.trainer.keep_best && best::epochs_since(self.epoch_ends()) == Some(0) {
            self.best = Some(self.session.parameters()?);
        }
        Ok(())
    }

    fn has_lost_patience(&self) -> bool {
        let since = best::epochs_since(self.epoch_ends());
        self.trainer.patience.is_some_and(|patience| since.is_some_and(|since| since >= patience))
    }

    /// Gives the model the parameters of the best epoch, if they are kept and the current ones are not better.
    fn give_best(&self, model: &mut impl Model) {
        let Some(best) = &self.best else { return };
        if self.history.best().is_some_and(|best| best.step == self.session.steps()) {
            return;
        }
        for (name, to) in model.parameters_mut().iter_mut() {
            if let Some(value) = best.get(name) {
                to.clone_from(value);
            }
        }
    }

    fn evaluate(&mut self) -> Result<EpochStats> {
        let start = Instant::now();
        let (train, test) = match (&self.collector, &mut self.history.metrics) {
            _ if self.session.has_validation() => (self.session.evaluate_train()?, None),
            (Some(_), Some(metrics)) => {
                let (train, test, classification) = self.session.classify()?;
                metrics.classification = classification;
                (train, Some(test))
            }
            _ => {
                let (train, test) = self.session.evaluate()?;
                (train, Some(test))
            }
        };
        let validation = self.session.evaluate_validation()?;
        self.history.evaluation_seconds += start.elapsed().as_secs_f64();
        let since = self.history.last().map_or(0, |last| last.step as usize);
        let losses = self.history.losses.get(since..).unwrap_or_default();
        let loss =
            if losses.is_empty() { train.loss } else { losses.iter().sum::<f64>() / losses.len() as f64 };
        let (epoch, step) = (self.session.epochs(), self.session.steps());
        let stats = EpochStats { epoch, step, loss, train, validation, test };
        self.history.epochs.push(stats);
        Ok(stats)
    }

    /// Evaluates the test set once, at the end of a training with a validation set: of the model that it returns.
    fn test(&mut self, model: &impl Model) -> Result<()> {
        let start = Instant::now();
        let (test, classification) = self.session.test(model.parameters())?;
        if let (Some(_), Some(metrics)) = (&self.collector, &mut self.history.metrics) {
            metrics.classification = classification;
        }
        self.history.test = Some(test);
        self.history.evaluation_seconds += start.elapsed().as_secs_f64();
        Ok(())
    }

    /// Sends a progress event, if the training collects metrics.
    fn notify(&mut self, status: Status<'_>, observer: Observer<'_>) -> Result<()> {
        if self.collector.is_none() {
            return Ok(());
        }
        let parameters = self.session.parameters()?;
        let progress = Progress {
            run: self.id,
            fingerprint: self.session.fingerprint(),
            history: &self.history,
            parameters: &parameters,
            steps: self.last_step,
            status,
        };
        let answer = observer(Event::Progress(&progress));
        if matches!(status, Status::Running) {
            self.history.stopped |= answer.is_break();
        }
        self.last_notified = Instant::now();
        Ok(())
    }

    /// Writes checkpoint and model, if there is a run directory.
    fn save(&mut self, model: &mut impl Model) -> Result<()> {
        if let Some(run_dir) = &self.run_dir {
            let begin = Instant::now();
            let checkpoint = self.session.checkpoint()?;
            // The model shares the values of the checkpoint.
            for ((_, to), (_, value)) in model.parameters_mut().iter_mut().zip(checkpoint.tensors().iter()) {
                to.clone_from(value);
            }
            self.give_best(model);
            let checkpoint = match &self.best {
                Some(best) => checkpoint.with_tensors(&best::stored(best)),
                None => checkpoint,
            };
            checkpoint
                .with_history(&self.history)
                .with_config(self.trainer.current_config())
                .with_run(self.id)
                .write(RunDir::checkpoint_file(run_dir.path()))?;
            model.save(&RunDir::model_file(run_dir.path()), self.trainer.precision)?;
            self.timer.restart(begin, Instant::now());
        }
        Ok(())
    }

    /// Saves during the training and returns whether it did. Parameters that are not finite are not saved and not an error
    /// here: the loss of the next step will be, so that a training fails at the same step however often it is saved.
    fn save_midway(&mut self, model: &mut impl Model) -> Result<bool> {
        match self.save(model) {
            Err(Error::Diverged { .. }) => Ok(false),
            saved => saved.map(|()| true),
        }
    }
}

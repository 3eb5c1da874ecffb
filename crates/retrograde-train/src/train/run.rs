//! A training under way: the loop.

use super::folder::RunFolder;
use super::history::{EpochRecord, History};
use super::pacing::Pacing;
use super::recorder::Recorder;
use super::run_id::RunId;
use super::session::Session;
use super::state::{State, Status};
use super::trainer::{Event, Trainer};
use crate::data::Dataset;
use crate::nn::Model;
use retrograde_base::clock::Instant;
use retrograde_base::error::{Error, Result};
use retrograde_core::kernel::Real;
use std::ops::ControlFlow;
use std::time::Duration;

/// How often an observer is told how a training stands that records.
const STATE_EVERY: Duration = Duration::from_millis(500);

/// For the losses of so many steps there is memory before the first.
const LOSSES_AT_ONCE: u64 = 1 << 20;

/// Who is told what happens.
type Observer<'a> = &'a mut dyn FnMut(Event<'_>) -> ControlFlow<()>;

/// A training under way.
pub(super) struct Run<'a, T: Real> {
    trainer: &'a Trainer,
    id: RunId,
    session: Session<T>,
    history: History,
    recorder: Option<Recorder<T>>,
    folder: Option<RunFolder>,
    pacing: Pacing,
    /// When the observer was last told how it stands.
    told: Instant,
    /// The number of the last step.
    last: u64,
}

impl<'a, T: Real> Run<'a, T> {
    /// Trains `model` as `trainer` says, and tells `observer` of it.
    pub fn train(
        trainer: &'a Trainer,
        model: &mut impl Model,
        data: &Dataset,
        observer: Observer<'_>,
    ) -> Result<History> {
        let session = Session::<T>::new(trainer, model, data)?;
        let now = Instant::now();
        let last = trainer.last_step(data.train().len())?;
        let mut run = Run {
            trainer,
            id: RunId::draw(),
            session,
            history: History::default(),
            recorder: None,
            folder: None,
            pacing: Pacing::new(trainer.checkpoint_every, now),
            told: now,
            last,
        };
        run.open(model, data)?;
        run.start_recording(model, data)?;
        match run.go(model, data.train().len(), observer) {
            Ok(()) => Ok(run.history),
            Err(error) => {
                // There is only the first error to be told.
                let _ = run.tell(Status::Failed(&error), observer);
                Err(error)
            }
        }
    }

    fn go(&mut self, model: &mut impl Model, rows: usize, observer: Observer<'_>) -> Result<()> {
        let done = self.session.steps();
        // No step has to ask for memory, of the first million.
        self.history.losses.reserve(self.last.saturating_sub(done).min(LOSSES_AT_ONCE) as usize);
        if done < self.last {
            self.drop_closing_evaluation();
        }
        let begin = Event::Begin {
            done,
            steps: self.last,
            steps_per_epoch: (rows as u64).div_ceil(self.trainer.batch as u64),
            threads: self.session.threads(),
        };
        self.history.stopped = observer(begin).is_break();
        self.tell(Status::Running, observer)?;
        if self.trainer.profiling {
            self.session.begin_profile();
        }
        while self.session.steps() < self.last && !self.history.stopped {
            let (loss, mut now) = self.step()?;
            let step = self.session.steps();
            self.history.stopped |= observer(Event::Step { step, loss }).is_break();
            let between = self.session.ends_an_epoch(step);
            if between || step == self.last || self.history.stopped {
                let record = self.evaluate()?;
                self.history.stopped |= observer(Event::Epoch(&record)).is_break();
                now = Instant::now();
            }
            // After the evaluation, which a run that is resumed here does not repeat. What ends here is saved below.
            let goes_on = step < self.last && !self.history.stopped;
            if goes_on && self.folder.is_some() && self.pacing.is_due(now) && self.save_on_the_way(model)? {
                self.history.stopped |= observer(Event::Checkpoint { step }).is_break();
            }
            // For this the clock is read at sampled steps only.
            let sampled = self.history.recording.as_ref().is_some_and(|recording| recording.is_due(step));
            if (between || sampled) && self.told.elapsed() >= STATE_EVERY {
                self.tell(Status::Running, observer)?;
            }
        }
        if self.trainer.profiling {
            self.history.stopped |= observer(Event::Profile(&self.session.end_profile())).is_break();
        }
        // It closes with an evaluation, wherever it was stopped.
        if self.history.last().is_none_or(|last| last.step != self.session.steps()) {
            let record = self.evaluate()?;
            let _ = observer(Event::Epoch(&record));
        }
        // What was complete before is left as it is.
        if self.session.steps() > done || !self.trainer.resume {
            self.save(model)?;
        }
        self.session.store(model)?;
        let status = if self.history.stopped { Status::Stopped } else { Status::Complete };
        self.tell(status, observer)
    }

    /// Opens the folder if there is one, and continues from its checkpoint or writes the first.
    fn open(&mut self, model: &mut impl Model, data: &Dataset) -> Result<()> {
        self.history.threads = self.session.threads();
        let Some(path) = &self.trainer.folder else {
            return Ok(());
        };
        if self.trainer.resume {
            // Looked at before anything is created: a mistyped folder stays what it was.
            RunFolder::must_hold_a_run(path)?;
            let folder = RunFolder::open(path)?;
            let checkpoint = folder.checkpoint()?;
            let file = RunFolder::checkpoint_file(path);
            self.session.resume(&checkpoint, &file)?;
            let recording = checkpoint.history().recording.as_ref();
            let found = recording.and_then(|recording| recording.classification.as_ref());
            let (classes, images) = (data.classes(), data.test().len());
            if found.is_some_and(|found| found.classes != classes || found.images() != images as u64) {
                let problem = format!("what it recorded is not of {images} images of {classes} classes");
                return Err(Error::format(file, problem, "give a checkpoint written by training"));
            }
            self.history = History { threads: self.session.threads(), ..checkpoint.history().clone() };
            self.id = checkpoint.run().unwrap_or(self.id);
            self.folder = Some(folder);
            return Ok(());
        }
        let folder = RunFolder::open(path)?;
        folder.must_be_new()?;
        self.folder = Some(folder);
        self.save(model)
    }

    /// Goes on with the recording of an earlier run, or begins one.
    fn start_recording(&mut self, model: &impl Model, data: &Dataset) -> Result<()> {
        if self.trainer.recording {
            let (recorder, fresh) =
                Recorder::new(model, data.train(), self.trainer.batch, self.session.team())?;
            let earlier = self.history.recording.take();
            self.history.recording = earlier.filter(|earlier| earlier.is_like(&fresh)).or(Some(fresh));
            self.recorder = Some(recorder);
        }
        Ok(())
    }

    /// Takes away the evaluation with which an earlier call ended within an epoch: a training that went through has none
    /// there.
    fn drop_closing_evaluation(&mut self) {
        if self.history.last().is_some_and(|last| !self.session.ends_an_epoch(last.step)) {
            self.history.epochs.pop();
            if let Some(recording) = &mut self.history.recording {
                recording.classification = None;
            }
        }
    }

    /// A step: its loss, and when it was done.
    fn step(&mut self) -> Result<(f64, Instant)> {
        let next = self.session.steps() + 1;
        let recording = self.history.recording.as_mut();
        let mut sampled =
            self.recorder.as_mut().zip(recording).filter(|(_, recording)| recording.is_due(next));
        let begin = sampled.is_some().then(Instant::now);
        if let Some((recorder, _)) = &mut sampled {
            recorder.before(&mut self.session)?;
        }
        let start = Instant::now();
        let loss = self.session.step();
        let end = Instant::now();
        if let (Some((recorder, recording)), Some(begin)) = (sampled, begin) {
            // Also of a step whose loss is no number: it is what one wants to see.
            recorder.after(&mut self.session, recording)?;
            self.history.recording_seconds += ((start - begin) + end.elapsed()).as_secs_f64();
        }
        let loss = loss?;
        let seconds = (end - start).as_secs_f64();
        self.history.train_seconds += seconds;
        self.history.timed_seconds += seconds;
        self.history.timed_steps += 1;
        self.history.losses.push(loss);
        Ok((loss, end))
    }

    fn evaluate(&mut self) -> Result<EpochRecord> {
        let start = Instant::now();
        let (train, test) = match (&self.recorder, &mut self.history.recording) {
            (Some(_), Some(recording)) => {
                let (train, test, classification) = self.session.classify()?;
                recording.classification = Some(classification);
                (train, test)
            }
            _ => self.session.evaluate()?,
        };
        self.history.evaluation_seconds += start.elapsed().as_secs_f64();
        let since = self.history.last().map_or(0, |last| last.step as usize);
        let losses = self.history.losses.get(since..).unwrap_or_default();
        let loss =
            if losses.is_empty() { train.loss } else { losses.iter().sum::<f64>() / losses.len() as f64 };
        let record =
            EpochRecord { epoch: self.session.epochs(), step: self.session.steps(), loss, train, test };
        self.history.epochs.push(record);
        Ok(record)
    }

    /// Tells the observer of a training that records how it stands.
    fn tell(&mut self, status: Status<'_>, observer: Observer<'_>) -> Result<()> {
        if self.recorder.is_none() {
            return Ok(());
        }
        let parameters = self.session.parameters()?;
        let state = State {
            run: self.id,
            identity: self.session.identity(),
            history: &self.history,
            parameters: &parameters,
            steps: self.last,
            status,
        };
        let answer = observer(Event::State(&state));
        if matches!(status, Status::Running) {
            self.history.stopped |= answer.is_break();
        }
        self.told = Instant::now();
        Ok(())
    }

    /// Writes checkpoint and model if there is a folder.
    fn save(&mut self, model: &mut impl Model) -> Result<()> {
        if let Some(folder) = &self.folder {
            let begin = Instant::now();
            self.session
                .checkpoint()?
                .with_history(&self.history)
                .with_recipe(self.trainer.recipe_of_this())
                .with_run(self.id)
                .write(RunFolder::checkpoint_file(folder.path()))?;
            self.session.store(model)?;
            model.save(&RunFolder::model_file(folder.path()), self.trainer.precision)?;
            self.pacing.wrote(begin, Instant::now());
        }
        Ok(())
    }

    /// Saves in the middle of the training, and says whether it did. Parameters that are no longer finite are not worth
    /// keeping, and no error here: the loss of the next step will be one, so that a training fails at the same step whenever
    /// it is saved.
    fn save_on_the_way(&mut self, model: &mut impl Model) -> Result<bool> {
        match self.save(model) {
            Err(Error::Diverged { .. }) => Ok(false),
            saved => saved.map(|()| true),
        }
    }
}

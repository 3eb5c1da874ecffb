//! A training as Python asks for it: its settings, its observer and its history.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use numpy::{IntoPyArray, PyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use retrograde::data::{Dataset, Sampling};
use retrograde::nn::Precision;
use retrograde::optim::OptimizerConfig;
use retrograde::train::{EpochStats, Evaluation, Event, History, Trainer};
use retrograde::{Error, Result};
use serde::Deserialize;

/// The interval at which a training tests for an interrupt.
const LOOK: Duration = Duration::from_millis(50);

/// The settings of a training as JSON.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    optimizer: OptimizerConfig,
    loss: Option<String>,
    patience: Option<u64>,
    keep_best: bool,
    epochs: Option<u64>,
    steps: Option<u64>,
    batch: usize,
    accumulate: usize,
    validation_fraction: Option<f64>,
    seed: u64,
    threads: Option<usize>,
    precision: Precision,
    sampling: Sampling,
}

impl Settings {
    /// Reads them.
    pub fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::invalid("settings of a training", error.to_string(), "see `fit`"))
    }

    /// The data with a validation set, if a part of the rows is one.
    pub fn data(&self, data: &Dataset) -> Result<Dataset> {
        match self.validation_fraction {
            Some(fraction) => data.clone().with_validation_fraction(fraction, self.seed),
            None => Ok(data.clone()),
        }
    }

    /// The trainer with these settings, with batches of all rows of small data.
    pub fn trainer(self, data: &Dataset, folder: Option<PathBuf>, resume: bool) -> Result<Trainer> {
        let mut trainer = Trainer::new(self.optimizer.build()?)
            .batch(self.batch.min(data.train().len()))
            .accumulate(self.accumulate)
            .seed(self.seed)
            .precision(self.precision)
            .sampling(self.sampling)
            .keep_best(self.keep_best);
        trainer = match (self.steps, self.epochs) {
            (Some(steps), _) => trainer.steps(steps),
            (None, epochs) => trainer.epochs(epochs.unwrap_or(1)),
        };
        if let Some(loss) = self.loss {
            trainer = trainer.loss(loss.parse::<retrograde::train::Loss>()?);
        }
        if let Some(epochs) = self.patience {
            trainer = trainer.patience(epochs);
        }
        if let Some(threads) = self.threads {
            trainer = trainer.threads(threads);
        }
        if let Some(folder) = folder {
            trainer = if resume { trainer.resume(folder) } else { trainer.run_dir(folder) };
        }
        Ok(trainer)
    }
}

/// The observer of a training: signals, and the user's function.
pub struct Watch {
    see: Option<Py<PyAny>>,
    looked: Instant,
    /// The exception that ended the training.
    pub failure: Option<PyErr>,
}

impl Watch {
    /// An observer that calls `see` after each epoch.
    pub fn new(see: Option<Py<PyAny>>) -> Self {
        Watch { see, looked: Instant::now(), failure: None }
    }

    /// Sees an event.
    pub fn see(&mut self, event: Event<'_>) -> ControlFlow<()> {
        if self.failure.is_some() {
            return ControlFlow::Break(());
        }
        let due = self.looked.elapsed() >= LOOK;
        let epoch = match event {
            Event::Epoch(record) if self.see.is_some() => Some(record),
            _ => None,
        };
        if !due && epoch.is_none() {
            return ControlFlow::Continue(());
        }
        self.looked = Instant::now();
        let goes_on = Python::attach(|py| {
            py.check_signals()?;
            let (Some(record), Some(see)) = (epoch, &self.see) else { return Ok(true) };
            let answer = see.bind(py).call1((record_to_python(py, record)?,))?;
            Ok(answer.is_none() || answer.is_truthy()?)
        });
        match goes_on {
            Ok(true) => ControlFlow::Continue(()),
            Ok(false) => ControlFlow::Break(()),
            Err(error) => {
                self.failure = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}

fn set_scores(found: &Bound<'_, PyDict>, set: &str, evaluation: &Evaluation) -> PyResult<()> {
    found.set_item(format!("{set}_loss"), evaluation.loss)?;
    evaluation.scores().try_for_each(|(name, score)| found.set_item(format!("{set}_{name}"), score))
}

fn record_to_python<'py>(py: Python<'py>, record: &EpochStats) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    found.set_item("epoch", record.epoch)?;
    found.set_item("step", record.step)?;
    found.set_item("loss", record.loss)?;
    for (set, evaluation) in record.sets() {
        set_scores(&found, set, &evaluation)?;
    }
    Ok(found)
}

/// The history as a dictionary of arrays and numbers.
pub fn history_to_python<'py>(py: Python<'py>, history: &History) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    found.set_item("losses", history.losses.clone().into_pyarray(py))?;
    let column = |of: &dyn Fn(&EpochStats) -> f64| PyArray1::from_iter(py, history.epochs.iter().map(of));
    found.set_item("epoch", column(&|one| one.epoch))?;
    found.set_item("step", PyArray1::from_iter(py, history.epochs.iter().map(|one| one.step)))?;
    found.set_item("loss", column(&|one| one.loss))?;
    let names: Vec<&str> =
        history.last().map(|last| last.train.scores().map(|(name, _)| name).collect()).unwrap_or_default();
    for set in history.last().into_iter().flat_map(|last| last.sets().map(|(set, _)| set)) {
        let of = |one: &EpochStats| one.sets().find(|(name, _)| *name == set).map_or(one.train, |(_, found)| found);
        found.set_item(format!("{set}_loss"), column(&|one| of(one).loss))?;
        for name in &names {
            let score = |one: &EpochStats| of(one).scores().find(|(other, _)| other == name);
            found.set_item(
                format!("{set}_{name}"),
                column(&|one| score(one).map_or(f64::NAN, |(_, score)| score)),
            )?;
        }
    }
    // With a validation set the test set has been evaluated once.
    if let Some(test) = &history.test {
        set_scores(&found, "test", test)?;
    }
    found.set_item("seconds", history.train_seconds)?;
    found.set_item("microseconds_per_step", history.microseconds_per_step())?;
    found.set_item("threads", history.threads)?;
    found.set_item("stopped", history.stopped)?;
    found.set_item("stopped_early", history.stopped_early)?;
    Ok(found)
}

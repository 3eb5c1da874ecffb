//! How a run ended.

use crate::run::{Probe, Run};
use crate::statistics::{Score, permutation_test, probabilities, score};
use crate::training::{Formula, Training};
use retrograde_base::Result;
use retrograde_base::clock::Instant;
use retrograde_core::graph::Tensor;
use retrograde_train::nn::Mode;
use serde::Serialize;
use std::time::Duration;

/// Rows on which a run is judged: the standard error of an accuracy is at most 1.6 %.
pub(crate) const JUDGED_ROWS: usize = 1_000;

/// Points of a curve: as many as a picture shows.
const POINTS: usize = 200;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// The steps that were done.
    pub steps: u64,
    /// How well the outputs fit the targets of the training set at the end.
    pub score: Score,
    /// The probability that outputs which have nothing to do with the targets fit as well.
    pub p: f64,
    /// The step whose loss was not finite, at which the run ended.
    pub non_finite: Option<u64>,
    /// The loss of the judged rows at the beginning, and at the end.
    pub loss: (f64, f64),
    /// The curve: steps, and the mean loss of the batches since the point before.
    pub curve: Vec<(u64, f64)>,
}

impl Outcome {
    /// Whether the outputs know something of the targets: beyond chance, or nearly all.
    pub fn has_learned(&self) -> bool {
        self.non_finite.is_none() && (self.p <= 0.01 && self.score.skill > 0.0 || self.score.skill >= 0.9)
    }
}

/// A run with its judge.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) run: Run,
    probe: Probe,
    start: Option<f64>,
    losses: Vec<f64>,
    non_finite: Option<u64>,
}

impl Judged {
    pub(crate) fn new(run: Run) -> Result<Self> {
        let training = run.training();
        let probe = Probe::new(training, &training.train.sample(JUDGED_ROWS)?, Mode::Evaluate)?;
        Ok(Judged { run, probe, start: None, losses: Vec::new(), non_finite: None })
    }

    pub(crate) fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Runs to a step, or until the time is over or the loss is not finite.
    pub(crate) fn run_to(&mut self, last: u64, time: Duration) -> Result<()> {
        if self.start.is_none() {
            self.probe.run(&self.run.values()?)?;
            self.start = Some(self.probe.loss()?);
        }
        let begin = Instant::now();
        while self.run.steps() < last && self.non_finite.is_none() {
            let loss = self.run.step()?;
            self.losses.push(loss);
            if !loss.is_finite() {
                self.non_finite = Some(self.run.steps());
            }
            if self.run.steps().is_multiple_of(8) && begin.elapsed() > time {
                break;
            }
        }
        Ok(())
    }

    /// The outputs for the judged rows now.
    pub(crate) fn outputs(&mut self) -> Result<Tensor> {
        self.probe.run(&self.run.values()?)?;
        self.probe.output()
    }

    pub(crate) fn probe(&mut self) -> &mut Probe {
        &mut self.probe
    }

    /// How it ended.
    pub(crate) fn outcome(&mut self) -> Result<Outcome> {
        let output = self.outputs()?;
        let training = self.run.training();
        let kind = training.kind();
        let targets = self.probe.rows().targets();
        let width = targets.shape()[1];
        let values = &probabilities(kind, output.values(), training.loss.formula.takes_logits())[..];
        let score = score(kind, values, targets.values(), width, threshold(training));
        let p = permutation_test(kind, values, targets.values(), width);
        // The loss of the last step was that before its update, which may have gone beyond all numbers.
        let finite = values.iter().all(|value| value.is_finite());
        let non_finite = self.non_finite.or((!finite).then_some(self.run.steps()));
        let (start, end) = (self.start.unwrap_or(f64::NAN), self.probe.loss()?);
        let curve = thinned(&self.losses, self.run.steps());
        Ok(Outcome { steps: self.run.steps(), score, p, non_finite, loss: (start, end), curve })
    }
}

/// Where the outputs of a binary target change from one class to the other; logits have become probabilities.
pub(crate) fn threshold(training: &Training) -> f64 {
    if training.loss.formula == Formula::Hinge { 0.0 } else { 0.5 }
}

/// Runs a training from its initial values.
pub(crate) fn play(training: &Training, steps: u64, time: Duration) -> Result<Outcome> {
    let mut judged = Judged::new(Run::new(training)?)?;
    judged.run_to(steps, time)?;
    judged.outcome()
}

/// The means of equal parts of the losses, each with its last step.
fn thinned(losses: &[f64], last: u64) -> Vec<(u64, f64)> {
    let part = losses.len().div_ceil(POINTS).max(1);
    let first = last - losses.len() as u64;
    let mut step = first;
    let parts = losses.chunks(part).map(|part| {
        step += part.len() as u64;
        (step, part.iter().sum::<f64>() / part.len() as f64)
    });
    parts.collect()
}

//! The history of a training.

use super::evaluate::Evaluation;
use super::metrics::TrainingMetrics;
use serde::{Deserialize, Serialize};

/// The history of a training.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// The loss of the batch of each step, before its update.
    pub losses: Vec<f64>,
    /// The statistics of each evaluation of the whole sets.
    pub epochs: Vec<EpochStats>,
    /// Loss and scores on the test set of a training with a validation set: of the model that it returns, evaluated once, at the
    /// end. Without a validation set each of the [`epochs`](Self::epochs) has them.
    pub test: Option<Evaluation>,
    /// Seconds spent on all steps: sampling and gathering batches, forward, backward, update.
    pub train_seconds: f64,
    /// Seconds spent on evaluation.
    pub evaluation_seconds: f64,
    /// Seconds spent on collecting metrics.
    pub metrics_seconds: f64,
    /// The metrics, if the training collected them.
    pub metrics: Option<TrainingMetrics>,
    /// Steps done by this call, for [`microseconds_per_step`](Self::microseconds_per_step). Earlier steps of a resumed
    /// training are only in `losses`.
    pub timed_steps: u64,
    /// Seconds spent on the steps of this call.
    pub timed_seconds: f64,
    /// The number of threads.
    pub threads: usize,
    /// Whether the observer stopped the training early.
    pub stopped: bool,
    /// Whether the training ended since the loss on the held-out set did not fall: [`Trainer::patience`](super::Trainer::patience).
    pub stopped_early: bool,
}

/// The statistics of an evaluation at the end of an epoch, or of the training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochStats {
    /// The number of epochs done: rows trained on, divided by the rows of the training set.
    pub epoch: f64,
    /// The number of steps done.
    pub step: u64,
    /// The mean loss of the steps since the last evaluation.
    #[serde(with = "retrograde_base::number")]
    pub loss: f64,
    /// Loss and scores on the whole training set; of a text on 1,000 windows at most, evenly spaced.
    pub train: Evaluation,
    /// Loss and scores on the whole validation set, if the data have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Evaluation>,
    /// Loss and scores on the whole test set. None if the data have a validation set: [`History::test`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<Evaluation>,
}

impl EpochStats {
    /// Loss and scores on the set that decides what is best: the validation set, else the test set.
    pub fn held_out(&self) -> Evaluation {
        // A damaged file may have neither.
        self.validation.or(self.test).unwrap_or(Evaluation::of_loss(f64::NAN))
    }

    /// The evaluated sets with their names: `train`, `validation`, `test`.
    pub fn sets(&self) -> impl Iterator<Item = (&'static str, Evaluation)> + use<> {
        let sets = [("train", Some(self.train)), ("validation", self.validation), ("test", self.test)];
        sets.into_iter().filter_map(|(name, evaluation)| Some((name, evaluation?)))
    }
}

impl History {
    /// The number of steps done.
    pub fn steps(&self) -> u64 {
        self.losses.len() as u64
    }

    /// The mean time of a step of this call in microseconds, without evaluation; 0 if there was no step.
    pub fn microseconds_per_step(&self) -> f64 {
        if self.timed_steps == 0 { 0.0 } else { self.timed_seconds / self.timed_steps as f64 * 1e6 }
    }

    /// The evaluation with the lowest loss on the [held-out set](EpochStats::held_out), the first of equal ones.
    pub fn best(&self) -> Option<&EpochStats> {
        let numbers = self.epochs.iter().filter(|epoch| !epoch.held_out().loss.is_nan());
        numbers.min_by(|a, b| a.held_out().loss.total_cmp(&b.held_out().loss))
    }

    /// The statistics of the last evaluation.
    pub fn last(&self) -> Option<&EpochStats> {
        self.epochs.last()
    }
}

//! What a training has seen so far.

use super::evaluate::Evaluation;
use super::recording::Recording;
use serde::{Deserialize, Serialize};

/// The record of a training.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// The loss of each step, on its batch, before its update.
    pub losses: Vec<f64>,
    /// A record for each evaluation of the whole sets.
    pub epochs: Vec<EpochRecord>,
    /// Seconds spent on all steps: drawing and gathering batches, forward, backward, update.
    pub train_seconds: f64,
    /// Seconds spent on evaluation.
    pub evaluation_seconds: f64,
    /// Seconds spent on recording.
    pub recording_seconds: f64,
    /// What was recorded of the network's insides, if it was.
    pub recording: Option<Recording>,
    /// Steps done by this call, from which [`microseconds_per_step`](Self::microseconds_per_step) is taken; earlier
    /// steps of a resumed training are in `losses` only.
    pub timed_steps: u64,
    /// Seconds spent on the steps of this call.
    pub timed_seconds: f64,
    /// The threads that worked.
    pub threads: usize,
    /// Whether the observer stopped the training before its end.
    pub stopped: bool,
}

/// The state of a training between two epochs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EpochRecord {
    /// How many epochs are done: passes over as many rows as the training set has.
    pub epoch: f64,
    /// How many steps are done.
    pub step: u64,
    /// The mean loss of the steps since the last record.
    #[serde(with = "retrograde_base::number")]
    pub loss: f64,
    /// Loss and accuracy on the whole training set.
    pub train: Evaluation,
    /// Loss and accuracy on the whole test set.
    pub test: Evaluation,
}

impl History {
    /// How many steps have been done in all.
    pub fn steps(&self) -> u64 {
        self.losses.len() as u64
    }

    /// The mean time of a step of this call, evaluation not counted; 0 before the first.
    pub fn microseconds_per_step(&self) -> f64 {
        if self.timed_steps == 0 { 0.0 } else { self.timed_seconds / self.timed_steps as f64 * 1e6 }
    }

    /// The newest record.
    pub fn last(&self) -> Option<&EpochRecord> {
        self.epochs.last()
    }
}

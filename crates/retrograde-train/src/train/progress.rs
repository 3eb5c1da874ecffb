//! The progress of a training, for reports.

use super::checkpoint::RunFingerprint;
use super::history::History;
use super::run_id::RunId;
use crate::nn::Parameters;
use retrograde_base::error::Error;

/// The progress of a training.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The id of the run.
    pub run: RunId,
    /// The fingerprint of the run.
    pub fingerprint: &'a RunFingerprint,
    /// The history so far.
    pub history: &'a History,
    /// The current parameters.
    pub parameters: &'a Parameters,
    /// The number of steps in all.
    pub steps: u64,
    /// The status.
    pub status: Status<'a>,
}

/// The status of a training.
#[derive(Debug, Clone, Copy)]
pub enum Status<'a> {
    /// It is running.
    Running,
    /// It is complete.
    Complete,
    /// The observer stopped it.
    Stopped,
    /// It failed with this error.
    Failed(&'a Error),
}

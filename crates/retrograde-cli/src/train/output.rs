//! The output of a training.

use super::allocations::Allocations;
use crate::failure::Failure;
use retrograde::plan::Profile;
use retrograde::train::{EpochStats, History, MemoryEstimate};

/// What is known when a training starts.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// The steps done before.
    pub done: u64,
    /// The steps in all.
    pub steps: u64,
    /// The number of threads.
    pub threads: usize,
    /// The remaining evaluations.
    pub evaluations: u64,
    /// The memory that it needs.
    pub memory: MemoryEstimate,
}

/// The output of a training: a table for people, or JSON Lines for programs.
pub trait TrainingOutput {
    /// The training starts.
    fn begin(&mut self, start: Start) -> Result<(), Failure>;

    /// A step has ended. Called thousands of times per second.
    fn step(&mut self, step: u64, loss: f64);

    /// The sets have been evaluated.
    fn epoch(&mut self, epoch: &EpochStats) -> Result<(), Failure>;

    /// The profile and the allocations of the steps.
    fn profile(&mut self, profile: &Profile, allocations: &Allocations) -> Result<(), Failure>;

    /// Removes temporary output, for example a progress bar.
    fn clear(&mut self);

    /// The training is complete or interrupted.
    fn done(&mut self, history: &History) -> Result<(), Failure>;
}

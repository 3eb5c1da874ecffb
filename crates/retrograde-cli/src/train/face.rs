//! What a training is shown by.

use super::allocations::Allocations;
use crate::failure::Failure;
use retrograde::plan::Profile;
use retrograde::train::{EpochRecord, History};

/// Shows a training to somebody: a person, or a program.
pub trait Face {
    /// It begins, with so many steps done before of so many in all, and so many evaluations to come.
    fn begin(&mut self, done: u64, steps: u64, threads: usize, evaluations: u64) -> Result<(), Failure>;

    /// A step is done. This is called thousands of times a second.
    fn step(&mut self, step: u64, loss: f64);

    /// The sets have been evaluated.
    fn epoch(&mut self, record: &EpochRecord) -> Result<(), Failure>;

    /// It has been measured where the time of the steps went, and what memory they asked for.
    fn profile(&mut self, profile: &Profile, allocations: &Allocations) -> Result<(), Failure>;

    /// Takes away what does not stay, such as a progress bar.
    fn clear(&mut self);

    /// It has ended well, or has been interrupted.
    fn done(&mut self, history: &History) -> Result<(), Failure>;
}

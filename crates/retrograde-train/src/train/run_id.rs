//! How a run is told from every other one, also from one with the same settings.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// The number of a run: drawn when the run begins, stored in its checkpoints, and so the same after a resume.
///
/// Nothing of the training depends on it. Files that a run adds to a folder carry it, so that a resumed run replaces what it
/// wrote before, whatever step it had come to, and what another run wrote is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(u64);

impl RunId {
    /// A new one, from the system's randomness.
    pub fn draw() -> Self {
        RunId(RandomState::new().hash_one("run"))
    }
}

impl fmt::Display for RunId {
    /// Sixteen hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

//! Run ids.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// The id of a run: random, stored in its checkpoints, and therefore the same after a resume.
///
/// It does not affect the training. The names of event files contain it, so that a resumed run replaces its own files and
/// keeps those of other runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(u64);

impl RunId {
    /// A new random id.
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

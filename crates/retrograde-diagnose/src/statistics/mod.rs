//! How well outputs fit their targets, whether that is chance, and how a loss bends.

mod curvature;
mod permutation;
mod score;

pub(crate) use curvature::Curvature;
pub(crate) use permutation::permutation_test;
pub use score::Score;
pub(crate) use score::{probabilities, score};

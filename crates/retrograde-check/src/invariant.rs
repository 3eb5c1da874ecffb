//! The invariants of layers and losses.

use serde::Serialize;
use std::fmt;

use super::Message;
use super::message::text;
use super::verdict::tag;

/// A property of every correct layer or loss. A violation is a finding of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Invariant {
    /// For an upstream gradient of 0, backward gives 0.
    ZeroForZero,
    /// Backward is linear in the upstream gradient.
    Linear,
    /// A second backward gives the same.
    Repeatable,
    /// A permutation of the rows of the batch permutes the rows of the output.
    PermutedRows,
    /// A loss that is a mean over the rows does not change if every row is repeated, and neither does its gradient.
    DoubledBatch,
    /// A constant added to all logits of a row does not change the loss of a softmax: each row of its gradient sums
    /// to 0.
    RowsSumToZero,
    /// At small logits the loss of a softmax over C classes is near ln C.
    FirstLoss,
}

impl Invariant {
    /// The violation in a few words.
    pub fn title(self) -> Message {
        text!(format!("invariant-{}", tag(&self)))
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.title().fmt(f)
    }
}

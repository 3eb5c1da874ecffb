//! What must hold without any differences.

use serde::Serialize;
use std::fmt;

use super::Message;
use super::message::text;
use super::verdict::tag;

/// A property that a layer or a loss must have, whatever it computes. A violation is a finding of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Invariant {
    /// For an upstream gradient of 0, backward gives 0.
    ZeroForZero,
    /// Backward is linear in the upstream gradient: for a sum of two what it gives for each, for a multiple that multiple.
    Linear,
    /// The same backward a second time gives the same.
    Repeatable,
    /// With the rows of the batch in another order, the rows of the output are in that order.
    PermutedRows,
    /// A loss that is a mean over the rows stays what it is when every row is there twice, and so does its gradient.
    DoubledBatch,
    /// What is added to all logits of a row leaves the loss of a softmax alone: each row of its gradient sums to 0.
    RowsSumToZero,
    /// At small logits the loss of a softmax over C classes is near ln C.
    FirstLoss,
}

impl Invariant {
    /// What is said of a violation, in a few words.
    pub fn title(self) -> Message {
        text!(format!("invariant-{}", tag(&self)))
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.title().fmt(f)
    }
}

//! What must hold without any differences.

use serde::Serialize;
use std::fmt;

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

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Invariant::ZeroForZero => "not 0 for dout = 0",
            Invariant::Linear => "not linear in dout",
            Invariant::Repeatable => "a second backward gives other numbers",
            Invariant::PermutedRows => "the order of the rows matters",
            Invariant::DoubledBatch => "a doubled batch changes the mean",
            Invariant::RowsSumToZero => "a row of the gradient does not sum to 0",
            Invariant::FirstLoss => "the first loss is not ln C",
        })
    }
}

//! Means of rows with weights.

use retrograde_core::graph::Var;

/// A sum divided by the sum of its weights. Without any weight the loss and its gradient are 0: such a batch teaches nothing.
pub(super) fn divided(sum: Var, weights: &Var) -> Var {
    let least = weights.graph().full([], f64::from(f32::MIN_POSITIVE));
    sum / weights.maximum(&least)
}

/// The mean of the elements `[rows, columns]`, or of the means of the rows with weights `[rows]`.
pub(super) fn weighted_mean(elements: &Var, weights: Option<&Var>) -> Var {
    match weights {
        None => elements.mean_all(),
        Some(weights) => divided((elements.mean(1) * weights).sum_all(), &weights.sum_all()),
    }
}

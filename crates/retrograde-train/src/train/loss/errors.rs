//! Losses of real numbers: the squared, the absolute and the Huber error.

use super::weights::weighted_mean;
use retrograde_core::graph::Var;

pub(super) fn squared(output: &Var, targets: &Var, weights: Option<&Var>) -> Var {
    if weights.is_none() {
        return output.mean_squared_error(targets);
    }
    let error = output - targets;
    weighted_mean(&(&error * &error), weights)
}

/// The slope at an error of 0 is 0.
pub(super) fn absolute(output: &Var, targets: &Var, weights: Option<&Var>) -> Var {
    weighted_mean(&(output - targets).abs(), weights)
}

/// With q = min(|e|, δ), the Huber error is q · (|e| - q / 2): half the square up to δ, and a line beyond.
pub(super) fn huber(output: &Var, targets: &Var, delta: f64, weights: Option<&Var>) -> Var {
    let size = (output - targets).abs();
    let inner = size.minimum(&size.graph().full(size.shape_or_scalar(), delta));
    weighted_mean(&(&inner * (&size - &inner * 0.5)), weights)
}

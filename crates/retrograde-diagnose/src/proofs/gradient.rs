//! The gradient that a step uses, against that of the loss, and what the step does with it.

use super::Finding;
use crate::cause::CauseName;
use crate::observe::{Observed, SeenStep};
use crate::search::Change;
use crate::text::Sentence;
use retrograde_core::graph::Tensor;

/// Two gradients that were computed in `f32` in another order are equal up to this.
const ROUNDING: f64 = 1e-3;

pub(super) fn findings(observed: &Observed) -> Vec<Finding> {
    let all = [used(observed), direction(observed), frozen(observed)];
    all.into_iter().flatten().map(|found| found.without(Change::OwnStep)).collect()
}

fn flat(tensors: &[Tensor]) -> Vec<f64> {
    tensors.iter().flat_map(|tensor| tensor.values().iter().copied()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// ‖a − b‖ against the larger of both.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let difference: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (difference / dot(a, a).max(dot(b, b)).max(f64::MIN_POSITIVE)).sqrt()
}

/// The gradients that the steps use are not those of the loss.
fn used(observed: &Observed) -> Option<Finding> {
    let steps = &observed.steps;
    let pairs: Vec<(Vec<f64>, Vec<f64>)> =
        steps.iter().map(|step| (flat(&step.used), flat(&step.fresh))).collect();
    let (at, (used, fresh)) =
        pairs.iter().enumerate().find(|(_, (used, fresh))| distance(used, fresh) > ROUNDING)?;
    let cosine = dot(used, fresh) / (dot(used, used) * dot(fresh, fresh)).sqrt().max(f64::MIN_POSITIVE);
    let negated: Vec<f64> = fresh.iter().map(|value| -value).collect();
    if distance(used, &negated) < ROUNDING {
        return Some(ascent(at, cosine));
    }
    if at > 0 {
        let (before, _) = &pairs[at - 1];
        let sum: Vec<f64> = fresh.iter().zip(before).map(|(a, b)| a + b).collect();
        if distance(used, &sum) < ROUNDING {
            let evidence = Sentence::new("stale-gradient").with("step", at + 1).with("before", at);
            return Some(Finding::new(CauseName::StaleGradient, evidence));
        }
    }
    // A factor is a learning rate.
    if cosine > 1.0 - ROUNDING {
        return None;
    }
    let evidence = Sentence::new("wrong-gradient").with("step", at + 1).with("cosine", cosine);
    Some(Finding::new(CauseName::WrongGradient, evidence))
}

fn ascent(at: usize, cosine: f64) -> Finding {
    let evidence = Sentence::new("ascent").with("step", at + 1).with("cosine", cosine);
    Finding::new(CauseName::GradientSign, evidence).preventing()
}

/// The first step moves the parameters up the gradient that it uses.
fn direction(observed: &Observed) -> Option<Finding> {
    let step = observed.steps.first()?;
    let (moved, used) = (movement(step), flat(&step.used));
    let cosine = dot(&moved, &used) / (dot(&moved, &moved) * dot(&used, &used)).sqrt().max(f64::MIN_POSITIVE);
    (cosine > 0.0 && dot(&moved, &used) > 0.0).then(|| ascent(0, cosine))
}

fn movement(step: &SeenStep) -> Vec<f64> {
    let pairs = step.after.iter().zip(&step.before);
    pairs
        .flat_map(|((_, after), (_, before))| after.values().iter().zip(before.values()).map(|(a, b)| a - b))
        .collect()
}

/// A parameter whose gradient is not zero is not changed by any step that was seen.
fn frozen(observed: &Observed) -> Option<Finding> {
    let steps = &observed.steps;
    let first = steps.first()?;
    let moves = |at: usize| steps.iter().any(|step| step.after[at].1.values() != step.before[at].1.values());
    let has_gradient =
        |at: usize| steps.iter().all(|step| step.fresh[at].values().iter().any(|value| value.abs() > 1e-12));
    let others = (0..first.before.len()).any(moves);
    let frozen: Vec<&str> = (0..first.before.len())
        .filter(|at| !moves(*at) && has_gradient(*at))
        .map(|at| first.before[at].0.as_str())
        .collect();
    (others && !frozen.is_empty()).then(|| {
        let evidence = Sentence::new("frozen").with("names", frozen.join(", ")).with("steps", steps.len());
        Finding::new(CauseName::Frozen, evidence)
    })
}

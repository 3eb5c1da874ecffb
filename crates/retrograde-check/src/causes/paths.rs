//! The input reaches the output along several paths, and one is left out; or a term is added that is none of the loss.

use super::{Case, Diagnosis};
use crate::Cause;
use crate::message::text;
use retrograde_textbook::{Layer, Tensor};

/// Whether the output has the input's shape.
fn same(probed: &super::ProbedBlock<'_>) -> bool {
    probed.probe.x.shape() == probed.probe.out.shape()
}

fn say(id: &str, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    Diagnosis::new(Cause::PathMissing { path: text!(format!("path-{id}")) }, predicted)
        .with_text(&format!("path_missing-{id}"))
}

/// A skip connection: out = x + f(x), and the contribution of the skip is missing.
pub(super) fn skip(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() {
        return None;
    }
    let without = case.fit(|probed| same(probed).then(|| &probed.truth - &probed.upstream()))?;
    // The 1 in the slope of tanh is no skip.
    let known = super::slope::all(case).map(|all| super::slope::right_formula(&all)).unwrap_or_default();
    if !known.is_empty() && !known.contains("y/x") {
        return None;
    }
    Some(say("skip", without))
}

/// A skip connection, and the contribution of all but the skip is missing; or a product with a factor that depends on x.
pub(super) fn direct(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() {
        return None;
    }
    // Of layers whose outputs depend on one input each it is a missing slope, and told as that.
    let only = case.fit(|probed| same(probed).then(|| restrict(&probed.upstream(), &probed.truth)));
    if let Some(predicted) = only {
        return Some(say("all_but_direct", predicted));
    }
    let factor = case.fit(|probed| {
        let taken = same(probed).then(|| &probed.probe.out / &probed.probe.x)?;
        taken
            .iter()
            .all(|factor| factor.is_finite())
            .then(|| restrict(&(probed.upstream() * taken), &probed.truth))
    })?;
    Some(say("factor", factor))
}

/// The values, where the other is a number.
fn restrict(values: &Tensor, to: &Tensor) -> Tensor {
    ndarray::Zip::from(values).and(to).map_collect(|value, to| if to.is_nan() { f64::NAN } else { *value })
}

/// G = T − λ · value: weight decay in the one and not in the other.
pub(super) fn weight_decay(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let first = case.smooth().map(|(_, probed)| probed).find(|probed| probed.verdict.is_wrong())?;
    // Where the output is the loss itself, the decay in it is scaled as the rest of it is.
    let value = |probed: &super::ProbedBlock<'_>| {
        let value = &probed.probe.values[case.block];
        if let [d] = probed.d[..] { value * d } else { value.clone() }
    };
    let values = value(first);
    let (mut top, mut bottom) = (0.0, 0.0);
    for ((truth, claimed), value) in first.truth.iter().zip(&first.claimed).zip(&values) {
        if !truth.is_nan() {
            top += (truth - claimed) * value;
            bottom += value * value;
        }
    }
    let lambda = top / bottom;
    let predicted = case.fit(|probed| Some(&probed.truth - &(value(probed) * lambda)))?;
    // The arguments of a loss that is no layer are its parameters, where their batch is known or each has a shape of its own; else
    // they may be predictions and targets.
    let shape = |block: usize| first.probe.values[block].shape();
    let others = (0..case.observations.names.len()).filter(|other| *other != case.block);
    let has_own_shape = case.observations.names.len() > 1
        && others.into_iter().all(|other| shape(other) != shape(case.block));
    let of_loss = first.d.len() == 1 && case.labels.is_none();
    let of_parameter =
        if of_loss { has_own_shape || case.observations.data.len() > 1 } else { case.is_parameter() };
    if of_parameter {
        return Some(decay(lambda, case.name(), predicted));
    }
    let added = format!("{} · {}", super::formulas::plain(-lambda), case.name());
    let how = format!("{} + {added}", case.gradient()).replace("+ −", "− ");
    let cause = Cause::GradientChanged { how };
    Some(Diagnosis::new(cause, predicted).with_text("gradient_changed-added").with("added", added))
}

/// What is to be said of a gradient that lacks λ times its parameter.
pub(crate) fn decay(lambda: f64, name: &str, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    // λ as one would write it: to six digits, if that fits as well.
    let rounded: f64 = format!("{lambda:.5e}").parse().unwrap_or(lambda);
    Diagnosis::new(Cause::WeightDecay { lambda: rounded }, predicted).with("block", name)
}

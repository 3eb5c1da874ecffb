//! The input reaches the output along several paths, and one is missing; or a term is added that is not of the loss.

use super::{Case, Diagnosis};
use crate::Cause;
use crate::message::text;
use retrograde_textbook::{Layer, Tensor};

/// Whether the output has the input's shape.
fn same(probed: &super::ProbedBlock<'_>) -> bool {
    probed.probe.x.shape() == probed.probe.out.shape()
}

fn diagnosis(id: &str, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    Diagnosis::new(Cause::PathMissing { path: text!(format!("path-{id}")) }, predicted)
        .with_text(&format!("path_missing-{id}"))
}

/// A skip connection: out = x + f(x), and the contribution of the skip is missing.
pub(super) fn skip(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() {
        return None;
    }
    let without = case.fit(|probed| same(probed).then(|| &probed.truth - &probed.upstream()))?;
    // The 1 in the slope of tanh is not a skip.
    let known = super::slope::all(case).map(|all| super::slope::right_formula(&all)).unwrap_or_default();
    if !known.is_empty() && !known.contains("y/x") {
        return None;
    }
    Some(diagnosis("skip", without))
}

/// A skip connection, and only the contribution of the skip is present; or a product with a factor that depends on x.
pub(super) fn direct(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() {
        return None;
    }
    // If each output depends on one input, it is reported as a missing slope.
    let only = case.fit(|probed| same(probed).then(|| restrict(&probed.upstream(), &probed.truth)));
    if let Some(predicted) = only {
        return Some(diagnosis("all_but_direct", predicted));
    }
    let factor = case.fit(|probed| {
        let taken = same(probed).then(|| &probed.probe.out / &probed.probe.x)?;
        taken
            .iter()
            .all(|factor| factor.is_finite())
            .then(|| restrict(&(probed.upstream() * taken), &probed.truth))
    })?;
    Some(diagnosis("factor", factor))
}

/// The values, in the elements where the other array is finite.
fn restrict(values: &Tensor, to: &Tensor) -> Tensor {
    ndarray::Zip::from(values).and(to).map_collect(|value, to| if to.is_nan() { f64::NAN } else { *value })
}

/// G = T − λ · value: weight decay in only one of loss and gradient.
pub(super) fn weight_decay(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let first = case.smooth().map(|(_, probed)| probed).find(|probed| probed.verdict.is_wrong())?;
    // If the output is the loss itself, its decay is scaled like the rest.
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
    // The arguments of a loss without layers are its parameters if the batch is known or all shapes differ; otherwise they
    // may be predictions and targets.
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

/// The diagnosis of a gradient that lacks λ times its parameter.
pub(crate) fn decay(lambda: f64, name: &str, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    // λ rounded to six digits, if that fits as well.
    let rounded: f64 = format!("{lambda:.5e}").parse().unwrap_or(lambda);
    Diagnosis::new(Cause::WeightDecay { lambda: rounded }, predicted).with("block", name)
}

//! A parameter of forward that backward omits, as if it were 1, the identity, or 0.

use ndarray::{Array2, Axis};

use super::changed::elsewhere;
use super::{Case, Diagnosis};
use crate::Cause;
use crate::message::text;
use crate::probed_block::ProbedBlock;
use crate::subject::with_values;
use retrograde_textbook::{Layer, Tensor};

/// G is T with a factor omitted.
pub(super) fn factor(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    for parameter in others(case) {
        let neutral = |value: &Tensor| -> Vec<Tensor> {
            let ones = Tensor::ones(value.raw_dim());
            let square = value.ndim() == 2 && value.len_of(Axis(0)) == value.len_of(Axis(1));
            let identity = square.then(|| Array2::eye(value.len_of(Axis(0))).into_dyn());
            [Some(ones), identity].into_iter().flatten().collect()
        };
        let count = neutral(&case.probed_blocks.first()?.probe.values[parameter]).len();
        for at in 0..count {
            let fit = case.fit(|probed| {
                let there = neutral(&probed.probe.values[parameter]).swap_remove(at);
                with(case, layer, probed, parameter, there)
            });
            let Some(predicted) = fit else { continue };
            let (what, of) = (case.observations.names[parameter].clone(), case.name().to_owned());
            return Some(Diagnosis::new(Cause::LeftOut { what, of }, predicted));
        }
    }
    None
}

/// G is T without the path through a parameter, in a layer whose output is a sum of that and of another path.
pub(super) fn path(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    for parameter in others(case) {
        let product = format!("{}·{}", case.name(), case.observations.names[parameter]);
        let without = case.fit(|probed| {
            let value = &probed.probe.values[parameter];
            adds(layer, probed, parameter).then(|| with(case, layer, probed, parameter, value * 0.0))?
        });
        let (fit, id) = match without {
            Some(predicted) => (Some(predicted), "path-through"),
            None => (case.fit(|probed| only(case, layer, probed, parameter)), "path-all_but_through"),
        };
        let Some(predicted) = fit else { continue };
        return Some(Diagnosis::new(Cause::PathMissing { path: text!(id, product) }, predicted));
    }
    None
}

/// The output of the path through a parameter, in a layer whose output is a sum of that and of another path.
fn only(
    case: &Case<'_>,
    layer: &mut dyn Layer,
    probed: &ProbedBlock<'_>,
    parameter: usize,
) -> Option<Tensor> {
    if !adds(layer, probed, parameter) {
        return None;
    }
    let mut all = probed.probe.values[1..].to_vec();
    all[parameter - 1] *= 0.0;
    let rest = case.observations.jacobian_at(layer, probed, case.block, &probed.probe.x, &all)?;
    (rest.kinks.is_empty() && !rest.jump).then(|| &probed.truth - &rest.vjp(&probed.d))
}

/// The parameters except the block itself.
fn others<'a>(case: &'a Case<'_>) -> impl Iterator<Item = usize> + use<'a> {
    let block = case.block;
    (1..case.observations.names.len()).filter(move |parameter| *parameter != block)
}

fn with(
    case: &Case<'_>,
    layer: &mut dyn Layer,
    probed: &ProbedBlock<'_>,
    parameter: usize,
    there: Tensor,
) -> Option<Tensor> {
    let mut all = probed.probe.values[1..].to_vec();
    all[parameter - 1] = there;
    elsewhere(case, layer, probed, &probed.probe.x, &all)
}

/// Whether the output is a sum of a term without the parameter and of one that is linear in it.
fn adds(layer: &mut dyn Layer, probed: &ProbedBlock<'_>, parameter: usize) -> bool {
    let mut at = |times: f64| {
        let mut all = probed.probe.values[1..].to_vec();
        all[parameter - 1] *= times;
        with_values(layer, &all, |layer| layer.forward(&probed.probe.x)).ok()
    };
    let (Some(none), Some(once), Some(twice)) = (at(0.0), at(1.0), at(2.0)) else { return false };
    if none.shape() != once.shape() || twice.shape() != once.shape() {
        return false;
    }
    let moved = once - &none;
    let size = super::super::probed_block::largest(&moved);
    size > 0.0 && super::super::probed_block::largest(&(twice - none - &moved - &moved)) <= 1e-9 * size
}

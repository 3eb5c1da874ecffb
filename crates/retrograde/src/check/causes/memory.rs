//! What an earlier call left behind: stale inputs, upstream gradients, parameters, results.

use super::{Case, Diagnosis};
use crate::check::Cause;
use crate::check::probe::SAME_SHAPE;
use crate::textbook::{Layer, Tensor};

/// A call: its input, its upstream gradient and the parameters.
struct Call<'a> {
    x: &'a Tensor,
    d: &'a Tensor,
    parameters: &'a [Tensor],
}

/// The call before a probe.
fn before<'a>(case: &Case<'a>, number: usize) -> Call<'a> {
    match number.checked_sub(1) {
        Some(number) => {
            let probe = &case.answers.probes[number];
            Call { x: &probe.x, d: &probe.d, parameters: &probe.values[1..] }
        }
        None => first(case),
    }
}

/// The first call of all.
fn first<'a>(case: &Case<'a>) -> Call<'a> {
    let earlier = &case.answers.earlier;
    Call { x: &earlier.x, d: &earlier.d, parameters: &earlier.values }
}

fn flat(values: &Tensor) -> Vec<f64> {
    values.iter().copied().collect()
}

/// G is T at what an earlier call was given. Another number of rows makes a stale input an error, so that only the probes
/// of equal shape can show it.
pub(super) fn stale(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let speaks = |number: usize| number <= SAME_SHAPE;
    for from_first in [false, true] {
        let fit = case.fit_where(
            |view| speaks(view.number),
            |view| {
                let call = if from_first { first(case) } else { before(case, view.number) };
                let there =
                    case.answers.jacobian_at(layer, view, case.block, call.x, &view.probe.values[1..])?;
                Some(there.vjp(&view.d))
            },
        );
        if let Some(predicted) = fit {
            let id = if from_first { "stale-first_x" } else { "stale-x" };
            return Some(Diagnosis::new(Cause::Stale { what: "x".into() }, predicted).worded(id));
        }
    }
    let fit = case.fit_where(
        |view| speaks(view.number),
        |view| Some(view.jacobian.vjp(&flat(before(case, view.number).d))),
    );
    if let Some(predicted) = fit {
        return Some(Diagnosis::new(Cause::Stale { what: "dout".into() }, predicted).worded("stale-dout"));
    }
    let fit = case.fit_where(
        |view| speaks(view.number),
        |view| {
            let call = before(case, view.number);
            let there = case.answers.jacobian_at(layer, view, case.block, call.x, call.parameters)?;
            Some(there.vjp(&flat(call.d)))
        },
    );
    if let Some(predicted) = fit {
        let cause = Cause::Stale { what: "gradient".into() };
        return Some(Diagnosis::new(cause, predicted).worded("stale-gradient"));
    }
    stale_parameter(case, layer)
}

/// G is T with a parameter's value from before it was changed: that of the layer as it was built, of the first call, or of
/// the call before.
fn stale_parameter(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    for parameter in 0..case.answers.original.len() {
        for source in 0..3 {
            // What is 0 or 1 throughout, or the identity, is no copy: where it stands, nothing may stand.
            if source == 0 && is_neutral(&case.answers.original[parameter]) {
                continue;
            }
            let fit = case.fit(|view| {
                let old = match source {
                    0 => &case.answers.original[parameter],
                    1 => &first(case).parameters[parameter],
                    _ => &before(case, view.number).parameters[parameter],
                };
                let mut mixed = view.probe.values[1..].to_vec();
                if mixed[parameter] == *old {
                    return Some(view.truth.clone());
                }
                mixed[parameter].clone_from(old);
                Some(case.answers.jacobian_at(layer, view, case.block, &view.probe.x, &mixed)?.vjp(&view.d))
            });
            let Some(predicted) = fit else { continue };
            let what = case.answers.names[parameter + 1].clone();
            return Some(Diagnosis::new(Cause::Stale { what }, predicted));
        }
    }
    None
}

/// Whether multiplying by these numbers, or adding them, does nothing.
fn is_neutral(values: &Tensor) -> bool {
    let identity = values.ndim() == 2
        && values.indexed_iter().all(|(at, value)| *value == f64::from(u8::from(at[0] == at[1])));
    identity || [0.0, 1.0].iter().any(|neutral| values.iter().all(|value| value == neutral))
}

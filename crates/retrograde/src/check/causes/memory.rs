//! What an earlier call left behind: stale inputs, gradients from above, parameters, results.

use super::{Case, Diagnosis};
use crate::check::Cause;
use crate::check::jacobian::{Which, jacobian};
use crate::check::probe::{CHANGED, GIVEN, set_values, values};
use crate::textbook::{Layer, Tensor};

/// G is T at what an earlier call was given.
pub(super) fn stale(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let probes = &case.answers.probes;
    // The call before: for the first probe that is a forward of the given input.
    let before = |number: usize| if number == 0 { GIVEN } else { number - 1 };
    let speaks = |number: usize| number <= CHANGED;
    let jacobian_of = |number: usize| probes.get(number)?.jacobians[case.block].as_ref();
    let flat = |values: &Tensor| values.iter().copied().collect::<Vec<f64>>();

    // Another number of rows makes a stale x an error, so that only the equal ones can show it.
    for first_only in [false, true] {
        let source = |number: usize| if first_only { 0 } else { before(number) };
        let fit = case.fit_where(
            |view| speaks(view.number) && !(first_only && view.number == 0),
            // The parameters are those of now: the changed ones are left out below.
            |view| {
                if view.number == CHANGED && case.answers.names.len() > 1 {
                    let original = values(layer);
                    set_values(layer, &view.probe.values[1..]);
                    let which = if case.block == 0 { Which::Input } else { Which::Parameter(case.block - 1) };
                    let from = &probes[source(view.number)].x;
                    let value = if case.block == 0 { from } else { &view.probe.values[case.block] };
                    let columns = view.jacobian.columns.clone();
                    let there = jacobian(layer, from, which, value, columns, case.answers.noise);
                    set_values(layer, &original);
                    return Some(there.ok()?.vjp(&view.d));
                }
                Some(jacobian_of(source(view.number))?.vjp(&view.d))
            },
        );
        if let Some(predicted) = fit {
            let gradient = case.gradient();
            return Some(
                Diagnosis::new(Cause::Stale { what: "x".into() }, predicted)
                    .saying(format!("{gradient} is right for the {}, not for this one: what backward uses was remembered too early, or never renewed.", if first_only { "input of the first call" } else { "input of the call before" }))
                    .formulas(format!("{gradient} from the x of an earlier forward"), format!("{gradient} from the x of the last forward"))
                    .help("self.x = x, in every forward, before anything else")
                    .would("each step follows the images of an earlier batch: the loss falls slowly, wavers, or not at all"),
            );
        }
    }
    let d_before =
        |number: usize| flat(if number == 0 { &case.answers.first_d } else { &probes[number - 1].d });
    let fit =
        case.fit_where(|view| speaks(view.number), |view| Some(view.jacobian.vjp(&d_before(view.number))));
    if let Some(predicted) = fit {
        return Some(
            Diagnosis::new(Cause::Stale { what: "dout".into() }, predicted)
                .saying("The gradient from above is that of the call before.")
                .formulas("dout of the call before", "dout of this call")
                .help("use the dout that backward is given")
                .would("each step goes where the last batch pointed"),
        );
    }
    let fit = case.fit_where(
        |view| speaks(view.number),
        |view| Some(jacobian_of(before(view.number))?.vjp(&d_before(view.number))),
    );
    if let Some(predicted) = fit {
        return Some(
            Diagnosis::new(Cause::Stale { what: "gradient".into() }, predicted)
                .saying(format!(
                    "{} is that of the call before: it is handed out before it is renewed.",
                    case.gradient()
                ))
                .formulas("the gradient of the last call", "the gradient of this call")
                .help("compute the gradient first, then store and return it")
                .would("each step goes where the last batch pointed"),
        );
    }
    stale_parameter(case, layer)
}

/// G is T with a parameter's value from before it was changed.
fn stale_parameter(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let which = if case.block == 0 { Which::Input } else { Which::Parameter(case.block - 1) };
    let original = values(layer);
    for parameter in 0..original.len() {
        let fit = case.fit(|view| {
            if view.number != CHANGED {
                return Some(view.truth.clone());
            }
            let mut mixed = view.probe.values[1..].to_vec();
            mixed[parameter].clone_from(&original[parameter]);
            set_values(layer, &mixed);
            let value = if case.block == parameter + 1 {
                &original[parameter]
            } else {
                &view.probe.values[case.block]
            };
            let columns = view.jacobian.columns.clone();
            let there = jacobian(layer, &view.probe.x, which, value, columns, case.answers.noise);
            set_values(layer, &original);
            Some(there.ok()?.vjp(&view.d))
        });
        if let Some(predicted) = fit {
            let name = &case.answers.names[parameter + 1];
            let gradient = case.gradient();
            return Some(
                Diagnosis::new(Cause::Stale { what: name.clone() }, predicted)
                    .saying(format!("{gradient} is right for the `{name}` that the layer had before it was changed: backward uses a copy."))
                    .formulas(format!("{gradient} from a copy of {name}"), format!("{gradient} from {name} as it is now"))
                    .help(format!("use self.{name} in backward, not a copy made earlier"))
                    .would("right at the first step, and more wrong with every update"),
            );
        }
    }
    None
}

//! The input reaches the output along several paths, and one is left out; or a term is added that is none of the loss.

use super::{Case, Diagnosis};
use crate::check::Cause;
use crate::textbook::{Layer, Tensor};

/// Whether the output has the input's shape.
fn same(view: &super::View<'_>) -> bool {
    view.probe.x.shape() == view.probe.out.shape()
}

fn say(path: &str, code: &str, right: &str, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    Diagnosis::new(Cause::PathMissing { path: (path.to_owned()).into() }, predicted)
        .saying(format!("The input reaches the output along two paths, and the contribution of {path} is missing: where paths part in forward, gradients are added up in backward."))
        .formulas(code, right)
        .help("dx = dx_of_one_path + dx_of_the_other")
        .would("the layers before this one get a part of their gradient only")
}

/// A skip connection: out = x + f(x), and the contribution of the skip is missing.
pub(super) fn skip(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() {
        return None;
    }
    let without = case.fit(|view| same(view).then(|| &view.truth - &view.upstream()))?;
    let path = "the direct path (the skip)";
    Some(say(path, "dx = dout · f′(x)", "dx = dout + dout · f′(x)", without))
}

/// A skip connection, and the contribution of all but the skip is missing; or a product with a factor that depends on x.
pub(super) fn direct(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() {
        return None;
    }
    // Of layers whose outputs depend on one input each it is a missing slope, and told as that.
    let only = case.fit(|view| same(view).then(|| restrict(&view.upstream(), &view.truth)));
    if let Some(predicted) = only {
        return Some(
            Diagnosis::new(Cause::PathMissing { path: ("all but the direct one".to_owned()).into() }, predicted)
                .saying("dout is handed on as it is: of what the layer does to its input, nothing is in backward but the way straight through.")
                .formulas("dx = dout", "dx = dout · ∂out/∂x")
                .help("go back through what forward does; beside a skip, dx = dout + the gradient of the other path")
                .would("the layers before this one get a part of their gradient only, or that of other numbers"),
        );
    }
    let factor = case.fit(|view| {
        let taken = same(view).then(|| &view.probe.out / &view.probe.x)?;
        taken
            .iter()
            .all(|factor| factor.is_finite())
            .then(|| restrict(&(view.upstream() * taken), &view.truth))
    })?;
    Some(say(
        "the factor out/x, which depends on x, too",
        "dx = dout · out / x",
        "dx = dout · out / x + the share of the factor",
        factor,
    ))
}

/// The values, where the other is a number.
fn restrict(values: &Tensor, to: &Tensor) -> Tensor {
    ndarray::Zip::from(values).and(to).map_collect(|value, to| if to.is_nan() { f64::NAN } else { *value })
}

/// G = T − λ · value: weight decay in the one and not in the other.
pub(super) fn weight_decay(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let first = case.smooth().map(|(_, view)| view).find(|view| view.verdict.is_wrong())?;
    let value = |view: &super::View<'_>| view.probe.values[case.block].clone();
    let values = value(first);
    let (mut top, mut bottom) = (0.0, 0.0);
    for ((truth, claimed), value) in first.truth.iter().zip(&first.claimed).zip(&values) {
        if !truth.is_nan() {
            top += (truth - claimed) * value;
            bottom += value * value;
        }
    }
    let lambda = top / bottom;
    let predicted = case.fit(|view| Some(&view.truth - &(value(view) * lambda)))?;
    if case.is_parameter() {
        return Some(decay(lambda, case.name(), predicted));
    }
    let added = format!("{} · x", super::formulas::plain(-lambda));
    Some(
        Diagnosis::new(Cause::GradientChanged { how: (format!("{added} added")).into() }, predicted)
            .saying(format!(
                "dx has {added} in it beside the right gradient: the input itself is no part of its gradient."
            ))
            .formulas(format!("dx = dout · ∂out/∂x + {added}"), "dx = dout · ∂out/∂x")
            .help(format!("leave {added} out of dx"))
            .would("the layers before it are pushed towards smaller outputs, whatever the loss says"),
    )
}

/// What is to be said of a gradient that lacks λ times its parameter.
pub(in crate::check) fn decay(lambda: f64, name: &str, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    let gradient = format!("d{name}");
    // λ as one would write it: to six digits, if that fits as well.
    let rounded: f64 = format!("{lambda:.5e}").parse().unwrap_or(lambda);
    let shown = rounded.abs();
    let diagnosis = Diagnosis::new(Cause::WeightDecay { lambda: rounded }, predicted);
    if lambda > 0.0 {
        diagnosis
            .saying(format!("The loss has ½ · {shown} · Σ {name}² in it, and {gradient} does not: weight decay is forgotten in backward."))
            .formulas(format!("{gradient} = dout · ∂out/∂{name}"), format!("{gradient} = dout · ∂out/∂{name} + {shown} · {name}"))
            .help(format!("{gradient} += {shown} * {name}"))
            .would("the loss shows a decay that the weights do not feel: they grow as if there were none")
    } else {
        diagnosis
            .saying(format!("{gradient} has {shown} · {name} added to it that is not the gradient of anything in forward: weight decay in backward alone."))
            .formulas(format!("{gradient} = dout · ∂out/∂{name} + {shown} · {name}"), format!("{gradient} = dout · ∂out/∂{name}"))
            .help(format!("add ½ · {shown} · Σ {name}² to the loss, or decay in the update and not in backward"))
            .would("the weights shrink; what is minimised is not the loss that is shown")
    }
}

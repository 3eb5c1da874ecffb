//! Activations inside a layer, before or after its product: a fault in their slope, which no element of the input has for
//! itself.

use super::formulas::{self, Formula, SLOPES, Sought};
use super::{Case, Diagnosis};
use crate::Cause;
use crate::numbers::flat;
use retrograde_core::kernel::Expr;
use retrograde_textbook::{Layer, Tensor};

/// The text of a slope that is multiplied twice.
pub(super) const TWICE: &str = "f′²";

/// The slope of an activation at its input or output x, and what may stand in its place.
pub(super) fn mistaken(right: &Expr, input: usize) -> impl Iterator<Item = (String, impl Fn(f64) -> f64)> {
    let slope = Formula(right.clone());
    let twice = Formula(right * right);
    let others = formulas::in_place_of(right, input).into_iter();
    others.map(|code| (code.to_string(), code)).chain([(TWICE.to_owned(), twice)]).map(move |(text, code)| {
        let slope = slope.clone();
        (text, move |at: f64| code.at((at, at, f64::NAN)) / slope.at((at, at, f64::NAN)))
    })
}

/// A layer that ends in an activation, such as an affine one with its sigmoid: the slope of the activation has a mistake.
pub(super) fn at_the_end(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    // An activation's outputs lie where its slope is positive.
    let possible = |slope: &Formula| {
        let is_positive = |y: &f64| slope.at((*y, *y, f64::NAN)) > 0.0;
        case.smooth().all(|(_, probed)| probed.probe.out.iter().all(is_positive))
    };
    let slopes = SLOPES.iter().filter_map(|slope| slope.of_y.clone()).map(Formula);
    for right in slopes.filter(possible) {
        for (code, ratio) in mistaken(&right.0, Formula::Y) {
            let fit = case.fit(|probed| {
                let d = flat(&(probed.upstream() * &probed.probe.out.mapv(&ratio)));
                d.iter().all(|d| d.is_finite()).then(|| probed.jacobian.vjp(&d))
            });
            if let Some(predicted) = fit {
                return Some(wrong(&code, &right.to_string(), "wrong_slope-at_the_end", predicted));
            }
        }
    }
    None
}

/// A layer that begins with an activation, whose slope has a mistake.
pub(super) fn at_the_beginning(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() || case.labels.is_some() {
        return None;
    }
    for right in SLOPES.iter().map(|slope| Formula(slope.of_x.clone())) {
        for (code, ratio) in mistaken(&right.0, Formula::X) {
            let fit = case.fit(|probed| Some(&probed.truth * &probed.probe.x.mapv(&ratio)));
            if let Some(predicted) = fit {
                return Some(wrong(&code, &right.to_string(), "wrong_slope-at_the_beginning", predicted));
            }
        }
    }
    None
}

/// G is T times, or divided by, a function of the element of the input: a slope twice, or none.
pub(super) fn element_factor(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    for missing in [false, true] {
        let mut points: Vec<Sought> = Vec::new();
        for (_, probed) in case.smooth() {
            let all = probed.probe.values[case.block]
                .iter()
                .zip(&probed.claimed)
                .zip(probed.truth.iter().zip(&probed.tolerance));
            for ((&x, &claimed), (&truth, &tolerance)) in all.filter(|(_, (truth, _))| !truth.is_nan()) {
                let (top, bottom) = if missing { (truth, claimed) } else { (claimed, truth) };
                if bottom.abs() > 1e3 * tolerance {
                    let ratio = top / bottom;
                    points.push((
                        (x, f64::NAN, f64::NAN),
                        ratio,
                        tolerance * (1.0 + ratio.abs()) / bottom.abs(),
                    ));
                }
            }
        }
        let found = formulas::search(&points, false).filter(Formula::has_x);
        let Some(formula) = found.filter(|_| points.len() >= 6) else { continue };
        let fit = case.fit(|probed| {
            let ratio = |x: f64| formula.at((x, f64::NAN, f64::NAN));
            let own = &probed.probe.values[case.block];
            Some(&probed.truth * &own.mapv(|x| if missing { 1.0 / ratio(x) } else { ratio(x) }))
        });
        let factor = formula.with_names(case.name(), "y");
        if let Some(predicted) = fit {
            return Some(Diagnosis::new(Cause::ElementFactor { factor, missing }, predicted));
        }
    }
    None
}

fn wrong(code: &str, right: &str, id: &str, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    Diagnosis::new(Cause::WrongSlope { code: code.into(), right: right.into() }, predicted).with_text(id)
}

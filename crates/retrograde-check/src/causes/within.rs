//! Activations inside a layer, before or after its product: a fault in their slope, which no element of the input has for
//! itself.

use super::formulas::{self, Sought};
use super::{Case, Diagnosis};
use crate::Cause;
use crate::numbers::sigmoid;
use retrograde_textbook::{Layer, Tensor};

/// A slope: its text and its function.
pub(super) type Slope = (&'static str, fn(f64) -> f64);

/// Slopes of activations at the end, as formulas in the output.
const OF_OUTPUT: [Slope; 4] = [
    ("y · (1 − y)", |y| y * (1.0 - y)),
    ("1 − y²", |y| 1.0 - y * y),
    ("y", |y| y),
    ("1 − exp(−y)", |y| 1.0 - (-y).exp()),
];

/// The variants in their place.
const MISTAKEN: [Slope; 8] = [
    ("1", |_| 1.0),
    ("y", |y| y),
    ("1 − y", |y| 1.0 - y),
    ("1 + y", |y| 1.0 + y),
    ("y · (1 − y)", |y| y * (1.0 - y)),
    ("1 − y²", |y| 1.0 - y * y),
    ("y · (1 + y)", |y| y * (1.0 + y)),
    ("1 + y²", |y| 1.0 + y * y),
];

/// Slopes of activations at the beginning, as formulas in the input.
pub(super) const RIGHT: [Slope; 5] = [
    ("sigmoid(x) · (1 − sigmoid(x))", |x| sigmoid(x) * (1.0 - sigmoid(x))),
    ("1 − tanh²(x)", |x| 1.0 - x.tanh().powi(2)),
    ("exp(x)", f64::exp),
    ("2 · x", |x| 2.0 * x),
    ("sigmoid(x)", sigmoid),
];
/// The variants in their place.
pub(super) const CODE: [Slope; 9] = [
    ("1", |_| 1.0),
    ("x", |x| x),
    ("x · (1 − x)", |x| x * (1.0 - x)),
    ("1 − x²", |x| 1.0 - x * x),
    ("sigmoid(x)", sigmoid),
    ("1 − sigmoid(x)", |x| 1.0 - sigmoid(x)),
    ("1 − tanh(x)", |x| 1.0 - x.tanh()),
    ("sigmoid(x) · (1 − sigmoid(x))", |x| sigmoid(x) * (1.0 - sigmoid(x))),
    ("1 − tanh²(x)", |x| 1.0 - x.tanh().powi(2)),
];

const TWICE: Slope = ("f′²", |_| 0.0);

/// A layer that ends in an activation, such as an affine one with its sigmoid: the slope of the activation has a mistake.
pub(super) fn at_the_end(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    // An activation's outputs lie where its slope is positive.
    let possible = |slope: fn(f64) -> f64| {
        case.smooth().all(|(_, probed)| probed.probe.out.iter().all(|y| slope(*y) > 0.0))
    };
    for (right, slope) in OF_OUTPUT.into_iter().filter(|(_, slope)| possible(*slope)) {
        for (code, other) in MISTAKEN.into_iter().chain([TWICE]).filter(|(code, _)| *code != right) {
            let fit = case.fit(|probed| {
                let ratio = |y: f64| if code == TWICE.0 { slope(y) } else { other(y) / slope(y) };
                let d = probed.upstream() * &probed.probe.out.mapv(ratio);
                let flat: Vec<f64> = d.iter().copied().collect();
                flat.iter().all(|d| d.is_finite()).then(|| probed.jacobian.vjp(&flat))
            });
            if let Some(predicted) = fit {
                return Some(wrong(code, right, "wrong_slope-at_the_end", predicted));
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
    for (right, slope) in RIGHT {
        for (code, other) in CODE.into_iter().chain([TWICE]).filter(|(code, _)| *code != right) {
            let fit = case.fit(|probed| {
                let ratio = |x: f64| if code == TWICE.0 { slope(x) } else { other(x) / slope(x) };
                Some(&probed.truth * &probed.probe.x.mapv(ratio))
            });
            if let Some(predicted) = fit {
                return Some(wrong(code, right, "wrong_slope-at_the_beginning", predicted));
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
        let found = formulas::search(&points, false).filter(|(name, _)| formulas::speaks_of(name, 'x'));
        let Some((factor, formula)) = found.filter(|_| points.len() >= 6) else { continue };
        let fit = case.fit(|probed| {
            let ratio = |x: f64| formula((x, f64::NAN, f64::NAN));
            let own = &probed.probe.values[case.block];
            Some(&probed.truth * &own.mapv(|x| if missing { 1.0 / ratio(x) } else { ratio(x) }))
        });
        let factor = formulas::renamed(&factor, 'x', case.name());
        if let Some(predicted) = fit {
            return Some(Diagnosis::new(Cause::ElementFactor { factor, missing }, predicted));
        }
    }
    None
}

fn wrong(code: &str, right: &str, id: &str, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    Diagnosis::new(Cause::WrongSlope { code: code.into(), right: right.into() }, predicted).with_text(id)
}

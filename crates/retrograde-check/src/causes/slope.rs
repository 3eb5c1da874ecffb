//! Elementwise layers: a wrong slope, or the slope at the wrong place.

use super::edits::{Edit, Edited, edits};
use super::formulas::{self, Formula, Point, Sought};
use super::recognized::{Sample, recognize};
use super::{Case, Diagnosis};
use crate::message::text;
use crate::numbers::nth;
use crate::probe::{normal, random};
use crate::probed_block::ProbedBlock;
use crate::subject::{claims, with_values};
use crate::{Cause, Message};
use retrograde_core::kernel::Expr;
use retrograde_textbook::{Layer, Tensor};

/// An element: its input, output and right slope, the slope of the code, and its tolerance.
pub(super) struct ElementSlope {
    pub(super) point: Point,
    pub(super) code: f64,
    pub(super) tolerance: f64,
}

/// The elements with differences; `None` unless each output depends on its own input alone.
fn elements(probed: &ProbedBlock<'_>) -> Option<Vec<ElementSlope>> {
    if probed.block != 0 || probed.probe.x.shape() != probed.probe.out.shape() {
        return None;
    }
    let (x, y): (Vec<f64>, Vec<f64>) = probed.probe.x.iter().zip(&probed.probe.out).unzip();
    let (claimed, tolerance): (Vec<f64>, Vec<f64>) = probed.claimed.iter().zip(&probed.tolerance).unzip();
    let mut found = Vec::new();
    for (column, &at) in probed.jacobian.columns.iter().enumerate() {
        let slopes = probed.jacobian.center.column(column);
        let elsewhere = slopes.iter().enumerate().any(|(o, slope)| o != at && slope.abs() > 1e-9);
        if elsewhere {
            return None;
        }
        let d = probed.d[at];
        if d != 0.0 {
            let point = (x[at], y[at], slopes[at]);
            found.push(ElementSlope { point, code: claimed[at] / d, tolerance: tolerance[at] / d.abs() });
        }
    }
    Some(found)
}

/// All elements of all probed blocks.
pub(super) fn all(case: &Case<'_>) -> Option<Vec<ElementSlope>> {
    at_least(4, case)
}

fn at_least(count: usize, case: &Case<'_>) -> Option<Vec<ElementSlope>> {
    let mut found = Vec::new();
    for (_, probed) in case.smooth() {
        found.extend(elements(probed)?);
    }
    (found.len() >= count).then_some(found)
}

/// The predictions of a slope as a function of x, y, s and the upstream gradient.
pub(super) fn fit(case: &Case<'_>, slope: impl Fn(Point, f64) -> f64) -> Option<Vec<Option<Tensor>>> {
    case.fit(|probed| {
        let mut predicted = probed.truth.clone();
        let (x, y): (Vec<f64>, Vec<f64>) = probed.probe.x.iter().zip(&probed.probe.out).unzip();
        let flat = predicted.as_slice_mut().expect("a new array is contiguous");
        for (column, &at) in probed.jacobian.columns.iter().enumerate() {
            let s = probed.jacobian.center[[at, column]];
            flat[at] = probed.d[at] * slope((x[at], y[at], s), probed.d[at]);
        }
        Some(predicted)
    })
}

/// The slope is missing, or multiplied twice.
pub(super) fn slope_missing_or_twice(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let all = all(case)?;
    let right = right_formula(&all);
    if let Some(predicted) = fit(case, |_, _| 1.0) {
        return Some(Diagnosis::new(Cause::SlopeMissing, predicted).with("right", or_slope(&right)));
    }
    let predicted = fit(case, |(_, _, s), _| s * s)?;
    Some(Diagnosis::new(Cause::SlopeTwice, predicted).with("right", or_slope(&right)))
}

/// The slope is taken at a shifted place: forward adds an epsilon to its input and backward does not, or the reverse.
pub(super) fn epsilon(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    // A single element is tested at three inputs.
    let all = at_least(3, case)?;
    let is_near = |e: &ElementSlope| (e.code - e.point.2).abs() <= NEARLY * e.point.2.abs();
    if !all.iter().all(is_near) {
        return None;
    }
    let mut truth_at = |probed: &ProbedBlock<'_>, aside: f64| {
        let x = &probed.probe.x + aside;
        let there = case.observations.jacobian_at(layer, probed, 0, &x, &probed.probe.values[1..])?;
        (there.kinks.is_empty() && !there.jump).then(|| there.vjp(&probed.d))
    };
    // The shift, from the element that determines it best, by the curvature of its slope.
    let probed = case.smooth().map(|(_, probed)| probed).find(|probed| probed.verdict.is_wrong())?;
    let bent = truth_at(probed, BEND)?;
    let size = |at: &usize| probed.error(*at) / nth(&probed.tolerance, *at);
    let at = probed.wrong().into_iter().max_by(|a, b| size(a).total_cmp(&size(b)))?;
    let bend = (nth(&bent, at) - nth(&probed.truth, at)) / BEND;
    let aside = (nth(&probed.claimed, at) - nth(&probed.truth, at)) / bend;
    let value = rounded(aside.abs());
    let predicted = case.fit(|probed| truth_at(probed, value.copysign(aside)))?;
    (value > 0.0).then(|| {
        Diagnosis::new(Cause::Epsilon { value }, predicted)
            .with_text("epsilon-aside")
            .with("in_forward", aside < 0.0)
    })
}

/// Slopes that differ by more than this part are not due to an epsilon.
const NEARLY: f64 = 1e-2;

/// Over this distance a slope changes by much more than its rounding.
const BEND: f64 = 1e-3;

/// A number with one digit.
fn rounded(value: f64) -> f64 {
    format!("{value:.0e}").parse().unwrap_or(value)
}

fn or_slope(formula: &str) -> &str {
    if formula.is_empty() { "f′(x)" } else { formula }
}

/// The right slope as a short formula; empty if there is none.
pub(super) fn right_formula(all: &[ElementSlope]) -> String {
    let points: Vec<_> = all.iter().map(|e| (e.point, e.point.2, 1e-9)).collect();
    formulas::search(&points, false).map_or_else(String::new, |right| right.to_string())
}

/// The slope is f′(f(x)); or a formula in the output is computed from the input.
pub(super) fn at_output_or_input(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let all = all(case)?;
    let right = right_formula(&all);
    let at_output = case.fit(|probed| {
        let there =
            case.observations.jacobian_at(layer, probed, 0, &probed.probe.out, &probed.probe.values[1..])?;
        (there.kinks.is_empty() && !there.jump).then(|| there.vjp(&probed.d))
    });
    if let Some(predicted) = at_output {
        return Some(Diagnosis::new(Cause::SlopeAtOutput, predicted).with("right", or_slope(&right)));
    }
    // A mask computed from the output differs from one computed from the input: it is reported as a mask.
    if super::mask::two_slopes(&all).is_some() {
        return None;
    }
    // At x = f(u) a formula in y, computed from x, gives the right slope of u.
    let probed = case
        .smooth()
        .map(|(_, probed)| probed)
        .find(|probed| probed.verdict.is_wrong() && probed.probe_index == 0)?;
    let u = normal(probed.probe.x.shape(), &mut random(77));
    let parameters = &probed.probe.values[1..];
    let x = with_values(layer, parameters, |layer| layer.forward(&u)).ok()?;
    let there = case.observations.jacobian_at(layer, probed, 0, &u, parameters)?;
    let truth = there.vjp(&vec![1.0; u.len()]);
    let code = with_values(layer, parameters, |layer| {
        layer.forward(&x)?;
        claims(layer, &Tensor::ones(x.shape()))
    });
    let code = code.ok()?.swap_remove(0)?;
    let scale = super::super::probed_block::largest(&truth);
    let mut varied = false;
    for (code, truth) in code.iter().zip(&truth).filter(|(_, truth)| !truth.is_nan()) {
        if (code - truth).abs() > 1e-7 * scale {
            return None;
        }
        varied |= (truth - scale).abs() > 1e-3 * scale;
    }
    let points: Vec<_> = all.iter().map(|e| (e.point, e.code, e.tolerance)).collect();
    let code = formulas::search(&points, false)?;
    let predicted = fit(case, |point, _| code.at(point))?;
    varied.then(|| {
        Diagnosis::new(Cause::SlopeAtInput, predicted)
            .with("code", code.to_string())
            .with("right", or_slope(&right))
            .remark(text!("slope_at_input-seen"))
    })
}

/// A slope as a short formula: in x and y if there is one, otherwise in the right slope s.
fn written(points: &[Sought]) -> Option<Formula> {
    formulas::search(points, false).or_else(|| formulas::search(points, true))
}

/// The slope of the function that forward computes, if its values show what that is: in x alone, and with y for its value.
fn recognized(case: &Case<'_>) -> Vec<Expr> {
    let pairs = case.observations.probes.iter().flat_map(|probe| probe.x.iter().zip(&probe.out));
    let samples: Vec<Sample> = pairs.map(|(x, y)| (*x, *y)).take(SAMPLES).collect();
    let Some(function) = recognize(&samples) else { return Vec::new() };
    let with_y = function.vjp(&1.0.into(), Some(&Expr::input(Formula::Y))).into_iter().next().flatten();
    std::iter::once(function.derivative(0)).chain(with_y).collect()
}

/// A function is recognised by so many of its values.
const SAMPLES: usize = 100;

/// The slope of the recognised function, and the edit with which it has these values.
fn edited(case: &Case<'_>, points: &[Sought]) -> Option<(Expr, Edited)> {
    recognized(case).into_iter().find_map(|right| {
        let found = edits(&right).into_iter().find(|edited| Formula(edited.expr.clone()).fits(points));
        found.map(|found| (right, found))
    })
}

/// The slope is another formula, everywhere or on one side of 0: a short one, or the right one with an edit.
pub(super) fn other_function(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let all = all(case)?;
    let right = right_formula(&all);
    let say = |code: Message, right: Option<Message>, of_right: bool, predicted| {
        let known = right.is_some();
        let cause = Cause::WrongSlope { code, right: right.unwrap_or_else(|| "".into()) };
        let id = if known { "wrong_slope" } else { "wrong_slope-unknown" };
        Diagnosis::new(cause, predicted).with_text(id).with("of_right", of_right)
    };
    let known = |right: String| (!right.is_empty()).then(|| Message::from(right));
    let points: Vec<_> = all.iter().map(|e| (e.point, e.code, e.tolerance)).collect();
    let everywhere = || {
        let edited = edited(case, &points);
        // In x and y, or as an edit; the right slope s tells less.
        let code = formulas::search(&points, false)
            .or_else(|| Some(Formula(edited.as_ref()?.1.expr.clone())))
            .or_else(|| formulas::search(&points, true))?;
        let predicted = fit(case, |point, _| code.at(point))?;
        let of_recognized = edited.as_ref().map(|(right, _)| Formula(right.clone()).to_string());
        let right = if right.is_empty() { of_recognized } else { Some(right.clone()) };
        let found = say(code.to_string().into(), right.and_then(known), code.has_right_slope(), predicted);
        Some(match edited {
            Some((right, edited)) => found.remark(described(right, edited.edit)),
            None => found,
        })
    };
    // The slopes of a mask change at 0: a formula for the wrong side is more specific than one for both.
    let is_mask = super::mask::two_slopes(&all).is_some();
    if let Some(found) = (!is_mask).then(everywhere).flatten() {
        return Some(found);
    }
    let of_side = |below: bool, of: &dyn Fn(&ElementSlope) -> (f64, f64)| -> Vec<Sought> {
        (all.iter().filter(|e| (e.point.0 < 0.0) == below)).map(|e| (e.point, of(e).0, of(e).1)).collect()
    };
    let code_of = |below: bool| written(&of_side(below, &|e| (e.code, e.tolerance)));
    let right_of = |below: bool| {
        let points = of_side(below, &|e| (e.point.2, 1e-9));
        formulas::search(&points, false).map_or_else(String::new, |right| right.to_string())
    };
    for (side, below) in [("x < 0", true), ("x > 0", false)] {
        let Some(code) = code_of(below) else { continue };
        let right = right_of(below);
        let predicted = fit(case, |point, _| if (point.0 < 0.0) == below { code.at(point) } else { point.2 });
        if let Some(predicted) = predicted {
            let at_side = |formula: String| text!("slope-where", formula, condition = side);
            let right = (!right.is_empty()).then(|| at_side(right));
            return Some(say(at_side(code.to_string()), right, code.has_right_slope(), predicted));
        }
    }
    if let Some(found) = is_mask.then(everywhere).flatten() {
        return Some(found);
    }
    // Both sides are wrong, with different formulas.
    let (left, right) = (code_of(true)?, code_of(false)?);
    let predicted = fit(case, |point, _| if point.0 < 0.0 { left.at(point) } else { right.at(point) })?;
    let both = |below: &str, above: &str| text!("slope-either", below, above);
    let (known_left, known_right) = (right_of(true), right_of(false));
    let is_known = !known_left.is_empty() && !known_right.is_empty();
    let truth = is_known.then(|| both(&known_left, &known_right));
    let of_right = left.has_right_slope() || right.has_right_slope();
    Some(say(both(&left.to_string(), &right.to_string()), truth, of_right, predicted))
}

/// The edit that makes the slope of the code from the right one.
fn described(right: Expr, edit: Edit) -> Message {
    let text = |expr: Expr| Formula(expr).to_string();
    let right = text(right);
    match edit {
        Edit::Dropped(part) => text!("edit-dropped", right, part = text(part)),
        Edit::Exchanged(part, code) => text!("edit-exchanged", right, part = text(part), code = text(code)),
    }
}

//! Layers whose slope at each element is one of two numbers: the mask is inverted, missing, shifted, or drawn again.

use super::slope::{ElementSlope, all, fit};
use super::{Case, Diagnosis};
use crate::Cause;
use crate::message::text;
use crate::probed_block::ProbedBlock;
use crate::subject::claims;
use retrograde_textbook::{Layer, Tensor};

/// The two values of the right slope, if there are exactly two: the smaller and the larger.
pub(super) fn two_slopes(all: &[ElementSlope]) -> Option<(f64, f64)> {
    let slopes = || all.iter().map(|element| element.point.2);
    let (low, high) = (slopes().fold(f64::INFINITY, f64::min), slopes().fold(f64::NEG_INFINITY, f64::max));
    let near = |s: f64, to: f64| (s - to).abs() <= 1e-7 * high.abs().max(1.0);
    (!near(low, high) && slopes().all(|s| near(s, low) || near(s, high))).then_some((low, high))
}

/// Whether the elements that are on and off are interleaved, unlike those of a threshold: each lies between two of the
/// other kind.
fn scattered(all: &[ElementSlope], on: impl Fn(&ElementSlope) -> bool) -> bool {
    let range = |which: bool| {
        let of = all.iter().filter(|e| on(e) == which).map(|e| e.point.0);
        of.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), x| (least.min(x), most.max(x)))
    };
    let within = |which: bool| {
        let (least, most) = range(!which);
        all.iter().any(|e| on(e) == which && e.point.0 > least && e.point.0 < most)
    };
    within(true) && within(false)
}

/// Dropout: slopes of 0 and of one other number, independent of the input; its scale is missing in backward.
pub(super) fn dropout(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let all = all(case)?;
    let (low, scale) = two_slopes(&all)?;
    if low.abs() > 1e-9 || !scattered(&all, |e| e.point.2.abs() > 1e-9) {
        return None;
    }
    let code = all.iter().find(|e| e.point.2.abs() > 1e-9)?.code;
    // One scale missing or applied twice; any other number is a factor. A scale compensates for dropped elements.
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * b.abs();
    let kept = all.iter().filter(|e| e.point.2.abs() > 1e-9).count() as f64 / all.len() as f64;
    // With a keep probability of a half that is also a factor of 2, which is true as well.
    let is_factor = near(code, 2.0) || near(code, 0.5);
    let makes_up =
        near(scale, 1.0) && !is_factor && ((kept * code - 1.0).abs() < 0.25 || (kept - code).abs() < 0.15);
    if !(near(code, 1.0) || near(code, scale * scale) || makes_up) {
        return None;
    }
    let predicted = fit(case, |(_, _, s), _| if s.abs() > 1e-9 { code } else { 0.0 })?;
    Some(Diagnosis::new(Cause::DropoutNotScaled { scale }, predicted).with("code", code))
}

/// Slopes of 0 and another number at other elements than forward's, independent of x: a mask drawn again.
pub(super) fn redrawn(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let all = all(case)?;
    let (low, high) = two_slopes(&all)?;
    let near = |code: f64, to: f64| (code - to).abs() <= 1e-7 * high.abs();
    let of_two = all.iter().all(|e| near(e.code, 0.0) || near(e.code, high));
    if low.abs() > 1e-9
        || !of_two
        || !scattered(&all, |e| near(e.code, high))
        || !scattered(&all, |e| near(e.point.2, high))
    {
        return None;
    }
    // Each mask is one number at each element, read from the code's slope; both masks must have the same scale.
    let mut codes = all.iter().map(|e| if near(e.code, 0.0) { 0.0 } else { high });
    let predicted = case.fit(|probed| {
        let mut predicted = probed.truth.clone();
        let flat = predicted.as_slice_mut().expect("a new array is contiguous");
        for &at in probed.jacobian.columns.iter().filter(|&&at| probed.d[at] != 0.0) {
            flat[at] = probed.d[at] * codes.next()?;
        }
        Some(predicted)
    })?;
    Some(Diagnosis::new(Cause::MaskRedrawn, predicted).with("scale", high))
}

/// A slope that is one of two numbers: the mask is inverted, missing, computed from dout, or one number is wrong.
pub(super) fn mask(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let all = all(case)?;
    let (low, high) = two_slopes(&all)?;
    let is_high = |s: f64| (s - high).abs() < (s - low).abs();
    let say = |cause: Cause, predicted| Diagnosis::new(cause, predicted).with("low", low).with("high", high);
    if let Some(predicted) = fit(case, |(_, _, s), _| low + high - s) {
        return Some(say(Cause::MaskInverted, predicted));
    }
    // The elements that pass have the slope that is not 0: that of a hinge is negative.
    let passes = if high.abs() <= 1e-9 { low } else { high };
    if let Some(predicted) = fit(case, |_, _| passes).or_else(|| fit(case, |_, _| 1.0)) {
        return Some(say(Cause::MaskMissing, predicted));
    }
    if let Some(predicted) = fit(case, |_, d| if d > 0.0 { high } else { low }) {
        return Some(say(Cause::MaskOfDout, predicted));
    }
    // Beyond all elements that pass, the mask of a function with two thresholds is missing.
    let passing = |sign: f64| {
        let on = all.iter().filter(|e| is_high(e.point.2)).map(|e| sign * e.point.0);
        on.fold(f64::NEG_INFINITY, f64::max)
    };
    for (sign, id) in [(1.0, "mask_missing-above"), (-1.0, "mask_missing-below")] {
        let edge = passing(sign);
        if let Some(predicted) = fit(case, |(x, _, s), _| if sign * x > edge { high } else { s }) {
            return Some(say(Cause::MaskMissing, predicted).with_text(id).with("edge", sign * edge));
        }
    }
    // One side is right, the other a wrong constant: leaky ReLU with another leak.
    let constant = |of_high: bool| -> Option<f64> {
        let mut codes = all.iter().filter(|e| is_high(e.point.2) == of_high).map(|e| (e.code, e.tolerance));
        let (first, _) = codes.next()?;
        codes.all(|(code, tolerance)| (code - first).abs() <= 2.0 * tolerance + 1e-8).then_some(first)
    };
    let (code_low, code_high) = (constant(false)?, constant(true)?);
    // In the same proportion they are a factor.
    if (code_low * high - code_high * low).abs() <= 1e-7 * high.abs().max(low.abs()) {
        return None;
    }
    let predicted = fit(case, |(_, _, s), _| if is_high(s) { code_high } else { code_low })?;
    let both = |low: f64, high: f64| text!("slope-both", low, high);
    let cause = Cause::WrongSlope { code: both(code_low, code_high), right: both(low, high) };
    Some(
        say(cause, predicted)
            .with_text("wrong_slope-sides")
            .with("code_low", code_low)
            .with("code_high", code_high),
    )
}

/// The distance of the two values of forward's slope.
const STEP: f64 = 1e-7;

/// The threshold of the mask is not forward's kink.
pub(super) fn shifted_mask(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let all = all(case)?;
    let (low, high) = two_slopes(&all)?;
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * high.abs().max(1.0);
    let wrong: Vec<&ElementSlope> = all.iter().filter(|e| !near(e.code, e.point.2)).collect();
    let one_of_two = wrong.iter().all(|e| near(e.code, low) || near(e.code, high));
    if !one_of_two || wrong.len() < 2 {
        return None;
    }
    let (from, to) = (
        wrong.iter().map(|e| e.point.0).fold(f64::INFINITY, f64::min),
        wrong.iter().map(|e| e.point.0).fold(f64::NEG_INFINITY, f64::max),
    );
    // Only wrong elements lie between the two thresholds.
    if all.iter().any(|e| near(e.code, e.point.2) && e.point.0 > from && e.point.0 < to) {
        return None;
    }
    let mut at = case.probed_blocks.first()?.probe.x.clone();
    let mut slope_of_code = |x: f64| -> Option<f64> {
        *at.first_mut()? = x;
        layer.forward(&at).ok()?;
        claims(layer, &Tensor::ones(at.shape())).ok()?.swap_remove(0)?.first().copied()
    };
    // Forward's kink is on one side of the wrong elements and the code's threshold on the other.
    let outside = |x: f64, up: bool| {
        let nearest = all.iter().map(|e| e.point.0).filter(|other| if up { *other > x } else { *other < x });
        nearest.fold(
            if up { x + 1.0 } else { x - 1.0 },
            |best, other| if up { best.min(other) } else { best.max(other) },
        )
    };
    let mut bisect = |mut a: f64, mut b: f64| -> Option<f64> {
        let at_a = slope_of_code(a)?;
        if near(at_a, slope_of_code(b)?) {
            return None;
        }
        for _ in 0..60 {
            let middle = f64::midpoint(a, b);
            if near(slope_of_code(middle)?, at_a) { a = middle } else { b = middle }
        }
        Some(f64::midpoint(a, b))
    };
    let (below, above) = (outside(from, false), outside(to, true));
    let (code, other) = match (bisect(below, from), bisect(to, above)) {
        (Some(code), None) => (code, (to, above)),
        (None, Some(code)) => (code, (below, from)),
        _ => return None,
    };
    // Forward's own kink, from its slopes: as accurate as these, to five digits.
    let mut at = case.probed_blocks.first()?.probe.x.clone();
    let mut value = |x: f64| -> Option<f64> {
        *at.first_mut()? = x;
        layer.forward(&at).ok()?.first().copied()
    };
    let mut slope_of_forward = |x: f64| Some((value(x + STEP)? - value(x - STEP)?) / (2.0 * STEP));
    let (mut a, mut b) = other;
    let at_a = slope_of_forward(a)?;
    let alike = |a: f64, b: f64| (a - b).abs() <= 1e-3 * (high - low);
    if alike(at_a, slope_of_forward(b)?) {
        return None;
    }
    for _ in 0..40 {
        let middle = f64::midpoint(a, b);
        if alike(slope_of_forward(middle)?, at_a) { a = middle } else { b = middle }
    }
    let right = (f64::midpoint(a, b) * 1e5).round() / 1e5 + 0.0;
    let code = if code.abs() < 1e-12 { 0.0 } else { (code * 1e9).round() / 1e9 };
    let predicted = fit(case, |(x, _, s), _| if x >= from && x <= to { low + high - s } else { s })?;
    Some(Diagnosis::new(Cause::MaskMoved { right, code }, predicted))
}

/// Elements that affect no output, at any input, have a gradient, and all others have the right one: backward lacks a mask
/// of forward, such as a dropout's.
pub(super) fn fixed(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() {
        return None;
    }
    let is_off = |probed: &ProbedBlock<'_>, column: usize| {
        probed.jacobian.center.column(column).iter().all(|slope| *slope == 0.0)
    };
    let (mut wrong, mut some_pass) = (0, false);
    for (_, probed) in case.smooth() {
        let off: Vec<usize> = (0..probed.jacobian.columns.len())
            .filter(|&column| is_off(probed, column))
            .map(|column| probed.jacobian.columns[column])
            .collect();
        let bad = probed.wrong();
        // Exactly those. In a smaller batch the mask may stop all.
        if bad.iter().any(|element| !off.contains(element)) {
            return None;
        }
        some_pass |= off.len() < probed.jacobian.columns.len();
        wrong += bad.len();
    }
    let predicted = case.fit(|probed| Some(probed.claimed.clone()))?;
    (wrong >= 3 && some_pass)
        .then(|| Diagnosis::new(Cause::MaskMissing, predicted).with_text("mask_missing-fixed"))
}

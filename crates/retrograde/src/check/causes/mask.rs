//! Layers whose slope at each element is one of two numbers: the mask is inverted, missing, moved, or of another draw.

use super::formulas::plain;
use super::slope::{Element, all, fit};
use super::{Case, Diagnosis};
use crate::check::Cause;
use crate::check::subject::claims;
use crate::check::view::View;
use crate::textbook::{Layer, Tensor};

/// The two values between which the right slope changes, if there are just two: the smaller and the larger.
fn two_slopes(all: &[Element]) -> Option<(f64, f64)> {
    let slopes = || all.iter().map(|element| element.point.2);
    let (low, high) = (slopes().fold(f64::INFINITY, f64::min), slopes().fold(f64::NEG_INFINITY, f64::max));
    let near = |s: f64, to: f64| (s - to).abs() <= 1e-7 * high.abs().max(1.0);
    (!near(low, high) && slopes().all(|s| near(s, low) || near(s, high))).then_some((low, high))
}

/// Whether what is on and what is off lie among each other, as no function with edges has them: each between two of the
/// other kind.
fn scattered(all: &[Element], on: impl Fn(&Element) -> bool) -> bool {
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

/// Dropout: slopes of 0 and of one other, wherever the input lies; its scale is missing in backward.
pub(super) fn dropout(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let all = all(case)?;
    let (low, scale) = two_slopes(&all)?;
    if low.abs() > 1e-9 || !scattered(&all, |e| e.point.2.abs() > 1e-9) {
        return None;
    }
    let code = all.iter().find(|e| e.point.2.abs() > 1e-9)?.code;
    let predicted = fit(case, |(_, _, s), _| if s.abs() > 1e-9 { code } else { 0.0 })?;
    Some(
        Diagnosis::new(Cause::DropoutNotScaled { scale }, predicted)
            .saying(format!("Forward multiplies what it keeps by {}, backward by {}: dropout's scale is in one of the two only.", plain(scale), plain(code)))
            .formulas(format!("dx = dout · mask · {}", plain(code)), format!("dx = dout · mask · {}", plain(scale)))
            .help("keep one array, mask / (1 − ratio), and multiply by it in forward and in backward")
            .would("the layers before the dropout learn with another learning rate than those after it"),
    )
}

/// Slopes of 0 and another at other places than those of forward, wherever x lies: a mask of another draw.
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
    // Each mask is one number at each element: what the code has is read off, and both are masks of the same scale.
    let mut codes = all.iter().map(|e| if near(e.code, 0.0) { 0.0 } else { high });
    let predicted = case.fit(|view| {
        let mut predicted = view.truth.clone();
        let flat = predicted.as_slice_mut().expect("a new array is contiguous");
        for &at in view.jacobian.columns.iter().filter(|&&at| view.d[at] != 0.0) {
            flat[at] = view.d[at] * codes.next()?;
        }
        Some(predicted)
    })?;
    Some(
        Diagnosis::new(Cause::MaskRedrawn, predicted)
            .saying(format!("Forward multiplies by 0 or {}, and so does backward, at other places: its mask is another one than that of forward.", plain(high)))
            .formulas("dx = dout · another mask", "dx = dout · mask of forward")
            .help("self.mask = mask in forward, and that mask in backward; draw nothing in backward")
            .would("units that were dropped are trained, and units that worked are not: noise in place of half the gradient"),
    )
}

/// A slope that is one of two numbers: the mask is inverted, missing, made of dout, or one number is wrong.
pub(super) fn mask(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let all = all(case)?;
    let (low, high) = two_slopes(&all)?;
    let is_high = |s: f64| (s - high).abs() < (s - low).abs();
    let (l, h) = (plain(low), plain(high));
    let right = format!("dx = dout · {h} where x passes, dout · {l} elsewhere");
    if let Some(predicted) = fit(case, |(_, _, s), _| low + high - s) {
        return Some(
            Diagnosis::new(Cause::MaskInverted, predicted)
                .saying("The mask of backward is inverted: the gradient passes where forward stopped, and is stopped where forward passed.")
                .formulas(format!("dx = dout · {l} where x passes, dout · {h} elsewhere"), right)
                .help("dx[mask] = 0 for mask = (x <= 0), not for mask = (x > 0)")
                .would("units that are off are trained, units that are on are not: the layers before learn noise"),
        );
    }
    // What passes has the slope that is not 0: that of a hinge is negative.
    let passes = if high.abs() <= 1e-9 { low } else { high };
    if let Some(predicted) = fit(case, |_, _| passes).or_else(|| fit(case, |_, _| 1.0)) {
        return Some(
            Diagnosis::new(Cause::MaskMissing, predicted)
                .saying("The gradient passes everywhere, also where forward stopped its input: the mask is missing in backward.")
                .formulas("dx = dout", right)
                .help("dx = dout.copy(); dx[self.mask] = 0")
                .would("units that are off are trained as if they were on: learning goes on, to a worse place"),
        );
    }
    if let Some(predicted) = fit(case, |_, d| if d > 0.0 { high } else { low }) {
        return Some(
            Diagnosis::new(Cause::MaskOfDout, predicted)
                .saying("The mask is made of the signs of dout; it belongs to the signs of x.")
                .formulas(format!("dx = dout · {h} where dout > 0, dout · {l} elsewhere"), right)
                .help("remember mask = (x <= 0) in forward, and use it in backward")
                .would("gradients of one sign never arrive: weights run away in one direction"),
        );
    }
    // On the far side of all that passes, the mask of a function with two edges is missing.
    let passing = |sign: f64| {
        let on = all.iter().filter(|e| is_high(e.point.2)).map(|e| sign * e.point.0);
        on.fold(f64::NEG_INFINITY, f64::max)
    };
    for (sign, side) in [(1.0, "above"), (-1.0, "below")] {
        let edge = passing(sign);
        if let Some(predicted) = fit(case, |(x, _, s), _| if sign * x > edge { high } else { s }) {
            return Some(
                Diagnosis::new(Cause::MaskMissing, predicted)
                    .saying(format!("Forward stops its input on both sides, and backward on one only: {side} {} and beyond the gradient should be stopped, too.", plain(sign * edge)))
                    .formulas("dx = dout · [x is not too small]", "dx = dout · [x is between both edges]")
                    .help("dx = dout * ((x > lower) & (x < upper))")
                    .would("units that are at their limit are still pushed on, and stay there"),
            );
        }
    }
    // One side right, the other a wrong constant: leaky ReLU with another leak.
    let constant = |of_high: bool| -> Option<f64> {
        let mut codes = all.iter().filter(|e| is_high(e.point.2) == of_high).map(|e| (e.code, e.tolerance));
        let (first, _) = codes.next()?;
        codes.all(|(code, tolerance)| (code - first).abs() <= 2.0 * tolerance + 1e-8).then_some(first)
    };
    let (code_low, code_high) = (constant(false)?, constant(true)?);
    // In the same proportion they are a factor, and no matter of sides.
    if (code_low * high - code_high * low).abs() <= 1e-7 * high.abs().max(low.abs()) {
        return None;
    }
    let predicted = fit(case, |(_, _, s), _| if is_high(s) { code_high } else { code_low })?;
    let (cl, ch) = (plain(code_low), plain(code_high));
    Some(
        Diagnosis::new(
            Cause::WrongSlope { code: format!("{cl} and {ch}"), right: format!("{l} and {h}") },
            predicted,
        )
        .saying(format!(
            "Forward has the slopes {l} and {h} on the two sides of its kink; backward has {cl} and {ch}."
        ))
        .formulas(
            format!("dx = dout · {ch} on the one side, dout · {cl} on the other"),
            format!("dx = dout · {h} on the one side, dout · {l} on the other"),
        )
        .help(format!("dx = np.where(x > 0, {h} * dout, {l} * dout)"))
        .would("the gradient is wrong for every unit on that side of the kink"),
    )
}

/// How far apart the two values of a slope of forward's are.
const STEP: f64 = 1e-7;

/// The mask changes over at another place than forward's kink.
pub(super) fn moved_mask(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let all = all(case)?;
    let (low, high) = two_slopes(&all)?;
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-6 * high.abs().max(1.0);
    let wrong: Vec<&Element> = all.iter().filter(|e| !near(e.code, e.point.2)).collect();
    let one_of_two = wrong.iter().all(|e| near(e.code, low) || near(e.code, high));
    if !one_of_two || wrong.len() < 2 {
        return None;
    }
    let (from, to) = (
        wrong.iter().map(|e| e.point.0).fold(f64::INFINITY, f64::min),
        wrong.iter().map(|e| e.point.0).fold(f64::NEG_INFINITY, f64::max),
    );
    // All wrong elements lie between the two places, and no right one.
    if all.iter().any(|e| near(e.code, e.point.2) && e.point.0 > from && e.point.0 < to) {
        return None;
    }
    let mut at = case.views.first()?.probe.x.clone();
    let mut slope_of_code = |x: f64| -> Option<f64> {
        *at.first_mut()? = x;
        layer.forward(&at).ok()?;
        claims(layer, &Tensor::ones(at.shape())).ok()?.swap_remove(0)?.first().copied()
    };
    // Forward's place is on one side of the wrong elements and the code's on the other.
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
    // Forward's own kink, from its slopes: as exact as these, to five digits.
    let mut at = case.views.first()?.probe.x.clone();
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
    Some(
        Diagnosis::new(Cause::MaskMoved { right, code }, predicted)
            .saying(format!("The mask of backward changes over at x = {}, the kink of forward is at {}: between the two the slope is that of the other side.", plain(code), plain(right)))
            .formulas(format!("dx = dout where x > {}", plain(code)), format!("dx = dout where x > {}", plain(right)))
            .help(format!("use the mask of forward, x > {}", plain(right)))
            .would("units with small inputs get no gradient, or one that they should not have"),
    )
}

/// Elements that no output depends on, at any input, have a gradient, and all others have the right one: what forward leaves
/// out, such as a dropout's mask, backward does not.
pub(super) fn fixed(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.is_parameter() {
        return None;
    }
    let is_off = |view: &View<'_>, column: usize| {
        view.jacobian.centre.column(column).iter().all(|slope| *slope == 0.0)
    };
    let mut wrong = 0;
    for (_, view) in case.smooth() {
        let off: Vec<usize> = (0..view.jacobian.columns.len())
            .filter(|&column| is_off(view, column))
            .map(|column| view.jacobian.columns[column])
            .collect();
        let bad = view.wrong();
        // Those and no others, and not all of them.
        if off.len() == view.jacobian.columns.len() || bad.iter().any(|element| !off.contains(element)) {
            return None;
        }
        wrong += bad.len();
    }
    let predicted = case.fit(|view| Some(view.claimed.clone()))?;
    (wrong >= 3).then(|| {
        Diagnosis::new(Cause::MaskMissing, predicted)
            .saying("Where no output depends on an element of x, because forward leaves it out, dx is not 0: the mask of forward is missing in backward.")
            .formulas("dx without the mask", "dx = … · mask")
            .help("keep the mask in forward (self.mask = mask), and multiply dx by it in backward")
            .would("the layers before follow a gradient of numbers that the loss does not see")
    })
}

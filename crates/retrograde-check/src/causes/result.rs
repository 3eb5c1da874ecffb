//! The right gradient, modified elementwise at the end: clipped, rounded, its sign.

use super::{Case, Diagnosis};
use crate::Cause;
use crate::probed_block::{ProbedBlock, largest};
use retrograde_textbook::{Layer, Tensor};

/// A modification: in NumPy, with `_` for the gradient, and as a function.
type Change = (String, Box<dyn Fn(&Tensor) -> Tensor>);

fn each(code: &str, f: fn(f64) -> f64) -> Change {
    (code.to_owned(), Box::new(move |truth| truth.mapv(f)))
}

/// The sign, and 0 of 0.
fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

fn length(values: &Tensor) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// G is a function of T.
pub(super) fn changed(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let mut all = vec![
        each("np.sign(_)", sign),
        each("np.abs(_)", f64::abs),
        each("_ ** 2", |g| g * g),
        each("_ * np.abs(_)", |g| g * g.abs()),
        each("np.maximum(_, 0)", |g| g.max(0.0)),
        each("np.minimum(_, 0)", |g| g.min(0.0)),
        each("np.tanh(_)", f64::tanh),
        each("np.round(_)", f64::round),
        each("np.trunc(_)", f64::trunc),
        each("np.floor(_)", f64::floor),
        each("np.ceil(_)", f64::ceil),
    ];
    for decimals in 1..=5 {
        let power = 10.0_f64.powi(decimals);
        let round = move |truth: &Tensor| truth.mapv(|g| (g * power).round() / power);
        all.push((format!("np.round(_, {decimals})"), Box::new(round)));
    }
    for (bits, name) in [(11, "float16"), (8, "bfloat16")] {
        let round = move |truth: &Tensor| truth.mapv(|g| rounded(g, bits));
        all.push((format!("_.astype({name})"), Box::new(round)));
    }
    let clipped = || case.smooth().map(|(_, probed)| probed).filter(|probed| probed.verdict.is_wrong());
    let most = clipped().map(|probed| largest(&probed.claimed)).fold(0.0, f64::max);
    if most > 0.0 {
        let limit = super::formulas::plain(most);
        let clip = move |truth: &Tensor| truth.mapv(|g| g.clamp(-most, most));
        all.push((format!("np.clip(_, -{limit}, {limit})"), Box::new(clip)));
    }
    for (code, change) in all {
        if let Some(predicted) = case.fit(|probed| Some(change(&probed.truth))) {
            return Some(diagnosis(case, &code, predicted));
        }
    }
    scaled(case)
}

/// G has the same norm wherever it is not T: clipped in its norm, or scaled to it. It needs differences in all elements.
fn scaled(case: &Case<'_>) -> Option<Diagnosis> {
    let wrong = || case.smooth().map(|(_, probed)| probed).filter(|probed| probed.verdict.is_wrong());
    if wrong().count() < 2 || !wrong().all(|probed| probed.jacobian.is_whole()) {
        return None;
    }
    let norm = length(&wrong().next()?.claimed);
    let predicted = case.fit(|probed: &ProbedBlock<'_>| {
        let own = length(&probed.truth);
        let factor = if probed.verdict.is_wrong() { norm / own } else { 1.0 };
        Some(&probed.truth * factor)
    })?;
    let limit = super::formulas::plain(norm);
    Some(diagnosis(case, &format!("_ * {limit} / np.linalg.norm(_)"), predicted))
}

/// A number rounded to this many significant bits, to nearest.
fn rounded(value: f64, bits: i32) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let unit = 2.0_f64.powi(value.abs().log2().floor() as i32 + 1 - bits);
    (value / unit).round_ties_even() * unit
}

fn diagnosis(case: &Case<'_>, code: &str, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    Diagnosis::new(Cause::GradientChanged { how: code.replace('_', &case.gradient()) }, predicted)
}

//! Losses that are a sum of one term for each number and its label: a wrong term in the gradient.

use super::{Case, Diagnosis};
use crate::Cause;
use crate::loss_layer::labels_for;
use crate::numbers::sigmoid;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::{Layer, Tensor};

/// A term of a gradient, in the logit x and its label t.
type Form = (&'static str, fn(f64, f64) -> f64);

const FORMS: [Form; 14] = [
    ("(x − t)", |x, t| x - t),
    ("(sigmoid(x) − t)", |x, t| sigmoid(x) - t),
    ("sign(x − t)", |x, t| (x - t).signum()),
    ("|x − t|", |x, t| (x - t).abs()),
    ("(x − t)²", |x, t| (x - t).powi(2)),
    ("(sigmoid(x) − t)²", |x, t| (sigmoid(x) - t).powi(2)),
    ("tanh(x − t)", |x, t| (x - t).tanh()),
    ("clip(x − t, −1, 1)", |x, t| (x - t).clamp(-1.0, 1.0)),
    ("(t / x − (1 − t) / (1 − x))", |x, t| t / x - (1.0 - t) / (1.0 - x)),
    ("−t · x", |x, t| -t * x),
    ("−t · (1 − sigmoid(x))", |x, t| -t * (1.0 - sigmoid(x))),
    ("−t", |_, t| -t),
    ("x", |x, _| x),
    ("sigmoid(x)", |x, _| sigmoid(x)),
];

const CONSTANTS: [(f64, &str); 6] =
    [(1.0, ""), (2.0, "2 · "), (0.5, "½ · "), (-1.0, "−"), (-2.0, "−2 · "), (-0.5, "−½ · ")];

/// The divisor of the sum, and its text.
type Divisor = (fn(&ProbedBlock<'_>) -> f64, &'static str);

const DIVISORS: [Divisor; 3] =
    [(|probed| rows(probed), " / N"), (|_| 1.0, ""), (|probed| probed.probe.x.len() as f64, " / (N·C)")];

fn rows(probed: &ProbedBlock<'_>) -> f64 {
    probed.probe.x.shape().first().copied().unwrap_or(1) as f64
}

/// The terms of a formula at a probed block, times the upstream gradient.
fn of(case: &Case<'_>, probed: &ProbedBlock<'_>, form: fn(f64, f64) -> f64, factor: f64) -> Option<Tensor> {
    let t = labels_for(case.labels?, probed.probe.x.shape()).ok()?.to_rows(&probed.probe.x).ok()?;
    Some(ndarray::Zip::from(&probed.probe.x).and(&t).map_collect(|x, t| form(*x, *t) * factor * probed.d[0]))
}

/// G is the gradient of another loss.
pub(super) fn wrong_term(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    if case.block != 0 || case.labels.is_none() {
        return None;
    }
    let all = || {
        FORMS.into_iter().flat_map(|form| {
            DIVISORS.into_iter().flat_map(move |divisor| CONSTANTS.map(|constant| (form, divisor, constant)))
        })
    };
    let (code, predicted) = all().find_map(|((name, form), (divisor, by), (constant, sign))| {
        let fit = case.fit(|probed| of(case, probed, form, constant / divisor(probed)))?;
        Some((format!("{sign}{name}{by}"), fit))
    })?;
    let right = all().find_map(|((name, form), (divisor, by), (constant, sign))| {
        let is =
            |probed: &ProbedBlock<'_>| {
                of(case, probed, form, constant / divisor(probed)).is_some_and(|right| {
                    right.iter().zip(&probed.truth).zip(&probed.tolerance).all(
                        |((right, truth), tolerance)| truth.is_nan() || (right - truth).abs() <= *tolerance,
                    )
                })
            };
        case.smooth().all(|(_, probed)| is(probed)).then(|| format!("{sign}{name}{by}"))
    });
    let right = right.unwrap_or_else(|| "∂loss/∂x".into());
    Some(Diagnosis::new(Cause::LossTerm { code }, predicted).with("right", right))
}

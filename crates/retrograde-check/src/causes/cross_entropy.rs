//! Losses recognized by their values as the cross entropy of a softmax.

use super::softmax::{OVER, Over, log_softmax, over_wrong_axis, total};
use super::{Case, Diagnosis};
use crate::Cause;
use crate::loss_layer::labels_for;
use crate::message::text;
use crate::probed_block::ProbedBlock;
use retrograde_textbook::{Labels, Layer, Tensor};

/// A cross entropy: the axis of its softmax, the divisor of its sum, and the epsilon in its logarithm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Forward {
    pub over: Over,
    pub divisor: Divisor,
    pub epsilon: f64,
}

/// The divisor of the sum over rows and classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Divisor {
    Rows,
    One,
    Elements,
}

impl Divisor {
    fn of(self, x: &Tensor) -> f64 {
        let classes = x.shape().last().copied().unwrap_or(1).max(1);
        match self {
            Divisor::Rows => (x.len() / classes) as f64,
            Divisor::One => 1.0,
            Divisor::Elements => x.len() as f64,
        }
    }
}

impl Divisor {
    /// As a suffix of a formula.
    fn written(self) -> &'static str {
        match self {
            Divisor::Rows => " / N",
            Divisor::One => "",
            Divisor::Elements => " / (N·C)",
        }
    }
}

const EPSILONS: [f64; 12] = [0.0, 1e-7, 1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-9, 1e-10, 1e-12, 1e-15];

impl Forward {
    /// The probabilities.
    pub fn probabilities(self, x: &Tensor) -> Tensor {
        log_softmax(x, self.over).mapv(f64::exp)
    }

    /// The loss.
    pub fn loss(self, x: &Tensor, t: &Tensor) -> f64 {
        let log = log_softmax(x, self.over);
        let log = if self.epsilon > 0.0 { log.mapv(|log| (log.exp() + self.epsilon).ln()) } else { log };
        let terms = t.iter().zip(&log).map(|(t, log)| if *t == 0.0 { 0.0 } else { t * log });
        -terms.sum::<f64>() / self.divisor.of(x)
    }
}

/// The cross entropy with these losses, which have the relative noise `noise`: the one that fits best, if it fits all.
pub(crate) fn recognize(pairs: &[(&Tensor, f64)], labels: &Labels, noise: f64) -> Option<Forward> {
    let exact = (30.0 * noise).clamp(1e-11, 1e-3);
    let mut best: Option<(f64, Forward)> = None;
    for over in OVER {
        for divisor in [Divisor::Rows, Divisor::One, Divisor::Elements] {
            for epsilon in EPSILONS {
                let forward = Forward { over, divisor, epsilon };
                let mut worst = 0.0_f64;
                for (x, loss) in pairs {
                    let t = labels_for(labels, x.shape()).ok()?.to_rows(x).ok()?;
                    // The terms are near 1 before the logarithm: a small loss has their rounding.
                    let apart = (forward.loss(x, &t) - loss).abs() - noise;
                    let error = apart.max(0.0) / loss.abs().max(1e-3);
                    worst = if apart.is_nan() { f64::INFINITY } else { worst.max(error) };
                }
                // Equal to rounding; the first of several, unless another is much closer.
                if worst <= exact && best.is_none_or(|(least, _)| worst < least * 0.01 && least > 1e-14) {
                    best = Some((worst, forward));
                }
            }
        }
    }
    best.map(|(_, forward)| forward)
}

fn of(case: &Case<'_>) -> Option<Forward> {
    let pairs: Vec<(&Tensor, f64)> =
        case.probed_blocks.iter().map(|probed| (&probed.probe.x, probed.probe.out.sum())).collect();
    if case.block != 0 {
        return None;
    }
    recognize(&pairs, case.labels?, case.observations.noise)
}

fn labels(case: &Case<'_>, probed: &ProbedBlock<'_>) -> Option<Tensor> {
    labels_for(case.labels?, probed.probe.x.shape()).ok()?.to_rows(&probed.probe.x).ok()
}

/// Forward's softmax runs over the batch or down the columns; backward is that of rows.
pub(super) fn forward_over_wrong_axis(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let forward = of(case)?;
    if forward.over == Over::Row {
        return None;
    }
    let rows = case.probed_blocks.iter().map(|probed| probed.probe.x.shape()[0]).find(|rows| *rows > 1)?;
    for divisor in [Divisor::Rows, Divisor::One, Divisor::Elements] {
        for backward in [forward.over, Over::Row] {
            let fit = case.fit(|probed| {
                let x = &probed.probe.x;
                let y = log_softmax(x, backward).mapv(f64::exp);
                Some((y - labels(case, probed)?) * (probed.d[0] / divisor.of(x)))
            });
            let Some(predicted) = fit else { continue };
            let probed = case.probed_blocks.iter().find(|probed| probed.probe.x.shape()[0] == rows)?;
            let y = forward.probabilities(&probed.probe.x);
            let sum = y.sum() / rows as f64;
            let classes = probed.probe.x.shape().last().copied().unwrap_or(1);
            let share = 1.0 - 1.0 / rows as f64;
            let found = over_wrong_axis(forward.over, rows, predicted);
            return Some(if forward.over == Over::Batch {
                let all = rows * classes;
                found
                    .with_text("softmax_over_batch-loss")
                    .with("classes", classes)
                    .with("sum", format!("{sum:.4}"))
                    .remark(text!("softmax_over_batch-gradient", share = format!("{share:.4}")))
                    .remark(text!(
                        "softmax_over_batch-bias",
                        rows,
                        classes,
                        off = format!("{:.4}", share / classes as f64)
                    ))
                    .remark(text!(
                        "softmax_over_batch-first_loss",
                        rows,
                        classes,
                        all,
                        log = format!("{:.2}", (all as f64).ln()),
                        expected = format!("{:.2}", (classes as f64).ln())
                    ))
            } else {
                found.remark(text!(
                    "softmax_down_columns-first_loss",
                    rows,
                    classes,
                    log = format!("{:.2}", (rows as f64).ln()),
                    expected = format!("{:.2}", (classes as f64).ln())
                ))
            });
        }
    }
    None
}

/// If an epsilon in the logarithm is not the only fault, the hypotheses are compared with the gradient without it.
pub(crate) fn without_epsilon(case: &mut Case<'_>) {
    let Some(forward) = of(case).filter(|forward| forward.epsilon > 0.0 && forward.over == Over::Row) else {
        return;
    };
    let truth = |probed: &ProbedBlock<'_>| {
        let x = &probed.probe.x;
        let mut truth =
            (forward.probabilities(x) - labels(case, probed)?) * (probed.d[0] / forward.divisor.of(x));
        truth.zip_mut_with(&probed.truth, |truth, known| {
            *truth = if known.is_nan() { *known } else { *truth }
        });
        Some(truth)
    };
    let Some(truths) = case.probed_blocks.iter().map(truth).collect::<Option<Vec<_>>>() else { return };
    if case.probed_blocks.iter().zip(&truths).all(|(probed, truth)| probed.matches(truth)) {
        return;
    }
    case.probed_blocks.iter_mut().zip(truths).for_each(|(probed, truth)| probed.truth = truth);
}

/// The gradient of a cross entropy without its epsilon, with the divisor of the loss or another.
fn epsilon_forgotten(case: &Case<'_>, forward: Forward) -> Option<Diagnosis> {
    let right = forward.divisor.written();
    for divisor in [forward.divisor, Divisor::Rows, Divisor::One, Divisor::Elements] {
        if forward.epsilon == 0.0 {
            break;
        }
        let predicted = case.fit(|probed| {
            let (x, t) = (&probed.probe.x, labels(case, probed)?);
            Some((forward.probabilities(x) - t) * (probed.d[0] / divisor.of(x)))
        });
        let Some(predicted) = predicted else { continue };
        let epsilon = forward.epsilon;
        if divisor == forward.divisor {
            let found = Diagnosis::new(Cause::Epsilon { value: epsilon }, predicted);
            return Some(found.with("right", right).with("most", format!("{:.1}", -epsilon.ln())));
        }
        let code = format!("(y − t){}", divisor.written());
        let cause = match (forward.divisor, divisor) {
            (Divisor::Rows, Divisor::One) => Cause::SumForMean,
            _ => Cause::CrossEntropyTerm { code: code.clone() },
        };
        let found = Diagnosis::new(cause, predicted).with_text("cross_entropy_term-divided");
        return Some(found.with("code", code).with("right", right).with("divisor", numpy(forward.divisor)));
    }
    None
}

/// The gradient of a cross entropy with a term missing or wrong, or without forward's epsilon.
pub(super) fn terms(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    type Form = (&'static str, fn(&Tensor, &Tensor, &Tensor) -> Tensor);
    // A function of the probabilities y, the labels t and the logits x.
    const FORMS: &[Form] = &[
        ("y", |y, _, _| y.clone()),
        ("−t", |_, t, _| -t),
        ("t", |_, t, _| t.clone()),
        ("y + t", |y, t, _| y + t),
        ("−t / y", |y, t, _| -(t / y)),
        ("y · (1 − y)", |y, _, _| y * &y.mapv(|y| 1.0 - y)),
        ("(y − t) · y · (1 − y)", |y, t, _| (y - t) * y * y.mapv(|y| 1.0 - y)),
        ("(y − t) · y", |y, t, _| (y - t) * y),
        ("(y − t) · t", |y, t, _| (y - t) * t),
        ("t · (y − 1)", |y, t, _| t * &y.mapv(|y| y - 1.0)),
        ("(y − t)²", |y, t, _| (y - t).mapv(|d| d * d)),
        ("(y − t) / (y · (1 − y))", |y, t, _| (y - t) / (y * &y.mapv(|y| 1.0 - y))),
        ("y − 1", |y, _, _| y.mapv(|y| y - 1.0)),
        ("x − t", |_, t, x| x - t),
        ("ln y − t", |y, t, _| y.mapv(f64::ln) - t),
        ("exp(x) − t", |_, t, x| x.mapv(f64::exp) - t),
        ("softmax_batch(x) − t", |_, t, x| log_softmax(x, Over::Batch).mapv(f64::exp) - t),
        ("softmax_columns(x) − t", |_, t, x| log_softmax(x, Over::Columns).mapv(f64::exp) - t),
    ];
    let forward = of(case)?;
    if forward.over != Over::Row {
        return None;
    }
    let say = |code: String, predicted| {
        Diagnosis::new(Cause::CrossEntropyTerm { code }, predicted)
            .with("right", forward.divisor.written())
            .with("divisor", numpy(forward.divisor))
    };
    if let Some(found) = epsilon_forgotten(case, forward) {
        return Some(found);
    }
    for (code, form) in FORMS {
        for divisor in [Divisor::Rows, Divisor::One, Divisor::Elements] {
            let predicted = case.fit(|probed| {
                let (x, t) = (&probed.probe.x, labels(case, probed)?);
                let y = Forward { epsilon: 0.0, ..forward }.probabilities(x);
                Some(form(&y, &t, x) * (probed.d[0] / divisor.of(x)))
            });
            if let Some(predicted) = predicted {
                return Some(say(format!("({code}){}", divisor.written()), predicted));
            }
        }
    }
    // The row sums of the gradient must vanish; only this shows a subtracted mean.
    let centered = case.fit(|probed| {
        let (x, t) = (&probed.probe.x, labels(case, probed)?);
        let right = (forward.probabilities(x) - t) * (probed.d[0] / forward.divisor.of(x));
        Some(&right - &(total(&right, Over::Columns) / x.shape()[0] as f64))
    })?;
    Some(say("(y − t) − mean_rows(y − t)".into(), centered).with_text("cross_entropy_term-centred"))
}

/// The divisor in NumPy.
fn numpy(divisor: Divisor) -> String {
    divisor.written().replace("(N·C)", "x.size").replace('N', "x.shape[0]")
}

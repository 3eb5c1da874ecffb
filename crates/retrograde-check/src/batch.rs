//! The invariants of the batch: the effect of permuting and of repeating its rows, and the row sums of a softmax's
//! gradient.

use ndarray::Axis;

use super::control::guard;
use super::message::text;
use super::network_layer::NetworkAsLayer;
use super::numbers::largest;
use super::probe::{Observations, relative};
use super::subject::{ClaimedGradients, claims, with_values};
use super::{Evidence, Finding, Invariant, Message, Severity, Verdict};
use retrograde_textbook::{Labels, Layer, LossLayer, Network, Tensor};

/// The relative tolerance of a loss: a layer may compute in single precision.
const ROUNDING: f64 = 1e-5;

/// Tests whether a permuted batch gives permuted outputs. A layer may depend on the order of the rows by design.
pub(super) fn permuted(layer: &mut dyn Layer, name: &str, observations: &Observations) -> Option<Finding> {
    let probe = &observations.probes[0];
    let (x, out) = (&probe.x, &probe.out);
    let rows = x.shape().first().copied().filter(|rows| *rows > 1 && x.ndim() > 1)?;
    let per_row = |value: &Tensor| value.shape().first() == Some(&rows);
    // Other arguments with as many rows would have to be permuted, too; and if rows are independent, a mask may be kept by
    // position.
    if !per_row(out) || probe.values[1..].iter().any(per_row) || !influence_each_other(observations, rows) {
        return None;
    }
    let order: Vec<usize> = (0..rows).map(|row| (row + 1) % rows).collect();
    let moved =
        with_values(layer, &probe.values[1..], |layer| layer.forward(&x.select(Axis(0), &order))).ok()?;
    let expected = out.select(Axis(0), &order);
    if moved.shape() != expected.shape() {
        return None;
    }
    let apart = largest(&(&moved - &expected));
    if apart.is_nan() || apart <= relative(observations.noise) * largest(out) {
        return None;
    }
    let sentence = text!("batch-permuted", apart = format!("{apart:.3e}"));
    let found = Finding::new(Severity::Warning, Verdict::Right, name, Vec::new(), sentence);
    Some(found.violating(Invariant::PermutedRows))
}

/// Whether a row of the input contributes to other rows of the output, in the elements with differences.
fn influence_each_other(observations: &Observations, rows: usize) -> bool {
    let probe = &observations.probes[0];
    let Some(jacobian) = &probe.jacobians[0] else { return false };
    let (input, output) = (probe.x.len() / rows, probe.out.len() / rows);
    let slopes = jacobian.center.indexed_iter();
    let mut elsewhere = slopes.filter(|((out, column), _)| out / output != jacobian.columns[*column] / input);
    elsewhere.any(|(_, slope)| *slope != 0.0)
}

/// For the loss of a softmax: whether the rows of its gradient sum to 0. `known` says that a fault has a cause already.
pub(super) fn row_sums(name: &str, observations: &Observations, known: bool) -> Option<Finding> {
    let sums_of = |claimed: &Tensor| claimed.sum_axis(Axis(claimed.ndim() - 1));
    let off = |claimed: &Tensor| {
        let wide = claimed.shape().last().copied().unwrap_or(1).max(1) as f64;
        // The rounding of a row's sum is that of probabilities and labels, which are up to 1, not of their difference.
        let floor = observations.floor(0);
        largest(&sums_of(claimed)) > wide * (observations.precision(0) * largest(claimed) + floor)
    };
    let probes = || {
        [1, 0]
            .into_iter()
            .chain(2..observations.probes.len())
            .filter_map(|number| observations.probes.get(number))
    };
    let claimed = probes()
        .filter_map(|probe| probe.claimed[0].as_ref().filter(|claimed| claimed.shape() == probe.x.shape()))
        .find(|claimed| off(claimed))?;
    let sums: Vec<String> = sums_of(claimed).iter().take(6).map(|sum| short(*sum)).collect();
    let severity = if known { Severity::Warning } else { Severity::Fault };
    let sentence = text!("batch-row_sums");
    let mut found = Finding::new(severity, Verdict::Wrong, name, vec!["x".into()], sentence);
    found.invariant = Some(Invariant::RowsSumToZero);
    found.evidence.push(Evidence::stating(text!("batch-row_sums_are", sums)));
    Some(found)
}

/// These rows of the labels.
fn labels_of(labels: &Labels, rows: &[usize]) -> Option<Labels> {
    match labels {
        Labels::Classes(classes) => {
            rows.iter().map(|row| classes.get(*row).copied()).collect::<Option<_>>().map(Labels::Classes)
        }
        Labels::Rows(all) if all.ndim() > 0 && rows.iter().all(|row| *row < all.len_of(Axis(0))) => {
            Some(Labels::Rows(all.select(Axis(0), rows)))
        }
        Labels::Rows(_) => None,
    }
}

/// Four digits, enough to distinguish it from 0.
fn short(value: f64) -> String {
    if value == 0.0 || value.abs() >= 1e-3 { format!("{value:.4}") } else { format!("{value:.1e}") }
}

fn differ(a: f64, b: f64) -> bool {
    (a - b).abs() > ROUNDING * b.abs().max(1e-3)
}

fn doubled(sentence: Message, place: &str, severity: Severity) -> Finding {
    let verdict = if severity == Severity::Fault { Verdict::Wrong } else { Verdict::Right };
    let found = Finding::new(severity, verdict, place, Vec::new(), sentence);
    found.violating(Invariant::DoubledBatch)
}

/// For a single loss that is a mean (copies of one row have the loss of that row): whether repeating every row leaves it
/// unchanged and halves the gradient of each.
pub(super) fn of_loss(
    loss: &mut dyn LossLayer,
    name: &str,
    logits: &Tensor,
    labels: &Labels,
    precision: f64,
) -> Option<Finding> {
    // Two sums of numbers of a lower precision differ by more.
    let rounding = ROUNDING.max(4.0 * precision);
    let differ = |a: f64, b: f64| (a - b).abs() > rounding * b.abs().max(1e-3);
    let rows: Vec<usize> = (0..logits.shape().first().copied().filter(|_| logits.ndim() > 1)?).collect();
    let mut observe = |rows: &[usize]| -> Option<(f64, Tensor)> {
        let (logits, labels) = (logits.select(Axis(0), rows), labels_of(labels, rows)?);
        let value = guard(name, "forward", || loss.forward(&logits, &labels)).ok()?;
        Some((value, guard(name, "backward", || loss.backward(1.0)).ok()?))
    };
    let (one, copies) = (observe(&[0])?.0, observe(&[0, 0, 0])?.0);
    // Near 0 a sum of three cannot be distinguished from a mean.
    if !differ(3.0 * one, one) || differ(copies, one) {
        return None;
    }
    let twice = [rows.as_slice(), &rows].concat();
    let ((value, gradient), (again, gradients)) = (observe(&rows)?, observe(&twice)?);
    if differ(again, value) {
        return Some(doubled(
            text!("batch-copies", again = format!("{again:.4}"), once = format!("{value:.4}")),
            name,
            Severity::Fault,
        ));
    }
    let half = gradient.select(Axis(0), &twice) / 2.0;
    let apart = if half.shape() == gradients.shape() { largest(&(&gradients - &half)) } else { return None };
    (apart > rounding * largest(&half) + 1e-12)
        .then(|| doubled(text!("batch-halved", apart = format!("{apart:.3e}")), name, Severity::Fault))
}

/// For a network: a mean loss and its gradient do not change if each row is repeated or the rows are permuted. Skipped for
/// a network that takes no other number of rows, or with a known `fault`.
pub(super) fn of_network(
    network: &mut Network,
    x: &Tensor,
    labels: &Labels,
    first: f64,
    fault: bool,
) -> Vec<Finding> {
    // The effect of a fault on the batch is not a separate finding.
    let Some(count) = x.shape().first().copied().filter(|_| x.ndim() > 1 && !fault) else {
        return Vec::new();
    };
    let rows: Vec<usize> = (0..count).collect();
    let twice = [rows.as_slice(), &rows].concat();
    let mut found = Vec::new();
    let mut observe = |rows: &[usize]| -> Option<(f64, ClaimedGradients)> {
        let labels = labels_of(labels, rows)?;
        let mut row = NetworkAsLayer::new(network, &labels);
        let loss = row.forward(&x.select(Axis(0), rows)).ok()?.sum();
        Some((loss, claims(&mut row, &ndarray::arr0(1.0).into_dyn()).ok()?))
    };
    match (observe(&rows), observe(&twice)) {
        (_, Some((loss, _))) if differ(loss, first) => found.push(doubled(
            text!("batch-doubled_loss", again = format!("{loss:.4}"), once = format!("{first:.4}")),
            "network",
            Severity::Remark,
        )),
        (Some((_, before)), Some((_, now))) => {
            let pairs =
                || before.iter().zip(&now).skip(1).filter_map(|(a, b)| Some((a.as_ref()?, b.as_ref()?)));
            // A negligible gradient is rounding beside the others.
            let scale = pairs().map(|(before, _)| largest(before)).fold(0.0, f64::max);
            let apart = |(before, now): (&Tensor, &Tensor)| {
                before.shape() == now.shape() && largest(&(now - before)) > ROUNDING * scale
            };
            if pairs().any(apart) {
                found.push(doubled(text!("batch-doubled_gradient"), "network", Severity::Warning));
            }
        }
        _ => {}
    }
    let reversed: Vec<usize> = rows.iter().rev().copied().collect();
    if let Some((loss, _)) = observe(&reversed).filter(|(loss, _)| differ(*loss, first)) {
        let sentence = text!("batch-reversed", again = format!("{loss:.4}"), once = format!("{first:.4}"));
        let order = Finding::new(Severity::Remark, Verdict::Right, "network", Vec::new(), sentence);
        found.push(order.violating(Invariant::PermutedRows));
    }
    found
}

/// The mean cross entropy of a softmax over C classes is within twice the largest logit of ln C.
pub(super) fn first_loss(logits: &Tensor, labels: &Labels, loss: f64) -> Option<Finding> {
    let (rows, classes) = (logits.shape().first().copied()? as f64, logits.shape().last().copied()? as f64);
    let most = largest(logits);
    let near = |other: f64| (loss - other).abs() <= 2.0 * most + 0.05;
    if !matches!(labels, Labels::Classes(_))
        || logits.ndim() != 2
        || rows < 2.0
        || classes < 2.0
        || most > 0.5
        || near(classes.ln())
    {
        return None;
    }
    let (seen, log) = if near((rows * classes).ln()) {
        ("first_loss-batch", (rows * classes).ln())
    } else if near(rows.ln()) {
        ("first_loss-columns", rows.ln())
    } else if (loss / rows - classes.ln()).abs() <= 2.0 * most + 0.05 {
        ("first_loss-sum", 0.0)
    } else {
        return None;
    };
    let sentence = text!(
        seen,
        rows,
        classes,
        all = rows * classes,
        expected = format!("{:.2}", classes.ln()),
        loss = format!("{loss:.2}"),
        log = format!("{log:.2}")
    );
    let found = Finding::new(Severity::Warning, Verdict::Right, "network", Vec::new(), sentence);
    Some(found.violating(Invariant::FirstLoss))
}

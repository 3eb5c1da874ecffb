//! Invariants that need no differences: rows of a softmax sum to 1, a shift of the logits changes nothing, large
//! inputs give finite outputs, a second `backward` gives the same.

use super::causes::{Over, cross_entropy_of, log_softmax, over_wrong_axis, same};
use super::message::text;
use super::probe::Observations;
use super::{Cause, Evidence, Finding, Invariant, Severity, Verdict, batch};
use retrograde_textbook::{Labels, Layer, Tensor};

/// Large enough for exp to overflow in `f64`.
const FAR: f64 = 800.0;

/// The invariants of a single layer, except those that other findings cover.
pub(super) fn of_layer(
    layer: &mut dyn Layer,
    name: &str,
    observations: &Observations,
    labels: Option<&Labels>,
    known: &[Finding],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let is_softmax = |cause: &Cause| matches!(cause, Cause::SoftmaxOverBatch | Cause::SoftmaxDownColumns);
    let has_softmax_cause = known.iter().any(|finding| finding.cause.as_ref().is_some_and(is_softmax));
    let normalized = normalized(observations, labels);
    if let Some(over) = normalized.filter(|over| *over != Over::Row && !has_softmax_cause) {
        findings.push(over_axis(name, observations, over, labels.is_some()));
    }
    if normalized.is_some() || saturates(layer, &observations.probes[0].x) {
        findings.extend(overflow(layer, name, &observations.probes[0].x, normalized.is_some()));
    }
    if labels.is_some() && normalized.is_some() {
        let explained =
            known.iter().any(|finding| finding.cause.is_some() && finding.severity == Severity::Fault);
        findings.extend(batch::row_sums(name, observations, explained));
    }
    findings.extend(batch::permuted(layer, name, observations));
    let again = observations.extra_calls.again.as_ref().and_then(|again| again[0].as_ref());
    if let (Some(again), Some(first)) = (again, observations.probes[0].claimed[0].as_ref())
        && known.iter().all(|finding| finding.severity != Severity::Fault)
        && again != first
    {
        let sentence = Cause::MemoryOverwritten.message();
        let found = Finding::new(Severity::Warning, Verdict::Right, name, vec!["x".into()], sentence);
        findings.push(found.of(Cause::MemoryOverwritten).violating(Invariant::Repeatable));
    }
    findings
}

/// The axis over which a layer or a loss normalizes, if its values are those of a softmax.
fn normalized(observations: &Observations, labels: Option<&Labels>) -> Option<Over> {
    if let Some(labels) = labels {
        let pairs: Vec<(&Tensor, f64)> =
            observations.probes.iter().map(|probe| (&probe.x, probe.out.sum())).collect();
        return cross_entropy_of(&pairs, labels, observations.noise).map(|forward| forward.over);
    }
    [Over::Row, Over::Batch, Over::Columns].into_iter().find(|over| {
        let is = |log: bool| {
            observations.probes.iter().all(|probe| {
                let expected = log_softmax(&probe.x, *over);
                same(&probe.out, &if log { expected } else { expected.mapv(f64::exp) })
            })
        };
        let probe = &observations.probes[0];
        probe.x.len() > 1 && probe.x.shape() == probe.out.shape() && (is(false) || is(true))
    })
}

fn over_axis(name: &str, observations: &Observations, over: Over, loss: bool) -> Finding {
    let x = &observations.probes[0].x;
    let rows = x.shape()[0];
    let diagnosis = over_wrong_axis(over, rows);
    // With labels for each row, a shared normalization is a fault; for a softmax alone it may be intended.
    let (severity, verdict) =
        if loss { (Severity::Fault, Verdict::Wrong) } else { (Severity::Warning, Verdict::Right) };
    let mut found = diagnosis.finding(severity, verdict, name, Vec::new());
    found.sentences.push(text!("softmax-forward_is_wrong"));
    let y = log_softmax(x, over).mapv(f64::exp);
    let sums: Vec<String> = y.rows().into_iter().map(|row| format!("{:.4}", row.sum())).take(6).collect();
    found.evidence.push(Evidence::stating(text!("softmax-probabilities", sums)));
    found
}

/// Whether the outputs are constant for inputs from 30 to 60, on both sides.
fn saturates(layer: &mut dyn Layer, x: &Tensor) -> bool {
    let mut at = |value: f64| layer.forward(&x.mapv(|_| value)).ok();
    for side in [1.0, -1.0] {
        let (Some(near), Some(far)) = (at(30.0 * side), at(60.0 * side)) else { return false };
        let still = near.iter().zip(&far).all(|(near, far)| (near - far).abs() <= 1e-6 * near.abs().max(1.0));
        if !still {
            return false;
        }
    }
    true
}

/// Values that are not finite at large inputs, although the function is bounded or shift-invariant.
fn overflow(layer: &mut dyn Layer, name: &str, x: &Tensor, softmax: bool) -> Option<Finding> {
    for side in [FAR, -FAR] {
        let far = if softmax { x + side } else { x.mapv(|_| side) };
        let Ok(out) = layer.forward(&far) else { continue };
        if out.iter().all(|value| value.is_finite()) {
            continue;
        }
        let first = out.iter().find(|value| !value.is_finite()).copied().unwrap_or(f64::NAN);
        let id = if softmax { "overflow-softmax" } else { "overflow-saturated" };
        let sentence = text!(id, at = side, value = first.to_string());
        let found = Finding::new(Severity::Warning, Verdict::Right, name, Vec::new(), sentence);
        return Some(found.of(Cause::Overflow));
    }
    None
}

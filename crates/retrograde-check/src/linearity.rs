//! Linearity of backward, tested on the observations: 0 for 0, repeatable, linear in the upstream gradient.

use super::causes::plain;
use super::message::text;
use super::probe::{LARGE_FACTOR, Observations};
use super::probed_block::{ProbedBlock, largest};
use super::{Cause, Evidence, Finding, Invariant, Message, Severity, Verdict};
use retrograde_textbook::Tensor;

/// The invariant that a block violates, if any, and the observation.
pub(super) fn violated(observations: &Observations, block: usize) -> Option<(Invariant, Message)> {
    let extra_calls = &observations.extra_calls;
    let name = observations.names[block].as_str();
    let zero = extra_calls.zero[block].as_ref()?;
    if largest(zero) > 0.0 {
        return Some((
            Invariant::ZeroForZero,
            text!("law-zero_for_zero", block = name, apart = format!("{:.3e}", largest(zero))),
        ));
    }
    let (first, other, sum, large) = (
        observations.probes[0].claimed[block].as_ref()?,
        extra_calls.other[block].as_ref()?,
        extra_calls.sum[block].as_ref()?,
        extra_calls.large[block].as_ref()?,
    );
    let same = extra_calls.same[block].as_ref()?;
    if [same, other, sum, large].iter().any(|all| all.shape() != first.shape()) {
        return None;
    }
    let tolerance = observations.precision(block).max(observations.precision_at(block, 0));
    // Where the terms of a gradient cancel, the rounding of each output's contribution remains.
    let d = &observations.probes[0].d;
    let contributions = d.iter().map(|d| d.abs()).sum::<f64>();
    let noise = observations.probes.iter().map(|probe| probe.noise).fold(observations.noise, f64::max);
    // A deviation below the tolerance of the comparison has no consequence.
    let unseen = ProbedBlock::new(observations, 0, block, None, None)
        .map_or(0.0, |probed| 4.0 * largest(&probed.tolerance));
    let rounding = 4.0 * noise * contributions + observations.floor(block) + unseen;
    // Repeatability first: a random gradient is never linear.
    let apart = largest(&(same - first));
    if apart > rounding + tolerance * largest(first) {
        return Some((
            Invariant::Repeatable,
            text!("law-repeatable", block = name, apart = format!("{apart:.2e}")),
        ));
    }
    let apart = largest(&(sum - first - other));
    if apart > rounding + tolerance * (largest(first) + largest(other)) {
        return Some((Invariant::Linear, text!("law-sum", block = name, apart = format!("{apart:.2e}"))));
    }
    let apart = largest(&(large / LARGE_FACTOR - first));
    (apart > rounding + tolerance * largest(first)).then(|| {
        let seen = text!(
            "law-multiple",
            block = name,
            times = LARGE_FACTOR,
            seen = format!("{:.4}", largest(large)),
            expected = format!("{:.4}", largest(first) * LARGE_FACTOR)
        );
        (Invariant::Linear, seen)
    })
}

/// A violated invariant of a block as evidence beside its cause.
pub(super) fn as_evidence(observations: &Observations, block: usize) -> Option<Evidence> {
    violated(observations, block).map(|(_, seen)| Evidence::stating(seen))
}

/// A violated invariant of a block as a finding of its own.
pub(super) fn as_finding(observations: &Observations, name: &str, block: usize) -> Option<Finding> {
    let (law, seen) = violated(observations, block)?;
    let mut found =
        Finding::new(Severity::Fault, Verdict::Wrong, name, vec![observations.names[block].clone()], seen);
    found.invariant = Some(law);
    if let Some(how) = limited(observations, block).filter(|_| law == Invariant::Linear) {
        found.sentences.push(text!("law-limited", how = how.clone()));
        found.cause = Some(Cause::GradientChanged { how });
    }
    Some(found)
}

/// How a large gradient is clipped, if it is: each element or the norm.
fn limited(observations: &Observations, block: usize) -> Option<String> {
    let gradient = format!("d{}", observations.names[block]);
    let first = observations.probes[0].claimed[block].as_ref()?;
    let (large, larger) =
        (observations.extra_calls.large[block].as_ref()?, observations.extra_calls.larger[block].as_ref()?);
    let (right, limit) = (first * LARGE_FACTOR, largest(large));
    let same = |a: &Tensor, b: &Tensor| (a - b).iter().all(|apart| apart.abs() <= 1e-9 * limit);
    let at_limit = large.iter().filter(|value| value.abs() == limit).count();
    if at_limit > 1 && same(&right.mapv(|value| value.clamp(-limit, limit)), large) {
        return Some(format!("np.clip({gradient}, -{0}, {0})", plain(limit)));
    }
    let norm = |values: &Tensor| values.iter().map(|value| value * value).sum::<f64>().sqrt();
    let shorter = norm(large) < norm(&right) && same(&(&right * (norm(large) / norm(&right))), large);
    // Twice as large, and not longer: the norm is clipped.
    (shorter && same(larger, large))
        .then(|| format!("{gradient} * {} / np.linalg.norm({gradient})", plain(norm(large))))
}

//! The laws of backward, tried on a layer's answers: 0 for 0, the same a second time, linear in the gradient from above.

use super::causes::plain;
use super::evidence::finding;
use super::probe::{Answers, MANIFOLD};
use super::view::largest;
use super::{Cause, Evidence, Finding, Invariant, Severity, Verdict};
use crate::textbook::Tensor;

/// The law that a block violates, if it does, and what was seen.
pub(super) fn violated(answers: &Answers, block: usize) -> Option<(Invariant, String)> {
    let experiments = &answers.experiments;
    let gradient = format!("d{}", answers.names[block]);
    let zero = experiments.zero[block].as_ref()?;
    if largest(zero) > 0.0 {
        return Some((
            Invariant::ZeroForZero,
            format!(
                "For dout = 0, {gradient} is not 0 but up to {:.3e}: something is in it that does not come from above.",
                largest(zero)
            ),
        ));
    }
    let (first, other, sum, large) = (
        answers.probes[0].claimed[block].as_ref()?,
        experiments.other[block].as_ref()?,
        experiments.sum[block].as_ref()?,
        experiments.large[block].as_ref()?,
    );
    let same = experiments.same[block].as_ref()?;
    if [same, other, sum, large].iter().any(|all| all.shape() != first.shape()) {
        return None;
    }
    let tolerance = answers.precision(block);
    // Where the terms of a gradient cancel, their rounding is what is left.
    let rounding =
        answers.noise * largest(&answers.probes[0].d) + 4.0 * answers.scatter[block] + answers.floor(block);
    // What draws random numbers is linear in none of its answers: that comes first.
    let apart = largest(&(same - first));
    if apart > rounding + tolerance * largest(first) {
        return Some((
            Invariant::Repeatable,
            format!(
                "Asked a second time with the same x and dout, {gradient} is up to {apart:.2e} away from itself: something is in it that is drawn anew or left from another call."
            ),
        ));
    }
    let apart = largest(&(sum - first - other));
    if apart > rounding + tolerance * (largest(first) + largest(other)) {
        return Some((
            Invariant::Linear,
            format!(
                "{gradient} is not linear in dout: for the sum of two gradients from above it is {apart:.2e} away from the sum of both."
            ),
        ));
    }
    let apart = largest(&(large / MANIFOLD - first));
    (apart > rounding + tolerance * largest(first)).then(|| {
        let seen = format!(
            "{gradient} is not linear in dout: for {MANIFOLD} times a gradient from above it is not {MANIFOLD} times itself, but up to {:.4} where {:.4} belongs.",
            largest(large),
            largest(first) * MANIFOLD
        );
        (Invariant::Linear, seen)
    })
}

/// A violated law of a block as evidence beside its cause.
pub(super) fn as_evidence(answers: &Answers, block: usize) -> Option<Evidence> {
    violated(answers, block).map(|(_, seen)| Evidence::stating(seen))
}

/// A violated law of a block as a finding of its own.
pub(super) fn as_finding(answers: &Answers, name: &str, block: usize) -> Option<Finding> {
    let (law, seen) = violated(answers, block)?;
    let gradient = format!("d{}", answers.names[block]);
    let mut found = finding(Severity::Fault, Verdict::Wrong, name, vec![answers.names[block].clone()], seen);
    found.invariant = Some(law);
    found.help = Some(match law {
        Invariant::ZeroForZero => format!("multiply everything in {gradient} by dout"),
        Invariant::Repeatable => {
            "draw nothing in backward: keep in forward what it needs (self.mask = mask), and use that".into()
        }
        _ => format!(
            "leave out of {gradient} what is no sum of products with dout: signs, roundings, limits, normalisations of it"
        ),
    });
    if law == Invariant::Repeatable {
        found.consequence = Some("noise in place of a part of the gradient".into());
        return Some(found);
    }
    found.consequence = Some("the gradient changes its direction with the size of the loss, and for a part of the batch it is not that part's share".into());
    if let Some(how) = limited(answers, block) {
        found.sentence = format!("{} It is {how}.", found.sentence);
        found.cause = Some(Cause::GradientChanged { how });
    }
    Some(found)
}

/// How a large gradient is limited, if it is: in each number or in its norm.
fn limited(answers: &Answers, block: usize) -> Option<String> {
    let first = answers.probes[0].claimed[block].as_ref()?;
    let (large, larger) =
        (answers.experiments.large[block].as_ref()?, answers.experiments.larger[block].as_ref()?);
    let (right, limit) = (first * MANIFOLD, largest(large));
    let same = |a: &Tensor, b: &Tensor| (a - b).iter().all(|apart| apart.abs() <= 1e-9 * limit);
    let at_limit = large.iter().filter(|value| value.abs() == limit).count();
    if at_limit > 1 && same(&right.mapv(|value| value.clamp(-limit, limit)), large) {
        return Some(format!("clipped to ±{}", plain(limit)));
    }
    let norm = |values: &Tensor| values.iter().map(|value| value * value).sum::<f64>().sqrt();
    let shorter = norm(large) < norm(&right) && same(&(&right * (norm(large) / norm(&right))), large);
    // Twice as large, and no longer: it is the norm that is limited.
    (shorter && same(larger, large)).then(|| format!("scaled to the norm {}", plain(norm(large))))
}

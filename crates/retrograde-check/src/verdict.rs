//! Verdicts and severities.

use serde::Serialize;
use std::fmt;

use super::Message;
use super::message::text;

/// The verdict on a gradient, a layer or a whole network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Verdict {
    /// It agrees with the differences, to their accuracy.
    Right,
    /// In isolation it is not the gradient, but the gradients of all parameters that depend on it are right: another
    /// layer, or the loss, compensates.
    Together,
    /// It differs from the differences by more than rounding, kinks and steps explain.
    Wrong,
    /// The function has a kink here, and the code takes one of the admissible slopes.
    Kink,
    /// It differs by no more than the precision of the function explains.
    Rounding,
    /// The function gives two values for one input, so that it has no derivative.
    NotDeterministic,
    /// The function jumps or is not finite here, so that it has no derivative.
    NotDifferentiable,
    /// The differences are too inaccurate, or there is nothing to compare.
    Inconclusive,
}

impl Verdict {
    /// Whether a gradient is wrong: the only verdict with which a command fails.
    pub fn is_wrong(self) -> bool {
        self == Verdict::Wrong
    }

    /// The combined verdict: the most severe one; right without parts.
    ///
    /// Wrong comes first, then the verdicts that prevent a comparison, then those worth a remark.
    pub fn of_all(parts: impl IntoIterator<Item = Verdict>) -> Verdict {
        let weight = |verdict: &Verdict| match verdict {
            Verdict::Right => 0,
            Verdict::Rounding => 1,
            Verdict::Kink => 2,
            Verdict::Together => 3,
            Verdict::Inconclusive => 4,
            Verdict::NotDifferentiable => 5,
            Verdict::NotDeterministic => 6,
            Verdict::Wrong => 7,
        };
        parts.into_iter().max_by_key(weight).unwrap_or(Verdict::Right)
    }

    /// A character for a drawing of the layers.
    pub fn mark(self) -> char {
        match self {
            Verdict::Right | Verdict::Rounding | Verdict::Kink | Verdict::Together => '✓',
            Verdict::Wrong => '✗',
            Verdict::NotDeterministic | Verdict::NotDifferentiable | Verdict::Inconclusive => '?',
        }
    }
}

impl Verdict {
    /// Its name.
    pub fn name(self) -> Message {
        text!(format!("verdict-{}", tag(&self)))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name().fmt(f)
    }
}

/// The name of a variant in JSON, which is also its text id.
pub(super) fn tag(variant: &impl Serialize) -> String {
    let written = serde_json::to_value(variant).unwrap_or_default();
    written.as_str().unwrap_or_default().to_owned()
}

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// No gradient is wrong: the slope taken at a kink, computation in `f32`, a deviation of a layer without a
    /// consequence in its network.
    Remark,
    /// The gradient is that of the function, but the function itself is suspicious.
    Warning,
    /// A gradient is wrong, or a value of the function.
    Fault,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_has_the_weightiest_verdict_of_its_parts() {
        assert_eq!(Verdict::of_all([]), Verdict::Right);
        assert_eq!(Verdict::of_all([Verdict::Kink, Verdict::Right, Verdict::Rounding]), Verdict::Kink);
        assert_eq!(Verdict::of_all([Verdict::Wrong, Verdict::NotDeterministic]), Verdict::Wrong);
        assert!(Verdict::Wrong.is_wrong() && !Verdict::Inconclusive.is_wrong());
    }
}

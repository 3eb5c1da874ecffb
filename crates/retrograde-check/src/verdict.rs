//! What can be said of a gradient.

use serde::Serialize;
use std::fmt;

use super::Message;
use super::message::text;

/// What a check says of a gradient, a layer or a whole network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It agrees with the differences, to their accuracy.
    Right,
    /// Alone it is not the gradient, and in the network the gradients of all parameters that depend on it are right: another
    /// layer, or the loss, makes up for it.
    Together,
    /// It differs from what the differences say by more than rounding, kinks and steps can explain.
    Wrong,
    /// The function has a kink here, and the code takes one of the slopes that are possible there.
    Kink,
    /// It differs by no more than the precision in which the function is computed explains.
    Rounding,
    /// The function gives two values for one input, so that there is nothing to differentiate.
    NotDeterministic,
    /// The function jumps or is not finite here, so that it has no derivative.
    NotDifferentiable,
    /// The differences are too inaccurate, or there is nothing to compare, so that neither can be said.
    Inconclusive,
}

impl Verdict {
    /// Whether a gradient is wrong: the only verdict with which a command fails.
    pub fn is_wrong(self) -> bool {
        self == Verdict::Wrong
    }

    /// The verdict of a whole whose parts have these verdicts: the one that matters most. No parts are right.
    ///
    /// What is wrong comes first; then what keeps the check from telling; then what is worth a remark.
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

    /// One character for a drawing of the layers.
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

/// The name of a variant in JSON, which is that of its text.
pub(super) fn tag(variant: &impl Serialize) -> String {
    let written = serde_json::to_value(variant).unwrap_or_default();
    written.as_str().unwrap_or_default().to_owned()
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing, with no wrong gradient: which side of a kink the code takes, that it computes in `f32`, a deviation of one
    /// layer that has no consequence in its network.
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

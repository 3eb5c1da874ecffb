//! What the differences say of claimed derivatives, number by number.

use super::super::numerical::{Character, Slope};
use super::super::{Comparison, Verdict};

/// How far a claimed derivative may be from the differences, as a part of the larger of the two: far above what is left
/// of either's rounding, far below the mistakes of formulas.
const TOLERANCE: f64 = 1e-6;

/// The same as a part of the block's largest number: a small derivative is often what is left of large terms.
const SHARE: f64 = 1e-9;

/// Up to so many times its uncertainty, a difference is not believed to be one.
const DOUBTFUL: f64 = 20.0;

/// What can be said of one claimed derivative. `scale` is the block's largest number.
pub(super) fn judge(claimed: f64, slope: &Slope, scale: f64) -> Verdict {
    let near = |other: f64| {
        let allowed = TOLERANCE * claimed.abs().max(other.abs()) + SHARE * scale + 4.0 * slope.uncertainty;
        (claimed - other).abs() <= allowed
    };
    match slope.character {
        Character::Smooth if near(slope.value) => Verdict::Right,
        // A difference of a few times the uncertainty refutes nothing.
        Character::Smooth if (claimed - slope.value).abs() <= DOUBTFUL * slope.uncertainty => {
            Verdict::Inconclusive
        }
        Character::Smooth => Verdict::Wrong,
        Character::Kink { left, right } => {
            let between = claimed >= left.min(right) && claimed <= left.max(right);
            if between || near(left) || near(right) { Verdict::Kink } else { Verdict::Wrong }
        }
        Character::Jump | Character::Undefined => Verdict::NotDifferentiable,
        Character::Unresolved => Verdict::Inconclusive,
    }
}

/// Claimed derivatives beside the differences of those elements that were measured.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) elements: Vec<usize>,
    pub(super) slopes: Vec<Slope>,
    /// The verdict of each.
    pub(super) verdicts: Vec<Verdict>,
}

impl Measured {
    /// Judges each element by the block's claimed derivatives.
    pub(super) fn new(claimed: &[f64], elements: Vec<usize>, slopes: Vec<Slope>) -> Self {
        let finite = |value: f64| if value.is_finite() { value.abs() } else { 0.0 };
        let scale = slopes.iter().map(|slope| finite(slope.value)).fold(0.0, f64::max);
        let scale = claimed.iter().map(|&value| finite(value)).fold(scale, f64::max);
        let verdicts = elements
            .iter()
            .zip(&slopes)
            .map(|(&element, slope)| judge(claimed[element], slope, scale))
            .collect();
        Measured { elements, slopes, verdicts }
    }

    /// The verdict of the block.
    pub(super) fn verdict(&self) -> Verdict {
        Verdict::of_all(self.verdicts.iter().copied())
    }

    /// The slopes for a table of the whole block: NaN for what was not measured and for what has no one slope, unless the
    /// claim is wrong there.
    pub(super) fn numeric(&self, length: usize) -> Vec<f64> {
        let mut numeric = vec![f64::NAN; length];
        for ((&element, slope), verdict) in self.elements.iter().zip(&self.slopes).zip(&self.verdicts) {
            if slope.is_smooth() || verdict.is_wrong() {
                numeric[element] = slope.value;
            }
        }
        numeric
    }

    /// A block with its differences.
    pub(super) fn comparison(
        &self,
        name: &str,
        shape: &[usize],
        claimed: &[f64],
        verdict: Verdict,
    ) -> Comparison {
        Comparison::new(name, shape, claimed, &self.numeric(claimed.len()), verdict)
    }

    /// The kinks: each element with its left and its right slope.
    pub(super) fn kinks(&self) -> impl Iterator<Item = (usize, f64, f64)> {
        self.elements.iter().zip(&self.slopes).filter_map(|(&element, slope)| match slope.character {
            Character::Kink { left, right } => Some((element, left, right)),
            _ => None,
        })
    }
}

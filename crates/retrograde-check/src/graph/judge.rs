//! What the differences say of claimed derivatives, number by number.

use super::super::numerical::{Character, Slope};
use super::super::{Comparison, Verdict};

/// How far a claimed derivative may be from the differences, as a part of the larger of the two: far above what is left
/// of either's rounding, far below the mistakes of formulas.
const TOLERANCE: f64 = 1e-6;

/// The same as a part of the block's largest number: a small derivative is often what is left of large terms.
const SHARE: f64 = 1e-9;

/// Up to so many times what is allowed for rounding, a difference is not believed to be one.
const DOUBTFUL: f64 = 5.0;

/// What is allowed may be this part of the block's largest number, at most, for a comparison to say something.
const VAGUE: f64 = 0.05;

/// What can be said of one claimed derivative. `scale` is the block's largest number, and `rounding` what rounding may leave
/// in a claim whatever its size.
pub(super) fn judge(claimed: f64, slope: &Slope, scale: f64, rounding: f64) -> Verdict {
    let rounding = 4.0 * slope.uncertainty + rounding;
    let allowed = |other: f64| TOLERANCE * claimed.abs().max(other.abs()) + SHARE * scale + rounding;
    let near = |other: f64| (claimed - other).abs() <= allowed(other);
    match slope.character {
        Character::Smooth if near(slope.value) => {
            let nothing = claimed == 0.0 && slope.value == 0.0;
            let largest = scale.max(claimed.abs()).max(slope.value.abs());
            if nothing || rounding <= VAGUE * largest { Verdict::Right } else { Verdict::Inconclusive }
        }
        // A difference of a few times the uncertainty refutes nothing.
        Character::Smooth if (claimed - slope.value).abs() <= DOUBTFUL * rounding => Verdict::Inconclusive,
        Character::Smooth => Verdict::Wrong,
        Character::Kink { left, right } => {
            let between = claimed >= left.min(right) && claimed <= left.max(right);
            if between || near(left) || near(right) { Verdict::Kink } else { Verdict::Wrong }
        }
        Character::Jump | Character::Undefined => Verdict::NotDifferentiable,
        Character::Unresolved => Verdict::Inconclusive,
    }
}

/// How large a mistake may be that such a comparison does not see, as a part of `scale`.
pub(super) fn detection_limit(slope: &Slope, scale: f64, rounding: f64) -> f64 {
    let nothing = slope.is_smooth() && slope.value == 0.0 && rounding == 0.0;
    if nothing { 0.0 } else { TOLERANCE + (4.0 * slope.uncertainty + rounding) / scale }
}

/// Claimed derivatives beside the differences of those elements that were measured.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    /// What is claimed for the whole block.
    pub(super) claimed: Vec<f64>,
    pub(super) elements: Vec<usize>,
    pub(super) slopes: Vec<Slope>,
    /// The verdict of each.
    pub(super) verdicts: Vec<Verdict>,
    /// How large a mistake may be that the comparison does not see, as a part of the block's largest number.
    pub(super) detection_limit: f64,
}

impl Measured {
    /// Judges each element by the block's claimed derivatives, which are known to `rounding`.
    pub(super) fn new(claimed: Vec<f64>, elements: Vec<usize>, slopes: Vec<Slope>, rounding: f64) -> Self {
        let finite = |value: f64| if value.is_finite() { value.abs() } else { 0.0 };
        let scale = slopes.iter().map(|slope| finite(slope.value)).fold(0.0, f64::max);
        let scale = claimed.iter().map(|&value| finite(value)).fold(scale, f64::max);
        let verdicts = elements
            .iter()
            .zip(&slopes)
            .map(|(&element, slope)| judge(claimed[element], slope, scale, rounding))
            .collect();
        let detection_limit =
            slopes.iter().map(|slope| detection_limit(slope, scale, rounding)).fold(0.0, f64::max);
        Measured { claimed, elements, slopes, verdicts, detection_limit }
    }

    /// Each element with what is claimed and measured for it, and its verdict.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, f64, &Slope, Verdict)> {
        let all = self.elements.iter().zip(&self.slopes).zip(&self.verdicts);
        all.map(|((&element, slope), &verdict)| (element, self.claimed[element], slope, verdict))
    }

    /// The elements with such a verdict.
    pub(super) fn those(&self, is: impl Fn(Verdict) -> bool) -> Vec<usize> {
        self.rows().filter(|(.., verdict)| is(*verdict)).map(|(element, ..)| element).collect()
    }

    /// The verdict of the block: elements that tell nothing count only where they are the most of those that are not 0.
    pub(super) fn verdict(&self) -> Verdict {
        let is_vague = |verdict: Verdict| verdict == Verdict::Inconclusive;
        let is_nothing = |slope: &Slope| slope.is_smooth() && slope.value == 0.0;
        let vague = self.those(is_vague).len();
        let telling = self.rows().filter(|(_, _, slope, verdict)| !is_vague(*verdict) && !is_nothing(slope));
        let counts = vague > telling.count();
        Verdict::of_all(self.verdicts.iter().copied().filter(|verdict| !is_vague(*verdict) || counts))
    }

    /// Whether all slopes are 0.
    pub(super) fn is_zero(&self) -> bool {
        self.slopes.iter().all(|slope| slope.value == 0.0)
    }

    /// Says another thing of an element.
    pub(super) fn set(&mut self, element: usize, verdict: Verdict) {
        if let Ok(at) = self.elements.binary_search(&element) {
            self.verdicts[at] = verdict;
        }
    }

    /// The same with the slopes of some elements measured again.
    pub(super) fn again(self, again: Measured, rounding: f64) -> Self {
        let mut slopes = self.slopes;
        for (element, slope) in again.elements.iter().zip(again.slopes) {
            if let Ok(at) = self.elements.binary_search(element) {
                slopes[at] = slope;
            }
        }
        Measured::new(self.claimed, self.elements, slopes, rounding)
    }

    /// The block with its differences: without those of what was not measured, of what has no one slope, unless the claim is
    /// wrong there, and of what is rounding alone, unless all of it is.
    pub(super) fn comparison(&self, name: &str, shape: &[usize], verdict: Verdict) -> Comparison {
        let mut numeric = vec![f64::NAN; self.claimed.len()];
        let vague = self.verdict() == Verdict::Inconclusive;
        for (element, _, slope, verdict) in self.rows() {
            let distinguishing = verdict != Verdict::Inconclusive || vague;
            if slope.is_smooth() && distinguishing || verdict.is_wrong() {
                numeric[element] = slope.value;
            }
        }
        Comparison::new(name, shape, &self.claimed, &numeric, verdict)
    }

    /// The kinks: each element with its left slope, what is claimed, and its right slope.
    pub(super) fn kinks(&self) -> Vec<(usize, [f64; 3])> {
        let kink = |(element, claimed, slope, _): (usize, f64, &Slope, Verdict)| match slope.character {
            Character::Kink { left, right } => Some((element, [left, claimed, right])),
            _ => None,
        };
        self.rows().filter_map(kink).collect()
    }
}

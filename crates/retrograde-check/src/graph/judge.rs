//! Judges claimed derivatives by differences, element by element.

use super::super::numerical::{Character, Slope};
use super::super::{Comparison, Verdict};

/// The relative tolerance of a claimed derivative: far above the rounding of either, far below the mistakes of formulas.
const TOLERANCE: f64 = 1e-6;

/// The tolerance relative to the block's largest element: small derivatives often result from cancellation.
const SHARE: f64 = 1e-9;

/// A deviation of up to this many times the rounding is inconclusive.
const DOUBTFUL: f64 = 5.0;

/// The tolerance must be below this part of the block's largest element for a comparison to be conclusive.
const VAGUE: f64 = 0.05;

/// The verdict on one claimed derivative. `scale` is the block's largest element, and `rounding` the absolute rounding of a
/// claimed derivative.
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
        // A deviation of a few times the uncertainty is inconclusive.
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

/// The smallest mistake that a comparison detects, relative to `scale`.
pub(super) fn detection_limit(slope: &Slope, scale: f64, rounding: f64) -> f64 {
    let nothing = slope.is_smooth() && slope.value == 0.0 && rounding == 0.0;
    if nothing { 0.0 } else { TOLERANCE + (4.0 * slope.uncertainty + rounding) / scale }
}

/// Claimed derivatives and the differences of the measured elements.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    /// The claimed derivatives of the whole block.
    pub(super) claimed: Vec<f64>,
    pub(super) elements: Vec<usize>,
    pub(super) slopes: Vec<Slope>,
    /// The verdict on each.
    pub(super) verdicts: Vec<Verdict>,
    /// The smallest mistake that the comparison detects, relative to the block's largest element.
    pub(super) detection_limit: f64,
}

impl Measured {
    /// Judges each element by the block's claimed derivatives, whose rounding is `rounding`.
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

    /// Each element with its claimed and its measured derivative, and its verdict.
    pub(super) fn rows(&self) -> impl Iterator<Item = (usize, f64, &Slope, Verdict)> {
        let all = self.elements.iter().zip(&self.slopes).zip(&self.verdicts);
        all.map(|((&element, slope), &verdict)| (element, self.claimed[element], slope, verdict))
    }

    /// The elements with this verdict.
    pub(super) fn those(&self, is: impl Fn(Verdict) -> bool) -> Vec<usize> {
        self.rows().filter(|(.., verdict)| is(*verdict)).map(|(element, ..)| element).collect()
    }

    /// The verdict of the block: inconclusive elements count only if they are most of those that are not 0.
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

    /// Replaces the verdict of an element.
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

    /// The comparison of the block, excluding elements that were not measured, elements without a single slope unless the
    /// claim is wrong there, and elements dominated by rounding unless all are.
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

    /// The kinks: each element with its left slope, its claimed derivative, and its right slope.
    pub(super) fn kinks(&self) -> Vec<(usize, [f64; 3])> {
        let kink = |(element, claimed, slope, _): (usize, f64, &Slope, Verdict)| match slope.character {
            Character::Kink { left, right } => Some((element, [left, claimed, right])),
            _ => None,
        };
        self.rows().filter_map(kink).collect()
    }
}

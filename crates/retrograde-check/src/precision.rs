//! Detects the precision in which numbers were computed, by their significant bits.

use std::collections::BTreeSet;

use retrograde_textbook::Tensor;

/// The precision of a block of gradients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Precision {
    /// `f64`.
    Double,
    /// `f32`: 24 bits.
    Single,
    /// `f16`: 11 bits.
    Half,
    /// `bf16`: 8 bits.
    Brain,
}

impl Precision {
    /// The coarsest precision that represents all these numbers, if enough of them differ.
    pub fn of<'a>(blocks: impl Iterator<Item = &'a Tensor>) -> Self {
        let distinguishing = |value: &f64| value.is_finite() && *value != 0.0;
        let numbers: Vec<f64> = blocks.flatten().copied().filter(distinguishing).collect();
        let different: BTreeSet<u64> = numbers.iter().map(|value| value.to_bits() << 12).collect();
        let holds = |precision: Precision| numbers.iter().all(|value| precision.holds(*value));
        // A few numbers may have few bits by chance: 1, 2, 0.25; and integers were rounded differently.
        let many = different.len() >= 8 && numbers.iter().any(|value| value.fract() != 0.0);
        let enough = |precision: Precision| many || (precision == Precision::Single && !numbers.is_empty());
        [Precision::Brain, Precision::Half, Precision::Single]
            .into_iter()
            .find(|precision| enough(*precision) && holds(*precision))
            .unwrap_or(Precision::Double)
    }

    /// The coarsest precision that represents all these outputs at several random inputs. `None` if undecided: fewer
    /// than three of them differ, or all are small integers.
    pub fn of_values<'a>(values: impl Iterator<Item = &'a f64>) -> Option<Self> {
        let numbers: Vec<f64> = values.copied().filter(|value| value.is_finite() && *value != 0.0).collect();
        let different: BTreeSet<u64> = numbers.iter().map(|value| value.to_bits() << 12).collect();
        if different.len() < 3 {
            return None;
        }
        let holds = |precision: &Precision| numbers.iter().all(|value| precision.holds(*value));
        let all = [Precision::Brain, Precision::Half, Precision::Single, Precision::Double];
        let found = all.into_iter().find(holds)?;
        // An integer below this has few bits anyway.
        let whole = f64::from(1 << found.bits().min(30));
        let distinguishing = |value: &f64| value.fract() != 0.0 || value.abs() >= whole;
        numbers.iter().any(distinguishing).then_some(found)
    }

    /// The rounding of a number of size 1.
    pub fn unit(self) -> f64 {
        2.0_f64.powi(1 - self.bits() as i32)
    }

    /// The relative noise of an output: a few units in the last place.
    pub fn noise(self) -> f64 {
        match self {
            Precision::Double => f64::EPSILON,
            _ => 4.0 * self.unit(),
        }
    }

    fn bits(self) -> u32 {
        match self {
            Precision::Double => 53,
            Precision::Single => 24,
            Precision::Half => 11,
            Precision::Brain => 8,
        }
    }

    fn holds(self, value: f64) -> bool {
        value.to_bits().trailing_zeros() >= 53 - self.bits()
    }

    /// The tolerance of gradients, relative to the terms that they sum: some units in the last place.
    pub fn tolerance(self) -> f64 {
        match self {
            Precision::Double => 0.0,
            _ => 32.0 * self.unit(),
        }
    }

    /// Its name, for sentences.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Double => "f64",
            Precision::Single => "f32",
            Precision::Half => "f16",
            Precision::Brain => "bf16",
        }
    }
}

//! Which classes are taken for which, and the mistakes that a network is surest of.

use super::evaluate::largest;
use retrograde_core::kernel::Real;
use serde::{Deserialize, Serialize};

/// What a network makes of each image of a set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// How many classes there are.
    pub classes: usize,
    /// How many images of each class are taken for each: row by row, a row for a true class, a column for a predicted
    /// one.
    pub counts: Vec<u64>,
    /// The wrong answers of the highest probabilities, the surest first; [`MISTAKES`](Self::MISTAKES) at most.
    pub mistakes: Vec<Mistake>,
}

/// A wrong answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mistake {
    /// The image's number in its set.
    pub image: usize,
    /// Its label.
    pub label: usize,
    /// What the network takes it for.
    pub predicted: usize,
    /// The probability that the network gives to that.
    #[serde(with = "retrograde_base::number")]
    pub probability: f64,
}

impl Classification {
    /// How many mistakes are kept.
    pub const MISTAKES: usize = 24;

    pub(super) fn new(classes: usize) -> Self {
        Classification { classes, counts: vec![0; classes * classes], mistakes: Vec::new() }
    }

    /// Whether its parts belong together, as those of a damaged file need not.
    pub(super) fn is_whole(&self) -> bool {
        let places = self.classes.checked_mul(self.classes);
        let images = self.counts.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
        let within = |mistake: &Mistake| {
            mistake.label < self.classes
                && mistake.predicted < self.classes
                && images.is_some_and(|images| (mistake.image as u64) < images)
        };
        places == Some(self.counts.len()) && images.is_some() && self.mistakes.iter().all(within)
    }

    /// How many images of class `label` are taken for `predicted`.
    pub fn count(&self, label: usize, predicted: usize) -> u64 {
        self.counts[label * self.classes + predicted]
    }

    /// How many images there are in all.
    pub fn images(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The share of right answers.
    pub fn accuracy(&self) -> f64 {
        let right: u64 = (0..self.classes).map(|class| self.count(class, class)).sum();
        right as f64 / self.images().max(1) as f64
    }

    /// Counts an image by its logits.
    pub(super) fn add<T: Real>(&mut self, image: usize, label: usize, logits: &[T]) {
        let predicted = largest(logits);
        self.counts[label * self.classes + predicted] += 1;
        if label != predicted {
            // softmax, of which the largest logit is taken away lest it overflow.
            let top = logits[predicted].widen();
            let sum: f64 = logits.iter().map(|logit| (logit.widen() - top).exp()).sum();
            let probability = if sum.is_finite() { 1.0 / sum } else { 0.0 };
            self.mistakes.push(Mistake { image, label, predicted, probability });
        }
    }

    /// Keeps the surest mistakes; equally sure ones stay in the order of the images.
    pub(super) fn finish(&mut self) {
        self.mistakes.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        self.mistakes.truncate(Self::MISTAKES);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_mistakes() {
        let mut found = Classification::new(2);
        for (image, label, logits) in
            [(0, 0, [1.0, 0.0]), (1, 1, [1.0, 0.0]), (2, 1, [3.0, 0.0]), (3, 1, [0.0, 9.0])]
        {
            found.add::<f64>(image, label, &logits);
        }
        found.finish();
        assert_eq!((found.counts.as_slice(), found.images()), (&[1, 0, 2, 1][..], 4));
        assert_eq!((found.count(1, 0), found.accuracy()), (2, 0.5));
        let images: Vec<usize> = found.mistakes.iter().map(|mistake| mistake.image).collect();
        assert_eq!(images, [2, 1]);
        // Of a softmax of two: one rounding each in the exponential, the sum and the quotient.
        let expected = 1.0 / (1.0 + (-3_f64).exp());
        assert!((found.mistakes[0].probability - expected).abs() < 1e-15);
    }
}

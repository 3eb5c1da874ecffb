//! The confusion matrix of a set, and its most confident misclassifications.

use super::scores::argmax;
use retrograde_core::kernel::Real;
use serde::{Deserialize, Serialize};

/// The predictions of a network for a set of rows of classes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    /// The number of classes.
    pub classes: usize,
    /// The confusion matrix in row-major order: a row for each true class, a column for each predicted class.
    pub counts: Vec<u64>,
    /// The misclassifications with the highest probabilities in descending order, at most
    /// [`MAX_MISCLASSIFICATIONS`](Self::MAX_MISCLASSIFICATIONS).
    #[serde(rename = "mistakes")]
    pub misclassifications: Vec<Misclassification>,
}

/// An image with a wrong prediction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Misclassification {
    /// The index of the image in its set.
    pub image: usize,
    /// The true class.
    pub label: usize,
    /// The predicted class.
    pub predicted: usize,
    /// The probability of the predicted class.
    #[serde(with = "retrograde_base::number")]
    pub probability: f64,
}

impl Classification {
    /// The most misclassifications that are kept.
    pub const MAX_MISCLASSIFICATIONS: usize = 24;

    pub(super) fn new(classes: usize) -> Self {
        Classification { classes, counts: vec![0; classes * classes], misclassifications: Vec::new() }
    }

    /// Whether the fields are consistent; those of a damaged file may not be.
    pub(super) fn is_consistent(&self) -> bool {
        let cells = self.classes.checked_mul(self.classes);
        let images = self.counts.iter().try_fold(0_u64, |sum, &count| sum.checked_add(count));
        let within = |wrong: &Misclassification| {
            wrong.label < self.classes
                && wrong.predicted < self.classes
                && images.is_some_and(|images| (wrong.image as u64) < images)
        };
        cells == Some(self.counts.len()) && images.is_some() && self.misclassifications.iter().all(within)
    }

    /// The number of images of class `label` that are classified as `predicted`; 0 for classes that do not exist.
    pub fn count(&self, label: usize, predicted: usize) -> u64 {
        let mut rows = self.counts.chunks_exact(self.classes.max(1));
        rows.nth(label).and_then(|row| row.get(predicted)).copied().unwrap_or(0)
    }

    /// The number of images.
    pub fn images(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The fraction of correct predictions.
    pub fn accuracy(&self) -> f64 {
        let correct: u64 = (0..self.classes).map(|class| self.count(class, class)).sum();
        correct as f64 / self.images().max(1) as f64
    }

    /// Counts an image by its logits.
    pub(super) fn add<T: Real>(&mut self, image: usize, label: usize, logits: &[T]) {
        let predicted = argmax(logits);
        self.counts[label * self.classes + predicted] += 1;
        if label != predicted {
            // The softmax, with the largest logit subtracted to avoid overflow.
            let top = logits[predicted].widen();
            let sum: f64 = logits.iter().map(|logit| (logit.widen() - top).exp()).sum();
            let probability = if sum.is_finite() { 1.0 / sum } else { 0.0 };
            self.misclassifications.push(Misclassification { image, label, predicted, probability });
        }
    }

    /// Keeps the most confident misclassifications; equal probabilities stay in the order of the images.
    pub(super) fn finish(&mut self) {
        self.misclassifications.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        self.misclassifications.truncate(Self::MAX_MISCLASSIFICATIONS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_misclassifications() {
        let mut found = Classification::new(2);
        for (image, label, logits) in
            [(0, 0, [1.0, 0.0]), (1, 1, [1.0, 0.0]), (2, 1, [3.0, 0.0]), (3, 1, [0.0, 9.0])]
        {
            found.add::<f64>(image, label, &logits);
        }
        found.finish();
        assert_eq!((found.counts.as_slice(), found.images()), (&[1, 0, 2, 1][..], 4));
        assert_eq!((found.count(1, 0), found.accuracy()), (2, 0.5));
        let images: Vec<usize> = found.misclassifications.iter().map(|wrong| wrong.image).collect();
        assert_eq!(images, [2, 1]);
        // A softmax of two: one rounding each in the exponential, the sum and the quotient.
        let expected = 1.0 / (1.0 + (-3_f64).exp());
        assert!((found.misclassifications[0].probability - expected).abs() < 1e-15);
    }
}

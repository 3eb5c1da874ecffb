//! The scores of a classification: accuracy, top-k accuracy, and the area under the ROC curve of two classes.

use super::auc::Auc;
use super::{RowTarget, argmax};
use crate::train::evaluate::Evaluation;
use retrograde_core::kernel::Real;

#[derive(Debug)]
pub(in crate::train) struct ClassScores {
    top: Option<usize>,
    ignored: Option<u32>,
    rows: usize,
    correct: usize,
    correct_of_top: usize,
    /// Of the second of two classes.
    auc: Option<Auc>,
}

impl ClassScores {
    pub(super) fn new(classes: usize, top: Option<usize>, ignored: Option<u32>) -> Self {
        let auc = (classes == 2).then(Auc::default);
        ClassScores { top, ignored, rows: 0, correct: 0, correct_of_top: 0, auc }
    }

    pub(super) fn add<T: Real>(&mut self, logits: &[T], target: RowTarget<'_>) {
        let label = match target {
            RowTarget::Class(label) if self.ignored == Some(label) => return,
            RowTarget::Class(label) => label as usize,
            RowTarget::Reals(probabilities) => argmax(probabilities),
        };
        self.rows += 1;
        self.correct += usize::from(argmax(logits) == label);
        if let Some(top) = self.top {
            // The rank of the label, with the first of equal logits before the others.
            let own = logits[label];
            let is_before = |(class, logit): (usize, &T)| *logit > own || (*logit == own && class < label);
            let rank = logits.iter().enumerate().filter(|logit| is_before(*logit)).count();
            self.correct_of_top += usize::from(own.widen().is_finite() && rank < top);
        }
        if let Some(auc) = &mut self.auc {
            auc.add(logits[1].widen() - logits[0].widen(), label == 1);
        }
    }

    pub(super) fn finish(self, loss: f64) -> Evaluation {
        let share = |count: usize| count as f64 / self.rows.max(1) as f64;
        Evaluation {
            accuracy: Some(share(self.correct)),
            top_k_accuracy: self.top.map(|_| share(self.correct_of_top)),
            auc: self.auc.and_then(Auc::finish),
            ..Evaluation::of_loss(loss)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_among_the_largest_logits_are_counted() {
        let mut scores = ClassScores::new(3, Some(2), Some(2));
        for (logits, label) in
            [([3.0, 2.0, 1.0], 0), ([3.0, 2.0, 1.0], 1), ([2.0, 1.0, 2.0], 1), ([9.0, 0.0, 0.0], 2)]
        {
            scores.add::<f64>(&logits, RowTarget::Class(label));
        }
        // Equal logits: the first classes come first. Rows of the ignored label do not count.
        scores.add::<f64>(&[1.0, 1.0, 1.0], RowTarget::Reals(&[0.1, 0.9, 0.0]));
        let found = scores.finish(0.5);
        assert_eq!((found.loss, found.accuracy, found.top_k_accuracy), (0.5, Some(0.25), Some(0.75)));
        assert_eq!((found.auc, found.r2), (None, None));
    }
}

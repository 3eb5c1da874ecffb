//! The scores of labels that are true or not.

use super::RowTarget;
use super::auc::Auc;
use crate::train::evaluate::Evaluation;
use retrograde_core::kernel::Real;

#[derive(Debug)]
pub(in crate::train) struct LabelScores {
    count: usize,
    correct: usize,
    aucs: Vec<Auc>,
}

impl LabelScores {
    pub(super) fn new(labels: usize) -> Self {
        LabelScores { count: 0, correct: 0, aucs: (0..labels).map(|_| Auc::default()).collect() }
    }

    /// A label counts as true from a probability of one half on.
    pub(super) fn add<T: Real>(&mut self, logits: &[T], target: RowTarget<'_>) {
        let RowTarget::Reals(labels) = target else { return };
        for ((logit, label), auc) in logits.iter().zip(labels).zip(&mut self.aucs) {
            let (logit, is_true) = (logit.widen(), *label >= 0.5);
            self.count += 1;
            self.correct += usize::from(!logit.is_nan() && (logit >= 0.0) == is_true);
            auc.add(logit, is_true);
        }
    }

    /// The area is the mean over the labels that have it.
    pub(super) fn finish(self, loss: f64) -> Evaluation {
        let areas: Vec<f64> = self.aucs.into_iter().filter_map(Auc::finish).collect();
        Evaluation {
            accuracy: Some(self.correct as f64 / self.count.max(1) as f64),
            auc: (!areas.is_empty()).then(|| areas.iter().sum::<f64>() / areas.len() as f64),
            ..Evaluation::of_loss(loss)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_label_is_scored_alone() {
        let mut scores = LabelScores::new(2);
        for (logits, labels) in
            [([2.0, -1.0], [1.0, 0.0]), ([-1.0, 1.0], [0.0, 0.0]), ([3.0, 0.0], [0.0, 0.0])]
        {
            scores.add::<f64>(&logits, RowTarget::Reals(&labels));
        }
        let found = scores.finish(1.0);
        assert_eq!(found.accuracy, Some(0.5));
        // The second label is never true.
        assert_eq!(found.auc, Some(0.5));
    }
}

//! The scores of a regression: the coefficient of determination and the mean absolute error.

use super::RowTarget;
use crate::train::evaluate::Evaluation;
use retrograde_core::kernel::Real;

#[derive(Debug)]
pub(in crate::train) struct RealScores {
    unit: f64,
    rows: f64,
    absolute: f64,
    outputs: Vec<Sums>,
}

/// The sums of an output. The variance is Welford's (1962), which a large mean costs no digits.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    mean: f64,
    deviations: f64,
    errors: f64,
}

impl RealScores {
    pub(super) fn new(outputs: usize, unit: f64) -> Self {
        RealScores { unit, rows: 0.0, absolute: 0.0, outputs: vec![Sums::default(); outputs] }
    }

    pub(super) fn add<T: Real>(&mut self, outputs: &[T], target: RowTarget<'_>) {
        let RowTarget::Reals(targets) = target else { return };
        self.rows += 1.0;
        for ((output, target), sums) in outputs.iter().zip(targets).zip(&mut self.outputs) {
            let error = output.widen() - target;
            self.absolute += error.abs();
            sums.errors += error * error;
            let distance = target - sums.mean;
            sums.mean += distance / self.rows;
            sums.deviations += distance * (target - sums.mean);
        }
    }

    /// R² is the mean over the outputs, as scikit-learn's `r2_score`. An output whose targets are all equal has 1 if it is exact,
    /// else 0.
    pub(super) fn finish(self, loss: f64) -> Evaluation {
        let count = self.outputs.len() as f64;
        let r2 = |sums: &Sums| match (sums.errors, sums.deviations) {
            (0.0, 0.0) => 1.0,
            (_, 0.0) => 0.0,
            (errors, deviations) => 1.0 - errors / deviations,
        };
        Evaluation {
            r2: Some(self.outputs.iter().map(r2).sum::<f64>() / count),
            mean_absolute_error: Some(self.unit * self.absolute / (self.rows * count)),
            ..Evaluation::of_loss(loss)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scikit-learn 1.9: `r2_score` and `mean_absolute_error` of these rows are 0.9368005266622779 and 0.75.
    #[test]
    fn scores_are_those_of_scikit_learn() {
        let mut scores = RealScores::new(2, 1.0);
        for (outputs, targets) in
            [([0.0, 2.0], [0.5, 1.0]), ([-1.0, 2.0], [-1.0, 1.0]), ([8.0, -5.0], [7.0, -6.0])]
        {
            scores.add::<f64>(&outputs, RowTarget::Reals(&targets));
        }
        let found = scores.finish(0.0);
        // Some roundings of numbers below 100.
        assert!((found.r2.unwrap() - 0.936_800_526_662_277_9).abs() < 1e-14, "{found:?}");
        assert!((found.mean_absolute_error.unwrap() - 0.75).abs() < 1e-15, "{found:?}");
        assert_eq!(found.accuracy, None);
    }

    #[test]
    fn equal_targets_have_a_score() {
        for (output, expected) in [(3.0, 1.0), (2.0, 0.0)] {
            let mut scores = RealScores::new(1, 10.0);
            (0..4).for_each(|_| scores.add::<f64>(&[output], RowTarget::Reals(&[3.0])));
            let found = scores.finish(0.0);
            assert_eq!((found.r2, found.mean_absolute_error), (Some(expected), Some(10.0 * (3.0 - output))));
        }
    }
}

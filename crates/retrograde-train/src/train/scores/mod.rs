//! Scores: how well a network predicts a set, beside its loss.

mod auc;
mod classes;
mod labels;
mod reals;

use super::evaluate::Evaluation;
use super::loss::Loss;
use classes::ClassScores;
use labels::LabelScores;
use reals::RealScores;
use retrograde_core::kernel::Real;

/// What is scored, and how.
#[derive(Debug, Clone)]
pub(super) struct Scoring {
    /// The loss, which says what the outputs of a network are.
    pub(super) loss: Loss,
    /// The k of top-k accuracy.
    pub(super) top: Option<usize>,
    /// The unit of the targets: see `DatasetDescription::target_deviation`.
    pub(super) unit: f64,
}

/// The target of a row.
#[derive(Debug, Clone, Copy)]
pub(super) enum RowTarget<'a> {
    Class(u32),
    Reals(&'a [f64]),
}

/// The scores of the rows so far.
#[derive(Debug)]
pub(super) enum Scores {
    Classes(ClassScores),
    Labels(LabelScores),
    Reals(RealScores),
}

impl Scores {
    /// No rows yet, of a network with so many outputs.
    pub(super) fn new(scoring: &Scoring, outputs: usize) -> Self {
        match &scoring.loss {
            Loss::CrossEntropy(options) => {
                Scores::Classes(ClassScores::new(outputs, scoring.top, options.ignore_index))
            }
            Loss::BinaryCrossEntropy(_) => Scores::Labels(LabelScores::new(outputs)),
            Loss::SquaredError | Loss::AbsoluteError | Loss::Huber { .. } => {
                Scores::Reals(RealScores::new(outputs, scoring.unit))
            }
        }
    }

    /// Adds the outputs for a row and its target.
    pub(super) fn add<T: Real>(&mut self, outputs: &[T], target: RowTarget<'_>) {
        match self {
            Scores::Classes(scores) => scores.add(outputs, target),
            Scores::Labels(scores) => scores.add(outputs, target),
            Scores::Reals(scores) => scores.add(outputs, target),
        }
    }

    /// The evaluation of all rows, with their loss.
    pub(super) fn finish(self, loss: f64) -> Evaluation {
        match self {
            Scores::Classes(scores) => scores.finish(loss),
            Scores::Labels(scores) => scores.finish(loss),
            Scores::Reals(scores) => scores.finish(loss),
        }
    }
}

/// The index of the largest value; the first of equal ones.
pub(super) fn argmax<T: PartialOrd>(row: &[T]) -> usize {
    (1..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}

//! What a network of these widths can learn of the data: a training with settings that are known to work.

use super::Change;
use crate::outcome::{Outcome, play};
use crate::training::Training;
use retrograde_base::Result;
use retrograde_train::optim::{OptimizerConfig, OptimizerKind};
use std::time::Duration;

/// The rates that are tried, of Adam.
const RATES: [f64; 3] = [1e-3, 1e-2, 3e-2];

/// The changes of a reference, in this order.
const CHANGES: [Change; 10] = [
    Change::OwnStep,
    Change::FittingOutput,
    Change::MeanLoss,
    Change::AddActivations,
    Change::LeakyRelu,
    Change::StandardizedInputs,
    Change::StandardizedTargets,
    Change::HeWeights,
    Change::NoPenalty,
    Change::NoDropout,
];

/// The best of some runs with settings that are known to work, on the same rows, with the same widths.
#[derive(Debug)]
pub(crate) struct Reference {
    pub(crate) outcome: Outcome,
}

impl Reference {
    /// Runs the references: at first for the steps of the training, and ten times as many if they do not learn.
    pub(crate) fn run(training: &Training, steps: u64, time: Duration) -> Result<Self> {
        let mut changed = training.clone();
        for change in CHANGES.into_iter().chain([Change::Shuffled]) {
            if let Some(next) = change.apply(&changed)? {
                changed = next;
            }
        }
        let mut best: Option<Reference> = None;
        for factor in [1, 10] {
            for rate in RATES {
                let optimizer = OptimizerConfig {
                    learning_rate: rate,
                    ..OptimizerConfig::default_for(OptimizerKind::Adam)
                };
                let steps = steps.saturating_mul(factor);
                let training = Training { optimizer, steps, ..changed.clone() };
                let outcome = play(&training, steps, time)?;
                let skill = outcome.score.skill;
                if best.as_ref().is_none_or(|best| skill > best.outcome.score.skill) {
                    best = Some(Reference { outcome });
                }
                if skill > 0.98 {
                    break;
                }
            }
            if best.as_ref().is_some_and(|best| best.outcome.score.skill > 0.5) {
                break;
            }
        }
        match best {
            Some(best) => Ok(best),
            None => Ok(Reference { outcome: play(&changed, steps, time)? }),
        }
    }
}

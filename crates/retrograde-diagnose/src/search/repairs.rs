//! Which single changes repair a training.

use super::Change;
use crate::outcome::{Outcome, play};
use crate::training::Training;
use retrograde_base::Result;
use retrograde_base::clock::Instant;
use serde::Serialize;
use std::time::Duration;

/// A counterfactual run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Trial {
    /// What was changed, in order.
    pub changes: Vec<Change>,
    /// How it ended.
    pub outcome: Outcome,
    /// The part of the distance between the training and the reference that it closes.
    pub closed: f64,
}

/// Counterfactual runs of one training, within a budget of time.
#[derive(Debug)]
pub(crate) struct Repairs<'a> {
    training: &'a Training,
    /// The skill of the training, and the distance to the reference.
    skill: f64,
    gap: f64,
    steps: u64,
    /// For each run, and for all.
    time: Duration,
    end: Instant,
    trials: Vec<Trial>,
}

impl<'a> Repairs<'a> {
    pub(crate) fn new(
        training: &'a Training,
        skill: f64,
        gap: f64,
        steps: u64,
        (time, end): (Duration, Instant),
    ) -> Self {
        Repairs { training, skill, gap, steps, time, end, trials: Vec::new() }
    }

    pub(crate) fn is_over(&self) -> bool {
        Instant::now() > self.end
    }

    /// The training with changes, and how its run ends. None where they change nothing, or no time is left.
    pub(crate) fn try_changes(&mut self, changes: &[Change]) -> Result<Option<Trial>> {
        if let Some(known) = self.trials.iter().find(|trial| trial.changes == changes) {
            return Ok(Some(known.clone()));
        }
        if self.is_over() {
            return Ok(None);
        }
        let mut changed = self.training.clone();
        let mut steps = self.steps;
        for change in changes {
            match change.apply(&changed)? {
                Some(next) => changed = next,
                None => return Ok(None),
            }
            if let Change::Steps(factor) = change {
                steps = steps.saturating_mul(*factor);
            }
        }
        let outcome = play(&changed, steps, self.time)?;
        let closed = (outcome.score.skill - self.skill) / self.gap.max(f64::MIN_POSITIVE);
        let trial = Trial { changes: changes.to_vec(), outcome, closed };
        self.trials.push(trial.clone());
        Ok(Some(trial))
    }

    /// The run with one change, if there was one.
    pub(crate) fn known(&self, change: Change) -> Option<Trial> {
        self.trials.iter().find(|trial| trial.changes == [change]).cloned()
    }

    /// All runs so far.
    pub(crate) fn into_trials(self) -> Vec<Trial> {
        self.trials
    }
}

impl Trial {
    /// Whether it closes at least half of the distance, and has learned.
    pub fn repairs(&self) -> bool {
        self.closed >= 0.5 && self.outcome.has_learned()
    }
}

//! What a diagnosis sees of a training: its first steps with every number, its losses, and how it ended.

use crate::outcome::{Judged, Outcome};
use crate::run::{Keep, Run, build};
use crate::training::{LoopCode, Rows, Training};
use retrograde_base::Result;
use retrograde_base::clock::Instant;
use retrograde_core::graph::Tensor;
use retrograde_train::nn::Model;
use std::collections::HashMap;
use std::time::Duration;

/// Steps that are seen with every number. Three, as a gradient that was not cleared shows in the second, and one that is a step late in the third.
const SEEN_STEPS: usize = 3;

/// Steps whose rows and targets are compared with those of earlier epochs.
const LEDGER_STEPS: u64 = 2_000;

/// A step with every number.
#[derive(Debug)]
pub(crate) struct SeenStep {
    /// The inputs and targets that it got.
    pub(crate) rows: Rows,
    pub(crate) output: Tensor,
    /// The trained parameters before and after.
    pub(crate) before: Vec<(String, Tensor)>,
    pub(crate) after: Vec<(String, Tensor)>,
    /// The gradients that it used, and those of its loss.
    pub(crate) used: Vec<Tensor>,
    pub(crate) fresh: Vec<Tensor>,
}

/// A row whose target changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChangedTarget {
    pub(crate) row: u32,
    pub(crate) steps: (u64, u64),
    /// Rows that came twice, and those of them whose target had changed.
    pub(crate) again: usize,
    pub(crate) changed: usize,
}

/// What a diagnosis sees of a training.
#[derive(Debug)]
pub(crate) struct Observed {
    pub(crate) training: Training,
    pub(crate) steps: Vec<SeenStep>,
    pub(crate) changed_target: Option<ChangedTarget>,
    /// Parameters and buffers at the start.
    pub(crate) start_values: Vec<Tensor>,
    /// The values of the judged rows before each block and behind the last, at the start and at the end.
    pub(crate) start_blocks: Vec<Tensor>,
    pub(crate) end_blocks: Vec<Tensor>,
    pub(crate) losses: Vec<f64>,
    pub(crate) outcome: Outcome,
}

impl Observed {
    /// Runs a training for at most `time`, and keeps what is needed.
    pub(crate) fn new(training: &Training, time: Duration) -> Result<Self> {
        let begin = Instant::now();
        let steps = seen_steps(training)?;
        let mut judged = Judged::new(Run::new(training)?)?;
        let start_values = judged.run.values()?;
        let start_blocks = blocks(&mut judged, training)?;
        let changed_target = ledger(training)?;
        judged.run_to(training.steps, time.saturating_sub(begin.elapsed()))?;
        let outcome = judged.outcome()?;
        Ok(Observed {
            training: training.clone(),
            steps,
            changed_target,
            start_values,
            start_blocks,
            end_blocks: blocks(&mut judged, training)?,
            losses: judged.losses().to_vec(),
            outcome,
        })
    }

    /// Whether all steps of the training were run.
    pub(crate) fn is_finished(&self) -> bool {
        self.outcome.steps >= self.training.steps || self.outcome.non_finite.is_some()
    }
}

fn blocks(judged: &mut Judged, training: &Training) -> Result<Vec<Tensor>> {
    let values = judged.run.values()?;
    let probe = judged.probe();
    probe.run(&values)?;
    (0..=training.network.blocks.len()).map(|index| probe.value(index)).collect()
}

/// The first steps, beside the gradients of their losses.
fn seen_steps(training: &Training) -> Result<Vec<SeenStep>> {
    let own = LoopCode { shuffles_targets: training.code.shuffles_targets, ..LoopCode::default() };
    let usual = Training { code: own, ..training.clone() };
    let initial = build(training)?;
    let mut run = Run::with(training, initial.parameters(), Keep::Everything)?;
    let mut fresh = Run::with(&usual, initial.parameters(), Keep::Everything)?;
    let mut steps = Vec::new();
    while steps.len() < SEEN_STEPS.min(training.steps as usize) {
        fresh.set_values(&run.values()?, run.steps())?;
        let before = run.parameters()?;
        let loss = run.step()?;
        fresh.step()?;
        if !loss.is_finite() {
            break;
        }
        steps.push(SeenStep {
            rows: run.batch_rows()?,
            output: run.output()?,
            before,
            after: run.parameters()?,
            used: run.gradients()?,
            fresh: fresh.gradients()?,
        });
    }
    Ok(steps)
}

/// Compares the target of each row with the one it had when it came first.
fn ledger(training: &Training) -> Result<Option<ChangedTarget>> {
    let epochs = (2 * training.steps_per_epoch()).min(LEDGER_STEPS).min(training.steps);
    let mut run = Run::new(&Training { steps: epochs, ..training.clone() })?;
    let mut first: HashMap<u32, (u64, Vec<f64>)> = HashMap::new();
    let mut found: Option<ChangedTarget> = None;
    let mut again = 0;
    for step in 0..epochs {
        let targets = run.next_targets()?;
        let width = targets.shape()[1].max(1);
        for (row, target) in run.batch().iter().zip(targets.values().chunks_exact(width)) {
            let Some((at, before)) = first.get(row) else {
                first.insert(*row, (step, target.to_vec()));
                continue;
            };
            again += 1;
            if before != target {
                let new = ChangedTarget { row: *row, steps: (*at, step), again: 0, changed: 0 };
                found.get_or_insert(new).changed += 1;
            }
        }
    }
    Ok(found.map(|found| ChangedTarget { again, ..found }))
}

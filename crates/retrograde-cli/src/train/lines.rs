//! A training for programs: JSON lines.

use super::Training;
use super::allocations::Allocations;
use super::face::Face;
use crate::failure::Failure;
use crate::json::{Line, PlanStep};
use retrograde::plan::Profile;
use retrograde::train::{EpochRecord, History, RunFolder};

/// Prints JSON lines; when it is to be quiet, only the last, and a profile, which was asked for.
pub struct Lines<'a> {
    training: &'a Training,
    quiet: bool,
}

impl<'a> Lines<'a> {
    pub fn new(training: &'a Training, quiet: bool) -> Self {
        Lines { training, quiet }
    }

    fn print(&self, line: &Line<'_>) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { line.print() }
    }
}

impl Face for Lines<'_> {
    fn begin(&mut self, done: u64, steps: u64, threads: usize, _: u64) -> Result<(), Failure> {
        let Training { recipe, data, layers, parameters, folder, .. } = self.training;
        self.print(&Line::Begin {
            recipe,
            layers,
            parameters: *parameters,
            train_images: data.train().len(),
            test_images: data.test().len(),
            done,
            steps,
            threads,
            folder: folder.as_ref().map(|folder| folder.display().to_string()),
        })
    }

    fn step(&mut self, _: u64, _: f64) {}

    fn epoch(&mut self, record: &EpochRecord) -> Result<(), Failure> {
        let EpochRecord { epoch, step, loss, .. } = *record;
        self.print(&Line::Epoch { epoch, step, loss, scores: record.into() })
    }

    fn profile(&mut self, profile: &Profile, allocations: &Allocations) -> Result<(), Failure> {
        let line = Line::Profile {
            microseconds_per_step: profile.time().as_secs_f64() * 1e6,
            runs: profile.runs,
            threads: profile.threads,
            instruction_set: profile.instruction_set,
            memory_bytes: profile.memory,
            allocations: allocations.count,
            steps_looked_at: allocations.steps,
            steps: profile.steps.iter().map(PlanStep::from).collect(),
        };
        line.print()
    }

    fn clear(&mut self) {}

    fn done(&mut self, history: &History) -> Result<(), Failure> {
        let Training { recipe, data, folder, .. } = self.training;
        // The last evaluation is that of the end: training always closes with one.
        let Some(last) = history.last() else { return Ok(()) };
        let line = Line::Done {
            steps: history.steps(),
            loss: last.loss,
            scores: last.into(),
            train_seconds: history.train_seconds,
            evaluation_seconds: history.evaluation_seconds,
            microseconds_per_step: (history.timed_steps > 0).then(|| history.microseconds_per_step()),
            threads: history.threads,
            data: data.name().to_owned(),
            seed: recipe.seed,
            precision: recipe.precision.to_string(),
            interrupted: history.stopped,
            model: folder.as_ref().map(|folder| RunFolder::model_file(folder).display().to_string()),
        };
        line.print()
    }
}

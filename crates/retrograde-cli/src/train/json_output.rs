//! The output of a training as JSON Lines.

use super::Training;
use super::allocations::Allocations;
use super::output::{Start, TrainingOutput};
use crate::failure::Failure;
use crate::json::{JsonEvent, Memory, PlanStep, Scores};
use retrograde::data::Samples;
use retrograde::nn::ModelConfig;
use retrograde::plan::Profile;
use retrograde::train::{EpochStats, History, RunDir};

/// Prints JSON Lines; with `quiet` only the result and the profile.
pub struct JsonOutput<'a> {
    training: &'a Training,
    quiet: bool,
}

impl<'a> JsonOutput<'a> {
    pub fn new(training: &'a Training, quiet: bool) -> Self {
        JsonOutput { training, quiet }
    }

    fn print(&self, line: &JsonEvent<'_>) -> Result<(), Failure> {
        if self.quiet { Ok(()) } else { line.print() }
    }
}

impl TrainingOutput for JsonOutput<'_> {
    fn begin(&mut self, start: Start) -> Result<(), Failure> {
        let Start { done, steps, threads, memory, .. } = start;
        let Training { config, data, model, parameters, run_dir, .. } = self.training;
        let layers = match model {
            Some(ModelConfig::Mlp(mlp)) => Some(mlp.sizes.as_slice()),
            _ => None,
        };
        self.print(&JsonEvent::Begin {
            config,
            layers,
            parameters: *parameters,
            train_rows: data.train().len(),
            validation_rows: data.validation().map(Samples::len),
            test_rows: data.test().len(),
            classes: &data.description().class_names,
            done,
            steps,
            threads,
            memory: Memory { total: memory.total(), parts: memory },
            folder: run_dir.as_ref().map(|run_dir| run_dir.display().to_string()),
        })
    }

    fn step(&mut self, _: u64, _: f64) {}

    fn epoch(&mut self, stats: &EpochStats) -> Result<(), Failure> {
        let EpochStats { epoch, step, loss, .. } = *stats;
        self.print(&JsonEvent::Epoch { epoch, step, loss, scores: stats.into() })
    }

    fn profile(&mut self, profile: &Profile, allocations: &Allocations) -> Result<(), Failure> {
        let line = JsonEvent::Profile {
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
        let Training { config, data, run_dir, .. } = self.training;
        // A training always ends with an evaluation.
        let Some(last) = history.last() else { return Ok(()) };
        let line = JsonEvent::Done {
            steps: history.steps(),
            loss: last.loss,
            scores: Scores::of(last.sets().chain(history.test.map(|test| ("test", test)))),
            train_seconds: history.train_seconds,
            evaluation_seconds: history.evaluation_seconds,
            microseconds_per_step: (history.timed_steps > 0).then(|| history.microseconds_per_step()),
            threads: history.threads,
            data: data.name().to_owned(),
            seed: config.seed,
            precision: config.precision.to_string(),
            interrupted: history.stopped,
            stopped_early: history.stopped_early,
            model: run_dir.as_ref().map(|run_dir| RunDir::model_file(run_dir).display().to_string()),
        };
        line.print()
    }
}

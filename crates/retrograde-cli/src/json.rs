//! JSON Lines output: one object per line, tagged by `event`. The keys are part of the interface.

use crate::failure::Failure;
use crate::output;
use retrograde::check::{Message, Report};
use retrograde::diagnose::Diagnosis;
use retrograde::plan::StepProfile;
use retrograde::train::{EpochStats, Evaluation, MemoryEstimate, TrainingConfig};
use serde::Serialize;
use serde_json::{Map, Value};
use std::io;

/// The profile of a step of a plan.
#[derive(Debug, Serialize)]
pub struct PlanStep {
    /// The nodes that it computes.
    nodes: Vec<String>,
    microseconds: f64,
    /// Additions and multiplications.
    #[serde(rename = "arithmetic")]
    flops: usize,
    bytes: usize,
    threads: usize,
    /// Whether there is a barrier before it.
    #[serde(rename = "meet")]
    barrier: bool,
}

impl From<&StepProfile> for PlanStep {
    fn from(step: &StepProfile) -> Self {
        PlanStep {
            nodes: step.nodes.iter().map(|node| node.label()).collect(),
            microseconds: step.time.as_secs_f64() * 1e6,
            flops: step.flops,
            bytes: step.bytes,
            threads: step.threads,
            barrier: step.barrier,
        }
    }
}

/// The memory of a training, in bytes.
#[derive(Debug, Serialize)]
pub struct Memory {
    /// All parts together.
    pub total: u64,
    /// The parts.
    #[serde(flatten)]
    pub parts: MemoryEstimate,
}

/// A line of output.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum JsonEvent<'a> {
    /// A training starts or resumes.
    Begin {
        /// The settings.
        #[serde(flatten)]
        config: &'a TrainingConfig,
        /// The layer widths, from pixels to classes.
        #[serde(skip_serializing_if = "Option::is_none")]
        layers: Option<&'a [usize]>,
        /// The number of parameters.
        parameters: usize,
        /// The size of the training set.
        #[serde(rename = "train_images")]
        train_rows: usize,
        /// The size of the validation set.
        #[serde(rename = "validation_images", skip_serializing_if = "Option::is_none")]
        validation_rows: Option<usize>,
        /// The size of the test set.
        #[serde(rename = "test_images")]
        test_rows: usize,
        /// The names of the classes.
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        classes: &'a [String],
        /// The number of steps done before.
        done: u64,
        /// The number of steps in all.
        steps: u64,
        /// The number of threads.
        threads: usize,
        /// The memory that it needs.
        memory: Memory,
        /// The run directory.
        folder: Option<String>,
    },
    /// The sets have been evaluated.
    Epoch {
        /// The number of passes over the training set.
        epoch: f64,
        /// The number of steps done.
        step: u64,
        /// The mean loss of the steps since the last evaluation.
        loss: f64,
        /// Loss and scores on the whole sets.
        #[serde(flatten)]
        scores: Scores,
    },
    /// The profile of a training.
    Profile {
        /// The mean time of a step, without sampling its batch.
        microseconds_per_step: f64,
        /// The number of profiled steps.
        runs: u64,
        /// The number of threads.
        threads: usize,
        /// The instruction set.
        instruction_set: &'static str,
        /// The memory of all values in bytes.
        memory_bytes: usize,
        /// The number of allocations.
        allocations: u64,
        /// The number of steps over which allocations were counted.
        steps_looked_at: u64,
        /// The steps of the plan in execution order.
        steps: Vec<PlanStep>,
    },
    /// A training is diagnosed.
    Diagnosis {
        /// The diagnosis.
        #[serde(flatten)]
        diagnosis: &'a Diagnosis,
        /// Its text, by language.
        text: std::collections::BTreeMap<&'static str, String>,
    },
    /// A training has ended.
    Done {
        /// The number of steps in all.
        steps: u64,
        /// The mean loss of the steps since the previous evaluation.
        loss: f64,
        /// Loss and scores on the whole sets.
        #[serde(flatten)]
        scores: Scores,
        /// Seconds spent on steps, those before a resume included.
        train_seconds: f64,
        /// Seconds spent on evaluation.
        evaluation_seconds: f64,
        /// The mean time of a step of this call; null if there was none.
        microseconds_per_step: Option<f64>,
        /// The number of threads.
        threads: usize,
        /// The name of the data set.
        data: String,
        /// The random seed.
        seed: u64,
        /// The precision.
        precision: String,
        /// Whether it was interrupted.
        interrupted: bool,
        /// Whether it ended since the loss on the test set did not fall.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        stopped_early: bool,
        /// The model file.
        model: Option<String>,
    },
    /// An image has been classified.
    Prediction {
        /// The image file.
        image: String,
        /// The number of the predicted class.
        digit: usize,
        /// Its name.
        class: String,
        /// The probability of the predicted class.
        probability: f64,
        /// The probability of each class.
        probabilities: &'a [f64],
        /// Whether the picture was inverted.
        inverted: bool,
        /// Whether the picture was cropped, scaled and centered.
        scaled: bool,
    },
    /// A row of a table has been classified.
    #[serde(rename = "prediction")]
    RowClass {
        /// The file.
        file: String,
        /// The row, counted from 1.
        row: usize,
        /// The name of the predicted class.
        class: String,
        /// Its probability.
        probability: f64,
        /// The probability of each class.
        probabilities: Map<String, Value>,
    },
    /// A number has been predicted of a row of a table.
    #[serde(rename = "prediction")]
    RowNumber {
        /// The file.
        file: String,
        /// The row, counted from 1.
        row: usize,
        /// The number.
        value: f64,
    },
    /// A gradient has been checked.
    Check {
        /// The report.
        #[serde(flatten)]
        report: &'a Report,
    },
    /// A known bug has been checked.
    Fault {
        /// The name of the bug.
        name: &'a str,
        /// A description of the bug.
        summary: &'a Message,
        /// The layer with the bug.
        layer: &'a str,
        /// The reported first incorrect layer.
        named: Option<&'a str>,
        /// The reported causes, most important first.
        causes: Vec<Message>,
        /// Whether the reported layer and cause are correct.
        recognised: bool,
    },
    /// An error.
    Error {
        /// The message with its help.
        message: &'a str,
    },
}

/// Losses and scores on the whole sets: `train_loss`, `train_accuracy`, `test_loss`, `test_r2` and so on.
#[derive(Debug, Serialize)]
pub struct Scores(Map<String, Value>);

impl From<&EpochStats> for Scores {
    fn from(epoch: &EpochStats) -> Self {
        Self::of(epoch.sets())
    }
}

impl Scores {
    /// The scores of sets with these names.
    pub fn of(sets: impl IntoIterator<Item = (&'static str, Evaluation)>) -> Self {
        let all = sets.into_iter().flat_map(|(set, evaluation)| {
            let scores = std::iter::once(("loss", evaluation.loss)).chain(evaluation.scores());
            scores.map(move |(name, score)| (format!("{set}_{name}"), score.into()))
        });
        Scores(all.collect())
    }
}

impl JsonEvent<'_> {
    /// Prints it.
    pub fn print(&self) -> Result<(), Failure> {
        let text = serde_json::to_string(self).map_err(|error| Failure::Output(io::Error::from(error)))?;
        output::line(text)
    }
}

//! What programs read: one JSON object a line, told apart by its `event`.

use crate::failure::Failure;
use crate::output;
use retrograde::check::{Message, Report};
use retrograde::plan::StepProfile;
use retrograde::train::{EpochRecord, Recipe};
use serde::Serialize;
use std::io;

/// A step of a plan, measured.
#[derive(Debug, Serialize)]
pub struct PlanStep {
    /// The nodes that it makes.
    nodes: Vec<String>,
    microseconds: f64,
    /// Additions and multiplications.
    arithmetic: usize,
    bytes: usize,
    threads: usize,
    /// Whether the threads meet before it.
    meet: bool,
}

impl From<&StepProfile> for PlanStep {
    fn from(step: &StepProfile) -> Self {
        PlanStep {
            nodes: step.nodes.iter().map(|node| node.label()).collect(),
            microseconds: step.time.as_secs_f64() * 1e6,
            arithmetic: step.flops,
            bytes: step.bytes,
            threads: step.threads,
            meet: step.barrier,
        }
    }
}

/// A line of output for programs.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line<'a> {
    /// A training begins, or continues.
    Begin {
        /// Its settings.
        #[serde(flatten)]
        recipe: &'a Recipe,
        /// The widths of all layers, from the pixels to the classes.
        layers: &'a [usize],
        /// How many numbers are learned.
        parameters: usize,
        /// Images to train on.
        train_images: usize,
        /// Images to test with.
        test_images: usize,
        /// Steps that were done before.
        done: u64,
        /// Steps in all.
        steps: u64,
        /// Threads that work.
        threads: usize,
        /// Where it is written.
        folder: Option<String>,
    },
    /// The sets have been evaluated.
    Epoch {
        /// Passes over the training set so far.
        epoch: f64,
        /// Steps so far.
        step: u64,
        /// The mean loss of the steps since the last evaluation.
        loss: f64,
        /// What the whole sets say.
        #[serde(flatten)]
        scores: Scores,
    },
    /// Where the time of a step went.
    Profile {
        /// The mean time of a step, drawing its batch not counted.
        microseconds_per_step: f64,
        /// Over how many steps.
        runs: u64,
        /// Threads that worked.
        threads: usize,
        /// The instruction set in use.
        instruction_set: &'static str,
        /// The memory of all values.
        memory_bytes: usize,
        /// How often the steps asked for more.
        allocations: u64,
        /// How many steps that was counted over.
        steps_looked_at: u64,
        /// The plan's steps in the order in which they run.
        steps: Vec<PlanStep>,
    },
    /// A training has ended.
    Done {
        /// Steps in all.
        steps: u64,
        /// The mean loss of the steps since the last evaluation but one.
        loss: f64,
        /// What the whole sets say.
        #[serde(flatten)]
        scores: Scores,
        /// Seconds spent on all steps, those before a resume included.
        train_seconds: f64,
        /// Seconds spent on all evaluations.
        evaluation_seconds: f64,
        /// The mean time of a step of this call; null if it made none.
        microseconds_per_step: Option<f64>,
        /// Threads that worked.
        threads: usize,
        /// The data, the seed and the precision.
        data: String,
        /// The seed.
        seed: u64,
        /// The precision.
        precision: String,
        /// Whether it was stopped before its end.
        interrupted: bool,
        /// The model's file.
        model: Option<String>,
    },
    /// An image has been classified.
    Prediction {
        /// The image's file.
        image: String,
        /// Its class.
        digit: usize,
        /// That class's probability.
        probability: f64,
        /// The probability of each class.
        probabilities: &'a [f64],
        /// Whether it was dark on light.
        inverted: bool,
        /// Whether it was cropped, scaled and centred.
        scaled: bool,
    },
    /// A gradient has been checked.
    Check {
        /// What was found.
        #[serde(flatten)]
        report: &'a Report,
    },
    /// A mistake of the catalogue has been tried.
    Fault {
        /// Its name.
        name: &'a str,
        /// What is wrong.
        summary: &'a Message,
        /// The layer that it is in.
        layer: &'a str,
        /// The layer that was named as the first wrong one.
        named: Option<&'a str>,
        /// The causes that were proved, the weightiest first.
        causes: Vec<Message>,
        /// Whether layer and cause are right.
        recognised: bool,
    },
    /// Something failed.
    Error {
        /// What, and what would be right.
        message: &'a str,
    },
}

/// Losses and accuracies on the whole sets.
#[derive(Debug, Serialize)]
pub struct Scores {
    train_loss: f64,
    train_accuracy: f64,
    test_loss: f64,
    test_accuracy: f64,
}

impl From<&EpochRecord> for Scores {
    fn from(record: &EpochRecord) -> Self {
        Scores {
            train_loss: record.train.loss,
            train_accuracy: record.train.accuracy,
            test_loss: record.test.loss,
            test_accuracy: record.test.accuracy,
        }
    }
}

impl Line<'_> {
    /// Prints it.
    pub fn print(&self) -> Result<(), Failure> {
        let text = serde_json::to_string(self).map_err(|error| Failure::Output(io::Error::from(error)))?;
        output::line(text)
    }
}

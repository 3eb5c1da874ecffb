//! The memory that a training needs.

use super::trainer::Trainer;
use crate::data::Dataset;
use crate::nn::Model;
use retrograde_base::error::Result;
use retrograde_base::memory::must_fit;
use serde::Serialize;

/// The memory that a training needs, in bytes, known before the memory is taken. The program itself and its buffers of a few
/// megabytes are not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct MemoryEstimate {
    /// The parameters: those of the model in `f64`, and a copy in each plan, for training and for evaluation.
    pub parameters: u64,
    /// The states of the optimizer.
    pub optimizer: u64,
    /// Everything else in the plans: the batch, activations and gradients.
    pub activations: u64,
    /// The features and targets of all sets, and the compressed rows.
    pub data: u64,
    /// What is needed in addition while a checkpoint is written; 0 without a run directory.
    pub checkpoint: u64,
}

/// The plans of a training, before their memory is taken.
pub(super) struct Plans {
    /// The bytes of a number.
    pub(super) number: usize,
    /// The elements of the parameters.
    pub(super) parameters: usize,
    /// The elements of the optimizer's states.
    pub(super) states: usize,
    /// The bytes of the memory of each plan.
    pub(super) memory: Vec<usize>,
}

impl MemoryEstimate {
    pub(super) fn new(trainer: &Trainer, data: &Dataset, plans: &Plans) -> Self {
        let Plans { number, parameters, states, ref memory } = *plans;
        let [number, parameters, states] = [number, parameters, states].map(|count| count as u64);
        let copies = number * parameters * memory.len() as u64;
        let optimizer = number * states;
        let all: u64 = memory.iter().map(|&bytes| bytes as u64).sum();
        let exact = size_of::<f64>() as u64;
        // Of each value one in f64, and one in the file.
        let checkpoint = (exact + number) * (parameters + states);
        MemoryEstimate {
            parameters: exact * parameters + copies,
            optimizer,
            activations: all.saturating_sub(copies + optimizer),
            data: data.sets().map(|set| set.memory() as u64).sum(),
            checkpoint: if trainer.run_dir.is_some() { checkpoint } else { 0 },
        }
    }

    /// The sum of all parts.
    pub fn total(&self) -> u64 {
        let MemoryEstimate { parameters, optimizer, activations, data, checkpoint } = *self;
        parameters + optimizer + activations + data + checkpoint
    }

    /// Returns an error if the system does not have the memory that has not been taken yet: all but the model and the data.
    pub(super) fn must_fit(&self, model: &impl Model) -> Result<()> {
        let taken = self.data + (model.parameters().count() * size_of::<f64>()) as u64;
        let help = "use a smaller model, a smaller batch or another optimizer";
        must_fit("the training", self.total().saturating_sub(taken), help)
    }
}

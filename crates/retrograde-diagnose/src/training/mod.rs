//! A training as data: everything that a counterfactual run may change.

mod data;
mod initial;
mod loop_code;
mod loss;
mod network;
mod of_config;

pub use data::{Rows, TargetKind};
pub use initial::{Distribution, Initialization};
pub use loop_code::{Augmentation, ClaimedGradient, ClaimedMetric, LoopCode};
pub use loss::{Formula, Loss, Reduction};
pub use network::{Block, Function, Network};

use retrograde_base::{Error, Result};
use retrograde_train::nn::Precision;
use retrograde_train::optim::{OptimizerConfig, Schedule};

/// The order in which the rows of the training set come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Shuffled in each epoch.
    Shuffled,
    /// As they are stored, in each epoch.
    Stored,
    /// Each row of a batch is drawn from all rows, as in the book.
    WithReplacement,
}

/// A penalty of the weights in the loss. Biases have none.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Penalty {
    /// Times the sum of the absolute weights.
    pub l1: f64,
    /// Times the sum of the squared weights.
    pub l2: f64,
}

/// A training: data, network, initial weights, loss, optimizer, and how long it runs. Counterfactual runs change one of them.
#[derive(Debug, Clone)]
pub struct Training {
    /// The rows that are trained.
    pub train: Rows,
    /// Rows that are not trained.
    pub held_out: Option<Rows>,
    /// The network.
    pub network: Network,
    /// The initial values of its parameters.
    pub initialization: Initialization,
    /// The loss of a batch, without the penalty.
    pub loss: Loss,
    /// The penalty of the weights.
    pub penalty: Penalty,
    /// The optimizer.
    pub optimizer: OptimizerConfig,
    /// The factor of its learning rate at each step.
    pub schedule: Schedule,
    /// Rows in a batch. More than there are: all rows.
    pub batch: usize,
    /// The number of steps.
    pub steps: u64,
    /// The order of the rows.
    pub order: Order,
    /// The seed of initial weights, order and dropout.
    pub seed: u64,
    /// The precision in which it is computed.
    pub precision: Precision,
    /// What the loop does instead of the optimizer's step on the gradient of the loss.
    pub code: LoopCode,
}

impl Training {
    /// A training with the settings that people start from: batches of 32, 1,000 steps, shuffled rows, seed 0, `f32`.
    pub fn new(train: Rows, network: Network, loss: Loss, optimizer: OptimizerConfig) -> Self {
        Training {
            train,
            held_out: None,
            network,
            initialization: Initialization::default(),
            loss,
            penalty: Penalty::default(),
            optimizer,
            schedule: Schedule::constant(),
            batch: 32,
            steps: 1_000,
            order: Order::Shuffled,
            seed: 0,
            precision: Precision::F32,
            code: LoopCode::default(),
        }
    }

    /// Sets the number of steps to that of so many passes over the rows.
    #[must_use]
    pub fn epochs(mut self, epochs: u64) -> Self {
        self.steps = (self.train.len() as u64).div_ceil(self.batch_rows() as u64) * epochs;
        self
    }

    /// The rows of a batch.
    pub fn batch_rows(&self) -> usize {
        self.batch.min(self.train.len())
    }

    /// The steps of one pass over the rows.
    pub fn steps_per_epoch(&self) -> u64 {
        (self.train.len() as u64).div_ceil(self.batch_rows().max(1) as u64)
    }

    /// What the targets are.
    pub fn kind(&self) -> TargetKind {
        TargetKind::of(&self.train, &self.loss)
    }

    /// Checks what a run needs.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an empty batch, settings of the optimizer out of their range, or rows of another length than the input of the network.
    pub fn check(&self) -> Result<()> {
        self.optimizer.check()?;
        self.schedule.check()?;
        if self.batch == 0 {
            return Err(Error::invalid("batch size", "it is 0", "give at least 1"));
        }
        let (takes, given) = (self.network.inputs(), self.train.x().shape()[1]);
        if takes != given {
            let problem = format!("it takes rows of {takes} numbers, those of the data have {given}");
            return Err(Error::invalid("network", problem, format!("use an input of {given} numbers")));
        }
        Ok(())
    }
}

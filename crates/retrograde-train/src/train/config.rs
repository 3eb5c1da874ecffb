//! A training config as plain data.

use super::loss::Loss;
use super::trainer::{Length, Trainer};
use crate::data::{DataOptions, DataSource, Dataset, Features, Sampling, Task};
use crate::nn::{Activation, GptConfig, Init, Mlp, Model, NetworkConfig, Precision};
use crate::optim::{OptimizerConfig, Schedule};
use retrograde_base::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The training of a multi-layer perceptron, or of a network of layers, as plain data. Front ends create it, and checkpoints store it, so that a run
/// can be resumed without repeating its settings. Its JSON keys are part of the checkpoint format.
///
/// The default is the notebook's: 50 hidden units, relu, weights of standard deviation 0.01, gradient descent with learning
/// rate 0.1, 10,000 batches of 100 sampled with replacement.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::train::{Length, TrainingConfig};
///
/// let config = TrainingConfig { data: "mnist-5k".into(), length: Length::Steps(200), ..TrainingConfig::default() };
/// let (_, data) = config.open()?;
/// let mut net = config.model(&data)?;
/// let history = config.trainer()?.fit(&mut net, &data)?;
/// assert_eq!(history.steps(), 200);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainingConfig {
    /// The source of the data.
    pub data: DataSource,
    /// A network of layers. None: a multi-layer perceptron of the following widths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<NetworkConfig>,
    /// The widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// The activation between two layers.
    pub activation: Activation,
    /// The distribution of the initial weights.
    pub init: Init,
    /// The optimizer and its settings.
    #[serde(flatten)]
    pub optimizer: OptimizerConfig,
    /// The learning rate schedule.
    #[serde(default)]
    pub schedule: Schedule,
    /// The loss. None: that of the task of the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss: Option<Loss>,
    /// [`Trainer::patience`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patience: Option<u64>,
    /// [`Trainer::keep_best`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_best: bool,
    /// The fraction of the training rows that are a validation set, drawn by the seed of the [split](DataOptions::split_seed):
    /// [`Dataset::with_validation_fraction`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_fraction: Option<f64>,
    /// How the data are read, if they are a table, arrays or a folder of images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<DataOptions>,
    /// Rows in a batch.
    pub batch: usize,
    /// Batches in a step: [`Trainer::accumulate`].
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub accumulate: usize,
    /// How batches are sampled.
    #[serde(rename = "drawing")]
    pub sampling: Sampling,
    /// The length of the training.
    pub length: Length,
    /// The random seed of weights and batches.
    pub seed: u64,
    /// The floating-point precision.
    pub precision: Precision,
}

pub(super) fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
pub(super) fn is_one(number: &usize) -> bool {
    *number == 1
}

impl Default for TrainingConfig {
    fn default() -> Self {
        TrainingConfig {
            data: DataSource::Auto,
            network: None,
            hidden: vec![50],
            activation: Activation::Relu,
            init: Init::Normal(0.01),
            optimizer: OptimizerConfig::default(),
            schedule: Schedule::constant(),
            loss: None,
            patience: None,
            keep_best: false,
            validation_fraction: None,
            reading: None,
            batch: 100,
            accumulate: 1,
            sampling: Sampling::WithReplacement,
            length: Length::Steps(10_000),
            seed: 0,
            precision: Precision::F32,
        }
    }
}

impl TrainingConfig {
    /// Checks all settings that do not depend on the data.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a setting out of its range, for example a layer of width 0 or a negative learning rate.
    pub fn check(&self) -> Result<()> {
        if let Some(layer) = self.hidden.iter().position(|&width| width == 0) {
            let problem = format!("layer {} of {:?} has the width 0", layer + 1, self.hidden);
            let help = "give every hidden layer at least one unit";
            return Err(Error::invalid("hidden layers", problem, help));
        }
        self.init.check()?;
        self.trainer()?.check()
    }

    /// Reads the data set: as [`DataSource::open_with`], with the options of [`reading`](Self::reading), and takes a validation set.
    pub fn open(&self) -> Result<(DataSource, Dataset)> {
        self.open_with_scratch(None)
    }

    /// As [`open`](Self::open), with scratch files in this folder: [`DataOptions::scratch`].
    pub fn open_with_scratch(&self, folder: Option<&Path>) -> Result<(DataSource, Dataset)> {
        let options = self.reading.clone().unwrap_or_default();
        let options = DataOptions { scratch: folder.map(Path::to_owned).or(options.scratch), ..options };
        let (source, data) = self.data.open_with(&options)?;
        match self.validation_fraction {
            None => Ok((source, data)),
            Some(fraction) => Ok((source, data.with_validation_fraction(fraction, options.split_seed)?)),
        }
    }

    /// The network with initial weights: of a text a [`GptConfig`], else a perceptron. The inputs of a perceptron are the features of the data, its outputs the classes, or the
    /// numbers of a target.
    ///
    /// # Errors
    /// [`Error::Invalid`] for widths out of range, and the errors of recording for layers that do not fit each other.
    pub fn model(&self, data: &Dataset) -> Result<Box<dyn Model>> {
        if let Some(network) = &self.network {
            return Ok(Box::new(network.build(self.seed)?));
        }
        if let Features::Tokens(windows) = data.train().features()
            && data.task() == Task::NextToken
        {
            let gpt = GptConfig {
                vocabulary: data.train().outputs(),
                context: windows.context(),
                ..GptConfig::default()
            };
            return Ok(Box::new(gpt.network().build(self.seed)?));
        }
        let mut sizes = vec![data.train().row_len()];
        sizes.extend(&self.hidden);
        sizes.push(data.train().outputs());
        Ok(Box::new(Mlp::new(sizes).activation(self.activation).init(self.init).seed(self.seed).build()?))
    }

    /// The trainer with these settings. Its checkpoints store the config.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the settings of the optimizer are out of range.
    pub fn trainer(&self) -> Result<Trainer> {
        let mut trainer = Trainer::new(self.optimizer.build()?)
            .schedule(self.schedule)
            .keep_best(self.keep_best)
            .batch(self.batch)
            .accumulate(self.accumulate)
            .sampling(self.sampling)
            .length(self.length)
            .seed(self.seed)
            .precision(self.precision)
            .config(self.clone());
        if let Some(loss) = &self.loss {
            trainer = trainer.loss(loss.clone());
        }
        if let Some(epochs) = self.patience {
            trainer = trainer.patience(epochs);
        }
        Ok(trainer)
    }
}

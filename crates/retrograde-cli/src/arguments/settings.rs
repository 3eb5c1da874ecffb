//! The settings of a training: data, network, optimizer, loss and length.

use super::ExplicitOptions;
use super::data::DataArguments;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use retrograde::data::Sampling;
use retrograde::nn::{Activation, Init, Precision};
use retrograde::optim::{OptimizerConfig, OptimizerKind, Schedule};
use retrograde::train::{Length, Loss, TrainingConfig};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct SettingsArguments {
    #[command(flatten)]
    pub data: DataArguments,
    /// A network of layers instead of a perceptron, described by a TOML file: see below
    #[arg(long, value_name = "FILE", conflicts_with_all = ["hidden", "activation", "init"], help_heading = "Network")]
    pub model: Option<PathBuf>,
    /// The widths of the hidden layers
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<usize>, value_name = "N[,N…]", value_delimiter = ',', default_values_t = TrainingConfig::default().hidden, help_heading = "Network")]
    pub hidden: Vec<usize>,
    /// The activation between two layers
    #[arg(long, value_name = "NAME", value_parser = activations(), default_value_t = TrainingConfig::default().activation, help_heading = "Network")]
    pub activation: Activation,
    /// The initial weights: normal with this standard deviation, with √(1 / inputs) (lecun; alias xavier), with
    /// √(2 / inputs) (he, for relu), or zero
    #[arg(long, value_name = "normal:DEVIATION|lecun|he|zero", default_value_t = TrainingConfig::default().init, help_heading = "Network")]
    pub init: Init,
    /// The floating-point precision
    #[arg(long, value_name = "f32|f64", default_value_t = TrainingConfig::default().precision, help_heading = "Network")]
    pub precision: Precision,
    /// The optimizer
    #[arg(long, value_name = "NAME", value_parser = optimizers(), default_value_t = OptimizerKind::default(), help_heading = "Optimizer")]
    pub optimizer: OptimizerKind,
    /// The learning rate: a larger one learns faster, a too large one diverges [default: sgd 0.1; momentum, nesterov,
    /// adagrad and rmsprop 0.01; adam and adamw 0.001]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, help_heading = "Optimizer")]
    pub learning_rate: Option<f64>,
    /// The learning rate schedule. step:1000:0.5 halves it every 1,000 steps; cosine decreases it to zero at the last step,
    /// cosine:20000 at step 20,000, and restarts:1000 begins it again every 1,000 steps. +warmup:500 adds a linear warmup of 500 steps, which stabilizes early training
    #[arg(long, value_name = "constant|step:STEPS:FACTOR|cosine[:STEPS]|restarts:STEPS[+warmup:STEPS]", default_value_t = Schedule::constant(), help_heading = "Optimizer")]
    pub schedule: Schedule,
    /// The momentum of momentum and nesterov, >= 0 and < 1 [default: 0.9]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = "Optimizer")]
    pub momentum: Option<f64>,
    /// The epsilon of adagrad, rmsprop, adam and adamw, which keeps small gradients from large steps [default: adagrad 1e-10;
    /// the others 1e-8]
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, help_heading = "Optimizer")]
    pub epsilon: Option<f64>,
    /// The weight decay, to reduce overfitting: added to the gradient, or decoupled with adamw [default: 0; adamw 0.01]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = "Optimizer")]
    pub weight_decay: Option<f64>,
    /// Clip the global gradient norm to this value
    #[arg(long, value_name = "NORM", allow_negative_numbers = true, help_heading = "Optimizer")]
    pub clip: Option<f64>,
    /// The loss: cross-entropy (with +smoothing:0.1, +ignore:LABEL, +weights:W,W…), binary-cross-entropy (with +positive:W),
    /// squared-error, absolute-error or huber:DELTA [default: by the task]
    #[arg(long, value_name = "LOSS", help_heading = "Training")]
    pub loss: Option<Loss>,
    /// The batch size [default: 100, or at most 32 for tables and arrays]
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<usize>, value_name = "ROWS", default_value_t = TrainingConfig::default().batch, hide_default_value = true, help_heading = "Training")]
    pub batch: usize,
    /// Average the gradients of so many batches before each update: as one batch of so many times the rows, with the memory of
    /// one. A step is one update
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<usize>, value_name = "BATCHES", default_value_t = TrainingConfig::default().accumulate, hide_default_value = true, help_heading = "Training")]
    pub accumulate: usize,
    /// Sample batches from shuffled passes over the data: every row once per epoch, as tables and arrays always do
    #[arg(long, help_heading = "Training")]
    pub without_replacement: bool,
    /// The number of steps
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<u64>, value_name = "N", default_value_t = default_steps(), conflicts_with = "epochs", help_heading = "Training")]
    pub steps: u64,
    /// The number of passes over the data, instead of --steps
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<u64>, value_name = "N", help_heading = "Training")]
    pub epochs: Option<u64>,
    /// Random seed of weights and batches
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<u64>, value_name = "N", default_value_t = TrainingConfig::default().seed, help_heading = "Training")]
    pub seed: u64,
}

impl SettingsArguments {
    /// The optimizer config of these options, with the defaults of the optimizer.
    fn optimizer_config(&self, kind: OptimizerKind) -> OptimizerConfig {
        let default = OptimizerConfig::default_for(kind);
        OptimizerConfig {
            learning_rate: self.learning_rate.unwrap_or(default.learning_rate),
            momentum: self.momentum.or(default.momentum),
            epsilon: self.epsilon,
            weight_decay: self.weight_decay.unwrap_or(default.weight_decay),
            clip: self.clip,
            ..default
        }
    }

    /// The training config of these options.
    pub fn config(&self) -> TrainingConfig {
        TrainingConfig {
            data: self.data.data.clone(),
            reading: self.data.reading(),
            loss: self.loss.clone(),
            network: None,
            hidden: self.hidden.clone(),
            activation: self.activation,
            init: self.init,
            optimizer: self.optimizer_config(self.optimizer),
            schedule: self.schedule,
            batch: self.batch,
            accumulate: self.accumulate,
            sampling: if self.without_replacement {
                Sampling::WithoutReplacement
            } else {
                Sampling::WithReplacement
            },
            length: self.epochs.map_or(Length::Steps(self.steps), Length::Epochs),
            seed: self.seed,
            precision: self.precision,
            ..TrainingConfig::default()
        }
    }
}

/// The largest default batch of tables and arrays.
const TABLE_BATCH: usize = 32;

/// The passes over tables and arrays.
const TABLE_EPOCHS: u64 = 200;

impl SettingsArguments {
    /// The config with the defaults for tables and arrays of so many rows, where no option is explicit.
    pub fn for_reals(
        &self,
        config: TrainingConfig,
        rows: usize,
        explicit: &ExplicitOptions<'_>,
    ) -> TrainingConfig {
        let kind = if explicit.contains("optimizer") { self.optimizer } else { OptimizerKind::Adam };
        let has_length = explicit.contains("steps") || explicit.contains("epochs");
        TrainingConfig {
            init: if explicit.contains("init") { self.init } else { Init::He },
            optimizer: self.optimizer_config(kind),
            batch: if explicit.contains("batch") { self.batch } else { TABLE_BATCH.min(rows) },
            sampling: Sampling::WithoutReplacement,
            length: if has_length { config.length } else { Length::Epochs(TABLE_EPOCHS) },
            ..config
        }
    }
}

/// The largest default batch of windows of a text.
const TEXT_BATCH: usize = 12;

/// The default steps on a text.
const TEXT_STEPS: u64 = 2000;

impl SettingsArguments {
    /// The config with the defaults for texts of so many windows, where no option is explicit: nanoGPT's for a CPU.
    pub fn for_texts(
        &self,
        config: TrainingConfig,
        windows: usize,
        explicit: &ExplicitOptions<'_>,
    ) -> TrainingConfig {
        let kind = if explicit.contains("optimizer") { self.optimizer } else { OptimizerKind::AdamW };
        let has_length = explicit.contains("steps") || explicit.contains("epochs");
        TrainingConfig {
            optimizer: self.optimizer_config(kind),
            batch: if explicit.contains("batch") { self.batch } else { TEXT_BATCH.min(windows) },
            length: if has_length { config.length } else { Length::Steps(TEXT_STEPS) },
            ..config
        }
    }
}

fn activations() -> impl TypedValueParser<Value = Activation> {
    PossibleValuesParser::new(Activation::ALL.map(Activation::name))
        .try_map(|name| name.parse::<Activation>())
}

fn optimizers() -> impl TypedValueParser<Value = OptimizerKind> {
    let values = OptimizerKind::ALL.map(|kind| PossibleValue::new(kind.name()).help(kind.summary()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<OptimizerKind>())
}

fn default_steps() -> u64 {
    match TrainingConfig::default().length {
        Length::Steps(count) | Length::Epochs(count) => count,
    }
}

//! The options of `train`.

use super::ExplicitOptions;
use super::data::DataArguments;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use retrograde::data::Sampling;
use retrograde::nn::{Activation, Init, Precision};
use retrograde::optim::{OptimizerConfig, OptimizerKind, Schedule};
use retrograde::train::{Length, Loss, TrainingConfig};
use std::path::PathBuf;
use std::time::Duration;

pub(super) const TRAIN_ABOUT: &str = "\
Train a multi-layer perceptron, or a network of a model file, on images, tables, arrays or texts.

The defaults for images are the notebook's: 50 hidden units with relu, weights of standard deviation 0.01, 10,000 batches \
of 100, gradient descent with learning rate 0.1. For tables and arrays they are Adam with learning rate 0.001, weights by \
He, 200 passes over the data in batches of 32. On a text a small GPT learns to predict the next character, by 2,000 steps \
of AdamW. The same seed gives the same results, bit for bit, on any number of threads.

A table is a CSV file; --target names the column to predict. Encoding (UTF-8, CP949), delimiter, decimal mark, header and \
the types of columns are recognized; numbers are scaled, categories get a column each, missing values are filled. What was \
chosen is printed. `predict` does the same with new rows.

Ctrl-C finishes the step, evaluates, saves (with --out) and prints how to resume; a second Ctrl-C exits immediately. A \
killed training loses seconds: see --checkpoint-every.";

pub(super) const TRAIN_EXAMPLES: &str = "\
Examples:
  retrograde train                                    the notebook's training
  retrograde train --out run                          save the model in the folder `run`
  retrograde train --hidden 200,100 --init he --epochs 20 --out deep
  retrograde train --optimizer adam --schedule cosine+warmup:500 --clip 1
  retrograde train --data iris.csv --target species --out flowers       a table
  retrograde train --data homes.csv --target price --patience 20 --keep-best
  retrograde train --data poems.txt --out poet        a text; then: retrograde generate --model poet
  retrograde train --data photos --hidden 100         a folder with a folder of images for each class
  retrograde train --model examples/simple-conv-net.toml --optimizer adam --steps 1000
  retrograde train --weights weights.safetensors      start from PyTorch's weights
  retrograde train --report                           write the report report.html
  retrograde train --resume run --steps 20000         resume the run in `run`
  retrograde train --json | tail -n 1                 the result as JSON

A model file (--model) has the shape of a row of the input and the layers in order:
  input = [1, 28, 28]
  layers = [
      { layer = \"conv2d\", channels = 30, kernel = 5 },
      { layer = \"relu\" },
      { layer = \"max_pool2d\", kernel = 2 },
      { layer = \"flatten\" },
      { layer = \"linear\", outputs = 10 },
  ]";

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct TrainArguments {
    #[command(flatten)]
    pub data: DataArguments,

    /// A network of layers instead of a perceptron, described by a TOML file: see below
    #[arg(long, value_name = "FILE", conflicts_with_all = ["hidden", "activation", "init", "resume"], help_heading = "Network")]
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
    /// Start from the weights in this safetensors file, of PyTorch (see docs/PYTORCH.md) or of another run, instead of random ones
    #[arg(long, value_name = "FILE", conflicts_with_all = ["init", "resume"], help_heading = "Network")]
    pub weights: Option<PathBuf>,
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
    /// cosine:20000 at step 20,000. +warmup:500 adds a linear warmup of 500 steps, which stabilizes early training
    #[arg(long, value_name = "constant|step:STEPS:FACTOR|cosine[:STEPS][+warmup:STEPS]", default_value_t = Schedule::constant(), help_heading = "Optimizer")]
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
    /// Stop when the loss on the test rows has not fallen below its lowest for so many epochs
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<u64>, value_name = "EPOCHS", help_heading = "Training")]
    pub patience: Option<u64>,
    /// Keep the network of the epoch with the lowest loss on the test rows, instead of the last. That loss is then a little
    /// too good an estimate for new data
    #[arg(long, help_heading = "Training")]
    pub keep_best: bool,
    /// The batch size [default: 100, or at most 32 for tables and arrays]
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<usize>, value_name = "ROWS", default_value_t = TrainingConfig::default().batch, hide_default_value = true, help_heading = "Training")]
    pub batch: usize,
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
    /// The number of threads [default: number of CPUs]
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<usize>, value_name = "N", help_heading = "Training")]
    pub threads: Option<usize>,

    /// Save model and checkpoints in this folder, which must not contain a run
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Resume the complete, interrupted or killed run in this folder, bit for bit, with its own settings. Only --steps,
    /// --epochs, --threads and --checkpoint-every may differ, and --data if the data set has moved
    #[arg(long, value_name = "FOLDER", conflicts_with = "out", help_heading = "Output")]
    pub resume: Option<PathBuf>,
    /// The least interval between checkpoints in seconds; 0 for one after each step. A killed training loses at most this
    /// interval, Ctrl-C loses nothing [default: 2, or more if checkpoints would take more than 1 % of the time]
    #[arg(long, allow_negative_numbers = true, value_parser = seconds, value_name = "SECONDS", help_heading = "Output")]
    pub checkpoint_every: Option<Duration>,
    /// Profile the training: for each step of the plan its share of the time, its fraction of this machine's peak and its
    /// nodes; and the number of memory allocations
    #[arg(long, help_heading = "Report")]
    pub profile: bool,
    /// Write a report as a self-contained HTML file: curves, gradient and weight norms, dead units, the confusion matrix, the
    /// most confident misclassifications and the weights of the first layer. It is updated every few seconds. The default
    /// FILE is report.html, in the folder of the run. Its metrics take a few percent of the time. --resume continues a
    /// report in the folder
    #[arg(long, value_name = "FILE", num_args = 0..=1, help_heading = "Report")]
    #[allow(clippy::option_option, reason = "clap's type of an option with an optional value")]
    pub report: Option<Option<PathBuf>>,
    /// Write the report's figures as CSV with the columns `figure,of,step,value`. The default FILE is report.csv, in the
    /// folder of the run
    #[arg(long, value_name = "FILE", num_args = 0..=1, help_heading = "Report")]
    #[allow(clippy::option_option, reason = "clap's type of an option with an optional value")]
    pub csv: Option<Option<PathBuf>>,
    /// Write the report's figures as event files for `tensorboard --logdir FOLDER`. The default FOLDER is tensorboard, in
    /// the folder of the run
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, help_heading = "Report")]
    #[allow(clippy::option_option, reason = "clap's type of an option with an optional value")]
    pub tensorboard: Option<Option<PathBuf>>,

    /// JSON Lines output; the last line has "event":"done" or "error"
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// Print only the result, without progress bar and table
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
}

impl TrainArguments {
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
            patience: self.patience,
            keep_best: self.keep_best,
            network: None,
            hidden: self.hidden.clone(),
            activation: self.activation,
            init: self.init,
            optimizer: self.optimizer_config(self.optimizer),
            schedule: self.schedule,
            batch: self.batch,
            sampling: if self.without_replacement {
                Sampling::WithoutReplacement
            } else {
                Sampling::WithReplacement
            },
            length: self.epochs.map_or(Length::Steps(self.steps), Length::Epochs),
            seed: self.seed,
            precision: self.precision,
        }
    }
}

/// The largest default batch of tables and arrays.
const TABLE_BATCH: usize = 32;

/// The passes over tables and arrays.
const TABLE_EPOCHS: u64 = 200;

impl TrainArguments {
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

impl TrainArguments {
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

/// Parses a duration in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let time = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| "expected a number of seconds >= 0".to_owned())
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

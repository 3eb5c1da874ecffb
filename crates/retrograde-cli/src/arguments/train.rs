//! The options of `train`.

use super::SettingsArguments;
use clap::Args;
use retrograde::train::TrainingConfig;
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
  retrograde train --data homes.csv --target price --validation-fraction 0.1 --patience 20 --keep-best
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
    pub settings: SettingsArguments,

    /// Start from the weights in this safetensors file, of PyTorch (see docs/PYTORCH.md) or of another run, instead of random ones
    #[arg(long, value_name = "FILE", conflicts_with_all = ["init", "resume"], help_heading = "Network")]
    pub weights: Option<PathBuf>,
    /// Take this share of the training rows as a validation set, which then decides for --patience and --keep-best. The test
    /// rows are evaluated once, at the end
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = "Training")]
    pub validation_fraction: Option<f64>,
    /// Stop when the loss on the validation rows has not fallen below its lowest for so many epochs. Without
    /// --validation-fraction it is that on the test rows, which is then a little too good an estimate for new data
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<u64>, value_name = "EPOCHS", help_heading = "Training")]
    pub patience: Option<u64>,
    /// Keep the network of the epoch with the lowest loss on the validation rows, instead of the last. Without
    /// --validation-fraction it is that on the test rows, which is then a little too good an estimate for new data
    #[arg(long, help_heading = "Training")]
    pub keep_best: bool,
    /// The number of threads [default: number of CPUs]
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<usize>, value_name = "N", help_heading = "Training")]
    pub threads: Option<usize>,
    /// Save model and checkpoints in this folder, which must not contain a run
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Resume the complete, interrupted or killed run in this folder, bit for bit, with its own settings. Only --steps,
    /// --epochs, --threads and --checkpoint-every may differ, and --data if the data set has moved
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["out", "model"], help_heading = "Output")]
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
    /// The training config of these options.
    pub fn config(&self) -> TrainingConfig {
        TrainingConfig {
            patience: self.patience,
            keep_best: self.keep_best,
            validation_fraction: self.validation_fraction,
            ..self.settings.config()
        }
    }
}

/// Parses a duration in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let time = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| "expected a number of seconds >= 0".to_owned())
}

//! The options of `train`.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use retrograde::data::{Drawing, Source};
use retrograde::nn::{Activation, Init, Precision};
use retrograde::optim::{Rule, Schedule, Settings};
use retrograde::train::{Length, Recipe};
use std::path::PathBuf;
use std::time::Duration;

pub(super) const TRAIN_ABOUT: &str = "\
Train a multi-layer perceptron on images.

Without options it is the notebook's training: 784 inputs, 50 hidden units with relu, 10 outputs, weights of deviation \
0.01, 10,000 batches of 100, gradient descent with learning rate 0.1. The same seed gives the same numbers, bit for bit, on any number of \
threads.

Ctrl-C finishes the step, evaluates, saves (with --out) and says how to continue; a second Ctrl-C ends at once. What is \
killed without a warning loses seconds: see --checkpoint-every.";

pub(super) const TRAIN_EXAMPLES: &str = "\
Examples:
  retrograde train                                    the notebook's training
  retrograde train --out run                          and keep the model in the folder `run`
  retrograde train --hidden 200,100 --init he --epochs 20 --out deep
  retrograde train --optimizer adam --schedule cosine+warmup:500 --clip 1
  retrograde train --report                           and see it in a browser: report.html
  retrograde train --resume run --steps 20000         go on from where `run` ended
  retrograde train --json | tail -n 1                 the result, for programs";

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct TrainArguments {
    /// The data: auto, mnist-5k (4,000 + 1,000 digits inside this program), mnist (60,000 + 10,000, once fetched), or
    /// a folder with four IDX files. `auto` is mnist if it has been fetched, else mnist-5k
    #[arg(long, value_name = "auto|mnist-5k|mnist|FOLDER", default_value_t = Recipe::default().data, help_heading = "Data")]
    pub data: Source,

    /// The widths of the hidden layers
    #[arg(long, allow_negative_numbers = true, value_parser = super::whole::<usize>, value_name = "N[,N…]", value_delimiter = ',', default_values_t = Recipe::default().hidden, help_heading = "Network")]
    pub hidden: Vec<usize>,
    /// The function between two layers
    #[arg(long, value_name = "NAME", value_parser = activations(), default_value_t = Recipe::default().activation, help_heading = "Network")]
    pub activation: Activation,
    /// How the initial weights are drawn: normal with a deviation, or with one that suits the layer's width (xavier
    /// for sigmoid and tanh, he for relu), or zero
    #[arg(long, value_name = "normal:DEVIATION|xavier|he|zero", default_value_t = Recipe::default().init, help_heading = "Network")]
    pub init: Init,
    /// The precision of all numbers
    #[arg(long, value_name = "f32|f64", default_value_t = Recipe::default().precision, help_heading = "Network")]
    pub precision: Precision,

    /// How gradients change the weights
    #[arg(long, value_name = "NAME", value_parser = rules(), default_value_t = Rule::default(), help_heading = "Optimiser")]
    pub optimizer: Rule,
    /// How far a step goes against the gradient: larger learns faster, too large diverges [default: of sgd 0.1, of
    /// momentum, nesterov, adagrad and rmsprop 0.01, of adam and adamw 0.001]
    #[arg(long, value_name = "RATE", allow_negative_numbers = true, help_heading = "Optimiser")]
    pub learning_rate: Option<f64>,
    /// How the learning rate changes from step to step. step:1000:0.5 halves it after each 1,000 steps; cosine lets it
    /// fall to zero at the training's last step, cosine:20000 at that step. With +warmup:500 behind any of them, it
    /// first rises in a line over 500 steps, which lets adam and large batches begin calmly
    #[arg(long, value_name = "constant|step:STEPS:FACTOR|cosine[:STEPS][+warmup:STEPS]", default_value_t = Schedule::constant(), help_heading = "Optimiser")]
    pub schedule: Schedule,
    /// How much of its velocity a step keeps, from 0 to below 1, with momentum and nesterov [default: 0.9]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = "Optimiser")]
    pub momentum: Option<f64>,
    /// Pulls weights towards zero, against learning by heart: this times the weight is added to its gradient; with
    /// adamw it stands beside the gradient [default: 0, of adamw 0.01]
    #[arg(long, value_name = "SHARE", allow_negative_numbers = true, help_heading = "Optimiser")]
    pub weight_decay: Option<f64>,
    /// Shortens the gradient of all weights together to this norm when it is longer, against jumps
    #[arg(long, value_name = "NORM", allow_negative_numbers = true, help_heading = "Optimiser")]
    pub clip: Option<f64>,

    /// How many images a step looks at
    #[arg(long, allow_negative_numbers = true, value_parser = super::whole::<usize>, value_name = "ROWS", default_value_t = Recipe::default().batch, help_heading = "Training")]
    pub batch: usize,
    /// Draw batches from shuffled passes over the data, so that every image comes once an epoch
    #[arg(long, help_heading = "Training")]
    pub without_replacement: bool,
    /// How many steps in all
    #[arg(long, allow_negative_numbers = true, value_parser = super::whole::<u64>, value_name = "N", default_value_t = default_steps(), conflicts_with = "epochs", help_heading = "Training")]
    pub steps: u64,
    /// How many passes over the data, instead of --steps
    #[arg(long, allow_negative_numbers = true, value_parser = super::whole::<u64>, value_name = "N", help_heading = "Training")]
    pub epochs: Option<u64>,
    /// From what weights and batches are drawn
    #[arg(long, allow_negative_numbers = true, value_parser = super::whole::<u64>, value_name = "N", default_value_t = Recipe::default().seed, help_heading = "Training")]
    pub seed: u64,
    /// How many threads work [default: one a processor]
    #[arg(long, allow_negative_numbers = true, value_parser = super::whole::<usize>, value_name = "N", help_heading = "Training")]
    pub threads: Option<usize>,

    /// Keep model and checkpoints in this folder, which must hold no run yet
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Continue the run in this folder, bit for bit, with its own settings, however it ended: by itself, by Ctrl-C, or
    /// killed. Only --steps, --epochs, --threads and --checkpoint-every may be others, and --data if the same data is in another place now
    #[arg(long, value_name = "FOLDER", conflicts_with = "out", help_heading = "Output")]
    pub resume: Option<PathBuf>,
    /// Write a checkpoint into the folder when so many seconds have passed since the last one, after the step that is then
    /// done. That is what a training loses that is killed, or whose machine fails; Ctrl-C loses nothing. 0 writes one after
    /// each step [default: 2, or more where checkpoints would take more than 1 % of the time]
    #[arg(long, allow_negative_numbers = true, value_parser = seconds, value_name = "SECONDS", help_heading = "Output")]
    pub checkpoint_every: Option<Duration>,
    /// Show where the time of a step goes: each step of the plan with its share, what it reaches of this machine's peak, and
    /// what it makes; and how often the steps asked for memory
    #[arg(long, help_heading = "Report")]
    pub profile: bool,
    /// Write a report for a browser: one HTML file with curves, gradient and weight norms, dead units, confusions, the
    /// surest mistakes and the first layer's weights. It is written anew every few seconds: open it while the training
    /// goes on. Without FILE it is report.html, in the folder of the run if there is one. To record all this takes a few
    /// percent of the time; with --resume, a report in the folder is continued by itself
    #[arg(long, value_name = "FILE", num_args = 0..=1, help_heading = "Report")]
    #[allow(clippy::option_option, reason = "clap's way of an option whose value may be left out")]
    pub report: Option<Option<PathBuf>>,
    /// Write the report's figures as CSV: a row `figure,of,step,value` for each number, as spreadsheets and pandas read
    /// it. Without FILE it is report.csv, as above
    #[arg(long, value_name = "FILE", num_args = 0..=1, help_heading = "Report")]
    #[allow(clippy::option_option, reason = "clap's way of an option whose value may be left out")]
    pub csv: Option<Option<PathBuf>>,
    /// Write the report's figures as event files for `tensorboard --logdir FOLDER`. Without FOLDER it is tensorboard, as
    /// above
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, help_heading = "Report")]
    #[allow(clippy::option_option, reason = "clap's way of an option whose value may be left out")]
    pub tensorboard: Option<Option<PathBuf>>,

    /// For programs: one JSON object a line on standard output, the last with "event":"done" or "error"
    #[arg(long, help_heading = "Output")]
    pub json: bool,
    /// No progress bar and no table: only how it ended
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
}

impl TrainArguments {
    /// The optimiser that these options describe; what was left out is as is customary for the rule.
    fn settings(&self) -> Settings {
        let custom = Settings::of(self.optimizer);
        Settings {
            learning_rate: self.learning_rate.unwrap_or(custom.learning_rate),
            momentum: self.momentum.or(custom.momentum),
            weight_decay: self.weight_decay.unwrap_or(custom.weight_decay),
            clip: self.clip,
            ..custom
        }
    }

    /// The training that these options describe.
    pub fn recipe(&self) -> Recipe {
        Recipe {
            data: self.data.clone(),
            hidden: self.hidden.clone(),
            activation: self.activation,
            init: self.init,
            optimizer: self.settings(),
            schedule: self.schedule,
            batch: self.batch,
            drawing: if self.without_replacement {
                Drawing::WithoutReplacement
            } else {
                Drawing::WithReplacement
            },
            length: self.epochs.map_or(Length::Steps(self.steps), Length::Epochs),
            seed: self.seed,
            precision: self.precision,
        }
    }
}

/// A time in seconds.
fn seconds(text: &str) -> Result<Duration, String> {
    let time = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    time.ok_or_else(|| "a number of seconds is wanted, from 0 on".to_owned())
}

fn activations() -> impl TypedValueParser<Value = Activation> {
    PossibleValuesParser::new(Activation::ALL.map(Activation::name))
        .try_map(|name| name.parse::<Activation>())
}

fn rules() -> impl TypedValueParser<Value = Rule> {
    let values = Rule::ALL.map(|rule| PossibleValue::new(rule.name()).help(rule.summary()));
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Rule>())
}

fn default_steps() -> u64 {
    match Recipe::default().length {
        Length::Steps(number) | Length::Epochs(number) => number,
    }
}

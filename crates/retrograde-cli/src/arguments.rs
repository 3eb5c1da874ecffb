//! What can be typed: the commands, their options, and the help that teaches them.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Parser, Subcommand};
use retrograde::check::faults;
use retrograde::data::{Drawing, Source};
use retrograde::nn::{Activation, Init, Precision};
use retrograde::optim::{Rule, Schedule, Settings};
use retrograde::train::{Length, Recipe};
use retrograde::view::EXAMPLES;
use std::path::PathBuf;

/// Backpropagation as a glass box: trains networks, and shows what they do.
#[derive(Debug, Parser)]
#[command(name = "retrograde", version, max_term_width = 100, after_help = BEGIN)]
pub struct CommandLine {
    #[command(subcommand)]
    pub task: Option<Task>,
}

const BEGIN: &str = "\
Begin with:
  retrograde train --out run               train the notebook's network, keep it in the folder `run`
  retrograde predict --model run 7.png     ask it what digit a picture shows
  retrograde graph apple                   draw values and gradients on the edges of a graph
  retrograde check --fault softmax-batch   see what is wrong with a network, and why

Exit codes: 0 good, 1 failed, 2 wrong usage, 130 interrupted.";

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Train a network on handwritten digits
    #[command(long_about = TRAIN_ABOUT, after_long_help = TRAIN_EXAMPLES)]
    Train(Box<TrainArguments>),
    /// Ask a trained network what digit a picture shows
    #[command(long_about = PREDICT_ABOUT, after_long_help = PREDICT_EXAMPLES)]
    Predict(PredictArguments),
    /// Draw a graph: the value on each edge, and the gradient that flows back
    #[command(after_long_help = GRAPH_EXAMPLES)]
    Graph(GraphArguments),
    /// Check gradients against differences, and say what is wrong, where and why
    #[command(long_about = CHECK_ABOUT, after_long_help = CHECK_EXAMPLES)]
    Check(CheckArguments),
    /// List, fetch and look at data sets
    #[command(arg_required_else_help = true)]
    Data {
        #[command(subcommand)]
        task: DataTask,
    },
    /// List the operations: value, gradients, what each does
    Operations,
}

impl Task {
    /// Whether programs read the output.
    pub fn json(&self) -> bool {
        match self {
            Task::Train(arguments) => arguments.json,
            Task::Predict(arguments) => arguments.json,
            Task::Check(arguments) => arguments.json,
            Task::Graph(_) | Task::Data { .. } | Task::Operations => false,
        }
    }
}

const CHECK_ABOUT: &str = "\
Check gradients against differences, and say what is wrong, where and why.

Every parameter is moved a little to both sides, the loss is computed anew, and the slope is compared with the gradient \
that backpropagation gives; and each operation is checked alone, so that the first wrong one is named. Kinks and rounding \
are not taken for faults.

With --fault, a network written by hand with that mistake in one of its layers is checked instead: see what it looks \
like, which layer is named, what the cause is and what it would do to training.";

const CHECK_EXAMPLES: &str = "\
Examples:
  retrograde check                              the two-layer network: all of its 39,760 parameters
  retrograde check --directions                 the same in random directions: in milliseconds
  retrograde check --model run --rows 10        a network that `train --out run` has trained
  retrograde check --fault softmax-batch   the notebook's mistake, found and explained
  retrograde check --all-faults                 what every mistake of the catalogue is taken for

Exit codes: 0 no gradient is wrong, 1 one is, 2 wrong usage.";

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct CheckArguments {
    /// What to check: two-layer, which is the notebook's network with weights as at the beginning of training; or the
    /// folder of a training, or the file of a model
    #[arg(long, short, value_name = "two-layer|FOLDER|FILE", default_value = TWO_LAYER, conflicts_with_all = ["fault", "all_faults"])]
    pub model: PathBuf,
    /// On how many of the embedded digits
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub rows: usize,
    /// Put this mistake into the two-layer network, written by hand
    #[arg(long, value_name = "NAME", hide_possible_values = true, conflicts_with = "all_faults", value_parser = PossibleValuesParser::new(faults::all().map(|fault| PossibleValue::new(fault.name).help(fault.summary))))]
    pub fault: Option<String>,
    /// Try all mistakes of the catalogue, in a small network: a table of what each is taken for
    #[arg(long)]
    pub all_faults: bool,
    /// Move each block of parameters in a random direction, instead of one number after the other
    #[arg(long, conflicts_with_all = ["fault", "all_faults", "sample"])]
    pub directions: bool,
    /// Move only so many numbers of each block
    #[arg(long, value_name = "N", conflicts_with_all = ["fault", "all_faults"])]
    pub sample: Option<usize>,
    /// Check the derivative of the gradient, too
    #[arg(long, conflicts_with_all = ["fault", "all_faults"])]
    pub second_order: bool,
    /// The seed of what is drawn
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// For programs: one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Write the report as a page for a browser: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE", conflicts_with = "all_faults")]
    pub html: Option<PathBuf>,
    /// Write the report as Markdown
    #[arg(long, value_name = "FILE", conflicts_with = "all_faults")]
    pub markdown: Option<PathBuf>,
}

/// The name of the network that is not in a file.
pub const TWO_LAYER: &str = "two-layer";

const GRAPH_EXAMPLES: &str = "\
Examples:
  retrograde graph apple                  the book's first figure, and its chain rule in numbers
  retrograde graph two-layer --unfold     every operation of the network rather than its layers";

#[derive(Debug, Args)]
pub struct GraphArguments {
    /// Which graph
    #[arg(value_parser = PossibleValuesParser::new(EXAMPLES.iter().map(|example| PossibleValue::new(example.name).help(example.summary))))]
    pub name: String,

    /// Show the operations inside of layers rather than one box a layer
    #[arg(long)]
    pub unfold: bool,

    /// Draw with the letters of ASCII alone
    #[arg(long)]
    pub ascii: bool,

    /// How many columns to use [default: as many as the terminal has, or 100]
    #[arg(long, value_name = "COLUMNS")]
    pub width: Option<usize>,
}

const TRAIN_ABOUT: &str = "\
Train a multi-layer perceptron on images.

Without options it is the notebook's training: 784 inputs, 50 hidden units with relu, 10 outputs, weights of deviation \
0.01, 10,000 batches of 100, gradient descent with learning rate 0.1. The same seed gives the same numbers, bit for bit, on any number of \
threads.

Ctrl-C finishes the step, evaluates, saves (with --out) and says how to continue; a second Ctrl-C ends at once.";

const TRAIN_EXAMPLES: &str = "\
Examples:
  retrograde train                                    the notebook's training
  retrograde train --out run                          and keep the model in the folder `run`
  retrograde train --hidden 200,100 --init he --epochs 20 --out deep
  retrograde train --optimizer adam --schedule cosine+warmup:500 --clip 1
  retrograde train --report                           and see it in a browser: report.html
  retrograde train --resume run --steps 20000         go on from where `run` ended
  retrograde train --json | tail -n 1                 the result, for programs";

#[derive(Debug, Args)]
pub struct TrainArguments {
    /// The data: auto, mnist-5k (4,000 + 1,000 digits inside this program), mnist (60,000 + 10,000, once fetched), or
    /// a folder with four IDX files. `auto` is mnist if it has been fetched, else mnist-5k
    #[arg(long, value_name = "auto|mnist-5k|mnist|FOLDER", default_value_t = Recipe::default().data, help_heading = "Data")]
    pub data: Source,

    /// The widths of the hidden layers
    #[arg(long, value_name = "N[,N…]", value_delimiter = ',', default_values_t = Recipe::default().hidden, help_heading = "Network")]
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
    #[arg(long, value_name = "ROWS", default_value_t = Recipe::default().batch, help_heading = "Training")]
    pub batch: usize,
    /// Draw batches from shuffled passes over the data, so that every image comes once an epoch
    #[arg(long, help_heading = "Training")]
    pub without_replacement: bool,
    /// How many steps in all
    #[arg(long, value_name = "N", default_value_t = default_steps(), conflicts_with = "epochs", help_heading = "Training")]
    pub steps: u64,
    /// How many passes over the data, instead of --steps
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub epochs: Option<u64>,
    /// From what weights and batches are drawn
    #[arg(long, value_name = "N", default_value_t = Recipe::default().seed, help_heading = "Training")]
    pub seed: u64,
    /// How many threads work [default: one a processor]
    #[arg(long, value_name = "N", help_heading = "Training")]
    pub threads: Option<usize>,

    /// Keep model and checkpoints in this folder, which must hold no run yet
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    pub out: Option<PathBuf>,
    /// Continue the run in this folder, bit for bit, with its own settings; only --steps, --epochs and --threads may
    /// be others
    #[arg(long, value_name = "FOLDER", conflicts_with = "out", help_heading = "Output")]
    pub resume: Option<PathBuf>,
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

const PREDICT_ABOUT: &str = "\
Ask a trained network what digit a picture shows.

A picture is a PNG of any kind, or a raw file of 784 bytes, one a pixel, taken as it is. A PNG is brought into the form \
of MNIST, light ink on a dark ground: dark on light is inverted, and another size than 28 × 28 is cropped to its ink, \
scaled into 20 × 20 with its proportions kept, and centred by its mass. The answer says so, and what is drawn is what \
the network saw.";

const PREDICT_EXAMPLES: &str = "\
Examples:
  retrograde predict --model run 7.png
  retrograde predict --model run/model.safetensors scans/*.png --json";

#[derive(Debug, Args)]
pub struct PredictArguments {
    /// The folder of a training, or the file of a model
    #[arg(long, short, value_name = "FOLDER|FILE")]
    pub model: PathBuf,
    /// Pictures: PNG, or raw pixels
    #[arg(value_name = "IMAGE", required = true)]
    pub images: Vec<PathBuf>,
    /// For programs: one JSON object a line
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
pub enum DataTask {
    /// What data sets there are, and where
    List,
    /// Fetch the full MNIST (11.6 MB), verify it and keep it in the cache folder
    #[command(after_help = "It is kept in $RETROGRADE_CACHE, or else in the system's cache folder. \
        $RETROGRADE_MIRRORS names other http:// addresses to fetch it from.")]
    Fetch,
    /// Draw some images in the terminal
    Show(ShowArguments),
}

#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The data, as in `train`
    #[arg(long, value_name = "auto|mnist-5k|mnist|FOLDER", default_value_t = Source::Auto)]
    pub data: Source,
    /// How many images
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub count: usize,
    /// How many images to pass over first
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip: usize,
    /// Only images with this label
    #[arg(long, value_name = "LABEL")]
    pub label: Option<u32>,
    /// Images to test with, rather than to train on
    #[arg(long)]
    pub test: bool,
}

/// Which options were typed, rather than left at their defaults.
#[derive(Debug)]
pub struct Given<'a>(Option<&'a ArgMatches>);

impl<'a> Given<'a> {
    /// Of a command's matches.
    pub fn new(matches: Option<&'a ArgMatches>) -> Self {
        Given(matches)
    }

    /// Whether the option of this field was typed.
    pub fn has(&self, field: &str) -> bool {
        self.0.is_some_and(|matches| matches.value_source(field) == Some(ValueSource::CommandLine))
    }
}

//! What can be typed: the commands, their options, and the help that teaches them.

mod train;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Parser, Subcommand, ValueEnum};
use retrograde::check::Language;
use retrograde::data::Source;
use retrograde::faults;
use retrograde::nn::Precision;
use retrograde::view::EXAMPLES;
use std::path::PathBuf;
use std::str::FromStr;

pub use train::TrainArguments;
use train::{TRAIN_ABOUT, TRAIN_EXAMPLES};

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
  retrograde explain --model run 7.png -o why.html    see how it came to its answer
  retrograde check --fault softmax-batch   see what is wrong with a network, and why

Exit codes: 0 good, 1 failed, 2 wrong usage, 130 interrupted. Those of `check`: 1 a gradient is wrong, 2 any error.";

#[derive(Debug, Subcommand)]
pub enum Task {
    /// Train a network on handwritten digits
    #[command(long_about = TRAIN_ABOUT, after_long_help = TRAIN_EXAMPLES)]
    Train(Box<TrainArguments>),
    /// Ask a trained network what digit a picture shows
    #[command(long_about = PREDICT_ABOUT, after_long_help = PREDICT_EXAMPLES)]
    Predict(PredictArguments),
    /// Draw a graph: the value on each edge, and the gradient that flows back
    #[command(long_about = GRAPH_ABOUT, after_long_help = GRAPH_EXAMPLES)]
    Graph(GraphArguments),
    /// Show how a picture became a digit, and which pixels its gradient would change, as a page
    #[command(long_about = EXPLAIN_ABOUT, after_long_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArguments),
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
    /// The exit code of a failure. That of a wrong gradient is 1: it must not be taken for one.
    pub fn failed(&self) -> u8 {
        if matches!(self, Task::Check(_)) { 2 } else { 1 }
    }

    /// Whether programs read the output.
    pub fn json(&self) -> bool {
        match self {
            Task::Train(arguments) => arguments.json,
            Task::Predict(arguments) => arguments.json,
            Task::Check(arguments) => arguments.json,
            Task::Graph(_) | Task::Explain(_) | Task::Data { .. } | Task::Operations => false,
        }
    }
}

const CHECK_ABOUT: &str = "\
Check gradients against differences, and say what is wrong, where and why.

Every parameter, or a sample where that would take long, is moved a little to both sides, the loss is computed again, and the slope is compared with the gradient \
that backpropagation gives; and each operation is checked alone, so that the first wrong one is named. Kinks and rounding \
are not taken for faults.

With --fault, a network written by hand with that mistake in one of its layers is checked instead: see what it looks \
like, which layer is named, what the cause is and what it would do to training.";

const CHECK_EXAMPLES: &str = "\
Examples:
  retrograde check                              the two-layer network: all of its 39,760 parameters
  retrograde check --directions                 the same in random directions: in milliseconds
  retrograde check --model run --rows 10        a network that `train --out run` has trained
  retrograde check --fault softmax-batch        the notebook's mistake, found and explained
  retrograde check --all-faults                 what every mistake of the catalogue is taken for
  retrograde check --fault sign --language ko   the report in Korean

Exit codes: 0 no gradient is wrong, 1 one is, 2 it could not be checked.";

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct CheckArguments {
    /// What to check: two-layer, which is the notebook's network with weights as at the beginning of training; or the
    /// folder of a training, or the file of a model
    #[arg(long, short, value_name = "two-layer|FOLDER|FILE", default_value = TWO_LAYER, conflicts_with_all = ["fault", "all_faults"])]
    pub model: PathBuf,
    /// On how many of the embedded digits
    #[arg(long, allow_negative_numbers = true, value_parser = whole::<usize>, value_name = "N", default_value_t = 3)]
    pub rows: usize,
    /// Put this mistake into the two-layer network, written by hand
    #[arg(long, value_name = "NAME", hide_possible_values = true, conflicts_with = "all_faults", value_parser = PossibleValuesParser::new(faults::all().map(|fault| PossibleValue::new(fault.name).help(fault.summary().to_string()))))]
    pub fault: Option<String>,
    /// Try all mistakes of the catalogue, in a small network: a table of what each is taken for
    #[arg(long)]
    pub all_faults: bool,
    /// Move each block of parameters in a random direction, instead of one number after the other
    #[arg(long, conflicts_with_all = ["fault", "all_faults", "sample"])]
    pub directions: bool,
    /// Move only so many numbers of each block; unless it is given, all of a block or as many as take
    /// no long time, and the block along a random direction
    #[arg(long, allow_negative_numbers = true, value_parser = whole::<usize>, value_name = "N", conflicts_with_all = ["fault", "all_faults"])]
    pub sample: Option<usize>,
    /// The precision in which the gradient is computed; the differences are in f64
    #[arg(long, value_name = "f32|f64", default_value_t = Precision::F64, conflicts_with_all = ["fault", "all_faults"])]
    pub precision: Precision,
    /// Check the derivative of the gradient, too
    #[arg(long, conflicts_with_all = ["fault", "all_faults"])]
    pub second_order: bool,
    /// The seed of what is drawn
    #[arg(long, allow_negative_numbers = true, value_parser = whole::<u64>, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The language of the report [default: that of `RETROGRADE_LANG` or the locale]
    #[arg(long, value_name = "en|ko", value_parser = ["en", "ko"])]
    language: Option<String>,
    /// For programs: one JSON object a line, with its texts in all languages
    #[arg(long)]
    pub json: bool,
    /// Write the report as a page for a browser: one HTML file that needs nothing else
    #[arg(long, value_name = "FILE", conflicts_with = "all_faults")]
    pub html: Option<PathBuf>,
    /// Write the report as Markdown
    #[arg(long, value_name = "FILE", conflicts_with = "all_faults")]
    pub markdown: Option<PathBuf>,
}

impl CheckArguments {
    /// The language of the report: as asked for, or else that of the locale.
    pub fn language(&self) -> Language {
        let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let of_environment = || ["RETROGRADE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
        let locale = self.language.clone().or_else(of_environment);
        locale.map_or(Language::English, |locale| Language::of_locale(&locale))
    }
}

/// The name of the network that is not in a file.
pub const TWO_LAYER: &str = "two-layer";

const GRAPH_ABOUT: &str = "\
Draw a graph: the value on each edge, and the gradient that flows back.

A graph of the notebook by its name, or that of a trained model's loss on three test images. As html it is one page \
that needs nothing else: click what you want to see, open layers, play the forward and the backward pass step by step.";

const GRAPH_EXAMPLES: &str = "\
Examples:
  retrograde graph apple                      the book's first figure, its chain rule in numbers
  retrograde graph two-layer --unfold         every operation rather than one box a layer
  retrograde graph two-layer -f html -o net.html    a page to explore it
  retrograde graph --model run -f svg -o run.svg    a picture of a trained network
  retrograde graph apple --format dot | dot -Tpdf > apple.pdf
  retrograde graph apple --format json | jq .nodes";

/// The forms of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// For the terminal, with the chain rule in numbers below
    Text,
    /// For Graphviz
    Dot,
    /// A picture, in light and dark
    Svg,
    /// One page to explore it, without a network
    Html,
    /// Every number, for programs
    Json,
}

#[derive(Debug, Args)]
pub struct GraphArguments {
    /// Which graph
    #[arg(value_parser = PossibleValuesParser::new(EXAMPLES.iter().map(|example| PossibleValue::new(example.name).help(example.summary))), required_unless_present = "model", conflicts_with = "model")]
    pub name: Option<String>,

    /// The folder of a training, or the file of a model: its loss on the first three test images
    #[arg(long, short, value_name = "FOLDER|FILE")]
    pub model: Option<PathBuf>,

    /// Whose test images, as in `train`
    #[arg(long, value_name = "auto|mnist-5k|mnist|FOLDER", default_value_t = Source::Auto, conflicts_with = "name")]
    pub data: Source,

    /// The form
    #[arg(long, short, value_name = "FORM", value_enum, default_value_t = GraphFormat::Text)]
    pub format: GraphFormat,

    /// Write it into this file, whole or not at all, rather than on standard output. A file that is something else than
    /// such a drawing is not replaced
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Show the operations inside of layers rather than one box a layer
    #[arg(long)]
    pub unfold: bool,

    /// Draw with the letters of ASCII alone
    #[arg(long)]
    pub ascii: bool,

    /// How many columns to use [default: as many as the terminal has, or 100]
    #[arg(long, allow_negative_numbers = true, value_parser = whole::<usize>, value_name = "COLUMNS")]
    pub width: Option<usize>,
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

const EXPLAIN_ABOUT: &str = "\
Show how a picture became a digit, as one page that needs nothing else.

It has the probabilities, the units that spoke for the answer and against it, the pixels that the gradient of the loss \
would make brighter or darker, and the whole graph of it, forward and backward, to be explored. Pictures are taken as by \
`predict`.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  retrograde explain --model run 7.png -o why.html
  retrograde explain --model run 7.png --label 1 -o why-not-1.html";

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The folder of a training, or the file of a model
    #[arg(long, short, value_name = "FOLDER|FILE")]
    pub model: PathBuf,
    /// A picture: PNG, or raw pixels
    #[arg(value_name = "IMAGE")]
    pub image: PathBuf,
    /// What it should be: the loss is that of this label [default: the answer]
    #[arg(long, allow_negative_numbers = true, value_parser = whole::<usize>, value_name = "LABEL")]
    pub label: Option<usize>,
    /// Write the page into this file, whole or not at all, rather than on standard output. A file that is no page is not
    /// replaced
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
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
    #[arg(long, allow_negative_numbers = true, value_parser = whole::<usize>, value_name = "N", default_value_t = 4)]
    pub count: usize,
    /// How many images to pass over first
    #[arg(long, allow_negative_numbers = true, value_parser = whole::<usize>, value_name = "N", default_value_t = 0)]
    pub skip: usize,
    /// Only images with this label
    #[arg(long, allow_negative_numbers = true, value_parser = whole::<u32>, value_name = "LABEL")]
    pub label: Option<u32>,
    /// Images to test with, rather than to train on
    #[arg(long)]
    pub test: bool,
}

/// A number that counts something.
fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "a whole number is wanted, from 0 on".to_owned())
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

//! The command line: commands, options and their help.

mod data;
mod diagnose;
mod settings;
mod train;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Parser, Subcommand, ValueEnum};
use retrograde::check::Language;
use retrograde::data::DataSource;
use retrograde::faults;
use retrograde::nn::Precision;
use retrograde::plan::Pass;
use retrograde::view::EXAMPLES;
use std::path::PathBuf;
use std::str::FromStr;

pub use diagnose::DiagnoseArguments;
use diagnose::{DIAGNOSE_ABOUT, DIAGNOSE_EXAMPLES};
pub use settings::SettingsArguments;
pub use train::TrainArguments;
use train::{TRAIN_ABOUT, TRAIN_EXAMPLES};

/// Backpropagation as a glass box: trains networks and shows their values and gradients.
#[derive(Debug, Parser)]
#[command(name = "retrograde", version, max_term_width = 100, after_help = QUICK_START)]
pub struct CommandLine {
    #[command(subcommand)]
    pub command: Option<Command>,
}

const QUICK_START: &str = "\
Start with:
  retrograde train --out run               train the notebook's network and save it in the folder `run`
  retrograde predict --model run 7.png     classify a picture of a digit
  retrograde train --data iris.csv --target species --out flowers    your own table
  retrograde train --data poems.txt --out poet    a text; then: retrograde generate --model poet
  retrograde graph apple                   draw a graph with its values and gradients
  retrograde explain --model run 7.png -o why.html    explain a prediction
  retrograde check --fault softmax-batch   find a bug in the gradients of a network
  retrograde diagnose --model run          find out why a training does not learn

Exit codes: 0 success, 1 failure, 2 usage error, 130 interrupted. For `check`: 1 wrong gradient, 2 any error; \
for `diagnose`: 1 fault, 2 any error.";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Train a network on digits, or on your own tables, arrays and images
    #[command(long_about = TRAIN_ABOUT, after_long_help = TRAIN_EXAMPLES)]
    Train(Box<TrainArguments>),
    /// Predict with a trained network: classify pictures, or the rows of a table
    #[command(long_about = PREDICT_ABOUT, after_long_help = PREDICT_EXAMPLES)]
    Predict(PredictArguments),
    /// Continue a text with a network that was trained on one
    #[command(long_about = GENERATE_ABOUT, after_long_help = GENERATE_EXAMPLES)]
    Generate(GenerateArguments),
    /// Draw a graph with the value and the gradient on each edge
    #[command(long_about = GRAPH_ABOUT, after_long_help = GRAPH_EXAMPLES)]
    Graph(GraphArguments),
    /// Print the compiled plan of a graph or of a training step
    #[command(long_about = PLAN_ABOUT, after_long_help = PLAN_EXAMPLES)]
    Plan(PlanArguments),
    /// Explain a prediction as a web page: units, inputs and gradients
    #[command(long_about = EXPLAIN_ABOUT, after_long_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArguments),
    /// Write the weights of a model in a file for PyTorch
    #[command(long_about = EXPORT_ABOUT, after_long_help = EXPORT_EXAMPLES)]
    Export(ExportArguments),
    /// Check gradients against finite differences and diagnose errors
    #[command(long_about = CHECK_ABOUT, after_long_help = CHECK_EXAMPLES)]
    Check(CheckArguments),
    /// Why does a training not learn? The earliest cause, its evidence, and the change that repairs it
    #[command(long_about = DIAGNOSE_ABOUT, after_long_help = DIAGNOSE_EXAMPLES)]
    Diagnose(Box<DiagnoseArguments>),
    /// List, fetch and show data sets
    #[command(arg_required_else_help = true)]
    Data {
        #[command(subcommand)]
        command: DataCommand,
    },
    /// List the operations with their formulas and gradients
    Operations,
}

impl Command {
    /// The exit code of a failure. That of `check` differs from the code of a wrong gradient, which is 1.
    pub fn failure_code(&self) -> u8 {
        if matches!(self, Command::Check(_) | Command::Diagnose(_)) { 2 } else { 1 }
    }

    /// Whether the output is JSON Lines.
    pub fn json(&self) -> bool {
        match self {
            Command::Train(arguments) => arguments.json,
            Command::Predict(arguments) => arguments.json,
            Command::Check(arguments) => arguments.json,
            Command::Diagnose(arguments) => arguments.json,
            Command::Generate(_)
            | Command::Graph(_)
            | Command::Plan(_)
            | Command::Explain(_)
            | Command::Export(_)
            | Command::Data { .. }
            | Command::Operations => false,
        }
    }
}

const CHECK_ABOUT: &str = "\
Check gradients against finite differences and diagnose errors.

Every parameter, or a sample of large ones, is perturbed to both sides, and the slope of the loss is compared with the \
gradient of backpropagation. Each operation is also checked alone to find the first incorrect one. Kinks and rounding \
are not reported as errors.

With --fault, a handwritten network with this bug in one of its layers is checked instead. The report shows the incorrect \
layer, the cause, and the effect on training.";

const CHECK_EXAMPLES: &str = "\
Examples:
  retrograde check                              all 39,760 parameters of the two-layer network
  retrograde check --directions                 random directions only, in milliseconds
  retrograde check --model run --rows 10        a network trained by `train --out run`
  retrograde check --fault softmax-batch        the notebook's bug, with its diagnosis
  retrograde check --all-faults                 run every known bug and show its diagnosis
  retrograde check --fault sign --language ko   the report in Korean

Exit codes: 0 all gradients are correct or inconclusive, 1 a gradient is wrong, 2 any error.";

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct CheckArguments {
    /// The network: two-layer (the notebook's, with initial weights), the folder of a run, or a model file
    #[arg(long, short, value_name = "two-layer|FOLDER|FILE", default_value = TWO_LAYER, conflicts_with_all = ["fault", "all_faults"])]
    pub model: PathBuf,
    /// The number of rows: of the training rows of the run, or of the embedded digits
    #[arg(long, allow_negative_numbers = true, value_parser = count::<usize>, value_name = "N", default_value_t = 3)]
    pub rows: usize,
    /// Check a handwritten two-layer network with this bug
    #[arg(long, value_name = "NAME", hide_possible_values = true, conflicts_with = "all_faults", value_parser = PossibleValuesParser::new(faults::all().map(|fault| PossibleValue::new(fault.name).help(fault.summary().to_string()))))]
    pub fault: Option<String>,
    /// Run every known bug in a small network and show its diagnosis
    #[arg(long)]
    pub all_faults: bool,
    /// Perturb each parameter tensor in a random direction instead of element by element
    #[arg(long, conflicts_with_all = ["fault", "all_faults", "sample"])]
    pub directions: bool,
    /// Perturb only this number of elements of each parameter tensor [default: all, or a sample of a large tensor and a
    /// random direction]
    #[arg(long, allow_negative_numbers = true, value_parser = count::<usize>, value_name = "N", conflicts_with_all = ["fault", "all_faults"])]
    pub sample: Option<usize>,
    /// The precision of the gradient; the differences are in f64
    #[arg(long, value_name = "f32|f64", default_value_t = Precision::F64, conflicts_with_all = ["fault", "all_faults"])]
    pub precision: Precision,
    /// Check also the derivative of the gradient
    #[arg(long, conflicts_with_all = ["fault", "all_faults"])]
    pub second_order: bool,
    /// Random seed
    #[arg(long, allow_negative_numbers = true, value_parser = count::<u64>, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// The language of the report [default: from `RETROGRADE_LANG` or the locale]
    #[arg(long, value_name = "en|ko", value_parser = ["en", "ko"])]
    language: Option<String>,
    /// JSON Lines output, with texts in all languages
    #[arg(long)]
    pub json: bool,
    /// Write the report as a self-contained HTML file
    #[arg(long, value_name = "FILE", conflicts_with = "all_faults")]
    pub html: Option<PathBuf>,
    /// Write the report as Markdown
    #[arg(long, value_name = "FILE", conflicts_with = "all_faults")]
    pub markdown: Option<PathBuf>,
}

impl CheckArguments {
    /// The language of the report: the option, or that of the locale.
    pub fn language(&self) -> Language {
        language(self.language.as_deref())
    }
}

/// The language of a report: that of the option, or of the locale.
fn language(option: Option<&str>) -> Language {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let of_environment = || ["RETROGRADE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
    let locale = option.map(ToOwned::to_owned).or_else(of_environment);
    locale.map_or(Language::English, |locale| Language::of_locale(&locale))
}

/// The value of `--model` for the notebook's network.
pub const TWO_LAYER: &str = "two-layer";

const GRAPH_ABOUT: &str = "\
Draw a graph with the value and the gradient on each edge.

The graph is one of the notebook's, or the loss of a trained model on three test rows. The html format is a \
self-contained page with details of each node, collapsible layers, and the forward and backward pass step by step.";

const GRAPH_EXAMPLES: &str = "\
Examples:
  retrograde graph apple                      the book's first figure, with the chain rule in numbers
  retrograde graph two-layer --unfold         every operation instead of one box per layer
  retrograde graph two-layer -f html -o net.html    an interactive page
  retrograde graph --model run -f svg -o run.svg    an image of a trained network
  retrograde graph apple --format dot | dot -Tpdf > apple.pdf
  retrograde graph apple --format json | jq .nodes";

/// The formats of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Terminal, with the chain rule in numbers
    Text,
    /// Graphviz
    Dot,
    /// Image, for light and dark themes
    Svg,
    /// Interactive self-contained page
    Html,
    /// All values, for programs
    Json,
}

#[derive(Debug, Args)]
pub struct GraphArguments {
    /// The graph
    #[arg(value_parser = PossibleValuesParser::new(EXAMPLES.iter().map(|example| PossibleValue::new(example.name).help(example.summary))), required_unless_present = "model", conflicts_with = "model")]
    pub name: Option<String>,

    /// The folder of a run, or a model file: the graph of its loss on the first three test rows
    #[arg(long, short, value_name = "FOLDER|FILE")]
    pub model: Option<PathBuf>,

    /// Another data set than that of the run, as in `train`
    #[arg(long, value_name = "NAME|FILE|FOLDER", conflicts_with = "name")]
    pub data: Option<DataSource>,

    /// The format
    #[arg(long, short, value_name = "FORM", value_enum, default_value_t = GraphFormat::Text)]
    pub format: GraphFormat,

    /// Write to this file, atomically, instead of standard output. Only a file of the same kind is replaced
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Show the operations inside layers instead of one box per layer
    #[arg(long)]
    pub unfold: bool,

    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,

    /// The number of columns [default: the width of the terminal, or 100]
    #[arg(long, allow_negative_numbers = true, value_parser = count::<usize>, value_name = "COLUMNS")]
    pub width: Option<usize>,
}

const PLAN_ABOUT: &str = "\
Print what the compiler made of a graph: values, fusion groups, parallel regions, memory, steps.

The graph is an example and its gradients, or the training step of a model. The plan is printed after the last pass, or after \
the one that is named: simplify, stages, views, bounds, fuse, schedule, compress, regions, epilogues, place, lower.";

const PLAN_EXAMPLES: &str = "\
Examples:
  retrograde plan two-layer                   the loss of the two-layer network and its gradients
  retrograde plan --model run --threads 2     the training step of a trained network
  retrograde plan apple --after fuse          only as far as the fusion groups
  retrograde plan two-layer --format dot | dot -Tsvg > plan.svg";

/// The formats of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// Values, groups, regions, memory and steps
    Text,
    /// The groups and what flows between them, for Graphviz
    Dot,
}

#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The graph
    #[arg(value_parser = PossibleValuesParser::new(EXAMPLES.iter().map(|example| PossibleValue::new(example.name).help(example.summary))), required_unless_present = "model", conflicts_with = "model")]
    pub name: Option<String>,

    /// The folder of a training: its training step; or the file of a model: a step of gradient descent on 100 digits
    #[arg(long, short, value_name = "FOLDER|FILE")]
    pub model: Option<PathBuf>,

    /// The pass after which the plan is printed
    #[arg(long, value_name = "PASS", default_value_t = Pass::Lower)]
    pub after: Pass,

    /// The format
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t = PlanFormat::Text)]
    pub format: PlanFormat,

    /// How many threads the plan is for
    #[arg(long, allow_negative_numbers = true, value_parser = count::<usize>, value_name = "N", default_value_t = 1)]
    pub threads: usize,
}

const PREDICT_ABOUT: &str = "\
Predict with a trained network: classify pictures, or the rows of a table.

Of a run on a table, FILE is a table with the same columns, in any order; others are kept and not used. The output is CSV: the \
rows with the predicted class and its probability, or the predicted number. A category that the training had not is an \
error with its line, column and value.

Of a run on a folder of images, FILE is a PNG or JPEG, scaled as those of the training.

Of a run on digits, a picture is a PNG, or a raw file of 784 bytes, one per pixel, which is used unchanged. A PNG is converted to the format \
of MNIST, light ink on a dark background: dark on light is inverted, and a size other than 28 × 28 is cropped to the ink, \
scaled to 20 × 20 with its aspect ratio preserved, and centered by its mass. The output reports these changes and draws \
the converted picture.";

const PREDICT_EXAMPLES: &str = "\
Examples:
  retrograde predict --model run 7.png
  retrograde predict --model flowers new.csv > predicted.csv
  retrograde predict --model flowers new.csv --json
  retrograde predict --model run/model.safetensors scans/*.png --json";

#[derive(Debug, Args)]
pub struct PredictArguments {
    /// The folder of a run, or a model file
    #[arg(long, short, value_name = "FOLDER|FILE")]
    pub model: PathBuf,
    /// PNG files or raw pixels; tables (.csv, .tsv, .txt) for a run on a table
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// JSON Lines output
    #[arg(long)]
    pub json: bool,
}

const GENERATE_ABOUT: &str = "\
Continue a text with a network that was trained on one, a character at a time.

Each character is drawn by the probabilities of the network, given the characters before it. The same seed gives the same \
text.";

const GENERATE_EXAMPLES: &str = "\
Examples:
  retrograde train --data poems.txt --out poet
  retrograde generate --model poet
  retrograde generate --model poet --prompt \"The moon\" --length 200 --temperature 0.8";

#[derive(Debug, Args)]
pub struct GenerateArguments {
    /// The folder of a run on a text, or its model file
    #[arg(long, short, value_name = "FOLDER|FILE")]
    pub model: PathBuf,
    /// The text that is continued
    #[arg(long, short, value_name = "TEXT", allow_hyphen_values = true, default_value = "")]
    pub prompt: String,
    /// The number of characters
    #[arg(long, allow_negative_numbers = true, value_parser = count::<usize>, value_name = "N", default_value_t = 500)]
    pub length: usize,
    /// Below 1 for more probable texts, above 1 for more surprising ones; 0 takes the most probable character each time
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER", default_value_t = 1.0)]
    pub temperature: f64,
    /// The random seed
    #[arg(long, allow_negative_numbers = true, value_parser = count::<u64>, value_name = "N", default_value_t = 0)]
    pub seed: u64,
}

const EXPLAIN_ABOUT: &str = "\
Explain a prediction as a self-contained web page.

The page shows the probabilities or the predicted number, the units for and against it, the pixels that the gradient of \
the loss would brighten or darken or what each column adds to the number, the filters and feature maps of convolutions, \
the weights of attention, and the interactive graph of the forward and backward pass. Pictures are converted as by \
`predict`.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  retrograde explain --model run 7.png -o why.html
  retrograde explain --model run 7.png --label 1 -o why-not-1.html
  retrograde explain --model flowers new.csv --row 3 --label setosa -o why.html";

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// The folder of a run, or a model file
    #[arg(long, short, value_name = "FOLDER|FILE")]
    pub model: PathBuf,
    /// A PNG file, or raw pixels; a table for a run on a table
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The row of a table, counted from 1
    #[arg(long, allow_negative_numbers = true, value_parser = count::<usize>, value_name = "N", default_value_t = 1)]
    pub row: usize,
    /// The label of the loss, a class by its name or number [default: the predicted class]
    #[arg(long, allow_hyphen_values = true, value_name = "LABEL")]
    pub label: Option<String>,
    /// Write the page to this file, atomically, instead of standard output. Only a file of the same kind is replaced
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

const EXPORT_ABOUT: &str = "\
Write the weights of a model in a file for another program.

A PyTorch file is in the format safetensors, with the names, the layouts and the element types of PyTorch's state_dict: a \
module with the same layers takes it with load_state_dict(load_file(FILE), strict=True). docs/PYTORCH.md tells which module \
that is. The other way, `train --weights FILE` starts from PyTorch's weights.";

const EXPORT_EXAMPLES: &str = "\
Examples:
  retrograde export --model run -o weights.safetensors
  retrograde export --model run/model.safetensors --precision f64 -o weights.safetensors";

/// The formats of weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Safetensors with PyTorch's names and layouts
    Pytorch,
}

#[derive(Debug, Args)]
pub struct ExportArguments {
    /// The folder of a run, or a model file
    #[arg(long, short, value_name = "FOLDER|FILE")]
    pub model: PathBuf,
    /// The format
    #[arg(long, short, value_name = "FORMAT", value_enum, default_value_t = ExportFormat::Pytorch)]
    pub format: ExportFormat,
    /// The floating-point precision in the file
    #[arg(long, value_name = "f32|f64", default_value_t = Precision::F32)]
    pub precision: Precision,
    /// Write to this file, atomically. No file is replaced
    #[arg(long, short, value_name = "FILE")]
    pub output: PathBuf,
}

#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// List the data sets
    List,
    /// Fetch the full MNIST (11.6 MB), verify and cache it
    #[command(after_help = "The cache folder is $RETROGRADE_CACHE, or that of the system. \
        $RETROGRADE_MIRRORS sets other http:// mirrors.")]
    Fetch,
    /// Draw images in the terminal
    Show(ShowArguments),
}

#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The data set, as in `train`
    #[arg(long, value_name = "auto|mnist-5k|mnist|FOLDER", default_value_t = DataSource::Auto)]
    pub data: DataSource,
    /// The number of images
    #[arg(long, allow_negative_numbers = true, value_parser = count::<usize>, value_name = "N", default_value_t = 4)]
    pub count: usize,
    /// The number of images to skip
    #[arg(long, allow_negative_numbers = true, value_parser = count::<usize>, value_name = "N", default_value_t = 0)]
    pub skip: usize,
    /// Only images with this label
    #[arg(long, allow_negative_numbers = true, value_parser = count::<u32>, value_name = "LABEL")]
    pub label: Option<u32>,
    /// Show the test set instead of the training set
    #[arg(long)]
    pub test: bool,
}

/// Parses a count.
fn count<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "expected an integer >= 0".to_owned())
}

/// The options that were set on the command line, not by a default.
#[derive(Debug)]
pub struct ExplicitOptions<'a>(Option<&'a ArgMatches>);

impl<'a> ExplicitOptions<'a> {
    /// The explicit options of a command.
    pub fn new(matches: Option<&'a ArgMatches>) -> Self {
        ExplicitOptions(matches)
    }

    /// Whether the option of this field is explicit.
    pub fn contains(&self, field: &str) -> bool {
        self.0.is_some_and(|matches| matches.value_source(field) == Some(ValueSource::CommandLine))
    }
}

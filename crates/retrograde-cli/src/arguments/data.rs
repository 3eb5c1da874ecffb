//! The options of `train` that say how the data are read.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use retrograde::data::{DataOptions, DataSource, DecimalMark, MissingValues, Task, UnseenCategories};
use retrograde::train::TrainingConfig;

/// The mark between the whole part and the fraction of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Decimal {
    /// 0.5
    Point,
    /// 0,5
    Comma,
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct DataArguments {
    /// The data: mnist-5k (4,000 + 1,000 embedded digits), mnist (60,000 + 10,000, see `data fetch`), auto (mnist if it is
    /// cached, otherwise mnist-5k), or of your own: a table (.csv, .tsv, .txt; with --target), a text (.txt), arrays x and y of NumPy (.npz),
    /// a folder with a folder of PNG or JPEG files for each class, or a folder with four IDX files
    #[arg(long, value_name = "NAME|FILE|FOLDER", default_value_t = TrainingConfig::default().data, help_heading = "Data")]
    pub data: DataSource,
    /// The column of a table to predict, by its name, or its number counted from 1
    #[arg(long, value_name = "COLUMN", help_heading = "Data")]
    pub target: Option<String>,
    /// What is predicted: one of several classes, or a number [default: by the target: numbers are a regression, unless they
    /// are at most 20 different whole numbers that come again]
    #[arg(long, value_name = "TASK", value_parser = tasks(), help_heading = "Data")]
    pub task: Option<Task>,
    /// The columns of a table to predict from [default: all columns of numbers and categories]
    #[arg(long, value_name = "COLUMN[,COLUMN…]", value_delimiter = ',', help_heading = "Data")]
    pub features: Option<Vec<String>>,
    /// Columns of a table to leave out, for example of identifiers
    #[arg(long, value_name = "COLUMN[,COLUMN…]", value_delimiter = ',', help_heading = "Data")]
    pub exclude: Vec<String>,
    /// The share of the rows that are kept for the test
    #[arg(long, value_name = "SHARE", default_value_t = DataOptions::default().test_fraction, allow_negative_numbers = true, help_heading = "Data")]
    pub test_fraction: f64,
    /// The random seed of the split into training and test rows
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<u64>, value_name = "N", default_value_t = DataOptions::default().split_seed, help_heading = "Data")]
    pub split_seed: u64,
    /// Use the numbers of a table as they are, instead of scaling them to mean 0 and deviation 1
    #[arg(long, help_heading = "Data")]
    pub no_standardize: bool,
    /// Stop at a missing value of a feature, instead of filling in the mean, or a category of its own
    #[arg(long, help_heading = "Data")]
    pub refuse_missing: bool,
    /// Let `predict` take categories that the training had not, as no category, instead of stopping
    #[arg(long, help_heading = "Data")]
    pub ignore_unseen: bool,
    /// The delimiter of a table; a tab is \t [default: recognized]
    #[arg(long, value_name = "CHARACTER", value_parser = character, help_heading = "Data")]
    pub delimiter: Option<char>,
    /// The decimal mark of a table [default: recognized]
    #[arg(long, value_name = "point|comma", value_enum, help_heading = "Data")]
    pub decimal: Option<Decimal>,
    /// The characters of a text that a network sees
    #[arg(long, allow_negative_numbers = true, value_parser = super::count::<usize>, value_name = "N", default_value_t = DataOptions::default().context, help_heading = "Data")]
    pub context: usize,
    /// The encoding of a table or text, for example cp949 [default: recognized]
    #[arg(long, value_name = "NAME", help_heading = "Data")]
    pub encoding: Option<String>,
    /// The first line of a table is a row, not names; columns then have numbers [default: recognized]
    #[arg(long, help_heading = "Data")]
    pub no_header: bool,
    /// The size of the images of a folder [default: their own, at most 64 × 64]
    #[arg(long, value_name = "ROWSxCOLUMNS", value_parser = size, help_heading = "Data")]
    pub image_size: Option<[usize; 2]>,
    /// Leave the rows of tables, arrays, IDX files and image folders in a file, and read them as they are needed: the same
    /// results, with little memory [default: if they might take more than half of the memory that is available]
    #[arg(long, help_heading = "Data")]
    pub in_pieces: bool,
}

impl DataArguments {
    /// How the data are read; `None` without a choice.
    pub fn reading(&self) -> Option<DataOptions> {
        let options = DataOptions {
            target: self.target.clone(),
            task: self.task,
            features: self.features.clone(),
            excluded: self.exclude.clone(),
            missing: if self.refuse_missing { MissingValues::Refuse } else { MissingValues::default() },
            unseen: if self.ignore_unseen { UnseenCategories::Zeros } else { UnseenCategories::default() },
            standardize: !self.no_standardize,
            test_fraction: self.test_fraction,
            split_seed: self.split_seed,
            context: self.context,
            encoding: self.encoding.clone(),
            delimiter: self.delimiter,
            decimal_mark: self.decimal.map(|decimal| match decimal {
                Decimal::Point => DecimalMark::Point,
                Decimal::Comma => DecimalMark::Comma,
            }),
            header: self.no_header.then_some(false),
            image_size: self.image_size,
            in_pieces: self.in_pieces,
            scratch: None,
        };
        (options != DataOptions::default()).then_some(options)
    }
}

fn tasks() -> impl TypedValueParser<Value = Task> {
    let values = [
        ("classification", "one of several classes"),
        ("regression", "real numbers"),
        ("multi-label", "any number of labels, of arrays"),
    ];
    PossibleValuesParser::new(values.map(|(name, help)| PossibleValue::new(name).help(help))).map(|name| {
        match &*name {
            "regression" => Task::Regression,
            "multi-label" => Task::MultiLabel,
            _ => Task::Classification,
        }
    })
}

fn character(text: &str) -> Result<char, String> {
    let mut characters = text.chars();
    match (text, characters.next(), characters.next()) {
        ("\\t" | "tab", ..) => Ok('\t'),
        (_, Some(character), None) => Ok(character),
        _ => Err("expected one character, or \\t for a tab".to_owned()),
    }
}

fn size(text: &str) -> Result<[usize; 2], String> {
    let sides = text
        .split_once(['x', '×'])
        .and_then(|(rows, columns)| Some([rows.parse().ok()?, columns.parse().ok()?]));
    sides.ok_or_else(|| "expected ROWSxCOLUMNS, for example 28x28".to_owned())
}

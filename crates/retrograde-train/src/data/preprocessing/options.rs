//! The choices of a preprocessing.

use std::fmt;

use retrograde_base::Result;
use serde::{Deserialize, Serialize};

use super::prepared::{self, Prepared};
use crate::data::table::Table;

/// What is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Task {
    /// One of several classes.
    Classification,
    /// Real numbers.
    Regression,
    /// Any number of labels, each of which is true or not. A table has no such targets; arrays have.
    MultiLabel,
    /// The token behind each token of a text.
    NextToken,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Task::Classification => "classification",
            Task::Regression => "regression",
            Task::MultiLabel => "multi-label classification",
            Task::NextToken => "next-token prediction",
        })
    }
}

/// What a missing value of a feature becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MissingValues {
    /// A number becomes the mean of the training rows, a category one of its own. A missing category is an unseen one
    /// ([`UnseenCategories`]) if the table of the training had none.
    #[default]
    Fill,
    /// An error.
    Refuse,
}

/// What a category of new rows that the training had not becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnseenCategories {
    /// An error.
    #[default]
    Refuse,
    /// A row with 0 in all columns of the feature, as with `handle_unknown="ignore"` of scikit-learn.
    Zeros,
}

/// The choices: the target, the features, and how they become numbers.
///
/// # Examples
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::{Preprocessing, TableReader};
///
/// let file = b"size,kind,price\n50,flat,100\n70,flat,140\n90,house,210\n110,house,230\n";
/// let homes = TableReader::new().parse("homes.csv", file)?;
/// let prepared = Preprocessing::new("price").test_fraction(0.25).fit(&homes)?;
/// assert_eq!(prepared.preprocessor.feature_names(), ["size", "kind=flat", "kind=house"]);
/// assert_eq!((prepared.train.len(), prepared.train.row_len()), (3, 3));
///
/// // New rows, with the columns in another order.
/// let file = b"kind,size\nhouse,100\n";
/// let new = prepared.preprocessor.reader().parse("new.csv", file)?;
/// let features = prepared.preprocessor.transform(&new)?;
/// assert_eq!(features.row(0).map(|row| (row[1], row[2])), Some((0.0, 1.0)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Preprocessing {
    pub(super) target: String,
    pub(super) task: Option<Task>,
    pub(super) features: Option<Vec<String>>,
    pub(super) excluded: Vec<String>,
    pub(super) missing: MissingValues,
    pub(super) unseen: UnseenCategories,
    pub(super) standardize: bool,
    pub(super) standardize_target: bool,
    pub(super) test_fraction: f64,
    pub(super) seed: u64,
}

impl Preprocessing {
    /// A preprocessing that predicts this column (its name, or its number counted from 1) from all other columns of numbers
    /// and categories.
    pub fn new(target: impl Into<String>) -> Self {
        Preprocessing {
            target: target.into(),
            task: None,
            features: None,
            excluded: Vec::new(),
            missing: MissingValues::default(),
            unseen: UnseenCategories::default(),
            standardize: true,
            standardize_target: true,
            test_fraction: 0.2,
            seed: 0,
        }
    }

    /// The task. The default is classification for a target of categories or of at most 20 different whole numbers, and
    /// regression for other numbers.
    pub fn task(mut self, task: Task) -> Self {
        self.task = Some(task);
        self
    }

    /// The columns that are features, by name or number. Text that is named here is used as numbers or categories.
    pub fn features<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.features = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// Columns that are no features, by name or number.
    pub fn exclude<S: Into<String>>(mut self, columns: impl IntoIterator<Item = S>) -> Self {
        self.excluded.extend(columns.into_iter().map(Into::into));
        self
    }

    /// What missing values of features become. Rows without a target are always left out.
    pub fn missing_values(mut self, missing: MissingValues) -> Self {
        self.missing = missing;
        self
    }

    /// What categories that only new rows have become.
    pub fn unseen_categories(mut self, unseen: UnseenCategories) -> Self {
        self.unseen = unseen;
        self
    }

    /// Whether numbers of features are standardized (default) or used as they are.
    pub fn standardize(mut self, standardize: bool) -> Self {
        self.standardize = standardize;
        self
    }

    /// Whether the targets of a regression are standardized (default) or used as they are.
    pub fn standardize_target(mut self, standardize: bool) -> Self {
        self.standardize_target = standardize;
        self
    }

    /// The share of the rows that are test rows, between 0 and 1; the default is 0.2.
    pub fn test_fraction(mut self, fraction: f64) -> Self {
        self.test_fraction = fraction;
        self
    }

    /// The seed of the split into training and test rows. Classes are stratified.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Learns from a table and encodes its rows.
    ///
    /// # Errors
    /// [`Error::Invalid`](retrograde_base::Error::Invalid) if the target or a feature is not a column, there is no feature, a
    /// column is target and feature, there is a single class, or the rows cannot be split.
    /// [`Error::Format`](retrograde_base::Error::Format) with line, column and value if a cell is no number, or missing and
    /// refused. [`Error::OutOfMemory`](retrograde_base::Error::OutOfMemory).
    pub fn fit(&self, table: &Table) -> Result<Prepared> {
        prepared::prepare(self, table)
    }
}

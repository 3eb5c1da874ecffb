//! The application of a preprocessing to a table.

use std::fmt;

use retrograde_base::number::short;
use retrograde_base::printable::printable;
use retrograde_base::{Error, Result};

use super::categories::Categories;
use super::feature::{Cells, Feature, FeatureEncoding, Policies};
use super::options::{MissingValues, Preprocessing, Task};
use super::preprocessor::Preprocessor;
use super::split::Split;
use super::target::Target;
use crate::data::table::{ColumnType, Table, column_of, counted, listed};
use crate::data::{Dataset, DatasetDescription, Samples};

/// A prepared table: the numbers of its training and test rows, and the preprocessor that makes the same of new rows.
///
/// `Display` states the choices, defaults included.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// Makes the same numbers of new rows.
    pub preprocessor: Preprocessor,
    /// The training rows, in the order of the table.
    pub train: Samples,
    /// The test rows, in the order of the table.
    pub test: Samples,
    pub(super) notes: Vec<String>,
}

impl Prepared {
    /// The data set of the training and test rows, with the names of the classes and features.
    ///
    /// # Errors
    /// As [`Dataset::new`].
    pub fn dataset(&self, name: impl Into<String>) -> Result<Dataset> {
        let target = self.preprocessor.target();
        let description = DatasetDescription {
            task: target.task(),
            class_names: target.classes().to_vec(),
            feature_names: self.preprocessor.feature_names(),
            row_shape: vec![self.preprocessor.width()],
            notes: self.notes.clone(),
            preprocessor: Some(self.preprocessor.clone()),
        };
        Dataset::new(name, self.train.clone(), self.test.clone())?.described(description)
    }

    /// What was chosen, a sentence for each choice.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

/// The most different whole numbers of a target that are taken for classes.
const MAX_WHOLE_CLASSES: usize = 20;

/// Applies `choices` to a table.
pub(super) fn prepare(choices: &Preprocessing, table: &Table) -> Result<Prepared> {
    let target = table.find(&choices.target)?;
    let (task, reason) = task_of(choices, table, target, || whole_classes(table, target))?;
    let columns = feature_columns(choices, table, target)?;
    let rows: Vec<usize> = (0..table.rows()).filter(|row| table.present(*row, target).is_some()).collect();
    let split = split(choices, table, target, task, &rows)?;
    let scale_by = choices.standardize_target.then_some(&split.train[..]);
    let learned_target = Target::fit(table, target, task, &rows, scale_by)?;
    let fit = |column: &usize| {
        let all = Cells { table, column: *column, rows: &rows };
        Feature::fit(all, &split.train, choices.standardize)
    };
    let features = columns.iter().map(fit).collect::<Result<Vec<_>>>()?;
    let policies = Policies { missing: choices.missing, unseen: choices.unseen };
    let preprocessor = Preprocessor::new(table, features, learned_target, policies);
    let samples = |rows: &[usize]| {
        let features = preprocessor.encode(table, rows)?;
        Samples::new(features, preprocessor.target().encode(table, target, rows)?)
    };
    let (train, test) = (samples(&split.train)?, samples(&split.test)?);
    let reason = format!("{task} ({reason})");
    let notes = notes(choices, (table, table.rows()), &preprocessor, &columns, target, &split, &reason);
    Ok(Prepared { preprocessor, train, test, notes })
}

/// The task and the reason for it. `whole_classes` counts the different targets.
pub(super) fn task_of(
    choices: &Preprocessing,
    table: &Table,
    target: usize,
    whole_classes: impl FnOnce() -> Result<Option<usize>>,
) -> Result<(Task, String)> {
    if let Some(task) = choices.task {
        if matches!(task, Task::MultiLabel | Task::NextToken) {
            let help = "choose classification or regression; arrays can have several labels";
            return Err(Error::invalid("task", "a column of a table has one label for each row", help));
        }
        return Ok((task, "chosen".to_owned()));
    }
    let column = &table.columns()[target];
    match column.column_type() {
        ColumnType::Category => Ok((Task::Classification, "its values are categories".to_owned())),
        ColumnType::Number => Ok(match whole_classes()? {
            Some(count) => (Task::Classification, format!("{count} different whole numbers")),
            None => (Task::Regression, "its values are numbers".to_owned()),
        }),
        ColumnType::Text => {
            let problem = format!("{} is text: its values do not come again", column_of(column.name()));
            Err(Error::invalid("target", problem, "choose a column of numbers or categories, or the task"))
        }
    }
}

/// The number of different targets, if they are few whole numbers and each comes twice on average.
fn whole_classes(table: &Table, target: usize) -> Result<Option<usize>> {
    let mut found = WholeClasses::default();
    for row in 0..table.rows() {
        if table.number(row, target)?.is_some_and(|number| !found.push(number)) {
            return Ok(None);
        }
    }
    Ok(found.count())
}

/// Finds whether targets are few whole numbers, each of which comes twice on average.
#[derive(Default)]
pub(super) struct WholeClasses {
    different: Vec<f64>,
    present: usize,
    are_other: bool,
}

impl WholeClasses {
    /// Adds a target, and returns whether they may still be classes.
    pub(super) fn push(&mut self, number: f64) -> bool {
        self.present += 1;
        if !self.different.contains(&number) {
            self.are_other |= number.fract() != 0.0 || self.different.len() == MAX_WHOLE_CLASSES;
            self.different.push(number);
        }
        !self.are_other
    }

    /// Whether a target was no whole number, or there were too many.
    pub(super) fn are_other(&self) -> bool {
        self.are_other
    }

    /// The number of different targets, if they are classes.
    pub(super) fn count(&self) -> Option<usize> {
        let count = self.different.len();
        (!self.are_other && 2 * count <= self.present).then_some(count)
    }
}

/// The positions of the columns that are features, in the order of the table.
pub(super) fn feature_columns(choices: &Preprocessing, table: &Table, target: usize) -> Result<Vec<usize>> {
    let find =
        |columns: &[String]| columns.iter().map(|column| table.find(column)).collect::<Result<Vec<_>>>();
    let excluded = find(&choices.excluded)?;
    let is_used = |column: usize| table.columns()[column].column_type() != ColumnType::Text;
    let others =
        || (0..table.columns().len()).filter(|column| *column != target && is_used(*column)).collect();
    let mut columns: Vec<usize> = choices.features.as_deref().map_or_else(|| Ok(others()), find)?;
    if columns.contains(&target) {
        let problem = format!("{} is the target and a feature", column_of(table.columns()[target].name()));
        return Err(Error::invalid("features", problem, "take it out of the features"));
    }
    columns.retain(|column| !excluded.contains(column));
    columns.sort_unstable();
    columns.dedup();
    if columns.is_empty() {
        let help = "name columns by `Preprocessing::features`; text is not used by default";
        return Err(Error::invalid("features", "there is none beside the target", help));
    }
    Ok(columns)
}

/// The split of rows, stratified by the classes if there are any.
fn split(choices: &Preprocessing, table: &Table, target: usize, task: Task, rows: &[usize]) -> Result<Split> {
    let (fraction, seed) = (choices.test_fraction, choices.seed);
    let split = match task {
        Task::Classification => {
            let classes = Categories::of(table, target, rows)?;
            must_have_classes(&classes.names)?;
            Split::stratified(&classes.numbers(table, target, rows)?, fraction, seed)?
        }
        Task::Regression | Task::MultiLabel | Task::NextToken => Split::random(rows.len(), fraction, seed)?,
    };
    let of_table = |part: Vec<usize>| part.into_iter().map(|position| rows[position]).collect();
    Ok(Split { train: of_table(split.train), test: of_table(split.test) })
}

/// Checks that there is more than one class.
pub(super) fn must_have_classes(names: &[String]) -> Result<()> {
    let [single] = names else { return Ok(()) };
    let problem = format!("every row has the class {single}");
    Err(Error::invalid("target", problem, "choose a column with at least two classes"))
}

/// The choices in sentences, for a table of so many rows.
pub(super) fn notes(
    choices: &Preprocessing,
    (table, rows): (&Table, usize),
    preprocessor: &Preprocessor,
    columns: &[usize],
    target: usize,
    split: &Split,
    task: &str,
) -> Vec<String> {
    let mut notes = vec![format!("target {}: {task}", preprocessor.target().column())];
    let classes = preprocessor.target().classes();
    if !classes.is_empty() {
        notes.push(format!(
            "{}: {}",
            counted(classes.len(), "class"),
            listed(classes.iter().map(String::as_str))
        ));
    }
    let used = counted(columns.len(), "column");
    notes.push(format!("{used} as {}", counted(preprocessor.width(), "feature")));
    let left_out = |column: &usize| *column != target && !columns.contains(column);
    let others: Vec<usize> = (0..table.columns().len()).filter(left_out).collect();
    if !others.is_empty() {
        let names = listed(others.iter().map(|column| table.columns()[*column].name()));
        notes.push(format!("not used: {names}"));
    }
    notes.extend(missing_notes(choices, table, preprocessor, columns));
    let without_target = rows - split.train.len() - split.test.len();
    if without_target > 0 {
        notes.push(format!("{} without a target left out", counted(without_target, "row")));
    }
    let (train, test) = (counted(split.train.len(), "training row"), counted(split.test.len(), "test row"));
    let stratified = if classes.is_empty() { "" } else { ", stratified" };
    notes.push(format!("{train}, {test} (seed {}{stratified})", choices.seed));
    notes
}

/// A sentence for each feature with missing values.
fn missing_notes(
    choices: &Preprocessing,
    table: &Table,
    preprocessor: &Preprocessor,
    columns: &[usize],
) -> Vec<String> {
    if choices.missing != MissingValues::Fill {
        return Vec::new();
    }
    let note = |(column, feature): (&usize, &Feature)| {
        let column = &table.columns()[*column];
        let filled = match &feature.encoding {
            FeatureEncoding::Number { mean, .. } => format!("the mean {}", short(*mean)),
            FeatureEncoding::OneHot { .. } => "a category of their own".to_owned(),
        };
        let missing = counted(column.missing(), "missing value");
        (column.missing() > 0).then(|| format!("{}: {missing}, filled with {filled}", column.name()))
    };
    columns.iter().zip(preprocessor.features()).filter_map(note).collect()
}

impl fmt::Display for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.notes.iter().try_for_each(|note| writeln!(f, "{}", printable(note)))
    }
}

//! What was learned from a table, to make the same numbers of new rows.

use retrograde_base::{Error, Result};
use serde::{Deserialize, Serialize};

use super::feature::{Cells, Feature, Policies};
use super::target::Target;
use crate::data::table::{Column, DecimalMark, Table, TableReader, listed};
use crate::data::{Matrix, Targets};

/// Makes features of the rows of a table as those of the training were made: columns in the same order, numbers with the same
/// mean and deviation, categories at the same place.
///
/// Columns are found by name, in any order. Columns that the training had not are ignored; a missing column is an error.
///
/// It is serializable, for a checkpoint. Every number that it gives is finite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preprocessor {
    features: Vec<Feature>,
    target: Target,
    policies: Policies,
    file: FileProperties,
}

/// The properties of the file of the training that a file of new rows should share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct FileProperties {
    has_header: bool,
    decimal_mark: DecimalMark,
    missing_values: Vec<String>,
}

impl Preprocessor {
    pub(super) fn new(table: &Table, features: Vec<Feature>, target: Target, policies: Policies) -> Self {
        let file = FileProperties {
            has_header: table.has_header(),
            decimal_mark: table.decimal_mark(),
            missing_values: table.missing_values().to_vec(),
        };
        Preprocessor { features, target, policies, file }
    }

    /// The target, with its classes or its scale.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The columns of a table that are features, in the order of the training.
    pub fn feature_columns(&self) -> impl Iterator<Item = &str> {
        self.features.iter().map(|feature| feature.column.as_str())
    }

    /// The names of the columns of the matrix: "age", "sex=male", "sex missing".
    pub fn feature_names(&self) -> Vec<String> {
        self.features.iter().flat_map(Feature::names).collect()
    }

    /// The number of columns of the matrix.
    pub fn width(&self) -> usize {
        self.features.iter().map(Feature::width).sum()
    }

    pub(super) fn features(&self) -> &[Feature] {
        &self.features
    }

    /// A reader for files of new rows: with the signs of missing values of the training's file, a header if that had one, and
    /// its decimal mark if the new file does not show another.
    pub fn reader(&self) -> TableReader {
        TableReader::new()
            .missing_values(&self.file.missing_values)
            .header(self.file.has_header)
            .default_decimal_mark(self.file.decimal_mark)
    }

    /// The features of all rows: `[rows, width]`.
    ///
    /// # Errors
    /// [`Error::Format`] if a column is missing; with line, column and value if a cell is no number, missing and refused, or of
    /// an unseen category. [`Error::OutOfMemory`].
    pub fn transform(&self, table: &Table) -> Result<Matrix> {
        self.encode(table, &(0..table.rows()).collect::<Vec<_>>())
    }

    /// The targets of all rows.
    ///
    /// # Errors
    /// [`Error::Format`] if the column of the target is missing, or with line, column and value if a row has no target, or one
    /// of another class.
    pub fn transform_targets(&self, table: &Table) -> Result<Targets> {
        let column = self.positions(table, [self.target.column()])?[0];
        self.target.encode(table, column, &(0..table.rows()).collect::<Vec<_>>())
    }

    /// The features of these rows.
    pub(super) fn encode(&self, table: &Table, rows: &[usize]) -> Result<Matrix> {
        let columns = self.positions(table, self.feature_columns())?;
        let mut matrix = Matrix::zeros(rows.len(), self.width())?;
        let mut first = 0;
        for (feature, column) in self.features.iter().zip(columns) {
            feature.encode(Cells { table, column, rows }, self.policies, &mut matrix, first)?;
            first += feature.width();
        }
        Ok(matrix)
    }

    /// The positions of columns in a table.
    fn positions<'a>(&self, table: &Table, names: impl IntoIterator<Item = &'a str>) -> Result<Vec<usize>> {
        let position = |name: &str| table.columns().iter().position(|column| column.name() == name);
        let found: Vec<(&str, Option<usize>)> =
            names.into_iter().map(|name| (name, position(name))).collect();
        let missing: Vec<&str> =
            found.iter().filter(|(_, place)| place.is_none()).map(|(name, _)| *name).collect();
        if missing.is_empty() {
            return Ok(found.into_iter().filter_map(|(_, place)| place).collect());
        }
        let has = listed(table.columns().iter().map(Column::name));
        let problem = format!("it lacks the columns of the training: {}; it has {has}", listed(missing));
        let needed = listed(self.feature_columns());
        Err(Error::format(table.path(), problem, format!("give a table with the columns {needed}")))
    }
}

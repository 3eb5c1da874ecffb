//! A table in memory.

use std::path::{Path, PathBuf};

use retrograde_base::{Error, Result};

use super::cells::Cells;
use super::column::{Column, ColumnType};
use super::number::DecimalMark;
use super::quoted;
use super::reader::{self, TableReader};

/// A table of named columns, with the text of its cells.
///
/// `Display` is the summary: what was recognized, and for each column its type, its range or categories, and the number of
/// missing values.
///
/// # Examples
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::{ColumnType, TableReader};
///
/// let file = b"length,species\n5.1,setosa\n7.0,versicolor\n,setosa\n";
/// let table = TableReader::new().parse("iris.csv", file)?;
/// assert_eq!(table.columns()[1].column_type(), ColumnType::Category);
/// assert_eq!(table.numbers(0)?, [Some(5.1), Some(7.0), None]);
/// assert!(table.to_string().contains("length"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    pub(super) path: PathBuf,
    pub(super) dialect: Dialect,
    pub(super) columns: Vec<Column>,
    pub(super) cells: Cells,
    pub(super) missing_values: Vec<String>,
}

/// The properties of the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dialect {
    pub(super) encoding: String,
    pub(super) delimiter: char,
    pub(super) decimal_mark: DecimalMark,
    pub(super) header: bool,
}

impl Table {
    /// Reads a CSV file and recognizes its properties; [`TableReader`] has options.
    ///
    /// # Errors
    /// As [`TableReader::read`].
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        TableReader::new().read(path)
    }

    /// The file, or the name that was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The number of rows; at least 1.
    pub fn rows(&self) -> usize {
        self.cells.rows()
    }

    /// The columns in the order of the file; at least 1.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The decimal mark of numbers.
    pub fn decimal_mark(&self) -> DecimalMark {
        self.dialect.decimal_mark
    }

    /// Whether the file has a line with the names of the columns.
    pub fn has_header(&self) -> bool {
        self.dialect.header
    }

    /// The position of a column, counted from 0, by its name, or by its number counted from 1 if no column has that name.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no such column.
    pub fn find(&self, column: &str) -> Result<usize> {
        let names: Vec<&str> = self.columns.iter().map(Column::name).collect();
        reader::find(&names, column).ok_or_else(|| reader::unknown_column(&names, column))
    }

    /// The text of a cell; `None` if it is missing.
    ///
    /// # Errors
    /// [`Error::IndexOutOfRange`] if the table has no such row or column.
    pub fn cell(&self, row: usize, column: usize) -> Result<Option<&str>> {
        self.must_have(column)?;
        if row >= self.rows() {
            let help = format!("give rows from 0 to {}", self.rows() - 1);
            return Err(Error::index("rows of a table", format!("row {row} is out of range"), help));
        }
        Ok(self.present(row, column))
    }

    /// The numbers of a column, `None` for a missing one: one for each row. The column may have another type.
    ///
    /// # Errors
    /// [`Error::Format`] with line, column and value if a cell is no number. [`Error::IndexOutOfRange`] if the table has no
    /// such column.
    pub fn numbers(&self, column: usize) -> Result<Vec<Option<f64>>> {
        self.must_have(column)?;
        (0..self.rows()).map(|row| self.number(row, column)).collect()
    }

    /// The text of a cell of a column that the table has; `None` if it is missing.
    pub(in crate::data) fn present(&self, row: usize, column: usize) -> Option<&str> {
        let cell = self.cells.get(row, column);
        (!reader::is_missing(&self.missing_values, cell)).then_some(cell)
    }

    /// The number of a cell of a column that the table has; `None` if it is missing.
    pub(in crate::data) fn number(&self, row: usize, column: usize) -> Result<Option<f64>> {
        let Some(cell) = self.present(row, column) else { return Ok(None) };
        let number = self.dialect.decimal_mark.parse(cell);
        number.map(Some).ok_or_else(|| {
            let help = "correct it, or leave it empty; `TableReader::missing_values` names other signs of a missing value, \
                `TableReader::column_type` makes the column one of categories";
            self.invalid_cell(row, column, "is not a finite number", help)
        })
    }

    /// The error for a cell: file, line, column and value.
    pub(in crate::data) fn invalid_cell(
        &self,
        row: usize,
        column: usize,
        problem: &str,
        help: impl Into<String>,
    ) -> Error {
        let place =
            format!("line {}, column {} ({})", self.cells.line(row), column + 1, self.columns[column].name);
        let value = quoted(self.cells.get(row, column));
        Error::format(&self.path, format!("{place}: {value} {problem}"), help)
    }

    /// The values that stand for a missing one.
    pub(in crate::data) fn missing_values(&self) -> &[String] {
        &self.missing_values
    }

    /// The type with which a column that is chosen as a feature is used: text with numbers alone is numbers.
    pub(in crate::data) fn usable_type(&self, column: usize) -> ColumnType {
        let column = &self.columns[column];
        let is_of_numbers = column.numbers.count > 0 && column.numbers.exception.is_none();
        match column.kind {
            ColumnType::Text if is_of_numbers => ColumnType::Number,
            ColumnType::Text => ColumnType::Category,
            other => other,
        }
    }

    fn must_have(&self, column: usize) -> Result<()> {
        if column < self.columns.len() {
            return Ok(());
        }
        let help = format!("give columns from 0 to {}", self.columns.len() - 1);
        Err(Error::index("columns of a table", format!("column {column} is out of range"), help))
    }
}

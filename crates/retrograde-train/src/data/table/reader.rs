//! Reading a table: each property of the file is recognized unless an option gives it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::data::gzip::read_bounded;
use retrograde_base::{Error, Result};

use super::cells::Cells;
use super::column::{Column, ColumnType};
use super::number::DecimalMark;
use super::table::{Dialect, Table};
use super::{delimiter, header, listed, number, text_encoding};

/// Reads a table from a CSV file.
///
/// | property | recognized | option |
/// | --- | --- | --- |
/// | encoding | UTF-8, UTF-16 with a byte order mark, CP949 (EUC-KR) | [`encoding`](Self::encoding) |
/// | delimiter | comma, semicolon, tab | [`delimiter`](Self::delimiter) |
/// | decimal mark | point, comma | [`decimal_mark`](Self::decimal_mark) |
/// | header | present, absent | [`header`](Self::header) |
/// | missing values | empty, NA, N/A, n/a, NaN, nan, NULL, null, ? | [`missing_values`](Self::missing_values) |
/// | type of a column | numbers, categories, text | [`column_type`](Self::column_type) |
///
/// Values with a delimiter, a quotation mark or a line break stand in quotation marks (RFC 4180). Spaces around values are
/// removed; empty lines are skipped.
///
/// # Examples
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::{ColumnType, TableReader};
///
/// let file = "size;zip;kind\n1,5;01067;flat\n2,25;01069;house\n2,5;01067;flat\n".as_bytes();
/// let table = TableReader::new().column_type("zip", ColumnType::Category).parse("homes.csv", file)?;
/// assert_eq!((table.rows(), table.columns().len()), (3, 3));
/// assert_eq!(table.columns()[0].range(), Some((1.5, 2.5)));
/// assert_eq!(table.columns()[1].categories()[0], ("01067".to_owned(), 2));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TableReader {
    pub(super) encoding: Option<String>,
    pub(super) delimiter: Option<char>,
    decimal_mark: Option<DecimalMark>,
    default_decimal_mark: Option<DecimalMark>,
    header: Option<bool>,
    pub(super) missing_values: Vec<String>,
    column_types: HashMap<String, ColumnType>,
}

/// The values that are missing ones, beside the empty one.
const MISSING_VALUES: [&str; 8] = ["NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "?"];

/// The rows that are examined for the decimal mark.
const SAMPLE_CELLS: usize = 1 << 17;

impl Default for TableReader {
    fn default() -> Self {
        TableReader {
            encoding: None,
            delimiter: None,
            decimal_mark: None,
            default_decimal_mark: None,
            header: None,
            missing_values: MISSING_VALUES.map(str::to_owned).to_vec(),
            column_types: HashMap::new(),
        }
    }
}

impl TableReader {
    /// The most bytes of a file: 1 GiB.
    pub const MAX_BYTES: u64 = 1 << 30;

    /// A reader that recognizes everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// The encoding, by its name on the web (WHATWG Encoding Standard) or "cp949".
    pub fn encoding(mut self, name: impl Into<String>) -> Self {
        self.encoding = Some(name.into());
        self
    }

    /// The delimiter: one ASCII character, but no letter, digit, quotation mark or line break.
    pub fn delimiter(mut self, delimiter: char) -> Self {
        self.delimiter = Some(delimiter);
        self
    }

    /// The decimal mark of numbers.
    pub fn decimal_mark(mut self, mark: DecimalMark) -> Self {
        self.decimal_mark = Some(mark);
        self
    }

    /// The decimal mark of a file that has no number with one.
    pub(in crate::data) fn default_decimal_mark(mut self, mark: DecimalMark) -> Self {
        self.default_decimal_mark = Some(mark);
        self
    }

    /// Whether the first row has the names of the columns.
    pub fn header(mut self, present: bool) -> Self {
        self.header = Some(present);
        self
    }

    /// The values that stand for a missing one, in place of the default list. The empty value is always missing.
    pub fn missing_values<S: Into<String>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
        self.missing_values = values.into_iter().map(Into::into).collect();
        self
    }

    /// The type of a column, by its name, or by its number counted from 1.
    pub fn column_type(mut self, column: impl Into<String>, column_type: ColumnType) -> Self {
        self.column_types.insert(column.into(), column_type);
        self
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read. [`Error::Format`] if it is a folder, a pipe, longer than
    /// [`MAX_BYTES`](Self::MAX_BYTES), no text, or irregular: the message names the line. [`Error::Invalid`] if an option is
    /// not valid. [`Error::OutOfMemory`].
    pub fn read(&self, path: impl AsRef<Path>) -> Result<Table> {
        let path = path.as_ref();
        self.parse_owned(path, read_bounded(path, Self::MAX_BYTES)?)
    }

    /// Parses the content of a file; errors mention `name`.
    ///
    /// # Errors
    /// As [`TableReader::read`].
    pub fn parse(&self, name: impl AsRef<Path>, content: &[u8]) -> Result<Table> {
        self.parse_owned(name.as_ref(), content.to_vec())
    }

    fn parse_owned(&self, name: &Path, content: Vec<u8>) -> Result<Table> {
        if content.len() as u64 > Self::MAX_BYTES {
            let problem = format!("it is longer than {} bytes", Self::MAX_BYTES);
            return Err(Error::format(name, problem, "give a smaller file"));
        }
        self.must_be_valid()?;
        let decoded = text_encoding::decode(name, content, self.encoding.as_deref())?;
        let text = with_line_feeds(decoded.text);
        if text.len() as u64 > Self::MAX_BYTES {
            let problem = format!("it is longer than {} bytes as UTF-8", Self::MAX_BYTES);
            return Err(Error::format(name, problem, "give a smaller file"));
        }
        let delimiter = self.delimiter.unwrap_or_else(|| delimiter::recognized(&text));
        let mut cells = Cells::parse(name, &text, delimiter)?;
        drop(text);
        let (decimal_mark, header) = self.recognized_of(&cells, delimiter);
        let names =
            if header { header::names(cells.split_first()) } else { super::numbered(cells.columns()) };
        if cells.rows() == 0 {
            let help = "give at least one row below the names; `TableReader::header(false)`, --no-header on the command line, if it is one";
            return Err(Error::format(name, "it has a line of names and no rows", help));
        }
        let dialect = Dialect { encoding: decoded.encoding, delimiter, decimal_mark, header };
        self.table(name.to_owned(), dialect, names, cells)
    }

    /// Checks the options that do not depend on a file.
    pub(super) fn must_be_valid(&self) -> Result<()> {
        self.delimiter.map_or(Ok(()), must_be_delimiter)
    }

    /// The decimal mark, and whether the first row is a header.
    pub(super) fn recognized_of(&self, cells: &Cells, delimiter: char) -> (DecimalMark, bool) {
        let mark = self.decimal_mark.unwrap_or_else(|| self.recognized_mark(cells, delimiter));
        let is_missing = |cell: &str| self.is_missing(cell);
        (mark, self.header.unwrap_or_else(|| header::is_header(cells, mark, is_missing)))
    }

    /// A table with its columns examined.
    fn table(&self, path: PathBuf, dialect: Dialect, names: Vec<String>, cells: Cells) -> Result<Table> {
        let types = self.types_by_column(&names)?;
        let columns = names
            .into_iter()
            .enumerate()
            .map(|(column, name)| {
                let cells = cells.column(column).map(|cell| (!self.is_missing(cell)).then_some(cell));
                Column::examine(name, &cells, dialect.decimal_mark, types.get(&column).copied())
            })
            .collect();
        Ok(Table { path, dialect, columns, cells, missing_values: self.missing_values.clone() })
    }

    /// The given types by the position of their columns.
    pub(super) fn types_by_column(&self, names: &[String]) -> Result<HashMap<usize, ColumnType>> {
        let position = |column: &String| find(names, column).ok_or_else(|| unknown_column(names, column));
        self.column_types.iter().map(|(column, kind)| Ok((position(column)?, *kind))).collect()
    }

    fn recognized_mark(&self, cells: &Cells, delimiter: char) -> DecimalMark {
        let rows = cells.rows().min(SAMPLE_CELLS / cells.columns() + 1);
        let sample = (0..rows).flat_map(|row| (0..cells.columns()).map(move |column| cells.get(row, column)));
        let by_delimiter = || number::usual_mark(sample.clone(), delimiter);
        number::recognized(sample.clone()).or(self.default_decimal_mark).unwrap_or_else(by_delimiter)
    }

    fn is_missing(&self, cell: &str) -> bool {
        is_missing(&self.missing_values, cell)
    }
}

/// Whether a cell has no value.
pub(super) fn is_missing(missing_values: &[String], cell: &str) -> bool {
    cell.is_empty() || missing_values.iter().any(|missing| missing == cell)
}

/// The position of a column by its name, or by its number counted from 1.
pub(super) fn find(names: &[impl AsRef<str>], column: &str) -> Option<usize> {
    let by_name = names.iter().position(|name| name.as_ref() == column);
    let by_number =
        || column.parse::<usize>().ok()?.checked_sub(1).filter(|position| *position < names.len());
    by_name.or_else(by_number)
}

/// The error for a column that a table has not.
pub(super) fn unknown_column(names: &[impl AsRef<str>], column: &str) -> Error {
    let columns = listed(names.iter().map(AsRef::as_ref));
    let help = format!("give a name or a number from 1 to {}: {columns}", names.len());
    Error::invalid("column", format!("the table has no column {column:?}"), help)
}

fn must_be_delimiter(delimiter: char) -> Result<()> {
    let is_valid =
        delimiter.is_ascii() && !delimiter.is_ascii_alphanumeric() && !"\"\n\r\0".contains(delimiter);
    if is_valid {
        return Ok(());
    }
    let help = "give a comma, a semicolon, a tab, a vertical bar or another ASCII character";
    Err(Error::invalid("delimiter", format!("{delimiter:?} cannot separate values"), help))
}

/// The text with line feeds, where it has carriage returns alone.
fn with_line_feeds(text: String) -> String {
    if text.contains('\n') || !text.contains('\r') { text } else { text.replace('\r', "\n") }
}

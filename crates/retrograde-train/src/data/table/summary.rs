//! The summary of a table as text.

use std::fmt;

use retrograde_base::number::short;
use retrograde_base::printable::{printable, shown};
use retrograde_base::text_width::{self, padded, shortened};

use super::cells::delimiter_name;
use super::column::{Column, ColumnType, Words};
use super::number::DecimalMark;
use super::table::Table;
use super::{counted, quoted};

/// The most columns that are listed one by one.
const SHOWN_COLUMNS: usize = 50;

/// The most categories of a column that are listed.
const SHOWN_CATEGORIES: usize = 5;

/// The width of the longest name of a column.
const LONGEST_NAME: usize = 30;

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = format!("{} of {}", counted(self.rows(), "row"), counted(self.columns.len(), "column"));
        writeln!(f, "{}: {size}", shown(&self.path))?;
        writeln!(f, "  {}", self.dialect_summary())?;
        let shown_columns = self.columns.iter().take(SHOWN_COLUMNS);
        let width = shown_columns.map(|column| text_width::columns(&name(column))).max().unwrap_or(0);
        for (position, column) in self.columns.iter().enumerate().take(SHOWN_COLUMNS) {
            let name = padded(&name(column), width);
            writeln!(f, "  {:>3} {name} {:<10} {}", position + 1, column.kind.name(), self.values(position))?;
        }
        match self.columns.len().saturating_sub(SHOWN_COLUMNS) {
            0 => Ok(()),
            more => writeln!(f, "  and {more} more: {}", by_type(&self.columns[SHOWN_COLUMNS..])),
        }
    }
}

impl Table {
    /// What was recognized of the file, in a line.
    pub(in crate::data) fn dialect_summary(&self) -> String {
        let mark = match self.dialect.decimal_mark {
            DecimalMark::Point => "point",
            DecimalMark::Comma => "comma",
        };
        let header = if self.dialect.header { "names in the first line" } else { "no line of names" };
        let delimiter = delimiter_name(self.dialect.delimiter);
        format!("{}, delimiter {delimiter}, decimal {mark}, {header}", self.dialect.encoding)
    }

    /// The values of a column in a line.
    fn values(&self, position: usize) -> String {
        let column = &self.columns[position];
        let mut parts = vec![column.content()];
        if let Some(row) = column.numbers.exception.filter(|_| column.kind == ColumnType::Number) {
            let others = column.rows - column.missing - column.numbers.count;
            let value = quoted(&printable(self.cells.get(row, position)));
            parts.push(format!(
                "{} is no number: {value} in line {}",
                counted(others, "value"),
                self.cells.line(row)
            ));
        }
        if column.missing > 0 {
            parts.push(format!("{} missing", column.missing));
        }
        parts.join("; ")
    }
}

impl Column {
    /// What the column has: a range, categories, or the reason why it is text.
    fn content(&self) -> String {
        match (self.kind, &self.words) {
            _ if self.missing == self.rows => "no values".to_owned(),
            (ColumnType::Number, _) if self.numbers.count == 0 => "no number".to_owned(),
            (ColumnType::Number, _) => format!("{} to {}", short(self.numbers.min), short(self.numbers.max)),
            (ColumnType::Category, Words::Counted(words)) => {
                let first: Vec<String> = words
                    .iter()
                    .take(SHOWN_CATEGORIES)
                    .map(|(word, count)| format!("{} ({count})", printable(word)))
                    .collect();
                let more = words.len().saturating_sub(SHOWN_CATEGORIES);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{}{more}", first.join(", "))
            }
            (_, Words::Counted(words)) if words.len() == self.rows - self.missing => {
                "every value different".to_owned()
            }
            (_, Words::Counted(words)) => format!("{} different", counted(words.len(), "value")),
            (_, Words::TooMany) => format!("more than {} different values", super::column::MAX_CATEGORIES),
            (_, Words::NotCounted) => "numbers of rows".to_owned(),
        }
    }
}

/// The name of a column, not longer than [`LONGEST_NAME`].
fn name(column: &Column) -> String {
    shortened(&printable(column.name()), LONGEST_NAME, "…")
}

/// How many columns there are of each type.
fn by_type(columns: &[Column]) -> String {
    let count = |kind| columns.iter().filter(|column| column.kind == kind).count();
    [ColumnType::Number, ColumnType::Category, ColumnType::Text]
        .into_iter()
        .filter(|kind| count(*kind) > 0)
        .map(|kind| format!("{} of {}", count(kind), kind.name()))
        .collect::<Vec<_>>()
        .join(", ")
}

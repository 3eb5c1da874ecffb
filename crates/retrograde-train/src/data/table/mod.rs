//! Tables: CSV files of numbers and words, with the dialect and the type of each column recognized.
//!
//! - [`TableReader`]: reads a file. It recognizes the encoding, the delimiter, the decimal mark and the header; each has an
//!   option that fixes it.
//! - [`Table`]: the cells, and what was recognized. Its `Display` is the summary.
//! - [`Column`]: the name, the type, the range or the categories of a column.
//!
//! A table keeps the text of its cells, and the type of a column says how the text is read. So a type can be changed
//! without reading the file again, and an error has the original text.

mod cells;
mod column;
mod delimiter;
mod header;
mod number;
mod pieces;
mod reader;
mod summary;
#[expect(clippy::module_inception, reason = "the main type of the module")]
mod table;
#[cfg(test)]
mod tests;
mod text_encoding;
mod transcoded;
mod writer;

use retrograde_base::text_width;

pub use column::{Column, ColumnType};
pub use number::DecimalMark;
pub(super) use pieces::TablePieces;
pub use reader::TableReader;
pub use table::Table;
pub(super) use text_encoding::decode_text;
pub use writer::{AddedColumn, AddedValues};

/// A value of a cell for a message: in quotation marks, and not longer than a line.
fn quoted(value: &str) -> String {
    format!("\"{}\"", text_width::shortened(value, 40, "…"))
}

/// A count with its noun: "1 row", "2 rows".
pub(super) fn counted(count: usize, noun: &str) -> String {
    match count {
        1 => format!("1 {noun}"),
        _ if noun.ends_with('y') => format!("{count} {}ies", &noun[..noun.len() - 1]),
        _ if noun.ends_with('s') => format!("{count} {noun}es"),
        _ => format!("{count} {noun}s"),
    }
}

/// The names of columns without a header.
fn numbered(columns: usize) -> Vec<String> {
    (1..=columns).map(|column| format!("column {column}")).collect()
}

/// A column for a message: `column age`; a column without a name is `column 3` already.
pub(super) fn column_of(name: &str) -> String {
    let is_number = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    match name.strip_prefix("column ") {
        Some(number) if is_number(number) => name.to_owned(),
        _ => format!("column {name}"),
    }
}

/// The first names of a list for a message, and the number of the others.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let names: Vec<&str> = names.into_iter().collect();
    let first = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

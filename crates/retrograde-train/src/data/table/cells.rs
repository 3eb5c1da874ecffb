//! The cells of a table: their text in one piece, row by row, and where each ends.

use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use retrograde_base::{Error, Result, memory};

use super::{counted, quoted};

/// The cells of the rows of a table, all of the same number.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Cells {
    text: String,
    /// For each cell the end of its text.
    ends: Vec<u32>,
    /// For each row the line of the file, counted from 1.
    lines: Vec<u32>,
    columns: usize,
}

/// The most columns of a table.
pub(super) const MAX_COLUMNS: usize = 1 << 16;

impl Cells {
    /// The cells of a text, without the spaces around them. Empty lines are not rows.
    ///
    /// # Errors
    /// [`Error::Format`] if a row has another number of cells than the first, a quotation mark is not closed, or there are no
    /// cells or too many. [`Error::OutOfMemory`].
    pub(super) fn parse(name: &Path, text: &str, delimiter: char) -> Result<Self> {
        let fields =
            text.bytes().filter(|byte| *byte == delimiter as u8 || matches!(byte, b'\n' | b'\r')).count() + 1;
        let bytes = text.len() as u64 + 8 * fields as u64;
        memory::must_fit("table", bytes, "give fewer rows, or write them as an array (NPY)")?;
        let mut cells = Cells::empty();
        cells.text.reserve(text.len());
        cells.ends.reserve(fields);
        let mut reader = reader(text, delimiter);
        let mut record = StringRecord::new();
        // The start of the last record, and its line.
        let (mut start, mut line) = (0, 1);
        loop {
            let next = skip_line_ends(text, reader.position().byte() as usize);
            let read = reader.read_record(&mut record);
            let unreadable =
                |error: csv::Error| Error::format(name, error.to_string(), "save it as CSV again");
            if !read.map_err(unreadable)? {
                break;
            }
            line += line_ends(&text[start..next]);
            start = next;
            cells.push(name, &record, line, delimiter)?;
        }
        if cells.columns == 0 {
            return Err(Error::format(
                name,
                "it is empty",
                "give a table: a line of names, then a line for each row",
            ));
        }
        must_be_closed(name, &text[start..], delimiter, line)?;
        Ok(cells)
    }

    /// No cells, of a number of columns that the first row tells.
    pub(super) fn empty() -> Self {
        Cells { text: String::new(), ends: Vec::new(), lines: Vec::new(), columns: 0 }
    }

    /// Removes all rows.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.lines.clear();
    }

    /// Whether there are so many cells, or so many bytes of text.
    pub(super) fn is_longer(&self, cells: usize, bytes: usize) -> bool {
        self.ends.len() >= cells || self.text.len() >= bytes
    }

    /// Appends a row.
    pub(super) fn push(
        &mut self,
        name: &Path,
        record: &StringRecord,
        line: u32,
        delimiter: char,
    ) -> Result<()> {
        if self.columns == 0 {
            self.columns = record.len();
            if record.len() > MAX_COLUMNS {
                let problem = format!("line {line} has {} columns, more than {MAX_COLUMNS}", record.len());
                return Err(Error::format(
                    name,
                    problem,
                    "write wide data as an array (NPY), or transpose the table",
                ));
            }
        }
        if record.len() != self.columns {
            return Err(self.irregular(name, record, line, delimiter));
        }
        for field in record {
            self.text.push_str(field.trim());
            self.ends.push(self.text.len() as u32);
        }
        self.lines.push(line);
        Ok(())
    }

    /// The error for a row with another number of cells than the first.
    fn irregular(&self, name: &Path, record: &StringRecord, line: u32, delimiter: char) -> Error {
        let problem = format!(
            "line {line} has {}, line {} has {} (delimiter: {})",
            counted(record.len(), "cell"),
            self.lines.first().unwrap_or(&1),
            self.columns,
            delimiter_name(delimiter)
        );
        let last = record.iter().next_back().unwrap_or("");
        let help = format!(
            "check the line, which ends with {}: values with a delimiter need quotation marks; another delimiter is set by \
             `TableReader::delimiter`",
            quoted(last)
        );
        Error::format(name, problem, help)
    }

    /// Removes the first row and returns its cells.
    pub(super) fn split_first(&mut self) -> Vec<String> {
        let first = (0..self.columns).map(|column| self.get(0, column).to_owned()).collect();
        let end = self.ends[self.columns - 1];
        self.text.drain(..end as usize);
        self.ends.drain(..self.columns);
        self.ends.iter_mut().for_each(|position| *position -= end);
        self.lines.remove(0);
        first
    }

    pub(super) fn rows(&self) -> usize {
        self.lines.len()
    }

    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// The text of a cell.
    pub(super) fn get(&self, row: usize, column: usize) -> &str {
        let cell = row * self.columns + column;
        let start = if cell == 0 { 0 } else { self.ends[cell - 1] as usize };
        &self.text[start..self.ends[cell] as usize]
    }

    /// The cells of a column.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = &str> + Clone {
        (0..self.rows()).map(move |row| self.get(row, column))
    }

    /// The line of a row in the file, counted from 1.
    pub(super) fn line(&self, row: usize) -> usize {
        self.lines[row] as usize
    }
}

fn reader(text: &str, delimiter: char) -> csv::Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter as u8)
        .from_reader(text.as_bytes())
}

/// The first position from `start` on that is no line end: the reader skips empty lines.
fn skip_line_ends(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or("");
    text.len() - rest.trim_start_matches(['\r', '\n']).len()
}

/// The number of line ends. A carriage return is part of one.
fn line_ends(text: &str) -> u32 {
    text.bytes().filter(|byte| *byte == b'\n').count() as u32
}

/// An open quotation mark takes the rest of the file into its cell. If the last record takes in a line that is appended to
/// it, its quotation mark is open.
fn must_be_closed(name: &Path, last: &str, delimiter: char, line: u32) -> Result<()> {
    if !last.contains('"') {
        return Ok(());
    }
    let records = reader(&format!("{last}\nend"), delimiter).into_records().count();
    if records > 1 {
        return Ok(());
    }
    let problem = format!("a quotation mark of the row that begins in line {line} is not closed");
    Err(Error::format(name, problem, "close it; write a quotation mark within a value twice"))
}

/// The name of a delimiter.
pub(super) fn delimiter_name(delimiter: char) -> String {
    match delimiter {
        ',' => "comma".to_owned(),
        ';' => "semicolon".to_owned(),
        '\t' => "tab".to_owned(),
        '|' => "vertical bar".to_owned(),
        ' ' => "space".to_owned(),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Cells> {
        Cells::parse(Path::new("a.csv"), text, ',')
    }

    fn problem(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn cells_are_found_by_row_and_column() {
        let cells = parse("a, b \r\n\"x,\"\"y\"\"\",\r\n\r\n\"two\nlines\",3").unwrap();
        assert_eq!((cells.rows(), cells.columns()), (3, 2));
        assert_eq!(cells.column(0).collect::<Vec<_>>(), ["a", "x,\"y\"", "two\nlines"]);
        assert_eq!(cells.column(1).collect::<Vec<_>>(), ["b", "", "3"]);
        assert_eq!([0, 1, 2].map(|row| cells.line(row)), [1, 2, 4]);
    }

    #[test]
    fn the_first_row_is_split_off() {
        let mut cells = parse("name,가\n1,2\n,3").unwrap();
        assert_eq!(cells.split_first(), ["name", "가"]);
        assert_eq!((cells.rows(), cells.get(0, 0), cells.get(0, 1), cells.get(1, 0)), (2, "1", "2", ""));
        assert_eq!((cells.get(1, 1), cells.line(0), cells.line(1)), ("3", 2, 3));
    }

    #[test]
    fn irregular_rows_are_an_error() {
        let text = problem("a,b\n1,2\n\n1,2,3\n");
        for part in
            ["a.csv", "line 4 has 3 cells", "line 1 has 2", "comma", "\"3\"", "TableReader::delimiter"]
        {
            assert!(text.contains(part), "{text}");
        }
        assert!(problem("a,b\n1").contains("line 2 has 1 cell,"));
    }

    #[test]
    fn an_open_quotation_mark_is_an_error() {
        for text in ["a,b\n1,\"2\n3,4\n5,6\n", "\"", "a\n\"\"\"", "a,b\n1,2\n3,\"4"] {
            let text = problem(text);
            assert!(text.contains("is not closed"), "{text}");
        }
        for text in ["a,b\n1,\"2\"", "a\n5\"", "a\n\"\"\"\"", "a\n\"\"\n"] {
            parse(text).unwrap();
        }
    }

    #[test]
    fn what_is_empty_or_too_wide_is_an_error() {
        assert!(problem("").contains("it is empty"));
        assert!(problem("\n\n").contains("it is empty"));
        let wide = ",".repeat(MAX_COLUMNS);
        assert!(problem(&wide).contains("line 1 has 65537 columns"));
        assert_eq!(parse(&wide[1..]).unwrap().columns(), MAX_COLUMNS);
    }
}

//! A table that is larger than memory: its rows a piece at a time.

use std::io::Read;
use std::path::{Path, PathBuf};

use csv::{ReaderBuilder, StringRecord};
use encoding_rs::Encoding;
use retrograde_base::{Error, Result};

use super::cells::Cells;
use super::column::ColumnScan;
use super::reader::{TableReader, is_missing};
use super::table::{Dialect, Table};
use super::transcoded::{Transcoded, encoding_of};
use super::{delimiter, header};

/// The cells, and the bytes of their text, from which on a piece ends.
const PIECE_CELLS: usize = 1 << 17;
const PIECE_BYTES: usize = 1 << 23;

/// The bytes of the text in which the delimiter is recognized.
const BEGINNING: u64 = 1 << 20;

/// A table that is read in pieces, with its properties and its columns recognized as [`TableReader::read`] does.
pub(in crate::data) struct TablePieces {
    encoding: &'static Encoding,
    rows: usize,
    /// The columns, without cells.
    table: Table,
}

impl TablePieces {
    /// Reads a file once, for its properties and the types of its columns.
    ///
    /// # Errors
    /// As [`TableReader::read`], but for the limit of its size.
    pub(in crate::data) fn open(reader: &TableReader, path: &Path) -> Result<Self> {
        reader.must_be_valid()?;
        let (encoding, encoding_name) = encoding_of(path, reader.encoding.as_deref())?;
        let delimiter = match reader.delimiter {
            Some(delimiter) => delimiter,
            None => delimiter::recognized(&beginning(path, encoding)?),
        };
        // The first piece tells the decimal mark and the header.
        let mut first = None;
        let each = &mut |cells: &mut Cells| {
            first = Some(std::mem::replace(cells, Cells::empty()));
            Ok(false)
        };
        for_each_piece(path, encoding, delimiter, each)?;
        let Some(mut cells) = first else {
            let help = "give a table: a line of names, then a line for each row";
            return Err(Error::format(path, "it is empty", help));
        };
        let (decimal_mark, header) = reader.recognized_of(&cells, delimiter);
        let names =
            if header { header::names(cells.split_first()) } else { super::numbered(cells.columns()) };
        let dialect = Dialect { encoding: encoding_name, delimiter, decimal_mark, header };
        let types = reader.types_by_column(&names)?;
        let mut scans: Vec<ColumnScan> = names.iter().map(|_| ColumnScan::new(decimal_mark)).collect();
        let mut rows = 0;
        let mut is_first = true;
        for_each_piece(path, encoding, delimiter, &mut |cells| {
            if std::mem::take(&mut is_first) && header {
                cells.split_first();
            }
            for (column, scan) in scans.iter_mut().enumerate() {
                cells.column(column).for_each(|cell| {
                    scan.push((!is_missing(&reader.missing_values, cell)).then_some(cell));
                });
            }
            rows += cells.rows();
            Ok(true)
        })?;
        if rows == 0 {
            let help = "give at least one row below the names; `TableReader::header(false)`, --no-header on the command line, if it is one";
            return Err(Error::format(path, "it has a line of names and no rows", help));
        }
        let columns = names.into_iter().zip(scans).enumerate();
        let columns =
            columns.map(|(column, (name, scan))| scan.finish(name, types.get(&column).copied())).collect();
        let cells = Cells::empty();
        let missing_values = reader.missing_values.clone();
        let table = Table { path: PathBuf::from(path), dialect, columns, cells, missing_values };
        Ok(TablePieces { encoding, rows, table })
    }

    /// The columns, without rows.
    pub(in crate::data) fn columns(&self) -> &Table {
        &self.table
    }

    /// The number of all rows.
    pub(in crate::data) fn rows(&self) -> usize {
        self.rows
    }

    /// Visits the rows of the file in pieces, each a table of its own.
    ///
    /// # Errors
    /// Those of `visit`; [`Error::File`] and [`Error::Format`] if the file has changed.
    pub(in crate::data) fn for_each(&self, mut visit: impl FnMut(&Table) -> Result<()>) -> Result<()> {
        let Dialect { delimiter, header, .. } = self.table.dialect;
        let mut piece = self.table.clone();
        let mut is_first = true;
        for_each_piece(&self.table.path, self.encoding, delimiter, &mut |cells| {
            if std::mem::take(&mut is_first) && header {
                cells.split_first();
            }
            if cells.columns() != piece.columns.len() {
                let help = "leave the file as it is while it is read";
                return Err(Error::format(&piece.path, "it has changed while it was read", help));
            }
            std::mem::swap(&mut piece.cells, cells);
            visit(&piece)?;
            Ok(true)
        })
    }
}

/// The beginning of a text, whole lines if it is longer.
fn beginning(path: &Path, encoding: &'static Encoding) -> Result<String> {
    let mut bytes = Vec::new();
    let text = Transcoded::open(path, encoding)?;
    text.take(BEGINNING).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error.into()))?;
    if bytes.len() as u64 == BEGINNING {
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        bytes.truncate(end.unwrap_or(bytes.len()));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads a file and visits the cells of its rows, those of the header included. It ends when `visit` returns false.
fn for_each_piece(
    path: &Path,
    encoding: &'static Encoding,
    delimiter: char,
    visit: &mut dyn FnMut(&mut Cells) -> Result<bool>,
) -> Result<()> {
    let text = Transcoded::open(path, encoding)?;
    let mut builder = ReaderBuilder::new();
    let mut reader = builder.has_headers(false).flexible(true).delimiter(delimiter as u8).from_reader(text);
    let mut record = StringRecord::new();
    let mut cells = Cells::empty();
    loop {
        reader.get_ref().begin_row();
        let goes_on = reader.read_record(&mut record).map_err(|error| unreadable(path, &error))?;
        let is_full = cells.rows() > 0 && cells.is_longer(PIECE_CELLS, PIECE_BYTES);
        if is_full || (!goes_on && cells.rows() > 0) {
            if !visit(&mut cells)? {
                return Ok(());
            }
            cells.clear();
        }
        if !goes_on {
            return Ok(());
        }
        let line = record.position().map_or(1, csv::Position::line) as u32;
        cells.push(path, &record, line, delimiter)?;
    }
}

fn unreadable(path: &Path, error: &csv::Error) -> Error {
    match error.kind() {
        csv::ErrorKind::Io(io) if io.kind() != std::io::ErrorKind::InvalidData => {
            Error::file("read", path, std::io::Error::new(io.kind(), io.to_string()))
        }
        _ => Error::format(path, error.to_string(), "save it as CSV again, in UTF-8"),
    }
}

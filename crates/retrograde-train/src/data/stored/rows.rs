//! Rows of numbers in a file.

use crate::data::{Features, MAX_PIXEL, Matrix};
use retrograde_base::scratch::ScratchFile;
use retrograde_base::{Error, Result, memory};
use retrograde_core::kernel::Real;
use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The bytes of the pieces in which all rows are read.
const PIECE: usize = 1 << 22;

/// The elements of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::data) enum Element {
    /// Bytes, whose value is byte / [`MAX_PIXEL`].
    Pixel,
    /// Real numbers of 4 bytes, the lowest first.
    F32,
    /// Real numbers of 8 bytes, the lowest first.
    F64,
}

impl Element {
    pub(in crate::data) fn size(self) -> usize {
        match self {
            Element::Pixel => 1,
            Element::F32 => 4,
            Element::F64 => 8,
        }
    }
}

/// A file of rows, one behind the other.
#[derive(Debug)]
pub(in crate::data) struct RowFile {
    file: Source,
    /// The position of the file is common to all who read it.
    reading: Mutex<()>,
    /// The file of the user's, for messages.
    name: PathBuf,
    /// Where the first row begins.
    offset: u64,
    rows: usize,
    /// The shape of a row.
    shape: Vec<usize>,
    element: Element,
}

#[derive(Debug)]
enum Source {
    /// The file of the user's.
    Own(File),
    /// What was made of it.
    Scratch(ScratchFile),
}

impl RowFile {
    /// The rows in a file of the user's, from a position on.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be opened.
    pub(in crate::data) fn open(
        path: &Path,
        offset: u64,
        rows: usize,
        shape: Vec<usize>,
        element: Element,
    ) -> Result<Self> {
        let file = File::open(path).map_err(|error| Error::file("read", path, error))?;
        Ok(Self::new(Source::Own(file), path, offset, rows, shape, element))
    }

    /// The rows in a scratch file that was made of a file of the user's.
    pub(in crate::data) fn of_scratch(
        file: ScratchFile,
        name: &Path,
        offset: u64,
        rows: usize,
        shape: Vec<usize>,
        element: Element,
    ) -> Self {
        Self::new(Source::Scratch(file), name, offset, rows, shape, element)
    }

    fn new(file: Source, name: &Path, offset: u64, rows: usize, shape: Vec<usize>, element: Element) -> Self {
        RowFile { file, reading: Mutex::new(()), name: name.to_owned(), offset, rows, shape, element }
    }

    fn row_bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.element.size()
    }

    /// Reads whole rows, one behind the other, from `first` on.
    fn read(&self, first: usize, bytes: &mut [u8]) -> Result<()> {
        let failed = |error| Error::file("read", &self.name, error);
        let mut file = match &self.file {
            Source::Own(file) => file,
            Source::Scratch(scratch) => scratch.file(),
        };
        let _reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let position = self.offset + first as u64 * self.row_bytes() as u64;
        file.seek(SeekFrom::Start(position)).and_then(|_| file.read_exact(bytes)).map_err(failed)
    }
}

/// Rows of features in a file, which are read when they are needed. Clones share the file.
///
/// A data set has them if it is [read in pieces](crate::data::DataOptions::in_pieces).
#[derive(Clone)]
pub struct StoredRows {
    file: Arc<RowFile>,
    /// The rows of the file, in order. None: all.
    selected: Option<Arc<[u32]>>,
}

impl From<RowFile> for StoredRows {
    fn from(file: RowFile) -> Self {
        StoredRows { file: Arc::new(file), selected: None }
    }
}

impl PartialEq for StoredRows {
    /// Whether they are the same rows of the same open file.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file) && self.selected == other.selected
    }
}

impl StoredRows {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.selected.as_ref().map_or(self.file.rows, |rows| rows.len())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shape of a row.
    pub fn shape(&self) -> &[usize] {
        &self.file.shape
    }

    /// Whether the numbers are bytes divided by [`MAX_PIXEL`].
    pub fn are_bytes(&self) -> bool {
        self.file.element == Element::Pixel
    }

    /// The numbers of these rows, one row behind the other.
    ///
    /// # Errors
    /// [`Error::IndexOutOfRange`] if there is no such row, [`Error::File`] if the file cannot be read, [`Error::Format`] if a number is
    /// not finite.
    pub fn read(&self, rows: &[u32]) -> Result<Vec<f64>> {
        if let Some(row) = rows.iter().find(|row| **row as usize >= self.len()) {
            let problem = format!("row {row} is out of range for {} rows", self.len());
            return Err(Error::index("rows of a file", problem, "give rows that exist"));
        }
        let (mut bytes, mut numbers) = (Vec::new(), Vec::new());
        self.read_into::<f64>(rows, &mut bytes, &mut numbers)?;
        Ok(numbers)
    }

    /// The numbers of these rows, which exist, as a plan of this precision gathers them. `bytes` and `numbers` are reused, so that
    /// batches of one size do not allocate.
    pub(crate) fn read_into<T: Real>(
        &self,
        rows: &[u32],
        bytes: &mut Vec<u8>,
        numbers: &mut Vec<f64>,
    ) -> Result<()> {
        self.read_bytes(rows, bytes)?;
        numbers.clear();
        match self.file.element {
            Element::Pixel => {
                // As gathering bytes in a plan does: `Graph::bytes`.
                let scale = T::of(1.0 / MAX_PIXEL);
                numbers.extend(bytes.iter().map(|&byte| (T::of_byte(byte) * scale).widen()));
                return Ok(());
            }
            Element::F32 => {
                let parts = bytes.as_chunks::<4>().0.iter();
                numbers.extend(parts.map(|part| f64::from(f32::from_le_bytes(*part))));
            }
            Element::F64 => {
                numbers.extend(bytes.as_chunks::<8>().0.iter().map(|part| f64::from_le_bytes(*part)));
            }
        }
        match numbers.iter().position(|number| !T::of(*number).widen().is_finite()) {
            None => Ok(()),
            Some(at) => Err(self.not_finite(rows, at, numbers[at])),
        }
    }

    /// The error for a number that is not finite, or beyond the precision.
    fn not_finite(&self, rows: &[u32], at: usize, number: f64) -> Error {
        let width = self.shape().iter().product::<usize>().max(1);
        let (row, column) = (self.place(rows[at / width]) + 1, at % width + 1);
        let (problem, help) = if number.is_finite() {
            ("is beyond the range of f32", "check the value, or train in f64")
        } else {
            ("is not finite", "replace it, or leave its row out")
        };
        Error::format(&self.file.name, format!("{number} in row {row}, column {column} {problem}"), help)
    }

    /// Reads the bytes of rows. Neighbours in the file are read at once.
    fn read_bytes(&self, rows: &[u32], bytes: &mut Vec<u8>) -> Result<()> {
        let row_bytes = self.file.row_bytes();
        bytes.resize(rows.len() * row_bytes, 0);
        let mut done = 0;
        while done < rows.len() {
            let first = self.place(rows[done]);
            let neighbours = rows[done..].iter().zip(first..);
            let count = neighbours.take_while(|(row, place)| self.place(**row) == *place).count();
            self.file.read(first, &mut bytes[done * row_bytes..(done + count) * row_bytes])?;
            done += count;
        }
        Ok(())
    }

    /// Where a row is in the file.
    fn place(&self, row: u32) -> usize {
        self.selected.as_ref().map_or(row, |rows| rows[row as usize]) as usize
    }

    /// Visits all rows in pieces of a few megabytes, in order: the bytes of those of bytes, and the numbers of others.
    pub(crate) fn pieces(&self, mut visit: impl FnMut(&[u8], &[f64])) -> Result<()> {
        let (mut bytes, mut numbers) = (Vec::new(), Vec::new());
        let rows_at_once = (PIECE / self.file.row_bytes().max(1)).max(1);
        let (mut first, all) = (0, self.len());
        while first < all {
            let rows: Vec<u32> = (first..all.min(first + rows_at_once)).map(|row| row as u32).collect();
            if self.are_bytes() {
                self.read_bytes(&rows, &mut bytes)?;
                visit(&bytes, &[]);
            } else {
                self.read_into::<f64>(&rows, &mut bytes, &mut numbers)?;
                visit(&[], &numbers);
            }
            first += rows.len();
        }
        Ok(())
    }

    /// All rows in memory.
    ///
    /// # Errors
    /// As [`read`](Self::read); [`Error::OutOfMemory`].
    pub(in crate::data) fn in_memory(&self) -> Result<Features> {
        let count = self.len() * self.shape().iter().product::<usize>();
        let size = if self.are_bytes() { 1 } else { size_of::<f64>() };
        memory::must_fit("the rows of a file", (count * size) as u64, "select fewer rows")?;
        let (mut all_bytes, mut all_numbers) = (Vec::new(), Vec::new());
        self.pieces(|bytes, numbers| {
            all_bytes.extend_from_slice(bytes);
            all_numbers.extend_from_slice(numbers);
        })?;
        if self.are_bytes() {
            return Ok(Features::Bytes { values: all_bytes.into(), shape: self.shape().to_vec() });
        }
        Matrix::new(self.len(), all_numbers).map(Features::Reals)
    }

    /// These rows, which exist.
    pub(in crate::data) fn select(&self, rows: &[u32]) -> Self {
        let selected = rows.iter().map(|row| self.place(*row) as u32).collect();
        StoredRows { selected: Some(selected), ..self.clone() }
    }

    /// The bytes of memory.
    pub(in crate::data) fn memory(&self) -> usize {
        self.selected.as_ref().map_or(0, |rows| size_of_val(&**rows))
    }
}

impl fmt::Debug for StoredRows {
    /// Only the sizes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredRows")
            .field("len", &self.len())
            .field("shape", &self.shape())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        file
    }

    #[test]
    fn rows_are_read_by_position_and_selected() {
        let numbers: Vec<u8> = (0..12).flat_map(|i| (i as f32 / 4.0).to_le_bytes()).collect();
        let file = file(&[b"header", &numbers[..]].concat());
        let rows: StoredRows = RowFile::open(file.path(), 6, 4, vec![3], Element::F32).unwrap().into();
        assert_eq!((rows.len(), rows.shape(), rows.are_bytes()), (4, &[3][..], false));
        assert_eq!(rows.read(&[3, 0]).unwrap(), [2.25, 2.5, 2.75, 0.0, 0.25, 0.5]);
        let selected = rows.select(&[3, 1, 2]).select(&[1, 2, 2]);
        assert_eq!(selected.read(&[0, 1, 2]).unwrap(), rows.read(&[1, 2, 2]).unwrap());
        let Features::Reals(matrix) = selected.in_memory().unwrap() else { panic!("real numbers") };
        assert_eq!(matrix.row(0), Some(&[0.75, 1.0, 1.25][..]));
        assert!(selected.read(&[3]).unwrap_err().to_string().contains("row 3 is out of range for 3 rows"));
    }

    #[test]
    fn bytes_are_those_that_a_plan_gathers() {
        let file = file(&(0..=255).collect::<Vec<u8>>());
        let rows: StoredRows = RowFile::open(file.path(), 0, 2, vec![8, 16], Element::Pixel).unwrap().into();
        let (mut bytes, mut numbers) = (Vec::new(), Vec::new());
        rows.read_into::<f32>(&[0, 1], &mut bytes, &mut numbers).unwrap();
        let expected = |byte: u8| f64::from(f32::from(byte) * (1.0 / 255.0_f64) as f32);
        assert!(numbers.iter().zip(0..=255).all(|(number, byte)| *number == expected(byte)));
        assert_eq!(rows.read(&[1]).unwrap()[127], 255.0 * (1.0 / 255.0));
        let Features::Bytes { values, shape } = rows.in_memory().unwrap() else { panic!("bytes") };
        assert_eq!((&values[..], shape), (&(0..=255).collect::<Vec<u8>>()[..], vec![8, 16]));
    }

    #[test]
    fn numbers_that_are_not_finite_and_files_that_end_are_errors() {
        let numbers: Vec<u8> =
            [1.0, 2.0, 1e39, f64::NAN].iter().flat_map(|number| number.to_le_bytes()).collect();
        let file = file(&numbers);
        let rows =
            |count| StoredRows::from(RowFile::open(file.path(), 0, count, vec![2], Element::F64).unwrap());
        let (mut bytes, mut read) = (Vec::new(), Vec::new());
        let error = rows(2).read(&[1]).unwrap_err().to_string();
        assert!(error.contains("NaN in row 2, column 2 is not finite"), "{error}");
        rows(1).read_into::<f32>(&[0], &mut bytes, &mut read).unwrap();
        let error =
            rows(2).select(&[1]).read_into::<f32>(&[0], &mut bytes, &mut read).unwrap_err().to_string();
        assert!(error.contains("row 2, column 1 is beyond the range of f32"), "{error}");
        let error = rows(3).read(&[2]).unwrap_err();
        assert_eq!(error.kind(), retrograde_base::ErrorKind::File);
    }
}

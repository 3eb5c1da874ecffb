//! Writing a file of rows.

use super::rows::{Element, RowFile, StoredRows};
use retrograde_base::scratch::ScratchFile;
use retrograde_base::{Error, Result};
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Writes rows into a scratch file.
pub(in crate::data) struct RowWriter {
    scratch: ScratchFile,
    /// A handle of the same file.
    writer: BufWriter<File>,
    folder: PathBuf,
}

impl RowWriter {
    /// An empty file in this folder.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be written.
    pub(in crate::data) fn create(folder: &Path) -> Result<Self> {
        let scratch = ScratchFile::create(folder)?;
        let handle = scratch.file().try_clone().map_err(|error| Error::file("write", folder, error))?;
        Ok(RowWriter {
            scratch,
            writer: BufWriter::with_capacity(1 << 20, handle),
            folder: folder.to_owned(),
        })
    }

    /// Appends bytes.
    pub(in crate::data) fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.writer.write_all(bytes).map_err(|error| Error::file("write", &self.folder, error))
    }

    /// Appends real numbers, for [`Element::F64`].
    pub(in crate::data) fn reals(&mut self, numbers: &[f64]) -> Result<()> {
        numbers.iter().try_for_each(|number| self.bytes(&number.to_le_bytes()))
    }

    /// Appends all that a reader of the file `name` gives.
    ///
    /// # Errors
    /// [`Error::File`]; `failed` makes the error of a reader.
    pub(in crate::data) fn all_of(
        &mut self,
        mut reader: impl Read,
        failed: impl Fn(io::Error) -> Error,
    ) -> Result<()> {
        let mut part = vec![0; 1 << 20];
        loop {
            match reader.read(&mut part) {
                Ok(0) => return Ok(()),
                Ok(length) => self.bytes(&part[..length])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// The written file.
    ///
    /// # Errors
    /// [`Error::File`] if the disk is full.
    pub(in crate::data) fn finish(self) -> Result<ScratchFile> {
        let RowWriter { scratch, writer, folder } = self;
        writer.into_inner().map_err(|error| Error::file("write", &folder, error.into_error()))?;
        Ok(scratch)
    }

    /// The written rows, made of the file `name`.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub(in crate::data) fn rows(
        self,
        name: &Path,
        rows: usize,
        shape: Vec<usize>,
        element: Element,
    ) -> Result<StoredRows> {
        Ok(RowFile::of_scratch(self.finish()?, name, 0, rows, shape, element).into())
    }
}

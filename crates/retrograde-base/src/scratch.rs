//! A file for data that are larger than memory, which is deleted after use.

use crate::files::create_partial;
use crate::{Error, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// A file to write and read, without a name where the system allows that. It is removed when this is dropped, and on Unix also when the
/// process is killed.
#[derive(Debug)]
pub struct ScratchFile {
    file: File,
    /// None if it has no name.
    path: Option<PathBuf>,
}

impl ScratchFile {
    /// An empty file in this folder, which is created if necessary.
    ///
    /// # Errors
    /// [`Error::File`] if the folder cannot be written.
    pub fn create(folder: &Path) -> Result<Self> {
        let failed = |error| Error::file("write", folder, error);
        fs::create_dir_all(folder).map_err(failed)?;
        let (file, path) = create_partial(folder).map_err(failed)?;
        // An open file without a name exists until it is closed.
        let is_nameless = cfg!(unix) && fs::remove_file(&path).is_ok();
        Ok(ScratchFile { file, path: (!is_nameless).then_some(path) })
    }

    /// The file.
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for ScratchFile {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Best effort: the next run in the folder removes it.
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Seek, SeekFrom, Write};

    #[test]
    fn it_is_written_read_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        let scratch = ScratchFile::create(&inner).unwrap();
        let mut file = scratch.file();
        file.write_all(b"rows").unwrap();
        file.seek(SeekFrom::Start(2)).unwrap();
        let mut read = String::new();
        file.read_to_string(&mut read).unwrap();
        assert_eq!(read, "ws");
        drop(scratch);
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 0);
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = ScratchFile::create(&file).unwrap_err().to_string();
        assert!(error.contains("cannot write"), "{error}");
    }
}

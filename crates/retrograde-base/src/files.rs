//! Bounded reads and atomic writes of files.
//!
//! The size of a file is checked before memory is allocated. A write goes to a temporary file in the same folder, which is
//! flushed to the device and then renamed over the old file. After a crash, a full disk or a power failure there is either
//! the old file or the new one, never a part. The next run in the folder removes the temporary files of killed processes.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::printable::shown;
use crate::{Error, Result};

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// [`Error::File`] if it cannot be read; [`Error::Format`] if it is a folder, a device, a pipe, or longer, before reading.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let failed = |error: io::Error| Error::file("read", path, error);
    let too_long = || Error::format(path, format!("it is longer than {limit} bytes"), "give a smaller file");
    // Before opening, because opening a pipe blocks.
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() {
        return Err(Error::format(path, "it is a folder", "give a file"));
    }
    if !metadata.is_file() {
        return Err(Error::format(path, "it is a device or a pipe", "give a regular file"));
    }
    if metadata.len() > limit {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    let length = usize::try_from(metadata.len()).map_err(|_| too_long())?;
    bytes
        .try_reserve_exact(length)
        .map_err(|error| failed(io::Error::new(io::ErrorKind::OutOfMemory, error)))?;
    // The file may grow while it is read.
    let read = File::open(path).and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes));
    if read.map_err(failed)? as u64 > limit {
        return Err(too_long());
    }
    Ok(bytes)
}

/// Writes a file atomically. An existing file, or the target of a symbolic link, is replaced and keeps its permissions. A device or a pipe is written to
/// directly. On failure the old file does not change.
///
/// # Errors
/// [`Error::Invalid`] if the path has no file name, [`Error::File`] if the file cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    if path.file_name().is_none() {
        return Err(Error::invalid(
            "output path",
            format!("{} has no file name", shown(path)),
            "give a file",
        ));
    }
    let failed = |error: io::Error| Error::file("write", path, error);
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let written = OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(bytes));
        return written.map_err(failed);
    }
    let is_link = fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
    let target = fs::canonicalize(path).ok().filter(|_| is_link);
    let name = target.as_deref().unwrap_or(path);
    let folder = match name.parent() {
        Some(parent) if parent.as_os_str() != OsStr::new("") => parent,
        _ => Path::new("."),
    };
    let (mut file, partial) = create_partial(folder).map_err(failed)?;
    // A replaced file keeps its permissions, where the system allows it.
    if let Ok(old) = fs::metadata(name).map(|old| old.permissions()) {
        let _ = file.set_permissions(old);
    }
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let named = written.and_then(|()| fs::rename(&partial, name));
    // The lock is held until the rename.
    drop(file);
    if let Err(error) = named {
        // Best effort: the first error is returned.
        let _ = fs::remove_file(&partial);
        return Err(failed(error));
    }
    // Makes the rename durable. Not every file system can sync a folder, and the file is complete in any case, so that errors
    // are ignored.
    #[cfg(unix)]
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Checks, without writing it, that [`write_whole`] can write this file.
///
/// # Errors
/// [`Error::Invalid`] if it is a folder or its folder does not exist, [`Error::File`] if it cannot be written.
pub fn must_be_writable(path: &Path) -> Result<()> {
    let what = || format!("file {}", shown(path));
    if path.is_dir() || path.file_name().is_none() {
        return Err(Error::invalid(what(), "it is a folder", "give a file"));
    }
    let failed = |error: io::Error| Error::file("write", path, error);
    if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
        // A device or a pipe, which may block when opened.
        return Ok(());
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = match target.parent() {
        Some(parent) if parent.as_os_str() != OsStr::new("") => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let problem = format!("the folder {} does not exist", shown(folder));
        return Err(Error::invalid(what(), problem, "create it first, or choose another path"));
    }
    folder_must_be_writable(folder).map_err(failed)
}

/// Checks that files can be created in a folder.
pub fn folder_must_be_writable(folder: &Path) -> io::Result<()> {
    let (file, partial) = create_partial(folder)?;
    drop(file);
    fs::remove_file(partial)
}

/// Removes the temporary files of [`write_whole`] that killed processes have left in a folder. Files of running writers are
/// locked. Errors are ignored.
pub fn remove_stale(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_partial = entry.file_name().to_str().is_some_and(is_partial);
        if is_partial && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let path = entry.path();
            let file = OpenOptions::new().write(true).open(&path);
            if let Ok(file) = file
                && file.try_lock().is_ok()
            {
                // Best effort: a stale file is harmless.
                let _ = fs::remove_file(&path);
            }
        }
    }
}

/// Whether this is a name of [`create_partial`].
fn is_partial(name: &str) -> bool {
    let numbers = name.strip_prefix(".retrograde-").and_then(|name| name.strip_suffix(".partial"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers
        .and_then(|numbers| numbers.split_once('-'))
        .is_some_and(|(process, count)| is_number(process) && is_number(count))
}

/// Creates an empty temporary file with a unique name, locked while it is open. The name does not contain the final one,
/// which may have the maximum length.
pub(crate) fn create_partial(folder: &Path) -> io::Result<(File, PathBuf)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let partial = folder.join(format!(".retrograde-{}-{count}.partial", std::process::id()));
        match OpenOptions::new().read(true).write(true).create_new(true).open(&partial) {
            Ok(file) => {
                // The lock marks a running writer. Before the lock, another process may have considered the file stale and
                // removed it. If the system cannot lock files, none are removed.
                let is_removed = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
                if !is_removed && fs::symlink_metadata(&partial).is_ok() {
                    return Ok((file, partial));
                }
            }
            // A stale file of a killed process with the same process id: try the next name.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_written_replaced_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for bytes in [&b"first"[..], b"", b"the second, which is longer"] {
            write_whole(&path, bytes).unwrap();
            assert_eq!(read_bounded(&path, 100).unwrap(), bytes);
        }
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_are_preserved() {
        let folder = tempfile::tempdir().unwrap();
        let [file, link, pipe] = ["file", "link", "pipe"].map(|name| folder.path().join(name));
        fs::write(&file, b"old").unwrap();
        std::os::unix::fs::symlink("file", &link).unwrap();
        write_whole(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&file).unwrap(), b"new");

        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let reader = thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        write_whole(&pipe, b"through").unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        assert!(!fs::metadata(&pipe).unwrap().is_file());
        assert_eq!(names(folder.path()), ["file", "link", "pipe"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_replaced_file_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        for mode in [0o600, 0o644, 0o444] {
            write_whole(&path, b"old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            write_whole(&path, b"new").unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
            assert_eq!(fs::read(&path).unwrap(), b"new");
        }
    }

    #[test]
    fn the_longest_name_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let name = "n".repeat(255);
        write_whole(&folder.path().join(&name), b"bytes").unwrap();
        assert_eq!(names(folder.path()), [name]);
    }

    #[test]
    fn a_failed_write_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let occupied = folder.path().join("occupied");
        fs::create_dir(&occupied).unwrap();
        fs::write(occupied.join("inside"), b"kept").unwrap();
        let error = write_whole(&occupied, b"bytes").unwrap_err();
        assert!(matches!(error, Error::File { action: "write", .. }), "{error}");
        assert_eq!(names(folder.path()), ["occupied"]);
        assert_eq!(fs::read(occupied.join("inside")).unwrap(), b"kept");

        let error = write_whole(&folder.path().join("missing/file"), b"bytes").unwrap_err();
        assert!(
            matches!(&error, Error::File { source, .. } if source.kind() == io::ErrorKind::NotFound),
            "{error}"
        );
        let error = write_whole(Path::new("/"), b"bytes").unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }

    #[test]
    fn only_files_of_dead_writers_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (living, partial) = create_partial(folder.path()).unwrap();
        let living_name = partial.file_name().unwrap().to_str().unwrap().to_owned();
        let others =
            [".retrograde-1-x.partial", ".retrograde-1.partial", ".retrograde--1.partial", "a.partial"];
        for name in others.iter().chain(&[".retrograde-1-0.partial", ".retrograde-4000000-17.partial"]) {
            fs::write(folder.path().join(name), b"some bytes").unwrap();
        }
        fs::create_dir(folder.path().join(".retrograde-2-2.partial")).unwrap();
        remove_stale(folder.path());
        let mut left = others.map(str::to_owned).to_vec();
        left.extend([living_name, ".retrograde-2-2.partial".to_owned()]);
        left.sort();
        assert_eq!(names(folder.path()), left);
        // Its writer is dead.
        drop(living);
        remove_stale(folder.path());
        assert!(!partial.exists());
        remove_stale(&folder.path().join("nowhere"));
    }

    #[test]
    fn concurrent_writes_and_removals_lose_no_file() {
        let folder = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for count in 0..200 {
                    write_whole(&folder.path().join("file"), &[count]).unwrap();
                }
            });
            while !writer.is_finished() {
                remove_stale(folder.path());
            }
        });
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), [199]);
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn a_reader_never_sees_a_partial_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("contended");
        let length = 100_000;
        write_whole(&path, &vec![0; length]).unwrap();
        thread::scope(|scope| {
            for value in 1..=2 {
                let path = &path;
                scope.spawn(move || (0..20).for_each(|_| write_whole(path, &vec![value; length]).unwrap()));
            }
            for _ in 0..200 {
                let bytes = read_bounded(&path, length as u64).unwrap();
                assert_eq!(bytes.len(), length);
                assert!(bytes.iter().all(|byte| *byte == bytes[0]));
            }
        });
        assert_eq!(names(folder.path()), ["contended"]);
    }

    #[test]
    fn reading_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ten");
        fs::write(&path, b"0123456789").unwrap();
        assert_eq!(read_bounded(&path, 10).unwrap().len(), 10);
        let error = read_bounded(&path, 9).unwrap_err().to_string();
        assert!(error.contains("ten") && error.contains("longer than 9 bytes"), "{error}");
    }

    #[test]
    fn only_regular_files_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_bounded(folder.path(), 10).unwrap_err().to_string();
        assert!(error.contains("it is a folder"), "{error}");
        let error = read_bounded(&folder.path().join("absent"), 10).unwrap_err();
        assert!(
            matches!(&error, Error::File { source, .. } if source.kind() == io::ErrorKind::NotFound),
            "{error}"
        );
        #[cfg(unix)]
        assert!(read_bounded(Path::new("/dev/zero"), 10).unwrap_err().to_string().contains("a device"));
    }
}

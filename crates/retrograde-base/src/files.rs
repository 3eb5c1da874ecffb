//! Files, read with a bound and written whole or not at all.
//!
//! Two promises that several rooms make are kept here, once. What comes from outside is measured before memory
//! is taken for it. What is written appears under its name complete or not at all: the bytes go to a temporary
//! name in the same folder, are flushed to the device and then renamed over the old file, so that a reader, a
//! full disk or a loss of power meets either the old file or the new one, never a part of one. What a killed process leaves
//! under its temporary name is removed by the next run in that folder.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::printable::shown;
use crate::{Error, Result};

/// The bytes of a regular file that is at most `limit` bytes long.
///
/// A folder, a device or a pipe and a longer file are errors, found before anything is read.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Vec<u8>> {
    let refused = |error: io::Error| Error::file("read", path, &error);
    let too_long = || {
        Error::format(path, format!("it is longer than {limit} bytes"), "a file up to that size is accepted")
    };
    // Asked of the name and before it is opened, because to open a pipe waits for its other end.
    let metadata = fs::metadata(path).map_err(refused)?;
    if metadata.is_dir() {
        return Err(Error::format(path, "it is a folder", "name a file"));
    }
    if !metadata.is_file() {
        return Err(Error::format(path, "it is a device or a pipe", "name a regular file"));
    }
    if metadata.len() > limit {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    let length = usize::try_from(metadata.len()).map_err(|_| too_long())?;
    bytes
        .try_reserve_exact(length)
        .map_err(|error| refused(io::Error::new(io::ErrorKind::OutOfMemory, error)))?;
    // The file may grow while it is read: the bound holds for what comes, not for what was announced.
    let read = File::open(path).and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes));
    if read.map_err(refused)? as u64 > limit {
        return Err(too_long());
    }
    Ok(bytes)
}

/// Writes a file whole or not at all; a file of that name is replaced. Of a link, the file that it leads to is; a device or
/// a pipe is no file, and is written into.
///
/// On failure the old file is untouched and nothing is left behind.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    if path.file_name().is_none() {
        return Err(Error::invalid("file to write", format!("{} names no file", shown(path)), "name a file"));
    }
    let refused = |error: io::Error| Error::file("write", path, &error);
    if fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        let written = OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(bytes));
        return written.map_err(refused);
    }
    let is_link = fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink());
    let target = fs::canonicalize(path).ok().filter(|_| is_link);
    let name = target.as_deref().unwrap_or(path);
    let folder = match name.parent() {
        Some(parent) if parent.as_os_str() != OsStr::new("") => parent,
        _ => Path::new("."),
    };
    let (mut file, partial) = create_partial(folder).map_err(refused)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    let named = written.and_then(|()| fs::rename(&partial, name));
    // Only now: it is locked until it has its name.
    drop(file);
    if let Err(error) = named {
        // Best effort: the error to be told is the first one.
        let _ = fs::remove_file(&partial);
        return Err(refused(error));
    }
    // The new name is on the device once its folder is. Not every file system can sync a folder, and the file
    // is whole either way, so that a refusal here is no failure.
    #[cfg(unix)]
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// Errors when [`write_whole`] would not find a place for this file, as far as that can be seen without writing it.
pub fn must_be_writable(path: &Path) -> Result<()> {
    let what = || format!("the file {}", shown(path));
    if path.is_dir() || path.file_name().is_none() {
        return Err(Error::invalid(what(), "it is a folder", "name a file"));
    }
    let refused = |error: io::Error| Error::file("write", path, &error);
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        // A device or a pipe: to open it may wait for its other end.
        return Ok(());
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let folder = match target.parent() {
        Some(parent) if parent.as_os_str() != OsStr::new("") => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let problem = format!("there is no folder {}", shown(folder));
        return Err(Error::invalid(what(), problem, "make it first, or choose another place"));
    }
    folder_must_be_writable(folder).map_err(refused)
}

/// Errors when no file can be made in a folder.
pub fn folder_must_be_writable(folder: &Path) -> io::Result<()> {
    let (file, partial) = create_partial(folder)?;
    drop(file);
    fs::remove_file(partial)
}

/// Removes what killed processes have left of [`write_whole`] in a folder: its temporary files
/// that are not locked, since a living writer holds its lock. What cannot be removed stays.
pub fn remove_left_over(folder: &Path) {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_partial = entry.file_name().to_str().is_some_and(is_partial);
        if is_partial && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let path = entry.path();
            let file = OpenOptions::new().write(true).open(&path);
            if let Ok(file) = file
                && file.try_lock().is_ok()
            {
                // Best effort: a left-over file does no harm.
                let _ = fs::remove_file(&path);
            }
        }
    }
}

/// Whether a file is named as [`create_partial`] does.
fn is_partial(name: &str) -> bool {
    let numbers = name.strip_prefix(".retrograde-").and_then(|name| name.strip_suffix(".partial"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    numbers
        .and_then(|numbers| numbers.split_once('-'))
        .is_some_and(|(process, count)| is_number(process) && is_number(count))
}

/// A new empty file in the folder, of a name no other process uses, locked as long as it is open. The name does not contain
/// the final one, which may already be as long as the file system permits.
fn create_partial(folder: &Path) -> io::Result<(File, PathBuf)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    loop {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let partial = folder.join(format!(".retrograde-{}-{count}.partial", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&partial) {
            Ok(file) => {
                // The lock says that its writer lives. Before it was there the file could be taken for a left-over one:
                // then it is being removed, or is gone. Where files cannot be locked none is removed.
                let is_removed = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
                if !is_removed && fs::symlink_metadata(&partial).is_ok() {
                    return Ok((file, partial));
                }
            }
            // Left behind by a killed process that had this process's number: take the next name.
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
    fn a_file_is_written_replaced_and_read_back() {
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
    fn links_and_pipes_stay_what_they_are() {
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

    #[test]
    fn the_longest_permitted_name_can_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let name = "n".repeat(255);
        write_whole(&folder.path().join(&name), b"bytes").unwrap();
        assert_eq!(names(folder.path()), [name]);
    }

    #[test]
    fn a_failed_write_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let occupied = folder.path().join("occupied");
        fs::create_dir(&occupied).unwrap();
        fs::write(occupied.join("inside"), b"kept").unwrap();
        let error = write_whole(&occupied, b"bytes").unwrap_err();
        assert!(matches!(error, Error::File { action: "write", .. }), "{error}");
        assert_eq!(names(folder.path()), ["occupied"]);
        assert_eq!(fs::read(occupied.join("inside")).unwrap(), b"kept");

        let error = write_whole(&folder.path().join("missing/file"), b"bytes").unwrap_err();
        assert!(matches!(error, Error::File { kind: io::ErrorKind::NotFound, .. }), "{error}");
        let error = write_whole(Path::new("/"), b"bytes").unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{error}");
    }

    #[test]
    fn only_what_dead_writers_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (living, partial) = create_partial(folder.path()).unwrap();
        let living_name = partial.file_name().unwrap().to_str().unwrap().to_owned();
        let others =
            [".retrograde-1-x.partial", ".retrograde-1.partial", ".retrograde--1.partial", "a.partial"];
        for name in others.iter().chain(&[".retrograde-1-0.partial", ".retrograde-4000000-17.partial"]) {
            fs::write(folder.path().join(name), b"some bytes").unwrap();
        }
        fs::create_dir(folder.path().join(".retrograde-2-2.partial")).unwrap();
        remove_left_over(folder.path());
        let mut left = others.map(str::to_owned).to_vec();
        left.extend([living_name, ".retrograde-2-2.partial".to_owned()]);
        left.sort();
        assert_eq!(names(folder.path()), left);
        // Its writer has died.
        drop(living);
        remove_left_over(folder.path());
        assert!(!partial.exists());
        remove_left_over(&folder.path().join("nowhere"));
    }

    #[test]
    fn writing_and_removing_at_once_lose_no_file() {
        let folder = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for count in 0..200 {
                    write_whole(&folder.path().join("file"), &[count]).unwrap();
                }
            });
            while !writer.is_finished() {
                remove_left_over(folder.path());
            }
        });
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), [199]);
        assert_eq!(names(folder.path()), ["file"]);
    }

    #[test]
    fn a_reader_never_sees_a_part() {
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
    fn what_is_no_regular_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let error = read_bounded(folder.path(), 10).unwrap_err().to_string();
        assert!(error.contains("it is a folder"), "{error}");
        let error = read_bounded(&folder.path().join("absent"), 10).unwrap_err();
        assert!(matches!(error, Error::File { kind: io::ErrorKind::NotFound, .. }), "{error}");
        #[cfg(unix)]
        assert!(read_bounded(Path::new("/dev/zero"), 10).unwrap_err().to_string().contains("a device"));
    }
}

//! The metrics as event files for TensorBoard.
//!
//! An event file is a sequence of records: the length (u64, little endian), a checksum of these eight bytes, the bytes, a
//! checksum of the bytes. The checksum is CRC-32C, rotated and shifted by a constant. The bytes are a protobuf message
//! `Event`, of which four fields are used here; five kinds of bytes need no code generator.
//!
//! Each write creates a complete file of the new events, whose name sorts behind the earlier ones; TensorBoard reads the
//! files of a directory in that order, also while they are added.
//!
//! A killed run has often written events of later steps than its checkpoint's. When it is resumed, one file of all events
//! up to the checkpoint replaces its earlier files. The first file of a run, and this one, begin with a session start at
//! step 0: a running TensorBoard then drops its events of this step and later ones. The newest of the earlier files is
//! emptied instead of removed, because a TensorBoard that reads a removed file never continues with the next one. The names
//! contain the run's number, so that the events of another run are never replaced.
//!
//! Source: TensorFlow, `tensorflow/core/util/event.proto`, `framework/summary.proto`, `lib/io/record_writer.cc`;
//! TensorBoard, `plugin_event_accumulator.py` (`SessionLog.START`), `directory_watcher.py`.

use super::metrics::{Metric, series};
use crc::{CRC_32_ISCSI, Crc};
use retrograde_base::clock::SystemTime;
use retrograde_base::error::{Error, Result};
use retrograde_base::files::{folder_must_be_writable, remove_stale, write_whole};
use retrograde_base::printable::shown;
use retrograde_train::train::{History, RunId};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// CRC-32C.
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// The prefix and the suffix of the names of our files. Between them, separated by dots: the number of starts of the run,
/// the last step of the file, and the run.
const BEFORE: &str = "events.out.tfevents.";
const BEHIND: &str = ".retrograde";

/// A directory of event files.
#[derive(Debug)]
pub(super) struct EventDirectory {
    folder: PathBuf,
    /// The last written step of each series.
    written: HashMap<(Metric, String), u64>,
    /// The number of starts of the run, including this one; 0 before the first write.
    start: u64,
}

/// An event file of ours, by its name.
struct Found {
    path: PathBuf,
    start: u64,
    run: String,
}

impl EventDirectory {
    pub fn new(folder: PathBuf) -> Self {
        EventDirectory { folder, written: HashMap::new(), start: 0 }
    }

    /// Writes the events of the history that are not yet written. The first time it writes all of them, replacing the files
    /// of the run before it was resumed; an error if there are events of another run.
    pub fn write(&mut self, run: RunId, history: &History) -> Result<()> {
        let begins = self.start == 0;
        let mut earlier = if begins { self.begin(run)? } else { Vec::new() };
        let mut file = Vec::new();
        record(&mut file, &event(0, &Content::Version));
        if begins {
            record(&mut file, &event(0, &Content::Start));
        }
        let mut news = false;
        for series in series(history) {
            let key = (series.metric, series.of);
            let tag = format!("{}/{}", key.0.name(), key.1);
            let written = self.written.get(&key).copied().unwrap_or(0);
            for &(step, value) in series.points.iter().filter(|point| point.0 > written) {
                record(&mut file, &event(step, &Content::Scalar(&tag, value as f32)));
                news = true;
            }
            let last = series.points.last().map_or(0, |point| point.0);
            self.written.insert(key, last);
        }
        if !begins && !news {
            return Ok(());
        }
        let start = earlier.iter().map(|old| old.start).max().map_or(self.start.max(1), |last| last + 1);
        let name = format!("{BEFORE}{start:06}.{:012}.{run}{BEHIND}", history.steps());
        write_whole(&self.folder.join(name), &file)?;
        if let Some(newest) = earlier.pop() {
            write_whole(&newest.path, &[])?;
        }
        for old in earlier {
            std::fs::remove_file(&old.path).map_err(|error| Error::file("remove", &old.path, error))?;
        }
        self.start = start;
        Ok(())
    }

    /// Creates the directory, and finds the earlier files of the run.
    fn begin(&self, run: RunId) -> Result<Vec<Found>> {
        let folder = &self.folder;
        std::fs::create_dir_all(folder).map_err(|error| Error::file("create", folder, error))?;
        remove_stale(folder);
        self.earlier(Some(run))
    }

    /// The event files in the directory; an error if there are some of another run.
    fn earlier(&self, run: Option<RunId>) -> Result<Vec<Found>> {
        let folder = &self.folder;
        let found = files_of(folder).map_err(|error| Error::file("read", folder, error))?;
        let run = run.map(|run| run.to_string());
        if found.iter().any(|file| Some(&file.run) != run.as_ref()) {
            let what = format!("the folder {}", shown(folder));
            let problem = "there are the events of another training in it";
            return Err(Error::invalid(what, problem, "choose another folder, or remove them"));
        }
        Ok(found)
    }

    /// Returns an error if the directory cannot be created or written, or has events of another run; `run` is `None` for a
    /// new one.
    pub fn check(&self, run: Option<RunId>) -> Result<()> {
        let folder = &self.folder;
        if folder.is_dir() {
            self.earlier(run)?;
        }
        // The directory itself, or its nearest existing parent.
        let here = Path::new(".");
        let around = folder.ancestors().map(|path| if path.as_os_str().is_empty() { here } else { path });
        let Some(there) = around.into_iter().find(|path| path.exists()) else { return Ok(()) };
        if !there.is_dir() {
            let error = std::io::Error::from(std::io::ErrorKind::NotADirectory);
            return Err(Error::file("create", folder, error));
        }
        folder_must_be_writable(there).map_err(|error| Error::file("write", folder, error))
    }

    /// Whether a directory contains event files of ours.
    pub fn is_in(folder: &Path) -> bool {
        files_of(folder).is_ok_and(|found| !found.is_empty())
    }
}

/// The event files of ours in a directory, in the order of their names.
fn files_of(folder: &Path) -> std::io::Result<Vec<Found>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(between) = name.strip_prefix(BEFORE).and_then(|name| name.strip_suffix(BEHIND)) {
            let mut parts = between.split('.');
            let start = parts.next().and_then(|start| start.parse().ok()).unwrap_or(0);
            // A new run owns no files, so they belong to another.
            let run = parts.nth(1).unwrap_or_default().to_owned();
            found.push(Found { path: entry.path(), start, run });
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Appends a record.
fn record(file: &mut Vec<u8>, bytes: &[u8]) {
    let length = (bytes.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(&length).to_le_bytes());
    file.extend(bytes);
    file.extend(masked(bytes).to_le_bytes());
}

/// A masked checksum of a record: rotated, because the CRC of data that contain CRCs is weak.
fn masked(bytes: &[u8]) -> u32 {
    CHECKSUM.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

enum Content<'a> {
    /// The first event of a file.
    Version,
    /// A session starts: events of its step and later ones are dropped.
    Start,
    Scalar(&'a str, f32),
}

/// A message `Event`: `wall_time = 1`, `step = 2`, and `file_version = 3`, or `summary = 5`, which is
/// `value = 1 { tag = 1, simple_value = 2 }`, or `session_log = 7`, which is `status = 1` with `START = 1`.
fn event(step: u64, content: &Content<'_>) -> Vec<u8> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
    let mut bytes = vec![key(1, FIXED_64)];
    bytes.extend(now.to_le_bytes());
    bytes.push(key(2, VARINT));
    varint(&mut bytes, step);
    match content {
        Content::Version => field(&mut bytes, 3, b"brain.Event:2"),
        Content::Start => field(&mut bytes, 7, &[key(1, VARINT), 1]),
        Content::Scalar(tag, number) => {
            let mut value = Vec::new();
            field(&mut value, 1, tag.as_bytes());
            value.push(key(2, FIXED_32));
            value.extend(number.to_le_bytes());
            let mut summary = Vec::new();
            field(&mut summary, 1, &value);
            field(&mut bytes, 5, &summary);
        }
    }
    bytes
}

/// The wire types of protobuf.
const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const DELIMITED: u8 = 2;
const FIXED_32: u8 = 5;

/// The key of a field with a number below 16.
fn key(number: u8, wire: u8) -> u8 {
    number << 3 | wire
}

/// Length-delimited bytes.
fn field(message: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    message.push(key(number, DELIMITED));
    varint(message, bytes.len() as u64);
    message.extend(bytes);
}

/// A varint: seven bits per byte, the lowest first; the eighth bit is set if more follow.
fn varint(message: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        message.push(number as u8 | 0x80);
        number >>= 7;
    }
    message.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_framed_and_checked() {
        // RFC 3720, appendix B.4: the CRC-32C of 32 zeros.
        assert_eq!(CHECKSUM.checksum(&[0; 32]), 0x8a91_36aa);
        let mut file = Vec::new();
        record(&mut file, &event(0, &Content::Version));
        assert_eq!(file[..8], [26, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(file.len(), 8 + 4 + 26 + 4);
        assert!(file.ends_with(&masked(&file[12..38]).to_le_bytes()));
        let mut bytes = Vec::new();
        varint(&mut bytes, 300);
        assert_eq!(bytes, [0xac, 0x02]);
    }

    #[test]
    fn only_what_is_new_is_written() -> Result<()> {
        let place = tempfile::tempdir().expect("a temporary folder");
        let folder = || EventDirectory::new(place.path().join("events"));
        let (run, mut history) = (RunId::draw(), History::default());
        let mut first = folder();
        first.write(run, &history)?;
        history.losses = vec![2.0, 1.0];
        first.write(run, &history)?;
        first.write(run, &history)?;
        history.losses.push(0.5);
        first.write(run, &history)?;
        let sizes = || {
            let entries = std::fs::read_dir(place.path().join("events")).expect("the folder");
            let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry")).collect();
            files.sort_by_key(std::fs::DirEntry::file_name);
            files.iter().map(|file| file.metadata().expect("its size").len()).collect::<Vec<u64>>()
        };
        let all = sizes();
        // A record is 16 bytes around its message. That of a version has 26 of them; that of a session's start a time, a
        // step and a log in 15; that of the loss of a batch a time, a step, and in 19 more a tag and a number.
        let (version, start, loss) = (16 + 26, 16 + 9 + 2 + 4, 16 + 9 + 2 + 4 + 2 + 10 + 5);
        assert_eq!(all, [version + start, version + 2 * loss, version + loss]);
        // A resumed run writes all events, once, wherever its checkpoint is: at the end, in the middle, at step 0.
        for steps in [3, 2, 0] {
            history.losses.truncate(steps);
            folder().write(run, &history)?;
            assert_eq!(sizes(), [0, all[0] + steps as u64 * loss], "{steps} steps");
        }
        // Another run is rejected, wherever it is.
        for losses in [Vec::new(), vec![2.0; 5]] {
            let other = History { losses, ..History::default() };
            let error = folder().write(RunId::draw(), &other).expect_err("another training").to_string();
            assert!(error.contains("another training"), "{error}");
        }
        folder().check(Some(run))?;
        for other in [None, Some(RunId::draw())] {
            assert!(folder().check(other).is_err(), "{other:?}");
        }
        assert_eq!(sizes().len(), 2);
        Ok(())
    }

    /// A running TensorBoard reads the files in the order of their names.
    #[test]
    fn what_a_resumed_run_writes_sorts_behind() -> Result<()> {
        let place = tempfile::tempdir().expect("a temporary folder");
        let (run, mut history) = (RunId::draw(), History::default());
        let mut names = Vec::new();
        for steps in [100, 20, 0, 7] {
            let mut folder = EventDirectory::new(place.path().to_path_buf());
            for more in 0..2 {
                history.losses = vec![1.0; steps + more];
                folder.write(run, &history)?;
                let newest = files_of(place.path()).expect("the folder").into_iter().map(|file| file.path);
                names.push(newest.max().expect("a file"));
            }
        }
        assert!(names.is_sorted() && names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        Ok(())
    }
}

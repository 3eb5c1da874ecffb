//! The figures as event files, which TensorBoard reads.
//!
//! An event file is a row of records: the length (u64, little endian), a checksum of these eight bytes, the bytes, a
//! checksum of the bytes. The checksum is CRC-32C, turned and shifted by a constant. The bytes are a protobuf message
//! `Event`, of which four fields are used here: five kinds of bytes need no code generator.
//!
//! Each writing makes a file of what is new, whole, whose name sorts behind the earlier ones; TensorBoard reads the files
//! of a folder in that order, also while they come.
//!
//! Source: TensorFlow, `tensorflow/core/util/event.proto`, `framework/summary.proto`, `lib/io/record_writer.cc`.

use super::figures::{Figure, series};
use crate::clock::SystemTime;
use crate::error::{Error, Result, shown};
use crate::files::{folder_must_be_writable, write_whole};
use crate::train::History;
use crc::{CRC_32_ISCSI, Crc};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// CRC-32C.
const CHECKSUM: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// How the names of our files begin and end; between stands the step up to which they go.
const BEFORE: &str = "events.out.tfevents.";
const BEHIND: &str = ".retrograde";

/// A folder of event files.
#[derive(Debug)]
pub(super) struct EventFolder {
    folder: PathBuf,
    /// The step up to which each series is written.
    written: HashMap<(Figure, String), u64>,
    begun: bool,
}

impl EventFolder {
    pub fn new(folder: PathBuf) -> Self {
        EventFolder { folder, written: HashMap::new(), begun: false }
    }

    /// Writes what the history has that is not written yet. The first time it begins the folder: with all that a resumed
    /// training has seen, in place of what an earlier run wrote; else only where no other training was written.
    pub fn write(&mut self, history: &History) -> Result<()> {
        let mut file = Vec::new();
        record(&mut file, &event(0, &Content::Version));
        let mut news = false;
        for series in series(history) {
            let key = (series.figure, series.of);
            let tag = format!("{}/{}", key.0.name(), key.1);
            let written = self.written.get(&key).copied().unwrap_or(0);
            for &(step, value) in series.points.iter().filter(|point| point.0 > written) {
                record(&mut file, &event(step, &Content::Scalar(&tag, value as f32)));
                news = true;
            }
            let last = series.points.last().map_or(0, |point| point.0);
            self.written.insert(key, last);
        }
        if self.begun && !news {
            return Ok(());
        }
        let earlier = if self.begun { Vec::new() } else { self.begin(history)? };
        let path = self.folder.join(format!("{BEFORE}{:012}{BEHIND}", history.steps()));
        write_whole(&path, &file)?;
        for old in earlier.into_iter().filter(|old| *old != path) {
            std::fs::remove_file(&old).map_err(|error| Error::file("remove", &old, &error))?;
        }
        self.begun = true;
        Ok(())
    }

    /// Makes the folder, and finds what an earlier run of this training wrote.
    fn begin(&self, history: &History) -> Result<Vec<PathBuf>> {
        let folder = &self.folder;
        std::fs::create_dir_all(folder).map_err(|error| Error::file("create", folder, &error))?;
        let refused = |error| Error::file("read", folder, &error);
        let mut earlier = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(refused)? {
            let entry = entry.map_err(refused)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(BEFORE) && name.ends_with(BEHIND) {
                earlier.push(entry.path());
            }
        }
        if history.steps() == 0 && !earlier.is_empty() {
            return Err(of_another(folder));
        }
        Ok(earlier)
    }

    /// Errors when the folder cannot be made or written, or has events already and the training is a new one.
    pub fn check(&self, continues: bool) -> Result<()> {
        let folder = &self.folder;
        if !continues && Self::is_in(folder) {
            return Err(of_another(folder));
        }
        // The folder itself, or the one that it would be made in.
        let here = Path::new(".");
        let around = folder.ancestors().map(|path| if path.as_os_str().is_empty() { here } else { path });
        let Some(there) = around.into_iter().find(|path| path.exists()) else { return Ok(()) };
        if !there.is_dir() {
            let error = std::io::Error::from(std::io::ErrorKind::NotADirectory);
            return Err(Error::file("create", folder, &error));
        }
        folder_must_be_writable(there).map_err(|error| Error::file("write", folder, &error))
    }

    /// Whether there are event files of ours in a folder.
    pub fn is_in(folder: &Path) -> bool {
        std::fs::read_dir(folder).is_ok_and(|entries| {
            entries.flatten().any(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                name.starts_with(BEFORE) && name.ends_with(BEHIND)
            })
        })
    }
}

fn of_another(folder: &Path) -> Error {
    let what = format!("the folder {}", shown(folder));
    let problem = "there are the events of another training in it";
    Error::invalid(what, problem, "choose another folder, or remove them")
}

/// Appends a record.
fn record(file: &mut Vec<u8>, bytes: &[u8]) {
    let length = (bytes.len() as u64).to_le_bytes();
    file.extend(length);
    file.extend(masked(&length).to_le_bytes());
    file.extend(bytes);
    file.extend(masked(bytes).to_le_bytes());
}

/// A checksum as it stands in a record: turned, lest the checksum of bytes that hold checksums be weak.
fn masked(bytes: &[u8]) -> u32 {
    CHECKSUM.checksum(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

enum Content<'a> {
    /// With which a file begins.
    Version,
    Scalar(&'a str, f32),
}

/// A message `Event`: `wall_time = 1`, `step = 2`, and `file_version = 3` or `summary = 5`, which is
/// `value = 1 { tag = 1, simple_value = 2 }`.
fn event(step: u64, content: &Content<'_>) -> Vec<u8> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64());
    let mut bytes = vec![key(1, FIXED_64)];
    bytes.extend(now.to_le_bytes());
    bytes.push(key(2, VARINT));
    varint(&mut bytes, step);
    match content {
        Content::Version => field(&mut bytes, 3, b"brain.Event:2"),
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

/// What stands before a field of a number below 16.
fn key(number: u8, wire: u8) -> u8 {
    number << 3 | wire
}

/// Bytes with their length before them.
fn field(message: &mut Vec<u8>, number: u8, bytes: &[u8]) {
    message.push(key(number, DELIMITED));
    varint(message, bytes.len() as u64);
    message.extend(bytes);
}

/// Seven bits a byte, the least first; the eighth bit says that more follow.
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
        let folder = || EventFolder::new(place.path().join("events"));
        let mut history = History::default();
        let mut first = folder();
        first.write(&history)?;
        history.losses = vec![2.0, 1.0];
        first.write(&history)?;
        first.write(&history)?;
        history.losses.push(0.5);
        first.write(&history)?;
        let sizes = || {
            let entries = std::fs::read_dir(place.path().join("events")).expect("the folder");
            let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry")).collect();
            files.sort_by_key(std::fs::DirEntry::file_name);
            files.iter().map(|file| file.metadata().expect("its size").len()).collect::<Vec<u64>>()
        };
        let all = sizes();
        // A version; two losses; one.
        assert_eq!((all.len(), all[1] - all[0]), (3, 2 * (all[2] - all[0])));
        // A resumed training writes all of it, once; another one is refused.
        folder().write(&history)?;
        assert_eq!(sizes(), [all[0] + 3 * (all[2] - all[0])]);
        let error = folder().write(&History::default()).expect_err("another training").to_string();
        assert!(error.contains("another training"), "{error}");
        Ok(())
    }
}

//! A reader of TensorBoard's event files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The points of each series: steps and values.
pub type Series = BTreeMap<String, Vec<(u64, f32)>>;

/// All series of a folder, from its files in alphabetical order. The start of a session drops its step and later ones.
pub fn read(folder: &Path) -> Series {
    let mut series = Series::new();
    for file in files(folder) {
        let bytes = std::fs::read(&file).expect("an event file");
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().expect("a length")) as usize;
            let event = fields(&rest[12..12 + length]);
            rest = &rest[12 + length + 4..];
            let step = number(&event, 2);
            if let Some(log) = bytes_of(&event, 7) {
                assert_eq!(number(&fields(log), 1), 1, "the start of a session");
                series.values_mut().for_each(|points| points.retain(|point| point.0 < step));
            }
            if let Some(summary) = bytes_of(&event, 5) {
                let summary = fields(summary);
                let value = fields(bytes_of(&summary, 1).expect("a value"));
                let tag = String::from_utf8(bytes_of(&value, 1).expect("a tag").to_vec()).expect("text");
                let value = bytes_of(&value, 2).expect("a number").try_into().expect("four bytes");
                series.entry(tag).or_default().push((step, f32::from_le_bytes(value)));
            }
        }
    }
    series.retain(|_, points| !points.is_empty());
    series
}

/// The event files of a folder, by name.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    // Temporary files have other names.
    files.retain(|file| file.to_string_lossy().contains("tfevents"));
    files.sort();
    files
}

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The fields of a protobuf message, by their numbers.
fn fields(mut message: &[u8]) -> BTreeMap<u64, Field<'_>> {
    let mut found = BTreeMap::new();
    while !message.is_empty() {
        let key = varint(&mut message);
        let field = match key & 7 {
            0 => Field::Number(varint(&mut message)),
            wire => {
                let length = match wire {
                    1 => 8,
                    2 => varint(&mut message) as usize,
                    5 => 4,
                    _ => panic!("the wire type {wire}"),
                };
                let (bytes, rest) = message.split_at(length);
                message = rest;
                Field::Bytes(bytes)
            }
        };
        found.insert(key >> 3, field);
    }
    found
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    number
}

fn number(message: &BTreeMap<u64, Field<'_>>, field: u64) -> u64 {
    match message.get(&field) {
        Some(Field::Number(number)) => *number,
        _ => 0,
    }
}

fn bytes_of<'a>(message: &BTreeMap<u64, Field<'a>>, field: u64) -> Option<&'a [u8]> {
    match message.get(&field) {
        Some(Field::Bytes(bytes)) => Some(bytes),
        _ => None,
    }
}

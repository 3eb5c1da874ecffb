//! Standard output: lines that may find nobody reading, and whether they may have colour.

use crate::failure::Failure;
use crate::text;
use retrograde::Error;
use retrograde::view::FileSignature;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;

/// Prints a line.
pub fn line(text: impl Display) -> Result<(), Failure> {
    Ok(writeln!(io::stdout().lock(), "{text}")?)
}

/// Whether standard output is a terminal that shows colours, and its user wants them (<https://no-color.org>).
pub fn colourful() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    io::stdout().is_terminal() && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

/// How many columns the terminal has; 100 where there is none.
pub fn columns() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0))
}

/// How much of a file is read to tell what it is.
const BEGINNING: u64 = 1024;

/// Writes a text into a file, whole or not at all, and says so; without a file, on standard output. A file without the
/// mark is not replaced: it is something else.
pub fn text_or_file(content: &str, mark: FileSignature, file: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = file else {
        return line(content.trim_end());
    };
    replaceable(file, mark)?;
    retrograde::view::save(file, content)?;
    line(format!("wrote {} ({} bytes)", text::typed(file), text::length(content.len())))
}

/// Errors when a file of this name is there that is not empty and has not the mark of what would replace it.
pub fn replaceable(path: &Path, mark: FileSignature) -> Result<(), Error> {
    if !path.is_file() {
        return Ok(());
    }
    let mut found = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut found));
    read.map_err(|error| Error::file("read", path, &error))?;
    if found.is_empty() || mark.is_in(&found) {
        return Ok(());
    }
    let help = "choose another name, or remove it first";
    let what = format!("the file {}", text::shown(path));
    Err(Error::invalid(what, "something else is in it already", help))
}

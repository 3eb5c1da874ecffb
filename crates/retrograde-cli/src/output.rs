//! Standard output and output files.

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

/// Whether to print colors: standard output is a terminal, and `NO_COLOR` is not set (<https://no-color.org>).
pub fn use_color() -> bool {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    io::stdout().is_terminal() && set("NO_COLOR").is_none() && set("TERM").is_none_or(|term| term != "dumb")
}

/// The number of columns of the terminal; 100 without a terminal.
pub fn columns() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0))
}

/// The number of bytes that are read to detect the kind of a file.
const HEADER_BYTES: u64 = 1024;

/// Writes a text to a file, atomically, or to standard output. Only a file of the same kind is replaced.
pub fn text_or_file(content: &str, signature: FileSignature, file: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = file else {
        return line(content.trim_end());
    };
    expect_replaceable(file, signature)?;
    retrograde::view::save(file, content)?;
    line(format!("wrote {} ({} bytes)", text::shell_quoted(file), text::length(content.len())))
}

/// Checks that a file may be replaced: it does not exist, is empty, or is of the same kind.
pub fn expect_replaceable(path: &Path, signature: FileSignature) -> Result<(), Error> {
    if !path.is_file() {
        return Ok(());
    }
    let mut found = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEADER_BYTES).read_to_end(&mut found));
    read.map_err(|error| Error::file("read", path, error))?;
    if found.is_empty() || signature.is_in(&found) {
        return Ok(());
    }
    let help = "choose another name, or remove the file first";
    let what = format!("file {}", text::shown(path));
    Err(Error::invalid(what, "it has other content and is not replaced", help))
}

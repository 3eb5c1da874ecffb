//! Standard output: lines that may find nobody reading, and whether they may have colour.

use crate::failure::Failure;
use crate::text;
use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
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

/// Writes a text into a file, whole or not at all, and says so; without a file, on standard output.
pub fn text_or_file(content: &str, file: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = file else {
        return line(content.trim_end());
    };
    retrograde::view::save(file, content)?;
    line(format!("wrote {} ({} bytes)", text::typed(file), text::length(content.len())))
}

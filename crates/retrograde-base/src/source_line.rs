//! Source lines of nodes.

use crate::printable::printable;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// The source line that recorded a node: of Rust, or of a program in another language that uses this library.
///
/// ```
/// use retrograde::Graph;
/// use retrograde::graph::SourceLine;
///
/// let graph = Graph::new();
/// let x = graph.parameter("x", 2.0);
/// let y = graph.recorded_at(SourceLine::other("<cell 3>", 7), || &x * &x);
/// assert_eq!(y.node().location.to_string(), "<cell 3>:7");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SourceLine {
    /// A line of Rust.
    Rust(&'static Location<'static>),
    /// A line of another language.
    Other {
        /// A file, or the name of a notebook cell.
        file: Arc<str>,
        /// The line, counted from 1.
        line: u32,
    },
}

impl SourceLine {
    /// A line of another language: a file or the name of a notebook cell, and the line, counted from 1.
    pub fn other(file: impl Into<Arc<str>>, line: u32) -> Self {
        SourceLine::Other { file: file.into(), line }
    }

    /// The file, or the name of the notebook cell.
    pub fn file(&self) -> &str {
        match self {
            SourceLine::Rust(location) => location.file(),
            SourceLine::Other { file, .. } => file,
        }
    }

    /// The line, counted from 1.
    pub fn line(&self) -> u32 {
        match self {
            SourceLine::Rust(location) => location.line(),
            SourceLine::Other { line, .. } => *line,
        }
    }
}

impl From<&'static Location<'static>> for SourceLine {
    fn from(location: &'static Location<'static>) -> Self {
        SourceLine::Rust(location)
    }
}

/// `file:line`, and the column if it is known.
impl fmt::Display for SourceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SourceLine::Rust(location) => write!(f, "{location}"),
            SourceLine::Other { file, line } => write!(f, "{}:{line}", printable(file)),
        }
    }
}

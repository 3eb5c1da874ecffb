//! Basics of all crates of Retrograde: the error type, source lines, atomic file writes, the common parts of pages.
//!
//! Programs use the crate `retrograde`, which re-exports what is public: [`Error`], [`ErrorKind`], [`Result`] and [`SourceLine`]. The other
//! modules are an implementation detail and change without notice.

pub mod clock;
pub mod error;
pub mod file_signature;
pub mod files;
pub mod markup;
pub mod memory;
pub mod number;
pub mod page;
pub mod printable;
pub mod scratch;
pub mod source_line;
pub mod text_width;

pub use error::{Error, ErrorKind, Result};
pub use source_line::SourceLine;

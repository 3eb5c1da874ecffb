//! The error type: what is wrong, where, and what would be valid.
//!
//! Every fallible call of the library returns [`Result`]. A variant is a category that a program can match on; it does not
//! depend on the module that returns it. [`Error::kind`] is the category without its data. The message is for people.

use crate::printable::{printable, shown};
use crate::source_line::SourceLine;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The result of fallible calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error: what is wrong, where, and what would be valid ([`help`](Self::help)).
///
/// `Display` writes one line, for logs and chains of errors. `Debug` writes the same message with the help on a line of its
/// own, because `main` and `unwrap` print it. A program matches on the variant or on the [`kind`](Self::kind).
///
/// ```
/// use retrograde::{ErrorKind, Graph};
///
/// let graph = Graph::new();
/// let sum = graph.parameter("a", [1.0, 2.0]) + graph.parameter("b", [1.0, 2.0, 3.0]);
/// let error = sum.checked().expect_err("the shapes differ");
/// assert_eq!(error.kind(), ErrorKind::Recording);
/// assert_eq!(error.help(), "give operands of the same shape");
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Error {
    /// Invalid operands of an operation: a wrong shape, indices instead of real values, a node of another graph. The `Var` that
    /// the operation returns holds the error until the next `?`.
    Recording {
        /// The name of the operation.
        operation: String,
        /// The source line that recorded it.
        location: SourceLine,
        /// What is wrong, with the shapes.
        problem: String,
        /// What would be valid.
        help: String,
    },
    /// An invalid argument: a length, a name, a number.
    Invalid {
        /// The argument, option or field.
        what: String,
        /// What is wrong, with the value.
        problem: String,
        /// What would be valid.
        help: String,
    },
    /// A value that is not there: an input without a value, a value that a plan does not keep or has not computed yet.
    MissingValue {
        /// The value.
        what: String,
        /// Why it is missing.
        problem: String,
        /// How to get it.
        help: String,
    },
    /// An index that is not below its bound: a label, a row, a token.
    IndexOutOfRange {
        /// The indices.
        what: String,
        /// The index, its position and its bound.
        problem: String,
        /// What would be valid.
        help: String,
    },
    /// More memory than there is.
    OutOfMemory {
        /// What needs the memory.
        what: String,
        /// How much it needs.
        problem: String,
        /// What would need less.
        help: String,
    },
    /// A file or folder cannot be read or written. The system's error is the [source](std::error::Error::source).
    File {
        /// The action: "read", "write", "create".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: Arc<io::Error>,
    },
    /// A file with invalid content: truncated, corrupt, of another format, out of range.
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
        /// What is expected, or how to get a valid file.
        help: String,
    },
    /// The loss or a parameter is not finite: the training stopped at this step.
    Diverged {
        /// The step, counted from 1, whose loss was not finite.
        step: u64,
        /// The loss of that step.
        loss: f64,
        /// What usually helps.
        help: String,
    },
    /// The user, or a progress callback, has interrupted the call.
    Interrupted {
        /// The interrupted task.
        what: String,
    },
    /// Another run is writing to the directory.
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// A download failed from every mirror.
    Download {
        /// The file.
        what: String,
        /// The reason of each mirror.
        problem: String,
        /// What to do.
        help: String,
    },
}

/// The category of an [`Error`]: its variant without the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// [`Error::Recording`].
    Recording,
    /// [`Error::Invalid`].
    Invalid,
    /// [`Error::MissingValue`].
    MissingValue,
    /// [`Error::IndexOutOfRange`].
    IndexOutOfRange,
    /// [`Error::OutOfMemory`].
    OutOfMemory,
    /// [`Error::File`].
    File,
    /// [`Error::Format`].
    Format,
    /// [`Error::Diverged`].
    Diverged,
    /// [`Error::Interrupted`].
    Interrupted,
    /// [`Error::Busy`].
    Busy,
    /// [`Error::Download`].
    Download,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = printable(&self.message());
        match self.help() {
            "" => f.write_str(&message),
            help => write!(f, "{message} (help: {})", printable(help)),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message();
        match self.help() {
            "" => f.write_str(&message),
            help => write!(f, "{message}\n  help: {help}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::File { source, .. } => Some(&**source),
            _ => None,
        }
    }
}

/// The help for an error of the system.
fn help_for(kind: io::ErrorKind) -> &'static str {
    use io::ErrorKind::{
        AlreadyExists, IsADirectory, NotADirectory, NotFound, PermissionDenied, QuotaExceeded,
        ReadOnlyFilesystem, StorageFull,
    };
    match kind {
        NotFound => "check that it exists",
        PermissionDenied | ReadOnlyFilesystem => "choose another location, or change its permissions",
        AlreadyExists | NotADirectory => "a file is in the place of a folder; choose another folder",
        IsADirectory => "a folder is in the place of a file; choose another name",
        StorageFull | QuotaExceeded => "free space on the device, or choose another",
        _ => "try again, or choose another location",
    }
}

impl Error {
    /// The category, to match on.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::Recording { .. } => ErrorKind::Recording,
            Error::Invalid { .. } => ErrorKind::Invalid,
            Error::MissingValue { .. } => ErrorKind::MissingValue,
            Error::IndexOutOfRange { .. } => ErrorKind::IndexOutOfRange,
            Error::OutOfMemory { .. } => ErrorKind::OutOfMemory,
            Error::File { .. } => ErrorKind::File,
            Error::Format { .. } => ErrorKind::Format,
            Error::Diverged { .. } => ErrorKind::Diverged,
            Error::Interrupted { .. } => ErrorKind::Interrupted,
            Error::Busy { .. } => ErrorKind::Busy,
            Error::Download { .. } => ErrorKind::Download,
        }
    }

    /// What is wrong, and where, without the help.
    pub fn message(&self) -> String {
        match self {
            Error::Recording { operation, location, problem, .. } => {
                format!("{operation} at {location}: {problem}")
            }
            Error::Invalid { what, problem, .. }
            | Error::MissingValue { what, problem, .. }
            | Error::IndexOutOfRange { what, problem, .. }
            | Error::OutOfMemory { what, problem, .. } => format!("{what}: {problem}"),
            Error::File { action, path, source } => format!("cannot {action} {}: {source}", shown(path)),
            Error::Format { path, problem, .. } => format!("{} is not usable: {problem}", shown(path)),
            Error::Diverged { step, loss, .. } => {
                format!("training diverged at step {step}: the loss is {loss}")
            }
            Error::Interrupted { what } => format!("{what}: interrupted"),
            Error::Busy { path } => format!("{} is in use by another run", shown(path)),
            Error::Download { what, problem, .. } => format!("cannot fetch {what}: {problem}"),
        }
    }

    /// What would be valid. Empty for [`Error::Interrupted`].
    pub fn help(&self) -> &str {
        match self {
            Error::Recording { help, .. }
            | Error::Invalid { help, .. }
            | Error::MissingValue { help, .. }
            | Error::IndexOutOfRange { help, .. }
            | Error::OutOfMemory { help, .. }
            | Error::Format { help, .. }
            | Error::Diverged { help, .. }
            | Error::Download { help, .. } => help,
            Error::File { source, .. } => help_for(source.kind()),
            Error::Busy { .. } => "wait for it to end, or choose another directory",
            Error::Interrupted { .. } => "",
        }
    }

    /// The same error with another help, if the help is not that of the system: for a caller that knows better what to do.
    pub fn with_help(mut self, other: impl Into<String>) -> Self {
        match &mut self {
            Error::Recording { help, .. }
            | Error::Invalid { help, .. }
            | Error::MissingValue { help, .. }
            | Error::IndexOutOfRange { help, .. }
            | Error::OutOfMemory { help, .. }
            | Error::Format { help, .. }
            | Error::Diverged { help, .. }
            | Error::Download { help, .. } => *help = other.into(),
            Error::File { .. } | Error::Busy { .. } | Error::Interrupted { .. } => {}
        }
        self
    }

    /// An [`Error::Invalid`].
    pub fn invalid(what: impl Into<String>, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Error::Invalid { what: what.into(), problem: problem.into(), help: help.into() }
    }

    /// An [`Error::MissingValue`].
    pub fn missing(what: impl Into<String>, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Error::MissingValue { what: what.into(), problem: problem.into(), help: help.into() }
    }

    /// An [`Error::IndexOutOfRange`].
    pub fn index(what: impl Into<String>, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Error::IndexOutOfRange { what: what.into(), problem: problem.into(), help: help.into() }
    }

    /// An [`Error::OutOfMemory`] for this many bytes.
    pub fn memory(what: impl Into<String>, bytes: f64, help: impl Into<String>) -> Self {
        let gib = bytes / f64::from(1 << 30);
        let problem = format!("it needs {gib:.1} GiB of memory, more than there is");
        Error::OutOfMemory { what: what.into(), problem, help: help.into() }
    }

    /// An [`Error::File`] from the system's error.
    pub fn file(action: &'static str, path: impl AsRef<Path>, error: io::Error) -> Self {
        Error::File { action, path: path.as_ref().to_path_buf(), source: Arc::new(error) }
    }

    /// An [`Error::Format`].
    pub fn format(path: impl AsRef<Path>, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Error::Format { path: path.as_ref().to_path_buf(), problem: problem.into(), help: help.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;
    use std::panic::Location;

    fn not_found() -> io::Error {
        io::Error::from(io::ErrorKind::NotFound)
    }

    fn recording(location: &'static Location<'static>) -> Error {
        Error::Recording {
            operation: "matmul".into(),
            location: location.into(),
            problem: "[200] is not a matrix".into(),
            help: "reshape it".into(),
        }
    }

    /// One error of each kind.
    fn all() -> Vec<Error> {
        let (problem, help) = ("[200] is not a matrix", "reshape it");
        vec![
            recording(Location::caller()),
            Error::invalid("a tensor", problem, help),
            Error::missing("a run", problem, help),
            Error::index("labels", problem, help),
            Error::memory("a plan", 3e9, help),
            Error::file("read", "a", not_found()),
            Error::format("a", problem, help),
            Error::Diverged { step: 3, loss: f64::NAN, help: help.into() },
            Error::Interrupted { what: "the check".into() },
            Error::Busy { path: "a".into() },
            Error::Download { what: "a".into(), problem: problem.into(), help: help.into() },
        ]
    }

    #[test]
    fn debug_and_display_are_the_same_message() {
        for error in all() {
            let (line, message, help) = (error.to_string(), error.message(), error.help());
            if error.kind() == ErrorKind::Interrupted {
                assert_eq!((line, help), (message, ""));
                continue;
            }
            assert!(!help.is_empty());
            assert_eq!(line, format!("{message} (help: {help})"));
            // `main` prints the `Debug` of an error.
            assert_eq!(format!("{error:?}"), format!("{message}\n  help: {help}"));
            assert_eq!(format!("{error:#?}"), format!("{error:?}"));
            let in_a_chain: Box<dyn std::error::Error> = Box::new(error);
            assert_eq!(in_a_chain.to_string(), line);
        }
        let caller = Location::caller();
        let place = format!("{}:{}:{}", caller.file(), caller.line(), caller.column());
        assert_eq!(
            recording(caller).to_string(),
            format!("matmul at {place}: [200] is not a matrix (help: reshape it)")
        );
    }

    #[test]
    fn every_error_has_a_kind_of_its_own() {
        let kinds: std::collections::HashSet<ErrorKind> = all().iter().map(Error::kind).collect();
        assert_eq!(kinds.len(), all().len());
    }

    #[test]
    fn the_error_of_the_system_is_the_source() {
        for error in all() {
            let source = error.source().map(|source| source.downcast_ref::<io::Error>().map(io::Error::kind));
            let is_file = error.kind() == ErrorKind::File;
            assert_eq!(source, is_file.then_some(Some(io::ErrorKind::NotFound)), "{error}");
        }
    }

    #[test]
    fn texts_cannot_move_the_cursor_or_break_the_line() {
        let text = "a\u{1b}[2J\nb";
        for error in [
            Error::file("read", text, not_found()),
            Error::format(text, text, text),
            Error::invalid(text, text, text),
            Error::Busy { path: text.into() },
        ] {
            let line = error.to_string();
            let is_safe = !line.contains('\u{1b}') && !line.contains('\n');
            assert!(line.contains(r"a\u{1b}[2J\nb") && is_safe, "{line:?}");
        }
    }
}

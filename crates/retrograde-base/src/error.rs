//! The error type: what is wrong, where, and what would be valid.
//!
//! Every fallible call of the library returns [`Result`]. A variant is a category that a program can match on; it does not
//! depend on the module that returns it. The message is for people.

use crate::printable::shown;
use crate::source_line::SourceLine;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The result of fallible calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error. Each message says what is wrong, where, and what would be valid ([`help`](Self::help)).
///
/// `Debug` writes the same message as `Display`, because `main` and `unwrap` print it.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Invalid operands of an operation: a wrong shape, indices instead of real values, a node of another graph. The `Var` that
    /// the operation returns holds the error until the next `?`.
    #[error("{operation} at {location}: {problem}\n  help: {help}")]
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
    #[error("{what}: {problem}\n  help: {help}")]
    Invalid {
        /// The argument, option or field.
        what: String,
        /// What is wrong, with the value.
        problem: String,
        /// What would be valid.
        help: String,
    },
    /// A file or folder cannot be read or written.
    #[error("cannot {action} {}: {reason}\n  help: {}", shown(path), help_for(*kind))]
    File {
        /// The action: "read", "write", "create".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's message.
        reason: String,
        /// The system's error kind.
        kind: io::ErrorKind,
    },
    /// A file with invalid content: truncated, corrupt, of another format, out of range.
    #[error("{} is not usable: {problem}\n  help: {help}", shown(path))]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
        /// What is expected, or how to get a valid file.
        help: String,
    },
    /// The loss or a parameter is not finite: the training stopped at this step.
    #[error("training diverged at step {step}: the loss is {loss}\n  help: {help}")]
    Diverged {
        /// The step, counted from 1, whose loss was not finite.
        step: u64,
        /// The loss of that step.
        loss: f64,
        /// What usually helps.
        help: String,
    },
    /// The user, or a progress callback, has interrupted the call.
    #[error("{what}: interrupted")]
    Interrupted {
        /// The interrupted task.
        what: String,
    },
    /// Another run is writing to the directory.
    #[error("{} is in use by another run\n  help: {BUSY}", shown(path))]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// A download failed from every mirror.
    #[error("cannot fetch {what}: {problem}\n  help: {help}")]
    Download {
        /// The file.
        what: String,
        /// The reason of each mirror.
        problem: String,
        /// What to do.
        help: String,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
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

/// The help of [`Error::Busy`].
const BUSY: &str = "wait for it to end, or choose another directory";

impl Error {
    /// What would be valid: the text after `help:` in the message. Empty for [`Error::Interrupted`].
    pub fn help(&self) -> &str {
        match self {
            Error::Recording { help, .. }
            | Error::Invalid { help, .. }
            | Error::Format { help, .. }
            | Error::Diverged { help, .. }
            | Error::Download { help, .. } => help,
            Error::File { kind, .. } => help_for(*kind),
            Error::Busy { .. } => BUSY,
            Error::Interrupted { .. } => "",
        }
    }

    /// An [`Error::File`] from the system's error.
    pub fn file(action: &'static str, path: impl AsRef<Path>, error: &io::Error) -> Self {
        Error::File {
            action,
            path: path.as_ref().to_path_buf(),
            reason: error.to_string(),
            kind: error.kind(),
        }
    }

    /// An [`Error::Format`].
    pub fn format(path: impl AsRef<Path>, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Error::Format { path: path.as_ref().to_path_buf(), problem: problem.into(), help: help.into() }
    }

    /// An [`Error::Invalid`].
    pub fn invalid(what: impl Into<String>, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Error::Invalid { what: what.into(), problem: problem.into(), help: help.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    #[test]
    fn debug_and_display_are_the_same_message() {
        let caller = Location::caller();
        let location = caller.into();
        let (problem, help) = ("[200] is not a matrix".to_string(), "reshape it".to_string());
        let (p, r) = (problem.clone(), help.clone());
        let recording = Error::Recording { operation: "matmul".into(), location, problem: p, help: r };
        // `main` prints the `Debug` of an error.
        let expected = format!("matmul at {}:{}:{}: ", caller.file(), caller.line(), caller.column())
            + "[200] is not a matrix\n  help: reshape it";
        assert_eq!(format!("{recording:?}"), expected);
        assert_eq!(format!("{recording:#?}"), expected);
        let not_found = io::Error::from(io::ErrorKind::NotFound);
        for error in [
            Error::invalid("a tensor", &problem, &help),
            Error::file("read", "a", &not_found),
            Error::format("a", &problem, &help),
            Error::Diverged { step: 3, loss: f64::NAN, help: help.clone() },
            Error::Busy { path: "a".into() },
            Error::Download { what: "a".into(), problem: problem.clone(), help: help.clone() },
        ] {
            assert_eq!(format!("{error:?}"), error.to_string());
            assert!(!error.help().is_empty() && error.to_string().ends_with(error.help()), "{error}");
            assert_eq!(format!("{:?}", Some(&error)), format!("Some({error})"));
            let in_a_chain: Box<dyn std::error::Error> = Box::new(error.clone());
            assert_eq!(in_a_chain.to_string(), error.to_string());
        }
    }

    #[test]
    fn paths_cannot_move_the_cursor() {
        let not_found = io::Error::from(io::ErrorKind::NotFound);
        let path = "a\u{1b}[2J\nb";
        for error in [
            Error::file("read", path, &not_found),
            Error::format(path, "", ""),
            Error::Busy { path: path.into() },
        ] {
            let text = error.to_string();
            assert!(text.contains(r"a\u{1b}[2J\nb") && !text.contains('\u{1b}'), "{text:?}");
        }
    }
}

//! The one error type: what was wrong, where, and what would be right.
//!
//! Every fallible call of the library returns [`Result`]. The variants are told apart by what the reader can
//! do about them, not by the room they come from, so that a program can react to a kind of trouble and a person
//! can read the message.

use crate::printable::shown;
use crate::source_line::SourceLine;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// What the library's fallible calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything that can go wrong. Each message says what was wrong, where, and what would be right.
///
/// `Debug` writes the same message as `Display`, since that is how an error reads which leaves `main` or an `unwrap`; the
/// fields are public for programs.
#[derive(Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operation was given operands that it cannot take (a wrong shape, indices for real values, a node of
    /// another graph). It is remembered by the `Var` that the operation returned and arrives at the next `?`.
    #[error("{operation} at {location}: {problem}\n  help: {help}")]
    Recording {
        /// The operation's name.
        operation: String,
        /// The line of the user's source that recorded it.
        location: SourceLine,
        /// What does not fit, with the shapes.
        problem: String,
        /// What would fit.
        help: String,
    },
    /// A value handed to the library is outside of what it accepts: a length, a name, a number.
    #[error("{what}: {problem}\n  help: {help}")]
    Invalid {
        /// The argument, option or field.
        what: String,
        /// What is wrong with it, with the value that was given.
        problem: String,
        /// What would be accepted.
        help: String,
    },
    /// The operating system refused to read or write a file or folder.
    #[error("cannot {action} {}: {reason}\n  help: {}", shown(path), what_helps(*kind))]
    File {
        /// What was tried: "read", "write", "create".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        reason: String,
        /// The kind of the system's error.
        kind: io::ErrorKind,
    },
    /// A file was read but is not what it should be: truncated, corrupt, of another kind, out of range.
    #[error("{} is not usable: {problem}\n  help: {help}", shown(path))]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong in it, and where.
        problem: String,
        /// What was expected, or how to get a good file.
        help: String,
    },
    /// The loss or a parameter is no longer a finite number: training stopped at this step.
    #[error("training diverged at step {step}: the loss is {loss}\n  help: {help}")]
    Diverged {
        /// The step, counted from 1, whose loss was not finite.
        step: u64,
        /// The loss of that step.
        loss: f64,
        /// What usually helps.
        help: String,
    },
    /// What was under way was ended: by the user, or by the function that sees its progress.
    #[error("{what}: interrupted")]
    Interrupted {
        /// What was under way.
        what: String,
    },
    /// A folder is being written by another run.
    #[error("{} is in use by another run\n  help: wait for it to end, or choose another folder", shown(path))]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A download failed, from every mirror that was tried.
    #[error("cannot fetch {what}: {problem}\n  help: {help}")]
    Download {
        /// The file.
        what: String,
        /// Each mirror's reason.
        problem: String,
        /// What can be done.
        help: String,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a refusal of the system's asks of the reader.
fn what_helps(kind: io::ErrorKind) -> &'static str {
    use io::ErrorKind::{
        AlreadyExists, IsADirectory, NotADirectory, NotFound, PermissionDenied, QuotaExceeded,
        ReadOnlyFilesystem, StorageFull,
    };
    match kind {
        NotFound => "check that it is there and spelt so",
        PermissionDenied | ReadOnlyFilesystem => "choose another place, or change its permissions",
        AlreadyExists | NotADirectory => "a file is where a folder is wanted; choose another folder",
        IsADirectory => "a folder is where a file is wanted; choose another name",
        StorageFull | QuotaExceeded => "make room on the device, or choose another",
        _ => "try again, or choose another place",
    }
}

impl Error {
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
    fn an_error_that_leaves_main_reads_as_meant() {
        let caller = Location::caller();
        let location = caller.into();
        let (problem, help) = ("[200] is no matrix".to_string(), "reshape it".to_string());
        let (p, r) = (problem.clone(), help.clone());
        let recording = Error::Recording { operation: "matmul".into(), location, problem: p, help: r };
        // What `main` prints of an error is its `Debug`.
        let expected = format!("matmul at {}:{}:{}: ", caller.file(), caller.line(), caller.column())
            + "[200] is no matrix\n  help: reshape it";
        assert_eq!(format!("{recording:?}"), expected);
        assert_eq!(format!("{recording:#?}"), expected);
        let refused = io::Error::from(io::ErrorKind::NotFound);
        for error in [
            Error::invalid("a tensor", &problem, &help),
            Error::file("read", "a", &refused),
            Error::format("a", &problem, &help),
            Error::Diverged { step: 3, loss: f64::NAN, help: help.clone() },
            Error::Busy { path: "a".into() },
            Error::Download { what: "a".into(), problem: problem.clone(), help: help.clone() },
        ] {
            assert_eq!(format!("{error:?}"), error.to_string());
            assert_eq!(format!("{:?}", Some(&error)), format!("Some({error})"));
            let in_a_chain: Box<dyn std::error::Error> = Box::new(error.clone());
            assert_eq!(in_a_chain.to_string(), error.to_string());
        }
    }

    #[test]
    fn paths_cannot_move_the_cursor() {
        let refused = io::Error::from(io::ErrorKind::NotFound);
        let path = "a\u{1b}[2J\nb";
        for error in [
            Error::file("read", path, &refused),
            Error::format(path, "", ""),
            Error::Busy { path: path.into() },
        ] {
            let text = error.to_string();
            assert!(text.contains(r"a\u{1b}[2J\nb") && !text.contains('\u{1b}'), "{text:?}");
        }
    }
}

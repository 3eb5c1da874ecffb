//! Failures of commands: messages and exit codes.

use crate::json;
use crate::text;
use retrograde::Error;
use std::io;
use std::process::ExitCode;

/// The exit code of a usage error.
pub const USAGE_ERROR: u8 = 2;

/// The exit code of an interrupted training: that of a program ended by SIGINT.
pub const INTERRUPTED: u8 = 130;

/// The failure of a command.
#[derive(Debug)]
pub enum Failure {
    /// A usage error.
    Usage(Error),
    /// An error of the library.
    Library(Error),
    /// An error of the library with a note.
    WithNote(Error, String),
    /// Standard output cannot be written.
    Output(io::Error),
    /// The reader of standard output has closed it, as `head` does. This is not an error.
    OutputClosed,
    /// It has already been reported.
    Reported,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Library(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::Output(error),
        }
    }
}

impl Failure {
    /// Prints the message to standard error, and with `json` also to standard output. Returns the exit code: `failure_code`,
    /// except for usage errors.
    pub fn report(self, json: bool, failure_code: u8) -> ExitCode {
        let (message, code) = match self {
            Failure::Usage(error) => (format!("{error:?}"), USAGE_ERROR),
            Failure::Library(error) => (format!("{error:?}"), failure_code),
            Failure::WithNote(error, note) => (format!("{error:?}\n  {note}"), failure_code),
            Failure::Output(error) => (
                format!("cannot write to standard output: {error}\n  help: redirect it elsewhere"),
                failure_code,
            ),
            Failure::OutputClosed => return ExitCode::SUCCESS,
            Failure::Reported => return ExitCode::from(failure_code),
        };
        report_error(&message, json);
        ExitCode::from(code)
    }
}

/// Prints an error message to standard error, and with `json` also to standard output.
pub fn report_error(message: &str, json: bool) {
    eprint_line(&text::printable(&format!("error: {message}")));
    if json {
        // The message is already on standard error.
        let _ = json::JsonEvent::Error { message }.print();
    }
}

/// Prints a line to standard error; errors are ignored.
pub fn eprint_line(text: &str) {
    use io::Write;
    let _ = writeln!(io::stderr(), "{text}");
}

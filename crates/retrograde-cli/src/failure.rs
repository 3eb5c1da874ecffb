//! What can end a command, how it is told, and with which exit code.

use crate::json;
use crate::text;
use retrograde::Error;
use std::io;
use std::process::ExitCode;

/// The exit code of a command that was typed wrongly.
pub const WRONG_USAGE: u8 = 2;

/// The exit code of a training that was interrupted: that of a program ended by SIGINT.
pub const INTERRUPTED: u8 = 130;

/// Why a command ended early.
#[derive(Debug)]
pub enum Failure {
    /// What was typed makes no sense, whatever the files are.
    Usage(Error),
    /// The library refused, or failed.
    Library(Error),
    /// As `Library`, with something to add.
    Noted(Error, String),
    /// Standard output cannot be written.
    Output(io::Error),
    /// Whoever read standard output has stopped, as `head` does: no failure, but there is nobody to talk to.
    Closed,
    /// It has been told already.
    Told,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Library(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => Failure::Output(error),
        }
    }
}

impl Failure {
    /// Tells it, on standard error and to readers of JSON also on standard output, and says with which code to exit:
    /// `failed` unless the command was typed wrongly.
    pub fn report(self, json: bool, failed: u8) -> ExitCode {
        let (message, code) = match self {
            Failure::Usage(error) => (error.to_string(), WRONG_USAGE),
            Failure::Library(error) => (error.to_string(), failed),
            Failure::Noted(error, note) => (format!("{error}\n  {note}"), failed),
            Failure::Output(error) => {
                (format!("cannot write to standard output: {error}\n  help: give it another place"), failed)
            }
            Failure::Closed => return ExitCode::SUCCESS,
            Failure::Told => return ExitCode::from(failed),
        };
        tell(&message, json);
        ExitCode::from(code)
    }
}

/// Tells a failure after which the command goes on.
pub fn tell(message: &str, json: bool) {
    eprint_line(&text::printable(&format!("error: {message}")));
    if json {
        // If that cannot be written either, standard error has said it.
        let _ = json::Line::Error { message }.print();
    }
}

/// A line on standard error; without a reader there it is dropped.
pub fn eprint_line(text: &str) {
    use io::Write;
    let _ = writeln!(io::stderr(), "{text}");
}

//! `operations`: lists the operations of the library.

use crate::failure::Failure;
use crate::output;
use crate::text;
use retrograde::ops;
use std::process::ExitCode;

/// Prints the list.
pub fn run() -> Result<ExitCode, Failure> {
    let width = ops::ALL.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    let title = "The operations: a summary, the value y, and the gradients of the inputs (x, or a and b), where g is the \
                 gradient of y.";
    output::line(text::wrapped(title, output::columns(), 0))?;
    for entry in ops::ALL {
        output::line("")?;
        for (name, line) in [(entry.name, entry.summary), ("", entry.formula), ("", entry.derivative)] {
            // Continuation lines are indented.
            let available = output::columns().saturating_sub(width + 3);
            let lines = text::wrapped(line, available, 2).replace('\n', &format!("\n{:width$}   ", ""));
            output::line(format!("{name:width$}   {lines}"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

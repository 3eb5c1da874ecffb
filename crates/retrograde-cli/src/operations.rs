//! `operations`: the library's list of operations.

use crate::failure::Failure;
use crate::output;
use retrograde::ops;
use std::process::ExitCode;

/// Prints the list.
pub fn run() -> Result<ExitCode, Failure> {
    let width = ops::ALL.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    output::line(
        "The operations: what each does, its value y, and the gradients of its inputs (x, or a and b),",
    )?;
    output::line("where g is the gradient of y.")?;
    for entry in ops::ALL {
        output::line(format!("\n{:width$}   {}", entry.name, entry.summary))?;
        for line in [entry.formula, entry.derivative] {
            output::line(format!("{:width$}   {line}", ""))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

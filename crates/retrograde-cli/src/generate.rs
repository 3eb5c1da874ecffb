//! `generate`: continues a text.

use crate::arguments::GenerateArguments;
use crate::failure::Failure;
use retrograde::Error;
use retrograde::train::TextGenerator;
use std::io::{Write, stdout};
use std::process::ExitCode;

/// Prints the prompt and its continuation, each character as soon as it is there.
pub fn run(arguments: &GenerateArguments) -> Result<ExitCode, Failure> {
    let usage = |error: Error| {
        if matches!(error, Error::Invalid { .. }) { Failure::Usage(error) } else { error.into() }
    };
    let generator = TextGenerator::open(&arguments.model)?;
    let mut generator = generator.temperature(arguments.temperature).map_err(usage)?.seed(arguments.seed);
    generator.tokens(&arguments.prompt).map_err(usage)?;
    let mut output = stdout().lock();
    write!(output, "{}", arguments.prompt)?;
    generator.generate(&arguments.prompt, arguments.length, |character| {
        write!(output, "{character}")?;
        Ok::<(), Failure>(output.flush()?)
    })?;
    writeln!(output)?;
    Ok(ExitCode::SUCCESS)
}

//! `export`: writes the weights of a model for another program.

use crate::arguments::{ExportArguments, ExportFormat};
use crate::failure::Failure;
use crate::output;
use crate::text;
use retrograde::Error;
use retrograde::train::RunDir;
use std::process::ExitCode;

/// Writes the file.
pub fn run(arguments: &ExportArguments) -> Result<ExitCode, Failure> {
    let net = RunDir::model(&arguments.model)?;
    let file = &arguments.output;
    if file.exists() {
        let what = format!("file {}", text::shown(file));
        let help = "choose another name, or remove the file first";
        return Err(Error::invalid(what, "it exists and is not replaced", help).into());
    }
    let parameters = net.parameters();
    match arguments.format {
        ExportFormat::Pytorch => parameters.save_pytorch(file, arguments.precision)?,
    }
    output::line(format!("wrote {} ({} tensors)", text::shell_quoted(file), parameters.len()))?;
    Ok(ExitCode::SUCCESS)
}

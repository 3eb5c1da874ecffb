//! `predict`: classifies images, or predicts of the rows of tables.

mod images;
mod tables;

use crate::arguments::PredictArguments;
use crate::failure::Failure;
use retrograde::train::RunDir;
use std::process::ExitCode;

pub use images::read_image;

/// Predicts of all files. One that cannot be read does not prevent the others.
pub fn run(arguments: &PredictArguments) -> Result<ExitCode, Failure> {
    let description = RunDir::description(&arguments.model)?;
    let of_table = description.as_ref().is_some_and(|description| description.preprocessor.is_some());
    if of_table { tables::run(arguments) } else { images::run(arguments, description.as_ref()) }
}

//! `predict`: classifies images, or predicts of the rows of tables.

mod images;
mod tables;

use crate::arguments::PredictArguments;
use crate::failure::Failure;
use retrograde::Error;
use retrograde::data::{DatasetDescription, Task};
use retrograde::train::RunDir;
use std::process::ExitCode;

pub use images::read_image;

/// Refuses a model of texts, which has no prediction of a file.
pub fn refuse_text(description: Option<&DatasetDescription>) -> Result<(), Failure> {
    match description.map(|description| description.task) {
        Some(task @ Task::NextToken) => {
            let help = "let it continue a text: retrograde generate --model FOLDER --prompt TEXT";
            Err(Error::invalid("model", format!("its task is a {task}"), help).into())
        }
        _ => Ok(()),
    }
}

/// Predicts of all files. One that cannot be read does not prevent the others.
pub fn run(arguments: &PredictArguments) -> Result<ExitCode, Failure> {
    let description = RunDir::description(&arguments.model)?;
    refuse_text(description.as_ref())?;
    let of_table = description.as_ref().is_some_and(|description| description.preprocessor.is_some());
    if of_table { tables::run(arguments) } else { images::run(arguments, description.as_ref()) }
}

//! `explain`: explains a prediction as a web page.

use crate::arguments::ExplainArguments;
use crate::failure::Failure;
use crate::{output, predict};
use retrograde::Error;
use retrograde::data::{DatasetDescription, MAX_PIXEL, Preprocessor, Task};
use retrograde::nn::Model;
use retrograde::train::RunDir;
use retrograde::view::{FileSignature, PredictionExplanation};
use std::process::ExitCode;

/// Writes the page.
pub fn run(arguments: &ExplainArguments) -> Result<ExitCode, Failure> {
    let net = RunDir::model(&arguments.model)?;
    let description = RunDir::description(&arguments.model)?;
    predict::refuse_text(description.as_ref())?;
    let preprocessor = description.as_ref().and_then(|description| description.preprocessor.as_ref());
    let is_table = preprocessor.is_some();
    let row = if let Some(preprocessor) = preprocessor {
        table_row(arguments, preprocessor)?
    } else {
        let image =
            predict::read_image(&arguments.file, description.as_ref(), net.inputs(), &arguments.model)?;
        image.pixels.iter().map(|byte| f64::from(*byte) / MAX_PIXEL).collect()
    };
    let description = description.unwrap_or_else(|| DatasetDescription::from(Task::Classification));
    let label = match &arguments.label {
        Some(_) if description.task == Task::Regression => {
            let problem = "the network predicts a number, which has no class";
            return Err(Error::invalid("--label", problem, "leave it out").into());
        }
        Some(label) => {
            // Without names the network itself knows its classes.
            let classes =
                if description.class_names.is_empty() { usize::MAX } else { description.class_names.len() };
            Some(description.find_class(label, classes)?)
        }
        None => None,
    };
    let story = PredictionExplanation::of_row(&net, &row, label, &description)?;
    let name = arguments.file.file_name().unwrap_or_default().to_string_lossy();
    let name = if is_table { format!("{name}, row {}", arguments.row) } else { name.into_owned() };
    output::text_or_file(&story.html(&name)?, FileSignature::Explanation, arguments.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

/// The features of a row of a table.
fn table_row(arguments: &ExplainArguments, preprocessor: &Preprocessor) -> Result<Vec<f64>, Failure> {
    let features = preprocessor.transform(&preprocessor.reader().read(&arguments.file)?)?;
    let row = arguments.row.checked_sub(1).and_then(|row| features.row(row));
    let missing = || {
        let problem = format!("`{}` is not a row of the table", arguments.row);
        Failure::Usage(Error::invalid("--row", problem, format!("use 1 to {}", features.shape()[0])))
    };
    row.map(<[f64]>::to_vec).ok_or_else(missing)
}

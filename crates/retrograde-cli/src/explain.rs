//! `explain`: explains a prediction as a web page.

use crate::arguments::ExplainArguments;
use crate::failure::Failure;
use crate::{image, output, predict};
use retrograde::nn::Model;
use retrograde::train::RunDir;
use retrograde::view::{FileSignature, PredictionExplanation};
use std::process::ExitCode;

/// Writes the page.
pub fn run(arguments: &ExplainArguments) -> Result<ExitCode, Failure> {
    let net = RunDir::model(&arguments.model)?;
    let shape = predict::square_shape(net.inputs(), &arguments.model)?;
    let image = image::read(&arguments.image, shape)?;
    let story = PredictionExplanation::new(&net, &image.pixels, arguments.label)?;
    let name = arguments.image.file_name().unwrap_or_default().to_string_lossy();
    output::text_or_file(&story.html(&name)?, FileSignature::Explanation, arguments.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}

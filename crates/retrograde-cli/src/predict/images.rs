//! Classification of images.

use crate::arguments::PredictArguments;
use crate::failure::{self, Failure};
use crate::image;
use crate::json::JsonEvent;
use crate::output;
use crate::picture;
use crate::text;
use retrograde::data::{DatasetDescription, PreparedImage};
use retrograde::train::{Prediction, Predictor, RunDir};
use retrograde::{Error, Result};
use std::path::Path;
use std::process::ExitCode;

/// The width of the bar of a probability in characters.
const BAR_WIDTH: usize = 30;

/// The widest image that is drawn beside the bars.
const MAX_IMAGE_WIDTH: usize = 40;

/// Classifies all images. An image that cannot be read does not prevent the others.
pub fn run(
    arguments: &PredictArguments,
    description: Option<&DatasetDescription>,
) -> Result<ExitCode, Failure> {
    let net = RunDir::model(&arguments.model)?;
    let inputs = net.inputs();
    let shape = image_shape(description, inputs, &arguments.model)?;
    let name = |class: usize| {
        description
            .map_or_else(|| class.to_string(), |description| description.class_name(class).into_owned())
    };
    let mut predictor = Predictor::new(&net, inputs)?;
    let mut failed = false;
    for (index, path) in arguments.files.iter().enumerate() {
        let result = image::read(path, shape)
            .and_then(|image| predictor.predict(&image.pixels).map(|prediction| (image, prediction)));
        match result {
            Ok((image, prediction)) if arguments.json => print_json(path, &image, &prediction, &name)?,
            Ok((image, prediction)) => {
                if index > 0 {
                    output::line("")?;
                }
                print(path, &image, &prediction, &name)?;
            }
            Err(error) => {
                failure::report_error(&format!("{error:?}"), arguments.json);
                failed = true;
            }
        }
    }
    if failed { Err(Failure::Reported) } else { Ok(ExitCode::SUCCESS) }
}

/// The image size of a network with this number of inputs: that of its training, or a square.
pub fn image_shape(
    description: Option<&DatasetDescription>,
    inputs: usize,
    model: &Path,
) -> Result<[usize; 2]> {
    match description.map(|description| &description.row_shape[..]) {
        Some(&[rows, columns]) if rows * columns == inputs => return Ok([rows, columns]),
        Some(&[channels, _, _]) => {
            let problem = format!("it was trained on images of {channels} colors");
            let help = "the command line predicts of gray images; use `Predictor` in a program";
            return Err(Error::format(model, problem, help));
        }
        _ => {}
    }
    let side = inputs.isqrt();
    if side * side == inputs {
        return Ok([side, side]);
    }
    let problem = format!("its {inputs} inputs are not the pixels of a square image");
    Err(Error::format(model, problem, "give a model that was trained on square images"))
}

fn print_json(
    path: &Path,
    image: &PreparedImage,
    prediction: &Prediction,
    name: &impl Fn(usize) -> String,
) -> Result<(), Failure> {
    let line = JsonEvent::Prediction {
        image: path.display().to_string(),
        digit: prediction.class,
        class: name(prediction.class),
        probability: prediction.probability(),
        probabilities: &prediction.probabilities,
        inverted: image.inverted,
        scaled: image.scaled,
    };
    line.print()
}

/// Prints the prediction, and the image beside a bar for each class.
fn print(
    path: &Path,
    image: &PreparedImage,
    prediction: &Prediction,
    name: &impl Fn(usize) -> String,
) -> Result<(), Failure> {
    let percent = 100.0 * prediction.probability();
    let class = text::printable(&name(prediction.class));
    output::line(format!("{} is a {class} ({percent:.1} %)", text::shown(path)))?;
    if let Some(changes) = changes(image) {
        output::line(changes)?;
    }
    output::line("")?;
    let columns = image.shape[1];
    let drawn = if columns <= MAX_IMAGE_WIDTH {
        picture::draw(&image.pixels, columns, output::use_color())
    } else {
        Vec::new()
    };
    let names: Vec<String> =
        (0..prediction.probabilities.len()).map(|class| text::printable(&name(class))).collect();
    let width = names.iter().map(|name| text::columns(name)).max().unwrap_or(0).max(2);
    let bars: Vec<String> = names
        .iter()
        .zip(&prediction.probabilities)
        .map(|(name, probability)| bar(name, width, *probability))
        .collect();
    let gap = if drawn.is_empty() { 0 } else { columns };
    // Both are centered vertically.
    let height = drawn.len().max(bars.len());
    let (above_drawn, above_bars) = ((height - drawn.len()) / 2, (height - bars.len()) / 2);
    for row in 0..height {
        let at =
            |lines: &[String], above: usize| row.checked_sub(above).and_then(|row| lines.get(row)).cloned();
        let left = at(&drawn, above_drawn).unwrap_or_else(|| " ".repeat(gap));
        let right = at(&bars, above_bars).unwrap_or_default();
        output::line(format!("  {left}   {right}").trim_end())?;
    }
    Ok(())
}

fn bar(name: &str, width: usize, probability: f64) -> String {
    let gap = " ".repeat(width.saturating_sub(text::columns(name)));
    format!("{gap}{name} {:BAR_WIDTH$} {:>5.1} %", picture::bar(probability, BAR_WIDTH), 100.0 * probability)
}

/// Describes the changes to the picture.
fn changes(image: &PreparedImage) -> Option<String> {
    let [rows, columns] = image.shape;
    let scaled = format!("cropped to its ink, scaled and centered in {columns} × {rows} pixels");
    match (image.inverted, image.scaled) {
        (false, false) => None,
        (true, false) => Some("(dark on light: inverted)".to_owned()),
        (false, true) => Some(format!("({scaled})")),
        (true, true) => Some(format!("(dark on light: inverted; {scaled})")),
    }
}

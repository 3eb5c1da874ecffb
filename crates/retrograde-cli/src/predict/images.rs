//! Classification of images.

use crate::arguments::PredictArguments;
use crate::failure::{self, Failure};
use crate::image;
use crate::json::JsonEvent;
use crate::output;
use crate::picture;
use crate::text;
use retrograde::data::{DatasetDescription, ImageFolderReader, PreparedImage};
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
    let name = |class: usize| {
        description
            .map_or_else(|| class.to_string(), |description| description.class_name(class).into_owned())
    };
    let mut predictor = Predictor::new(&net, inputs)?;
    let mut failed = false;
    for (index, path) in arguments.files.iter().enumerate() {
        let result = read_image(path, description, inputs, &arguments.model)
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

/// Reads an image for a network of so many inputs. Where a folder of images by class was learned, it is scaled as those were; else
/// it is converted to the format of MNIST.
pub fn read_image(
    path: &Path,
    description: Option<&DatasetDescription>,
    inputs: usize,
    model: &Path,
) -> Result<PreparedImage> {
    let own = description.filter(|description| !description.class_names.is_empty());
    if let Some(row_shape @ &[.., rows, columns]) = own.map(|description| &description.row_shape[..]) {
        let pixels = ImageFolderReader::read_image(path, row_shape)?;
        return Ok(PreparedImage { pixels, shape: [rows, columns], inverted: false, scaled: false });
    }
    let shape = description.and_then(|description| description.row_shape[..].try_into().ok());
    image::read(path, shape.map_or_else(|| square_shape(inputs, model), Ok)?)
}

/// The image size of a network with this number of inputs.
fn square_shape(inputs: usize, model: &Path) -> Result<[usize; 2]> {
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
    // Of colors the planes are no picture.
    let is_gray = image.pixels.len() == image.shape[0] * columns;
    let drawn = if is_gray && columns <= MAX_IMAGE_WIDTH {
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

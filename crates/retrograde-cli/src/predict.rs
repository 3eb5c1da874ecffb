//! `predict`: what a trained network says of images.

use crate::arguments::PredictArguments;
use crate::failure::{self, Failure};
use crate::image;
use crate::json::Line;
use crate::output;
use crate::picture;
use crate::text;
use retrograde::data::Prepared;
use retrograde::train::{Prediction, Predictor, RunFolder};
use retrograde::{Error, Result};
use std::path::Path;
use std::process::ExitCode;

/// The width of the bar of a certainty, in characters.
const BAR: usize = 30;

/// An image that is wider than this is not drawn: it would not stand beside the bars.
const WIDEST: usize = 40;

/// Classifies all images; those that cannot be read do not keep the others from it.
pub fn run(arguments: &PredictArguments) -> Result<ExitCode, Failure> {
    let net = RunFolder::model(&arguments.model)?;
    let inputs = net.layout().sizes[0];
    let shape = square(inputs, &arguments.model)?;
    let mut predictor = Predictor::new(&net, inputs)?;
    let mut failed = false;
    for (number, path) in arguments.images.iter().enumerate() {
        let answer = image::read(path, shape)
            .and_then(|image| predictor.predict(&image.pixels).map(|prediction| (image, prediction)));
        match answer {
            Ok((image, prediction)) if arguments.json => print_json(path, &image, &prediction)?,
            Ok((image, prediction)) => {
                if number > 0 {
                    output::line("")?;
                }
                print(path, &image, &prediction)?;
            }
            Err(error) => {
                failure::tell(&error.to_string(), arguments.json);
                failed = true;
            }
        }
    }
    if failed { Err(Failure::Told) } else { Ok(ExitCode::SUCCESS) }
}

/// The size of the images of a network with so many inputs.
pub fn square(inputs: usize, model: &Path) -> Result<[usize; 2]> {
    let side = inputs.isqrt();
    if side * side == inputs {
        return Ok([side, side]);
    }
    let problem = format!("its network takes {inputs} pixels, which make no square image");
    Err(Error::format(model, problem, "give a model that was trained on square images"))
}

fn print_json(path: &Path, image: &Prepared, prediction: &Prediction) -> Result<(), Failure> {
    let line = Line::Prediction {
        image: path.display().to_string(),
        digit: prediction.class,
        probability: prediction.probability(),
        probabilities: &prediction.probabilities,
        inverted: image.inverted,
        scaled: image.scaled,
    };
    line.print()
}

/// The verdict, and beside the image a bar for each class.
fn print(path: &Path, image: &Prepared, prediction: &Prediction) -> Result<(), Failure> {
    let percent = 100.0 * prediction.probability();
    output::line(format!("{} is a {} ({percent:.1} %)", text::shown(path), prediction.class))?;
    if let Some(changes) = changes(image) {
        output::line(changes)?;
    }
    output::line("")?;
    let columns = image.shape[1];
    let drawn = if columns <= WIDEST {
        picture::draw(&image.pixels, columns, output::colourful())
    } else {
        Vec::new()
    };
    let bars: Vec<String> = prediction.probabilities.iter().enumerate().map(bar).collect();
    let gap = if drawn.is_empty() { 0 } else { columns };
    // Each in the middle of the other's height.
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

fn bar((class, probability): (usize, &f64)) -> String {
    format!("{class:>2} {:BAR$} {:>5.1} %", picture::bar(*probability, BAR), 100.0 * probability)
}

/// What was done to the image, in words.
fn changes(image: &Prepared) -> Option<String> {
    let [rows, columns] = image.shape;
    let scaled = format!("cropped to its ink, scaled and centred in {columns} × {rows} pixels");
    match (image.inverted, image.scaled) {
        (false, false) => None,
        (true, false) => Some("(dark on light: inverted)".to_owned()),
        (false, true) => Some(format!("({scaled})")),
        (true, true) => Some(format!("(dark on light: inverted; {scaled})")),
    }
}

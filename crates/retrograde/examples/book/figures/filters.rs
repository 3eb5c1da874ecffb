//! Figure 7-24: the 30 filters of `SimpleConvNet` before and after the training. Random numbers become edges and blobs.

use retrograde::data::Dataset;
use retrograde::nn::{Conv2d, Flatten, Linear, MaxPool2d};
use retrograde::prelude::*;
use retrograde::view::{HeatMap, Shades};
use std::fmt::Write;

/// Filters of 5 × 5, one after the other: before and after so many steps.
pub fn filters(steps: u64) -> Result<[Vec<f64>; 2]> {
    let init = Init::Normal(0.01);
    let layers = Sequential::new()
        .then(Conv2d::new(30, 5).init(init))
        .then(Activation::Relu)
        .then(MaxPool2d::new(2))
        .then(Flatten::new())
        .then(Linear::new(100).init(init))
        .then(Activation::Relu)
        .then(Linear::new(10).init(init));
    let mut net = Network::new(layers, [1, 28, 28]).seed(0).build()?;
    let filters = |net: &Network<Sequential>| {
        let weights = net.parameters().get("0.weight").map(|weights| weights.values().to_vec());
        weights.ok_or_else(|| Error::invalid("filters", "the network has none", "begin with a convolution"))
    };
    let before = filters(&net)?;
    Trainer::new(Adam::new(0.001)).batch(100).steps(steps).fit(&mut net, &Dataset::embedded()?)?;
    Ok([before, filters(&net)?])
}

/// The figure: in each filter black is the smallest number, white the largest.
pub fn draw() -> Result<String> {
    let (mut svg, mut left, mut bottom) = (String::new(), 0, 0);
    for (title, filters) in ["before", "after"].into_iter().zip(filters(400)?) {
        let enlarged: Vec<f64> = filters.chunks(25).flat_map(enlarged).collect();
        let picture = HeatMap::images(&enlarged, [SIDE; 2], 6, Shades::gray(0.0, 1.0));
        let (width, height) = (picture.width(), picture.height());
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{left}\" y=\"18\" font-family=\"sans-serif\" font-size=\"15\">{title}</text>\
             <image x=\"{left}\" y=\"28\" width=\"{width}\" height=\"{height}\" href=\"{}\"/>",
            picture.address()
        );
        (left, bottom) = (left + width + 40, 28 + height);
    }
    let width = left - 40;
    Ok(format!(
        "<svg width=\"{width}\" height=\"{bottom}\" xmlns=\"http://www.w3.org/2000/svg\">\n{svg}</svg>\n"
    ))
}

/// The pixels of a number along each axis, and of the white frame of a filter.
const SCALE: usize = 8;
const FRAME: usize = 3;
/// The pixels of a filter along each axis.
const SIDE: usize = 5 * SCALE + 2 * FRAME;

/// A filter of 5 × 5 numbers as an image with numbers from 0 to 1.
fn enlarged(filter: &[f64]) -> Vec<f64> {
    let (low, high) = filter.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)));
    let place = |pixel: usize| pixel.checked_sub(FRAME).map(|pixel| pixel / SCALE).filter(|&place| place < 5);
    let number = |pixel: usize| {
        let (row, column) = place(pixel / SIDE).zip(place(pixel % SIDE))?;
        Some((filter[row * 5 + column] - low) / (high - low))
    };
    (0..SIDE * SIDE).map(|pixel| number(pixel).unwrap_or(1.0)).collect()
}

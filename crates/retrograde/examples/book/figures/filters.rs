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

/// The figure: black is the smallest number of all filters, white the largest.
pub fn draw() -> Result<String> {
    const SCALE: usize = 8;
    let (mut svg, mut left) = (String::new(), 0);
    for (title, values) in ["before", "after"].into_iter().zip(filters(400)?) {
        let (low, high) =
            values.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)));
        let picture = HeatMap::images(&values, [5, 5], 6, Shades::gray(low, high));
        let (width, height) = (SCALE * picture.width(), SCALE * picture.height());
        // Writing to a string cannot fail.
        let _ = write!(
            svg,
            "<text x=\"{left}\" y=\"18\" font-family=\"sans-serif\" font-size=\"15\">{title}</text>\
             <image x=\"{left}\" y=\"28\" width=\"{width}\" height=\"{height}\" style=\"image-rendering:pixelated\" \
             href=\"{}\"/>\n",
            picture.address()
        );
        left += width + 40;
    }
    let (width, height) = (left - 40, 28 + SCALE * 29);
    Ok(format!(
        "<svg width=\"{width}\" height=\"{height}\" xmlns=\"http://www.w3.org/2000/svg\">\n{svg}</svg>\n"
    ))
}

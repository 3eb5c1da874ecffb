//! Figure 6-15: the loss with initial weights of the deviation 0.01, of Xavier and of He, with four hidden layers of 100 relu units.

use super::Curve;
use super::plot::{Marks, Panel, draw as drawn};
use super::training::{Layers, losses};
use retrograde::Result;
use retrograde::nn::Init;
use retrograde::optim::Sgd;

/// The loss of each.
pub fn curves(steps: usize) -> Result<Vec<(&'static str, Curve)>> {
    [("std 0.01", Init::Normal(0.01)), ("Xavier", Init::LeCun), ("He", Init::He)]
        .into_iter()
        .map(|(name, init)| Ok((name, losses(&Layers::plain(init).network(4)?, Sgd::new(0.01), steps)?)))
        .collect()
}

/// The figure.
pub fn draw() -> Result<String> {
    let lines = curves(2000)?.into_iter().map(|(name, points)| Marks::Line { name: name.to_owned(), points });
    let panel = Panel {
        title: "loss of a batch of 128".to_owned(),
        axes: ["steps", "loss"],
        range: [0.0, 2000.0, 0.0, 2.5],
        marks: lines.collect(),
        legend: true,
    };
    drawn(&[panel], 1, (680, 440))
}

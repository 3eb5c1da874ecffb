//! Figure 6-9: the loss of four optimizers, with a network of four hidden layers of 100 units.

use super::Curve;
use super::plot::{Marks, Panel, draw as drawn};
use super::training::{Layers, losses};
use retrograde::Result;
use retrograde::nn::Init;
use retrograde::optim::{AdaGrad, Adam, Momentum, Sgd};

/// The loss of each optimizer, with the book's learning rates: 0.01, and for Adam 0.001.
pub fn curves(steps: usize) -> Result<Vec<(&'static str, Curve)>> {
    let net = Layers::plain(Init::He).network(4)?;
    Ok(vec![
        ("SGD", losses(&net, Sgd::new(0.01), steps)?),
        ("Momentum", losses(&net, Momentum::new(0.01, 0.9), steps)?),
        ("AdaGrad", losses(&net, AdaGrad::new(0.01), steps)?),
        ("Adam", losses(&net, Adam::new(0.001), steps)?),
    ])
}

/// The figure.
pub fn draw() -> Result<String> {
    let lines = curves(2000)?.into_iter().map(|(name, points)| Marks::Line { name: name.to_owned(), points });
    let panel = Panel {
        title: "loss of a batch of 128".to_owned(),
        axes: ["steps", "loss"],
        range: [0.0, 2000.0, 0.0, 1.0],
        marks: lines.collect(),
        legend: true,
    };
    drawn(&[panel], 1, (680, 440))
}

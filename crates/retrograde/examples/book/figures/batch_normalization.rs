//! Figures 6-18 and 6-19: with and without batch normalization, for scales of the initial weights from 1 to 10⁻⁴: 1,000 digits, five
//! hidden layers of 100 units, SGD with the learning rate 0.01.

use super::Curve;
use super::plot::{Marks, Panel, draw};
use super::training::{Layers, accuracies, few};
use retrograde::Result;
use retrograde::nn::Init;
use retrograde::optim::Sgd;

/// The accuracies on the training set after every so many epochs: with batch normalization, and without.
pub fn curves(deviation: f64, epochs: (usize, usize)) -> Result<[Curve; 2]> {
    let curve = |batch_norm| -> Result<Curve> {
        let layers = Layers { batch_norm, ..Layers::plain(Init::Normal(deviation)) };
        let [train, _] = accuracies(&layers.network(5)?, Sgd::new(0.01), &few(1000)?, epochs)?;
        Ok(train)
    };
    Ok([curve(true)?, curve(false)?])
}

/// The epochs of the figures.
const EPOCHS: usize = 20;

/// One scale, 0.05.
pub fn draw_one() -> Result<String> {
    draw(&[panel(0.05, true)?], 1, (560, 400))
}

/// Sixteen scales.
pub fn draw_all() -> Result<String> {
    let panels = (0..16).map(|index| panel(10_f64.powf(-4.0 * f64::from(index) / 15.0), index == 15));
    draw(&panels.collect::<Result<Vec<_>>>()?, 4, (270, 230))
}

fn panel(deviation: f64, legend: bool) -> Result<Panel> {
    let lines = ["with", "without"].into_iter().zip(curves(deviation, (EPOCHS, 1))?);
    Ok(Panel {
        title: format!("std {deviation:.4}"),
        axes: ["epochs", "accuracy"],
        range: [0.0, EPOCHS as f64, 0.0, 1.0],
        marks: lines.map(|(name, points)| Marks::Line { name: name.to_owned(), points }).collect(),
        legend,
    })
}

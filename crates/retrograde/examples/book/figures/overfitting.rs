//! Figures 6-20, 6-21 and 6-23: a network of six hidden layers of 100 units learns 300 digits by heart; weight decay and dropout make the
//! distance between training and test smaller. Here weight decay also holds for biases, which the book leaves out.

use super::Curve;
use super::plot::{Marks, Panel, draw as drawn};
use super::training::{Layers, accuracies, few};
use retrograde::Result;
use retrograde::nn::Init;
use retrograde::optim::{Sgd, WeightDecay};

/// The epochs of the book's figures 6-20 and 6-21, and of 6-23.
pub const EPOCHS: [usize; 2] = [200, 300];

/// What is done against overfitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing.
    Without,
    /// Weight decay of 0.1.
    WeightDecay,
    /// Dropout of 0.2.
    Dropout,
}

/// The accuracies on the training set and on the test set after every so many epochs.
pub fn curves(remedy: Remedy, epochs: (usize, usize)) -> Result<[Curve; 2]> {
    let dropout = if remedy == Remedy::Dropout { 0.2 } else { 0.0 };
    let net = Layers { dropout, ..Layers::plain(Init::He) }.network(6)?;
    let (sgd, data) = (Sgd::new(0.01), few(300)?);
    match remedy {
        Remedy::WeightDecay => accuracies(&net, WeightDecay::new(0.1, sgd), &data, epochs),
        _ => accuracies(&net, sgd, &data, epochs),
    }
}

/// The figure.
pub fn draw() -> Result<String> {
    let [short, long] = EPOCHS;
    let panels = [
        ("without", Remedy::Without, short),
        ("weight decay 0.1", Remedy::WeightDecay, short),
        ("without", Remedy::Without, long),
        ("dropout 0.2", Remedy::Dropout, long),
    ]
    .map(|(title, remedy, epochs)| {
        let lines = ["train", "test"].into_iter().zip(curves(remedy, (epochs, 1))?);
        Ok(Panel {
            title: title.to_owned(),
            axes: ["epochs", "accuracy"],
            range: [0.0, epochs as f64, 0.0, 1.0],
            marks: lines.map(|(name, points)| Marks::Line { name: name.to_owned(), points }).collect(),
            legend: true,
        })
    });
    drawn(&panels.into_iter().collect::<Result<Vec<_>>>()?, 2, (420, 320))
}

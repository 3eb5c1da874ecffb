//! Figures 6-3 and 6-5 to 6-8: the paths of optimizers on x²/20 + y², whose slope in x is small everywhere. By hand.

use super::Curve;
use super::plot::{Marks, Panel, draw as drawn};
use retrograde::Result;
use retrograde::textbook::{AdaGrad, Adam, Momentum, Optimizer, Sgd, Tensor};
use std::f64::consts::TAU;

/// The steps from (−7, 2).
const STEPS: usize = 30;

/// The path of each optimizer, with the learning rates of the book.
pub fn paths() -> Result<Vec<(&'static str, Curve)>> {
    let optimizers: [(&str, Box<dyn Optimizer>); 4] = [
        ("SGD", Box::new(Sgd::new(0.95))),
        ("Momentum", Box::new(Momentum::new(0.1))),
        ("AdaGrad", Box::new(AdaGrad::new(1.5))),
        ("Adam", Box::new(Adam::new(0.3))),
    ];
    optimizers.into_iter().map(|(name, optimizer)| Ok((name, path(optimizer)?))).collect()
}

fn path(mut optimizer: Box<dyn Optimizer>) -> Result<Curve> {
    let [mut x, mut y] = [-7.0, 2.0].map(|start| Tensor::from_elem(vec![], start));
    let mut points = vec![(x[[]], y[[]])];
    for _ in 0..STEPS {
        let gradients = [("x", &x / 10.0), ("y", 2.0 * &y)].into_iter().collect();
        let parameters = vec![("x".to_owned(), x.view_mut()), ("y".to_owned(), y.view_mut())];
        optimizer.update(parameters, &gradients)?;
        points.push((x[[]], y[[]]));
    }
    Ok(points)
}

/// The figure.
pub fn draw() -> Result<String> {
    drawn(&paths()?.into_iter().map(panel).collect::<Vec<_>>(), 2, (440, 340))
}

fn panel((name, points): (&str, Curve)) -> Panel {
    // x²/20 + y² = height
    let contour = |height: f64| {
        let at = |turn: i32| (20.0 * height).sqrt() * (TAU * f64::from(turn) / 90.0).cos();
        let up = |turn: i32| height.sqrt() * (TAU * f64::from(turn) / 90.0).sin();
        Marks::Contour { points: (0..=90).map(|turn| (at(turn), up(turn))).collect() }
    };
    let mut marks: Vec<Marks> = [0.1, 0.5, 1.0, 2.0, 3.0, 4.5].map(contour).into();
    marks.push(Marks::Line { name: name.to_owned(), points });
    Panel { title: name.to_owned(), axes: ["x", "y"], range: [-10.0, 10.0, -4.0, 4.0], marks, legend: false }
}

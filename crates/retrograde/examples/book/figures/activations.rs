//! Figures 6-10, 6-11, 6-13 and 6-14: the activations of five layers of 100 units for 1,000 normal inputs, by initial weights. By
//! hand.

use super::plot::{Marks, Panel, draw};
use ndarray::Ix2;
use retrograde::Result;
use retrograde::textbook::{Affine, Layer, Relu, Sigmoid, Tensor, WeightInit, ndarray};

/// The activations after each of the five layers, `[1000, 100]`.
pub fn activations(activation: &mut dyn Layer, init: WeightInit) -> Result<Vec<Tensor>> {
    let mut x = WeightInit::Std(1.0).weights(&[1000, 100], 1, 0)?;
    let mut all = Vec::new();
    for layer in 1..=5 {
        let w = init.weights(&[100, 100], 100, layer)?.into_dimensionality::<Ix2>();
        let w = w.expect("two axes were asked for");
        x = activation.forward(&Affine::new(w, ndarray::Array1::zeros(100))?.forward(&x)?)?;
        all.push(x.clone());
    }
    Ok(all)
}

/// Sigmoid: at the ends with the deviation 1, all near 0.5 with 0.01, spread with Xavier's.
pub fn draw_sigmoid() -> Result<String> {
    rows(
        &mut Sigmoid::new(),
        &[
            ("std 1", WeightInit::Std(1.0)),
            ("std 0.01", WeightInit::Std(0.01)),
            ("Xavier", WeightInit::Xavier),
        ],
    )
}

/// Relu: all near 0 with the deviation 0.01, smaller from layer to layer with Xavier's, equally spread with He's.
pub fn draw_relu() -> Result<String> {
    rows(
        &mut Relu::new(),
        &[("std 0.01", WeightInit::Std(0.01)), ("Xavier", WeightInit::Xavier), ("He", WeightInit::He)],
    )
}

/// A row of five histograms for each of the initial weights.
fn rows(activation: &mut dyn Layer, inits: &[(&str, WeightInit)]) -> Result<String> {
    let mut panels = Vec::new();
    for &(name, init) in inits {
        for (index, values) in activations(activation, init)?.iter().enumerate() {
            panels.push(histogram(format!("{name}, layer {}", index + 1), values));
        }
    }
    draw(&panels, 5, (220, 190))
}

/// Thirty bars from 0 to 1; bars above the top are cut off, as in the book.
fn histogram(title: String, values: &Tensor) -> Panel {
    const BARS: usize = 30;
    let width = 1.0 / BARS as f64;
    let mut counts = [0.0; BARS];
    for value in values.iter().filter(|value| (0.0..=1.0).contains(*value)) {
        counts[((value / width) as usize).min(BARS - 1)] += 1.0;
    }
    let bars = counts.iter().enumerate().map(|(index, &count)| (index as f64 * width, count)).collect();
    let marks = vec![Marks::Bars { width, bars }];
    Panel { title, axes: ["", ""], range: [0.0, 1.0, 0.0, 10_000.0], marks, legend: false }
}

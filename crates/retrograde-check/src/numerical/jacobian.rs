//! All partial derivatives of a function with many values.

use super::differences::Differences;
use super::ladder::Slope;

/// The partial derivatives of a function's values by some of its arguments.
#[derive(Debug, Clone, PartialEq)]
pub struct Jacobian {
    /// The elements by which it was differentiated.
    elements: Vec<usize>,
    outputs: usize,
    /// One column after the other: all values by the first number, by the second, ….
    slopes: Vec<Slope>,
}

impl Jacobian {
    /// The elements by which the function was differentiated, as positions in its argument.
    pub fn elements(&self) -> &[usize] {
        &self.elements
    }

    /// The number of values of the function.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// The derivatives of all values by the number at `column` of [`elements`](Self::elements).
    ///
    /// # Panics
    /// If there are fewer columns.
    pub fn column(&self, column: usize) -> &[Slope] {
        &self.slopes[column * self.outputs..(column + 1) * self.outputs]
    }

    /// All derivatives: those by the first number, by the second, ….
    pub fn slopes(&self) -> &[Slope] {
        &self.slopes
    }

    /// The vector-Jacobian product: for each number Σ upstream · derivative, with what its uncertainties sum to.
    ///
    /// # Panics
    /// If `upstream` does not have one number for each value.
    pub fn pull_back(&self, upstream: &[f64]) -> Vec<(f64, f64)> {
        assert_eq!(upstream.len(), self.outputs, "an upstream gradient has a number for each value");
        let sum = |column: &[Slope]| {
            column.iter().zip(upstream).fold((0.0, 0.0), |(value, error), (slope, weight)| {
                (value + weight * slope.value, error + weight.abs() * slope.uncertainty)
            })
        };
        (0..self.elements.len()).map(|column| sum(self.column(column))).collect()
    }
}

/// Column by column; each step of the ladder is one evaluation for all values.
pub(super) fn columns(
    differences: &Differences,
    mut f: impl FnMut(&[f64]) -> Vec<f64>,
    at: &[f64],
    elements: Vec<usize>,
) -> Jacobian {
    let mut x = differences.points(at);
    let middle = f(&x);
    let mut slopes = Vec::with_capacity(elements.len() * middle.len());
    for &element in &elements {
        let original = x[element];
        let moved = |to: f64| {
            x[element] = to;
            Ok(f(&x))
        };
        let ladders = middle.iter().map(|&middle| differences.ladder(middle, original)).collect();
        let column = differences.of_values(ladders, original, moved).ok().flatten();
        slopes.extend(column.expect("a function has equally many values everywhere"));
        x[element] = original;
    }
    Jacobian { elements, outputs: middle.len(), slopes }
}

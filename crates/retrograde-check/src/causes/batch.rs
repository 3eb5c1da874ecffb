//! The batch of a loss: which of the known arrays are samples, and which are labels.

use ndarray::{Array2, Axis};

use retrograde_textbook::Tensor;

/// Samples × features, and samples × targets.
#[derive(Clone)]
pub(super) struct Batch {
    pub x: Array2<f64>,
    pub t: Array2<f64>,
}

impl Batch {
    /// All ways to interpret two of some arrays as samples of `features` numbers and as labels for `targets` outputs.
    pub fn all(data: &[Tensor], features: usize, targets: usize) -> Vec<Batch> {
        let mut all = Vec::new();
        for (at, x) in data.iter().enumerate() {
            for x in samples(x, features) {
                for (_, t) in data.iter().enumerate().filter(|(other, _)| *other != at) {
                    all.extend(labels(t, x.nrows(), targets).into_iter().map(|t| Batch { x: x.clone(), t }));
                }
            }
        }
        all
    }
}

/// An array as samples × features: one sample in a vector, a sample in each row (of any shape) or in each column.
fn samples(values: &Tensor, features: usize) -> Vec<Array2<f64>> {
    let numbers: Vec<f64> = values.iter().copied().collect();
    let matrix = |rows, columns| Array2::from_shape_vec((rows, columns), numbers.clone()).ok();
    let shape = values.shape();
    let rows = shape.first().copied().unwrap_or(0);
    let mut all = Vec::new();
    if shape == [features] {
        all.extend(matrix(1, features));
    } else if shape.len() > 1 && rows * features == numbers.len() {
        all.extend(matrix(rows, features));
    }
    if shape.len() == 2 && rows == features {
        all.extend(matrix(features, shape[1]).map(Array2::reversed_axes));
    }
    all
}

/// An array as samples × targets: the targets themselves, in rows or columns, or classes as numbers.
fn labels(values: &Tensor, samples: usize, targets: usize) -> Vec<Array2<f64>> {
    let numbers: Vec<f64> = values.iter().copied().collect();
    let mut all = Vec::new();
    if numbers.len() == samples * targets {
        let rows_first = targets == 1 || values.ndim() < 2 || values.shape()[0] == samples;
        if rows_first {
            all.extend(Array2::from_shape_vec((samples, targets), numbers.clone()).ok());
        }
        if values.shape() == [targets, samples] && targets > 1 {
            let columns = Array2::from_shape_vec((targets, samples), numbers.clone());
            all.extend(columns.ok().map(Array2::reversed_axes));
        }
    }
    let is_class = |value: &f64| *value >= 0.0 && value.fract() == 0.0 && *value < targets as f64;
    if targets > 1 && numbers.len() == samples && numbers.iter().all(is_class) {
        all.push(one_hot(&numbers, targets));
    }
    all
}

/// One-hot rows.
pub(super) fn one_hot(classes: &[f64], count: usize) -> Array2<f64> {
    let mut rows = Array2::zeros((classes.len(), count));
    for (mut row, class) in rows.axis_iter_mut(Axis(0)).zip(classes) {
        row[*class as usize] = 1.0;
    }
    rows
}

/// The factor of a sum over the batch in a loss, and its weight decay, if the loss has this form: by the sum and by half
/// the sum of squares at each probe.
pub(super) fn fit(losses: &[f64], sums: &[f64], squares: &[f64]) -> Option<(f64, f64)> {
    let same = |scale: f64, decay: f64| {
        let all = losses.iter().zip(sums).zip(squares);
        scale.is_finite()
            && decay.is_finite()
            && all.into_iter().all(|((loss, sum), squares)| {
                (scale * sum + decay * squares - loss).abs() <= FIT * loss.abs().max(scale.abs() * sum.abs())
            })
    };
    // Two unknowns from two losses prove nothing.
    if losses.len() < 3 {
        return None;
    }
    let plain = losses[0] / sums[0];
    if same(plain, 0.0) {
        return Some((plain, 0.0));
    }
    let determinant = sums[0] * squares[1] - sums[1] * squares[0];
    let scale = (losses[0] * squares[1] - losses[1] * squares[0]) / determinant;
    let decay = (sums[0] * losses[1] - sums[1] * losses[0]) / determinant;
    same(scale, decay).then_some((scale, decay))
}

/// The relative tolerance of a loss: an epsilon in its logarithm is within it.
const FIT: f64 = 1e-6;

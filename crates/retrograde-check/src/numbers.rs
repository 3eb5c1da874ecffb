//! What is asked of numbers in many places.

use retrograde_textbook::Tensor;

/// The numbers in row-major order.
pub(super) fn flat(values: &Tensor) -> Vec<f64> {
    values.iter().copied().collect()
}

/// The number at a position in row-major order; NaN if there is none.
pub(super) fn nth(values: &Tensor, at: usize) -> f64 {
    values.iter().nth(at).copied().unwrap_or(f64::NAN)
}

/// The largest absolute value, of those that are numbers.
pub(super) fn largest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    let sizes = values.into_iter().filter(|value| !value.is_nan()).map(|value| value.abs());
    sizes.fold(0.0, f64::max)
}

/// The logistic function.
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The middle one of these sizes; 0 if there are none that are finite.
pub(super) fn median(sizes: impl IntoIterator<Item = f64>) -> f64 {
    let mut sizes: Vec<f64> = sizes.into_iter().filter(|size| size.is_finite()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
}

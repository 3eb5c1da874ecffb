//! Helpers for arrays of numbers.

use retrograde_textbook::Tensor;

/// The numbers in row-major order.
pub(super) fn flat(values: &Tensor) -> Vec<f64> {
    values.iter().copied().collect()
}

/// The element at a position in row-major order; NaN if there is none.
pub(super) fn nth(values: &Tensor, at: usize) -> f64 {
    values.iter().nth(at).copied().unwrap_or(f64::NAN)
}

/// The largest absolute value, NaN excluded.
pub(super) fn largest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    let sizes = values.into_iter().filter(|value| !value.is_nan()).map(|value| value.abs());
    sizes.fold(0.0, f64::max)
}

/// The logistic function.
pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The median of these sizes; 0 if none is finite.
pub(super) fn median(sizes: impl IntoIterator<Item = f64>) -> f64 {
    let mut sizes: Vec<f64> = sizes.into_iter().filter(|size| size.is_finite()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.get(sizes.len() / 2).copied().unwrap_or(0.0)
}

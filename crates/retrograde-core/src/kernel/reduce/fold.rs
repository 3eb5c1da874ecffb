//! One block: elements, or columns of rows, in one order of evaluation.

use crate::kernel::Real;
use crate::kernel::simd::{Body, InstructionSet, dispatch};

/// How many running values a reduction keeps. Element `i` goes to number `i mod LANES`; the lanes are joined in pairs at the
/// end. This is one order of evaluation whatever the width of the vector registers, and its rounding errors are smaller than
/// those of one running sum.
pub(crate) const LANES: usize = 32;

/// How a reduction combines two values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// The sum.
    Sum,
    /// The larger one; NaN if either is.
    Maximum,
}

impl Join {
    /// The reduction of no elements.
    #[inline(always)]
    pub(crate) fn start<T: Real>(self) -> T {
        match self {
            Join::Sum => T::zero(),
            Join::Maximum => T::neg_infinity(),
        }
    }

    /// Combines `values` with `results`, element by element.
    #[inline(always)]
    pub(super) fn combine<T: Real>(self, values: &[T], results: &mut [T]) {
        let pairs = results.iter_mut().zip(values);
        match self {
            Join::Sum => pairs.for_each(|(result, &value)| *result += value),
            Join::Maximum => pairs.for_each(|(result, &value)| *result = larger(*result, value)),
        }
    }

    /// The reduction of all elements, in a function of its own: within a larger one, the running values leave the registers.
    pub(super) fn all<T: Real>(self, values: &[T]) -> T {
        match self {
            Join::Sum => dispatch(Sum(values)),
            Join::Maximum => dispatch(Maximum(values)),
        }
    }
}

/// The larger of two numbers; NaN if either is.
#[inline(always)]
pub(crate) fn larger<T: Real>(a: T, b: T) -> T {
    if a > b || a.is_nan() { a } else { b }
}

/// Joins all elements by `join`, which is expected to be associative up to rounding.
#[inline(always)]
pub(crate) fn fold<T: Copy>(values: &[T], start: T, join: impl Fn(T, T) -> T) -> T {
    let mut lanes = [start; LANES];
    let (blocks, rest) = values.as_chunks::<LANES>();
    for block in blocks {
        for (lane, &value) in lanes.iter_mut().zip(block) {
            *lane = join(*lane, value);
        }
    }
    for (lane, &value) in lanes.iter_mut().zip(rest) {
        *lane = join(*lane, value);
    }
    halves(lanes, join)
}

/// Joins the running values in pairs.
#[inline(always)]
pub(crate) fn halves<T: Copy>(mut lanes: [T; LANES], join: impl Fn(T, T) -> T) -> T {
    // Written out, so that the compiler knows each length.
    for i in 0..LANES / 2 {
        lanes[i] = join(lanes[i], lanes[i + LANES / 2]);
    }
    for i in 0..LANES / 4 {
        lanes[i] = join(lanes[i], lanes[i + LANES / 4]);
    }
    for i in 0..LANES / 8 {
        lanes[i] = join(lanes[i], lanes[i + LANES / 8]);
    }
    join(join(lanes[0], lanes[2]), join(lanes[1], lanes[3]))
}

/// Reduces as many columns as there are `results`, at most [`LANES`], from the column `first` on, of rows of `width` elements.
#[inline(always)]
pub(super) fn columns<T: Real>(join: Join, rows: &[T], width: usize, first: usize, results: &mut [T]) {
    match join {
        Join::Sum => fold_columns(rows, (width, first), T::zero(), |a, b| a + b, results),
        Join::Maximum => fold_columns(rows, (width, first), T::neg_infinity(), larger, results),
    }
}

/// Always reads as many elements as there are lanes, also of the next row: the running values stay in registers, and those without
/// a result are dropped.
#[inline(always)]
fn fold_columns<T: Copy>(
    rows: &[T],
    (width, first): (usize, usize),
    start: T,
    join: impl Fn(T, T) -> T,
    results: &mut [T],
) {
    let mut lanes = [start; LANES];
    let mut rest = rows.get(first..).unwrap_or_default();
    while let Some(row) = rest.first_chunk::<LANES>() {
        for (lane, &value) in lanes.iter_mut().zip(row) {
            *lane = join(*lane, value);
        }
        rest = rest.get(width..).unwrap_or_default();
    }
    // The last rows have fewer elements behind them.
    results.copy_from_slice(&lanes[..results.len()]);
    while !rest.is_empty() {
        for (result, &value) in results.iter_mut().zip(rest) {
            *result = join(*result, value);
        }
        rest = rest.get(width..).unwrap_or_default();
    }
}

struct Sum<'a, T>(&'a [T]);

impl<T: Real> Body for Sum<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run<I: InstructionSet>(self) -> T {
        fold(self.0, T::zero(), |a, b| a + b)
    }
}

struct Maximum<'a, T>(&'a [T]);

impl<T: Real> Body for Maximum<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run<I: InstructionSet>(self) -> T {
        fold(self.0, T::neg_infinity(), larger)
    }
}

/// The sum of all elements.
pub(crate) fn sum<T: Real>(values: &[T]) -> T {
    Join::Sum.all(values)
}

/// Adds `values` to `results`, element by element.
pub(crate) fn accumulate<T: Real>(values: &[T], results: &mut [T]) {
    struct Accumulate<'a, T>(&'a [T], &'a mut [T]);
    impl<T: Real> Body for Accumulate<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<I: InstructionSet>(self) {
            Join::Sum.combine(self.0, self.1);
        }
    }
    dispatch(Accumulate(values, results));
}

#[cfg(test)]
mod tests {
    use super::{Join, sum};

    #[test]
    fn sums_and_maxima_of_any_length() {
        for length in 0..200 {
            let values: Vec<f64> = (0..length).map(|i| f64::from(i % 17) - 8.0).collect();
            assert_eq!(sum(&values), values.iter().sum::<f64>());
            let maximum = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert_eq!(Join::Maximum.all(&values), maximum);
        }
    }

    #[test]
    fn nan_is_not_lost() {
        for at in [0, 1, 31, 32, 40] {
            let mut values = vec![1.0_f32; 41];
            values[at] = f32::NAN;
            assert!(Join::Maximum.all(&values).is_nan() && sum(&values).is_nan());
        }
    }
}

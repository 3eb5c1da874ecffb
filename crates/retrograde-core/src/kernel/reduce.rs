//! Sums, products and maxima whose order of evaluation is fixed by the length alone.

use super::Real;
use super::dispatch::{Body, InstructionSet, dispatch};
use std::ops::Range;

/// How many running values a reduction keeps. Element `i` goes to number `i mod LANES`; the lanes are joined in
/// pairs at the end. This is one order of evaluation whatever the width of the vector registers, and its
/// rounding errors are smaller than those of one running sum.
pub(crate) const LANES: usize = 32;

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
    tree(lanes, join)
}

/// Joins the running values in pairs.
#[inline(always)]
fn tree<T: Copy>(mut lanes: [T; LANES], join: impl Fn(T, T) -> T) -> T {
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

/// How many rows [`Abreast`] holds: a register of `f32`.
pub(crate) const ROWS_ABREAST: usize = 16;

/// Some rows of at most [`LANES`] numbers, side by side in registers, and their powers exp(x − max x). A row of ten numbers
/// fills no register by itself; sixteen of them fill ten. The bits are those of [`fold`].
pub(crate) struct Abreast<T> {
    /// Power `j` of row `r` is `powers[j][r]`.
    pub(crate) powers: [[T; ROWS_ABREAST]; LANES],
    /// The largest number of each row.
    pub(crate) largest: [T; ROWS_ABREAST],
    /// The sum of the powers of each row.
    pub(crate) totals: [T; ROWS_ABREAST],
}

impl<T: Real> Abreast<T> {
    /// Takes at most [`ROWS_ABREAST`] rows of `width` numbers.
    #[inline(always)]
    pub(crate) fn new(rows: &[T], width: usize) -> Self {
        let mut powers = [[T::zero(); ROWS_ABREAST]; LANES];
        for (r, row) in rows.chunks_exact(width).enumerate() {
            for (line, &x) in powers.iter_mut().zip(row) {
                line[r] = x;
            }
        }
        let mut largest = [T::neg_infinity(); ROWS_ABREAST];
        for line in &powers[..width] {
            for (largest, &x) in largest.iter_mut().zip(line) {
                *largest = larger(*largest, x);
            }
        }
        for line in &mut powers[..width] {
            for (x, &largest) in line.iter_mut().zip(&largest) {
                *x = (*x - largest).exponential();
            }
        }
        // Joined in pairs as `fold` does.
        let (mut sums, mut length, mut half) = (powers, width, LANES / 2);
        while half > 0 {
            let (low, high) = sums.split_at_mut(half);
            for (low, high) in low.iter_mut().zip(&high[..length.saturating_sub(half)]) {
                low.iter_mut().zip(high).for_each(|(low, &high)| *low += high);
            }
            length = length.min(half);
            half /= 2;
        }
        Abreast { powers, largest, totals: sums[0] }
    }
}

/// Of so few rows, to set them side by side takes longer than each by itself.
pub(crate) const FEW_ROWS: usize = 4;

/// One row of at most [`LANES`] numbers, as [`Abreast`] has several; powers and total have the same bits.
pub(crate) struct Alone<T> {
    /// The powers exp(x − max x), and zeros behind the row.
    pub(crate) powers: [T; LANES],
    pub(crate) largest: T,
    pub(crate) total: T,
}

impl<T: Real> Alone<T> {
    /// Takes the row.
    #[inline(always)]
    pub(crate) fn new(row: &[T]) -> Self {
        let mut powers = [T::neg_infinity(); LANES];
        powers[..row.len()].copy_from_slice(row);
        let largest = tree(powers, larger);
        for power in &mut powers {
            *power = (*power - largest).exponential();
        }
        powers[row.len()..].fill(T::zero());
        Alone { powers, largest, total: tree(powers, |a, b| a + b) }
    }
}

/// The larger of two numbers; NaN if either is.
#[inline(always)]
pub(crate) fn larger<T: Real>(a: T, b: T) -> T {
    if a > b || a.is_nan() { a } else { b }
}

/// The sum of all elements.
pub(crate) fn sum<T: Real>(values: &[T]) -> T {
    struct Sum<'a, T>(&'a [T]);
    impl<T: Real> Body for Sum<'_, T> {
        type Output = T;
        #[inline(always)]
        fn run<I: InstructionSet>(self) -> T {
            fold(self.0, T::zero(), |a, b| a + b)
        }
    }
    dispatch(Sum(values))
}

/// The largest element; NaN if there is one; minus infinity for none.
pub(crate) fn maximum<T: Real>(values: &[T]) -> T {
    struct Maximum<'a, T>(&'a [T]);
    impl<T: Real> Body for Maximum<'_, T> {
        type Output = T;
        #[inline(always)]
        fn run<I: InstructionSet>(self) -> T {
            fold(self.0, T::neg_infinity(), larger)
        }
    }
    dispatch(Maximum(values))
}

/// What a reduction does with the elements it joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// Adds them.
    Sum,
    /// Keeps the largest.
    Maximum,
}

/// Into how many rows, as [`RowsKernel::rows`](super::RowsKernel::rows) has it, a reduction's output falls.
pub(crate) fn rows(shape: &[usize], axes: &[usize]) -> usize {
    let (first, reduced, rest) = group(shape, axes, 0);
    let (second, _, end) = group(shape, axes, rest);
    match (reduced, end == shape.len()) {
        (false, _) => first,
        // Down the columns of a matrix: each column by itself.
        (true, true) if rest < shape.len() => second,
        (true, _) => 1,
    }
}

/// Whether a reduction adds up the rows of a matrix, so that its output falls into columns of that.
pub(crate) fn down_the_columns(shape: &[usize], axes: &[usize]) -> bool {
    let (_, reduced, rest) = group(shape, axes, 0);
    let (_, _, end) = group(shape, axes, rest);
    reduced && end == shape.len() && rest < shape.len()
}

/// Reduces a tensor over `axes` into the rows `range` of the output, which are `output`. `values` are those of the same
/// rows of the tensor, or all if it is reduced [`down_the_columns`].
pub(crate) fn reduce<T: Real>(
    join: Join,
    values: &[T],
    shape: &[usize],
    axes: &[usize],
    range: Range<usize>,
    output: &mut [T],
) {
    output.fill(match join {
        Join::Sum => T::zero(),
        Join::Maximum => T::neg_infinity(),
    });
    if values.is_empty() || output.is_empty() {
        return;
    }
    let (first, reduced, rest) = group(shape, axes, 0);
    if !reduced {
        let (step, width) = (values.len() / range.len(), output.len() / range.len());
        for (values, output) in values.chunks_exact(step).zip(output.chunks_exact_mut(width)) {
            into(join, values, shape, axes, rest, output);
        }
    } else if down_the_columns(shape, axes) {
        columns(join, values, values.len() / first, range, output);
    } else {
        into(join, values, shape, axes, 0, output);
    }
}

/// Joins the columns `range` of a matrix whose rows have `width` elements.
fn columns<T: Real>(join: Join, values: &[T], width: usize, range: Range<usize>, results: &mut [T]) {
    struct Columns<'a, T>(Join, &'a [T], usize, Range<usize>, &'a mut [T]);
    impl<T: Real> Body for Columns<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<I: InstructionSet>(self) {
            let Columns(join, values, width, range, results) = self;
            // Some columns at a time, whose running values stay in registers.
            for (block, results) in results.chunks_mut(LANES).enumerate() {
                let start = range.start + block * LANES;
                let mut lanes = [T::zero(); LANES];
                lanes[..results.len()].copy_from_slice(results);
                for row in values.chunks_exact(width) {
                    let row = &row[start..];
                    match (join, row.first_chunk::<LANES>()) {
                        (Join::Sum, Some(row)) => {
                            lanes.iter_mut().zip(row).for_each(|(lane, &value)| *lane += value);
                        }
                        (Join::Sum, None) => {
                            lanes.iter_mut().zip(row).for_each(|(lane, &value)| *lane += value);
                        }
                        (Join::Maximum, _) => {
                            lanes.iter_mut().zip(row).for_each(|(lane, &value)| *lane = larger(*lane, value));
                        }
                    }
                }
                results.copy_from_slice(&lanes[..results.len()]);
            }
        }
    }
    dispatch(Columns(join, values, width, range, results));
}

/// Neighbouring axes from `from` on that are all reduced or all kept: their length together, which of the two, and
/// the axis behind them. Axes of length 1 belong to any group.
fn group(shape: &[usize], axes: &[usize], from: usize) -> (usize, bool, usize) {
    let (mut length, mut kind, mut axis) = (1, None, from);
    while axis < shape.len() {
        let reduced = axes.contains(&axis);
        if shape[axis] != 1 {
            if kind.is_some_and(|kind| kind != reduced) {
                break;
            }
            kind = Some(reduced);
            length *= shape[axis];
        }
        axis += 1;
    }
    (length, kind.unwrap_or(false), axis)
}

/// Joins `values`, whose axes are those of `shape` from `from` on, into `output`.
fn into<T: Real>(join: Join, values: &[T], shape: &[usize], axes: &[usize], from: usize, output: &mut [T]) {
    let (length, reduced, rest) = group(shape, axes, from);
    match (reduced, rest == shape.len()) {
        (true, true) => {
            let all = match join {
                Join::Sum => sum(values),
                Join::Maximum => maximum(values),
            };
            accumulate(join, &[all], output);
        }
        (false, true) => accumulate(join, values, output),
        (true, false) => {
            for values in values.chunks_exact(values.len() / length) {
                into(join, values, shape, axes, rest, output);
            }
        }
        (false, false) => {
            let step = output.len() / length;
            for (values, output) in
                values.chunks_exact(values.len() / length).zip(output.chunks_exact_mut(step))
            {
                into(join, values, shape, axes, rest, output);
            }
        }
    }
}

/// Joins `values` into `results`, element by element.
pub(crate) fn accumulate<T: Real>(join: Join, values: &[T], results: &mut [T]) {
    struct Accumulate<'a, T>(Join, &'a [T], &'a mut [T]);
    impl<T: Real> Body for Accumulate<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<I: InstructionSet>(self) {
            let pairs = self.2.iter_mut().zip(self.1);
            match self.0 {
                Join::Sum => pairs.for_each(|(result, &value)| *result += value),
                Join::Maximum => pairs.for_each(|(result, &value)| *result = larger(*result, value)),
            }
        }
    }
    dispatch(Accumulate(join, values, results));
}

#[cfg(test)]
mod tests {
    use super::{Abreast, Alone, ROWS_ABREAST, maximum, sum};

    #[test]
    fn sums_and_maxima_of_any_length() {
        for length in 0..200 {
            let values: Vec<f64> = (0..length).map(|i| f64::from(i % 17) - 8.0).collect();
            assert_eq!(sum(&values), values.iter().sum::<f64>());
            assert_eq!(maximum(&values), values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        }
    }

    #[test]
    fn nan_is_not_lost() {
        for at in [0, 1, 31, 32, 40] {
            let mut values = vec![1.0_f32; 41];
            values[at] = f32::NAN;
            assert!(maximum(&values).is_nan() && sum(&values).is_nan());
        }
    }

    #[test]
    fn rows_abreast_and_alone_have_the_same_bits() {
        for width in [1, 2, 5, 10, 16, 17, 31, 32] {
            let numbers = |i: usize| match i % 97 {
                11 => f32::NEG_INFINITY,
                _ => (i as f32 * 0.37).sin() * 30.0,
            };
            let rows: Vec<f32> = (0..ROWS_ABREAST * width).map(numbers).collect();
            let abreast = Abreast::new(&rows, width);
            for (r, row) in rows.chunks_exact(width).enumerate() {
                let alone = Alone::new(row);
                let bits = |x: f32| if x.is_nan() { 0 } else { x.to_bits() };
                assert_eq!(bits(alone.largest), bits(abreast.largest[r]), "{row:?}");
                assert_eq!(bits(alone.total), bits(abreast.totals[r]), "{row:?}");
                for (j, power) in alone.powers[..width].iter().enumerate() {
                    assert_eq!(bits(*power), bits(abreast.powers[j][r]), "{row:?}");
                }
            }
        }
    }
}

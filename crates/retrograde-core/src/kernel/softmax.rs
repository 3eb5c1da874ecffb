//! Softmax and its logarithm of lines of a tensor; short rows several at a time.

use super::Real;
use super::reduce::{LANES, fold, halves, larger};
use super::simd::{Body, InstructionSet};

/// What is computed of the powers exp(x − max x) of a line and their sum.
pub(crate) trait Normalize: Copy {
    /// The number of a line, from the sum of its powers.
    fn of_total<T: Real>(self, total: T) -> T;

    /// An element: `x` is relative to the largest element of the line, `of_total` the number of the line.
    fn element<T: Real>(self, x: T, power: T, of_total: T) -> T;
}

/// Lines of `length` elements that are `inner` apart, each normalized separately.
pub(crate) struct Lines<'a, T, N> {
    pub(crate) x: &'a [T],
    pub(crate) output: &'a mut [T],
    pub(crate) length: usize,
    pub(crate) inner: usize,
    pub(crate) normalize: N,
}

impl<T: Real, N: Normalize> Body for Lines<'_, T, N> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Lines { x, output, length, inner, normalize } = self;
        let block = length * inner;
        if block == 0 {
            return;
        }
        if inner == 1 && length <= LANES {
            return short_rows(x, output, length, normalize);
        }
        for (x, output) in x.chunks_exact(block).zip(output.chunks_exact_mut(block)) {
            if inner == 1 {
                row(x, output, normalize);
            } else {
                (0..inner).for_each(|i| strided(&x[i..], &mut output[i..], inner, normalize));
            }
        }
    }
}

#[inline(always)]
fn row<T: Real>(x: &[T], output: &mut [T], normalize: impl Normalize) {
    let largest = fold(x, T::neg_infinity(), larger);
    for (output, &x) in output.iter_mut().zip(x) {
        *output = (x - largest).fast_exp();
    }
    let of_total = normalize.of_total(fold(output, T::zero(), |a, b| a + b));
    for (output, &x) in output.iter_mut().zip(x) {
        *output = normalize.element(x - largest, *output, of_total);
    }
}

#[inline(always)]
fn strided<T: Real>(x: &[T], output: &mut [T], stride: usize, normalize: impl Normalize) {
    let x = || x.iter().step_by(stride).copied();
    let largest = x().fold(T::neg_infinity(), larger);
    let mut total = T::zero();
    for (output, x) in output.iter_mut().step_by(stride).zip(x()) {
        *output = (x - largest).fast_exp();
        total += *output;
    }
    let of_total = normalize.of_total(total);
    for (output, x) in output.iter_mut().step_by(stride).zip(x()) {
        *output = normalize.element(x - largest, *output, of_total);
    }
}

#[inline(always)]
fn short_rows<T: Real>(x: &[T], output: &mut [T], width: usize, normalize: impl Normalize) {
    if x.len() <= width * FEW_ROWS {
        for (x, output) in x.chunks_exact(width).zip(output.chunks_exact_mut(width)) {
            let SingleRow { powers, largest, total } = SingleRow::new(x);
            let of_total = normalize.of_total(total);
            for ((output, &x), &power) in output.iter_mut().zip(x).zip(&powers) {
                *output = normalize.element(x - largest, power, of_total);
            }
        }
        return;
    }
    for (x, output) in x.chunks(width * BATCH).zip(output.chunks_mut(width * BATCH)) {
        let RowBatch { powers, largest, totals } = RowBatch::new(x, width);
        for (r, (x, output)) in x.chunks_exact(width).zip(output.chunks_exact_mut(width)).enumerate() {
            let of_total = normalize.of_total(totals[r]);
            for ((output, &x), power) in output.iter_mut().zip(x).zip(&powers) {
                *output = normalize.element(x - largest[r], power[r], of_total);
            }
        }
    }
}

/// How many rows a [`RowBatch`] holds: a register of `f32`.
pub(crate) const BATCH: usize = 16;

/// Of so few rows, each by itself is faster than a batch.
pub(crate) const FEW_ROWS: usize = 4;

/// Some rows of at most [`LANES`] numbers, side by side in registers, and their powers exp(x − max x). A row of ten numbers
/// underfills a register; sixteen of them fill ten. The bits are those of [`fold`](super::reduce::fold).
pub(crate) struct RowBatch<T> {
    /// Power `j` of row `r` is `powers[j][r]`.
    pub(crate) powers: [[T; BATCH]; LANES],
    /// The largest number of each row.
    pub(crate) largest: [T; BATCH],
    /// The sum of the powers of each row.
    pub(crate) totals: [T; BATCH],
}

impl<T: Real> RowBatch<T> {
    /// At most [`BATCH`] rows of `width` numbers.
    #[inline(always)]
    pub(crate) fn new(rows: &[T], width: usize) -> Self {
        let mut powers = [[T::zero(); BATCH]; LANES];
        for (r, row) in rows.chunks_exact(width).enumerate() {
            for (line, &x) in powers.iter_mut().zip(row) {
                line[r] = x;
            }
        }
        let mut largest = [T::neg_infinity(); BATCH];
        for line in &powers[..width] {
            for (largest, &x) in largest.iter_mut().zip(line) {
                *largest = larger(*largest, x);
            }
        }
        for line in &mut powers[..width] {
            for (x, &largest) in line.iter_mut().zip(&largest) {
                *x = (*x - largest).fast_exp();
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
        RowBatch { powers, largest, totals: sums[0] }
    }
}

/// One row of at most [`LANES`] numbers, with the bits that it has in a [`RowBatch`].
pub(crate) struct SingleRow<T> {
    /// The powers exp(x − max x), and zeros behind the row.
    pub(crate) powers: [T; LANES],
    /// The largest number.
    pub(crate) largest: T,
    /// The sum of the powers.
    pub(crate) total: T,
}

impl<T: Real> SingleRow<T> {
    /// The row, of at most [`LANES`] numbers.
    #[inline(always)]
    pub(crate) fn new(row: &[T]) -> Self {
        let mut powers = [T::neg_infinity(); LANES];
        powers[..row.len()].copy_from_slice(row);
        let largest = halves(powers, larger);
        for power in &mut powers {
            *power = (*power - largest).fast_exp();
        }
        powers[row.len()..].fill(T::zero());
        SingleRow { powers, largest, total: halves(powers, |a, b| a + b) }
    }
}

#[cfg(test)]
mod tests {
    use super::{BATCH, RowBatch, SingleRow};

    #[test]
    fn rows_in_a_batch_and_single_rows_have_the_same_bits() {
        for width in [1, 2, 5, 10, 16, 17, 31, 32] {
            let numbers = |i: usize| match i % 97 {
                11 => f32::NEG_INFINITY,
                _ => (i as f32 * 0.37).sin() * 30.0,
            };
            let rows: Vec<f32> = (0..BATCH * width).map(numbers).collect();
            let batch = RowBatch::new(&rows, width);
            for (r, row) in rows.chunks_exact(width).enumerate() {
                let single = SingleRow::new(row);
                let bits = |x: f32| if x.is_nan() { 0 } else { x.to_bits() };
                assert_eq!(bits(single.largest), bits(batch.largest[r]), "{row:?}");
                assert_eq!(bits(single.total), bits(batch.totals[r]), "{row:?}");
                for (j, power) in single.powers[..width].iter().enumerate() {
                    assert_eq!(bits(*power), bits(batch.powers[j][r]), "{row:?}");
                }
            }
        }
    }
}

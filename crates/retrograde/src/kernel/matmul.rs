//! The matrix product.
//!
//! C = A·B, where A is m×k and B is k×n, each with any strides (so that a transposed operand costs nothing to
//! describe), and C is row-major. The method is that of Goto and van de Geijn (2008): C is made in tiles that stay
//! in registers while a run of k goes by. A column panel of B, `DEPTH` deep and one tile wide, stays in the
//! first-level cache while all rows of A pass it; it is read in place where its rows are contiguous, and is else
//! copied once (packed) to be so. A is read in place: a tile takes a few of its rows at a time.
//!
//! The kernel is plain safe-looking Rust over arrays whose sizes are constants, which the compiler keeps in vector
//! registers. Each element of C is a sum over k in ascending order, in blocks of `DEPTH`, whatever tile it falls
//! into: the bits do not depend on how the rows of C were shared out.

use super::Real;
use super::dispatch::{Body, InstructionSet, dispatch};
use std::ops::Range;

/// How many steps of k go by before a tile is written back: a panel of B, 256 × 64 bytes, takes half of a
/// first-level cache of 32 KiB.
const DEPTH: usize = 256;

/// The widest tile of any instruction set, in elements.
const WIDEST: usize = 64;

/// The scratch memory that [`product`] needs, in numbers.
pub(crate) const SCRATCH: usize = DEPTH * WIDEST;

/// The sizes of the tiles for a type. Part of [`Real`]; nothing else implements it.
pub trait Tile {
    /// How many elements a vector register of 128 bits holds.
    const PER_16_BYTES: usize;
}

impl Tile for f32 {
    const PER_16_BYTES: usize = 4;
}

impl Tile for f64 {
    const PER_16_BYTES: usize = 2;
}

/// A matrix somewhere in memory: element (i, j) is `values[i·row + j·column]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) row: usize,
    pub(crate) column: usize,
}

impl<T> Matrix<'_, T> {
    /// Whether all elements of a `rows`×`columns` matrix lie in the slice.
    fn holds(&self, rows: usize, columns: usize) -> bool {
        rows == 0 || columns == 0 || (rows - 1) * self.row + (columns - 1) * self.column < self.values.len()
    }
}

/// Computes the rows `rows` of C = A·B into `c`, row-major with `n` columns. `scratch` has [`SCRATCH`] numbers.
pub(crate) fn product<T: Real>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    (k, n): (usize, usize),
    rows: Range<usize>,
    c: &mut [T],
    scratch: &mut [T],
) {
    assert!(a.holds(rows.end, k) && b.holds(k, n), "an operand is smaller than its shape");
    assert_eq!(c.len(), rows.len() * n, "the rows of the output");
    assert!(scratch.len() >= SCRATCH, "scratch memory");
    if k == 0 {
        c.fill(T::zero());
        return;
    }
    let a = Matrix { values: &a.values[(rows.start * a.row).min(a.values.len())..], ..a };
    dispatch(Product { a, b, k, n, c, scratch });
}

struct Product<'a, T> {
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    k: usize,
    n: usize,
    c: &'a mut [T],
    scratch: &'a mut [T],
}

impl<T: Real> Body for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        // Two registers wide and as high as the number of registers allows, with one left for A and two for B:
        // 16 registers below AVX-512, 32 there.
        match (I::BYTES, T::PER_16_BYTES) {
            (64, 4) => self.panels::<I, 12, 32, 16>(),
            (64, _) => self.panels::<I, 12, 16, 8>(),
            (32, 4) => self.panels::<I, 6, 16, 8>(),
            (32, _) => self.panels::<I, 6, 8, 4>(),
            (_, 4) => self.panels::<I, 6, 8, 4>(),
            _ => self.panels::<I, 6, 4, 2>(),
        }
    }
}

/// The column panel of B that stays in the cache: row p of it starts at `values[p·row]`.
#[derive(Clone, Copy)]
struct Panel<'a, T> {
    values: &'a [T],
    row: usize,
    /// How many of its columns belong to B; the rest is padding.
    columns: usize,
}

impl<T: Real> Product<'_, T> {
    #[inline(always)]
    fn panels<I: InstructionSet, const M: usize, const N: usize, const HALF: usize>(mut self) {
        let mut depth = 0;
        while depth < self.k {
            let steps = DEPTH.min(self.k - depth);
            let mut column = 0;
            while column < self.n {
                let left = self.n - column;
                if left > HALF {
                    self.panel::<I, M, N>(depth, steps, column, left.min(N));
                } else {
                    self.panel::<I, M, HALF>(depth, steps, column, left);
                }
                column += N;
            }
            depth += steps;
        }
    }

    /// All rows of C in the columns `column..column + columns`, for the steps `depth..depth + steps` of k.
    #[inline(always)]
    fn panel<I: InstructionSet, const M: usize, const N: usize>(
        &mut self,
        depth: usize,
        steps: usize,
        column: usize,
        columns: usize,
    ) {
        let start = depth * self.b.row + column * self.b.column;
        let panel = if self.b.column == 1 && columns == N {
            Panel { values: &self.b.values[start..], row: self.b.row, columns }
        } else {
            let packed = &mut self.scratch[..steps * N];
            for (p, line) in packed.chunks_exact_mut(N).enumerate() {
                let from = &self.b.values[start + p * self.b.row..];
                for (j, value) in line.iter_mut().enumerate() {
                    *value = if j < columns { from[j * self.b.column] } else { T::zero() };
                }
            }
            Panel { values: &self.scratch[..steps * N], row: N, columns }
        };
        assert!(panel.values.len() >= (steps - 1) * panel.row + N, "a panel of B");
        let height = self.c.len() / self.n;
        let mut row = 0;
        while row < height {
            let left = height - row;
            let c = &mut self.c[row * self.n + column..];
            let a = &self.a.values[row * self.a.row + depth * self.a.column..];
            let a = Matrix { values: a, ..self.a };
            let first = depth == 0;
            // What is left below the last full tile is done in tiles of a half, a quarter …, and one row.
            let done = match left {
                _ if left >= M => tile::<T, I, M, N>(a, panel, steps, c, self.n, first),
                _ if M > 6 && left >= 6 => tile::<T, I, 6, N>(a, panel, steps, c, self.n, first),
                5.. => tile::<T, I, 5, N>(a, panel, steps, c, self.n, first),
                4 => tile::<T, I, 4, N>(a, panel, steps, c, self.n, first),
                3 => tile::<T, I, 3, N>(a, panel, steps, c, self.n, first),
                2 => tile::<T, I, 2, N>(a, panel, steps, c, self.n, first),
                _ => tile::<T, I, 1, N>(a, panel, steps, c, self.n, first),
            };
            row += done;
        }
    }
}

/// One tile of C, M×N, kept in registers while `steps` of k go by. Returns M.
#[inline(always)]
fn tile<T: Real, I: InstructionSet, const M: usize, const N: usize>(
    a: Matrix<'_, T>,
    b: Panel<'_, T>,
    steps: usize,
    c: &mut [T],
    width: usize,
    first: bool,
) -> usize {
    assert!(a.holds(M, steps) && b.values.len() >= (steps - 1) * b.row + N, "a tile's operands");
    let mut sums = [[T::zero(); N]; M];
    for p in 0..steps {
        // SAFETY: p < steps, and the assertion above covers the last step.
        let line = unsafe { &*b.values.as_ptr().add(p * b.row).cast::<[T; N]>() };
        for (i, sums) in sums.iter_mut().enumerate() {
            // SAFETY: i < M and p < steps, which the assertion above covers.
            let x = unsafe { *a.values.get_unchecked(i * a.row + p * a.column) };
            for (sum, &y) in sums.iter_mut().zip(line) {
                *sum = if I::FUSED { x.mul_add(y, *sum) } else { x * y + *sum };
            }
        }
    }
    for (i, sums) in sums.iter().enumerate() {
        let line = &mut c[i * width..i * width + b.columns];
        // The common width is written without a loop over a length known only at run time.
        if let Ok(line) = <&mut [T; N]>::try_from(&mut *line) {
            for (c, &sum) in line.iter_mut().zip(sums) {
                *c = if first { sum } else { *c + sum };
            }
        } else {
            for (c, &sum) in line.iter_mut().zip(sums) {
                *c = if first { sum } else { *c + sum };
            }
        }
    }
    M
}

#[cfg(test)]
mod tests {
    use super::{Matrix, Real, SCRATCH, product};

    fn numbers<T: Real>(count: usize, seed: usize) -> Vec<T> {
        // Small integers: their products and sums are exact, so that any order of summation gives the same bits.
        (0..count).map(|i| T::of(((i * 7919 + seed * 104_729) % 17) as f64 - 8.0)).collect()
    }

    fn agrees_with_the_definition<T: Real>() {
        let sizes = [1, 2, 5, 6, 7, 12, 13, 16, 17, 31, 33, 50];
        let depths = [0, 1, 3, 100, 256, 257, 600];
        let mut scratch = vec![T::nan(); SCRATCH];
        for (case, (&m, &n)) in sizes.iter().flat_map(|m| sizes.iter().map(move |n| (m, n))).enumerate() {
            let k = depths[case % depths.len()];
            let (x, y) = (numbers::<T>(m * k, 1), numbers::<T>(k * n, 2));
            for transposed in 0..4 {
                let (a_row, a_column) = if transposed & 1 == 0 { (k, 1) } else { (1, m) };
                let (b_row, b_column) = if transposed & 2 == 0 { (n, 1) } else { (1, k) };
                let (a, b) = (
                    Matrix { values: &x, row: a_row, column: a_column },
                    Matrix { values: &y, row: b_row, column: b_column },
                );
                let rows = m / 3..m;
                let mut c = vec![T::nan(); rows.len() * n];
                product(a, b, (k, n), rows.clone(), &mut c, &mut scratch);
                for (i, j) in rows.clone().flat_map(|i| (0..n).map(move |j| (i, j))) {
                    let expected: T =
                        (0..k).map(|p| x[i * a_row + p * a_column] * y[p * b_row + j * b_column]).sum();
                    assert_eq!(c[(i - rows.start) * n + j], expected, "{m}×{k}×{n} at {i}, {j}");
                }
            }
        }
    }

    #[test]
    fn any_shape_in_f32() {
        agrees_with_the_definition::<f32>();
    }

    #[test]
    fn any_shape_in_f64() {
        agrees_with_the_definition::<f64>();
    }

    #[test]
    fn bits_do_not_depend_on_the_split() {
        let (m, k, n) = (23, 300, 19);
        let x: Vec<f32> = (0..m * k).map(|i| (i as f32 * 0.37).sin()).collect();
        let y: Vec<f32> = (0..k * n).map(|i| (i as f32 * 0.73).cos()).collect();
        let (a, b) = (Matrix { values: &x, row: k, column: 1 }, Matrix { values: &y, row: n, column: 1 });
        let mut scratch = vec![0.0; SCRATCH];
        let mut whole = vec![0.0; m * n];
        product(a, b, (k, n), 0..m, &mut whole, &mut scratch);
        for row in 0..m {
            let mut one = vec![0.0; n];
            product(a, b, (k, n), row..row + 1, &mut one, &mut scratch);
            assert_eq!(one, whole[row * n..(row + 1) * n]);
        }
    }
}

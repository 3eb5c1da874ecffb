//! The matrix product.
//!
//! C = A·B, where A is m×k and B is k×n, each with any strides (so that a transposed operand costs nothing to
//! describe), and C is row-major. The method is that of Goto and van de Geijn (2008): C is made in tiles that stay
//! in registers while a run of k goes by. A column panel of B, `DEPTH` deep and one tile wide, stays in the
//! first-level cache while all rows of A pass it; it is read in place where its rows are contiguous, and is else
//! copied once (packed) to be so. A is read in place: a tile takes a few of its rows at a time.
//!
//! Each element of C is a sum over k in ascending order, in blocks of `DEPTH`, whatever tile it falls into: the bits do
//! not depend on how the rows of C were shared out.

use super::Real;
use super::dispatch::{Body, InstructionSet, dispatch};
use super::vector::Vector;
use std::ops::Range;

/// How many steps of k go by before a tile is written back: a panel of B, 256 × 64 bytes, takes half of a
/// first-level cache of 32 KiB.
const DEPTH: usize = 256;

/// The widest tile of any instruction set, in elements.
const WIDEST: usize = 32;

/// The scratch memory that [`product`] needs, in numbers.
pub(crate) const SCRATCH: usize = DEPTH * WIDEST;

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
    fn run<I: InstructionSet>(mut self) {
        let lanes = T::Register::<I>::LANES;
        let mut depth = 0;
        while depth < self.k {
            let steps = DEPTH.min(self.k - depth);
            let mut column = 0;
            while column < self.n {
                let left = self.n - column;
                // Tiles are two registers wide; what is left at the right may fit into one.
                if left > lanes {
                    self.panel::<I, 2>(depth, steps, column, left.min(2 * lanes));
                } else {
                    self.panel::<I, 1>(depth, steps, column, left);
                }
                column += 2 * lanes;
            }
            depth += steps;
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
    /// All rows of C in the columns `column..column + columns`, for the steps `depth..depth + steps` of k. The panel is
    /// `W` registers wide.
    #[inline(always)]
    fn panel<I: InstructionSet, const W: usize>(
        &mut self,
        depth: usize,
        steps: usize,
        column: usize,
        columns: usize,
    ) {
        let width = W * T::Register::<I>::LANES;
        let start = depth * self.b.row + column * self.b.column;
        let panel = if self.b.column == 1 && columns == width {
            Panel { values: &self.b.values[start..], row: self.b.row, columns }
        } else {
            let packed = &mut self.scratch[..steps * width];
            for (p, line) in packed.chunks_exact_mut(width).enumerate() {
                let from = &self.b.values[start + p * self.b.row..];
                for (j, value) in line.iter_mut().enumerate() {
                    *value = if j < columns { from[j * self.b.column] } else { T::zero() };
                }
            }
            Panel { values: &self.scratch[..steps * width], row: width, columns }
        };
        let height = self.c.len() / self.n;
        let mut row = 0;
        while row < height {
            let c = &mut self.c[row * self.n + column..];
            let values = &self.a.values[row * self.a.row + depth * self.a.column..];
            let a = Matrix { values, ..self.a };
            let (first, n) = (depth == 0, self.n);
            // As high as the registers allow, with one left for A and W for B; less where C ends.
            row += match height - row {
                12.. if I::MANY_REGISTERS => tile::<T, I, 12, W>(a, panel, steps, c, n, first),
                6.. => tile::<T, I, 6, W>(a, panel, steps, c, n, first),
                5 => tile::<T, I, 5, W>(a, panel, steps, c, n, first),
                4 => tile::<T, I, 4, W>(a, panel, steps, c, n, first),
                3 => tile::<T, I, 3, W>(a, panel, steps, c, n, first),
                2 => tile::<T, I, 2, W>(a, panel, steps, c, n, first),
                _ => tile::<T, I, 1, W>(a, panel, steps, c, n, first),
            };
        }
    }
}

/// One tile of C, M rows and W registers wide, kept in registers while `steps` of k go by. Returns M.
#[inline(always)]
fn tile<T: Real, I: InstructionSet, const M: usize, const W: usize>(
    a: Matrix<'_, T>,
    b: Panel<'_, T>,
    steps: usize,
    c: &mut [T],
    n: usize,
    first: bool,
) -> usize {
    let lanes = T::Register::<I>::LANES;
    assert!(a.holds(M, steps) && b.values.len() >= (steps - 1) * b.row + W * lanes, "a tile's operands");
    assert!(c.len() >= (M - 1) * n + b.columns, "a tile's results");
    // SAFETY: this is inlined into a function for the instruction set `I`, which `dispatch` has found the processor to
    // have. The assertions cover what is read and written: rows i < M, steps p < steps, and W registers of B and C.
    unsafe {
        let zero = T::Register::<I>::splat(T::zero());
        let mut sums = [[zero; W]; M];
        let (mut x, mut y) = (a.values.as_ptr(), b.values.as_ptr());
        for _ in 0..steps {
            let mut line = [zero; W];
            for w in 0..W {
                line[w] = T::Register::<I>::load(y.wrapping_add(w * lanes));
            }
            for i in 0..M {
                let factor = T::Register::<I>::splat(*x.wrapping_add(i * a.row));
                for w in 0..W {
                    sums[i][w] = factor.multiply_add(line[w], sums[i][w]);
                }
            }
            x = x.wrapping_add(a.column);
            y = y.wrapping_add(b.row);
        }
        let mut edge = [T::zero(); WIDEST];
        for i in 0..M {
            if b.columns == W * lanes {
                let to = c.as_mut_ptr().add(i * n);
                for w in 0..W {
                    let to = to.add(w * lanes);
                    let sum = sums[i][w];
                    let sum = if first { sum } else { T::Register::<I>::load(to).add(sum) };
                    sum.store(to);
                }
            } else {
                for w in 0..W {
                    sums[i][w].store(edge.as_mut_ptr().add(w * lanes));
                }
                for (c, &sum) in c[i * n..i * n + b.columns].iter_mut().zip(&edge) {
                    *c = if first { sum } else { *c + sum };
                }
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

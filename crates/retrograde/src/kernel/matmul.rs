//! The matrix product.
//!
//! C = A·B, where A is m×k and B is k×n, each with any strides (so that a transposed operand costs nothing to
//! describe), and C is row-major. The method is that of Goto and van de Geijn, "Anatomy of high-performance matrix
//! multiplication" (2008): C is made in tiles that stay in registers while a run of k goes by. A column panel of B,
//! `DEPTH` deep and one tile wide, stays in the first-level cache while a block of rows of A, which stays in the second,
//! passes it. An operand is read where it lies if its lines are neighbours and do not fall into the same sets of the
//! cache; else it is copied once (packed) into the order in which the tiles read it.
//!
//! Each element of C is a sum over k in ascending order, in blocks that depend on k alone, whatever tile it falls into:
//! the bits do not depend on how the rows of C were shared out.

use super::Real;
use super::dispatch::{Body, InstructionSet, dispatch};
use super::vector::Vector;
use std::marker::PhantomData;
use std::ops::Range;

/// The most steps of k that go by before a tile is written back: a panel of B, 256 × 64 bytes, takes half of a
/// first-level cache of 32 KiB.
pub(super) const DEPTH: usize = 256;

/// The rows of A in a block: with `DEPTH` steps of 4 bytes 192 KiB, within a second-level cache. A multiple of the
/// height of every tile.
const HEIGHT: usize = 192;

/// The widest tile of any instruction set, in elements.
const WIDEST: usize = 32;

/// From this many columns of C on, a row of A is read often enough for packing to pay.
const WORTH_PACKING_ROWS_OF_A: usize = 128;

/// From this many rows of C on, a panel of B is.
const WORTH_PACKING_A_PANEL_OF_B: usize = 24;

/// The scratch memory that [`product`] needs, in numbers: for a panel of B, and for a block of A if that may be packed.
pub(crate) fn scratch(m: usize, k: usize, n: usize) -> usize {
    let packed = if n < WORTH_PACKING_ROWS_OF_A { 0 } else { m.min(HEIGHT) };
    k.min(DEPTH) * (WIDEST + packed)
}

/// Lines this many bytes apart or more, one a step, crowd into few sets of the first-level cache.
const FAR_APART: usize = 1024;

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

/// Computes the rows `rows` of C = A·B into `c`, row-major with `n` columns. `scratch` has as
/// many numbers as [`scratch`] says.
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
    assert!(scratch.len() >= self::scratch(rows.len(), k, n), "scratch memory");
    if k == 0 {
        c.fill(T::zero());
        return;
    }
    let a = Matrix { values: &a.values[(rows.start * a.row).min(a.values.len())..], ..a };
    let registers = dispatch(Registers::<T>(PhantomData));
    Product { a, b, k, n, c, registers }.run(scratch);
}

/// How many lanes a register has, and how high a tile may be.
struct Registers<T>(PhantomData<T>);

impl<T: Real> Body for Registers<T> {
    type Output = (usize, usize);

    #[inline(always)]
    fn run<I: InstructionSet>(self) -> (usize, usize) {
        // Sixteen registers are 6·2 sums, two of B and one of A; thirty-two are 12·2 sums and these.
        (T::Register::<I>::LANES, if I::MANY_REGISTERS { 12 } else { 6 })
    }
}

struct Product<'a, T> {
    a: Matrix<'a, T>,
    b: Matrix<'a, T>,
    k: usize,
    n: usize,
    c: &'a mut [T],
    registers: (usize, usize),
}

impl<T: Real> Product<'_, T> {
    fn run(self, scratch: &mut [T]) {
        let (lanes, highest) = self.registers;
        let height = self.c.len() / self.n.max(1);
        let (panel, block) = scratch.split_at_mut(self.k.min(DEPTH) * WIDEST);
        for depth in (0..self.k).step_by(DEPTH) {
            let steps = DEPTH.min(self.k - depth);
            for row in (0..height).step_by(HEIGHT) {
                let rows = HEIGHT.min(height - row);
                let values = &self.a.values[row * self.a.row + depth * self.a.column..];
                let a = Strips::new(Matrix { values, ..self.a }, (rows, steps), self.n, highest, block);
                let mut c =
                    Block { c: &mut self.c[row * self.n..], rows, n: self.n, first: depth == 0, highest };
                let mut column = 0;
                while column < self.n {
                    let values = &self.b.values[depth * self.b.row + column * self.b.column..];
                    let b = Matrix { values, ..self.b };
                    // Tiles are two registers wide; what is left at the right may fit into one.
                    let left = self.n - column;
                    let width = if left > lanes { 2 * lanes } else { lanes };
                    let b = Panel::new(b, rows, steps, width.min(left), width, panel);
                    if left > lanes {
                        c.panel::<2>(&a, b, steps, column);
                    } else {
                        c.panel::<1>(&a, b, steps, column);
                    }
                    column += width;
                }
            }
        }
    }
}

/// How many rows the next tile has when `left` are left: as many as the registers allow.
fn tile_height(left: usize, highest: usize) -> usize {
    match left {
        _ if left >= highest => highest,
        6.. => 6,
        _ => left,
    }
}

/// A block of rows of A, as tiles read it.
struct Strips<'a, T> {
    matrix: Matrix<'a, T>,
    /// Whether it was packed, into one strip for each tile, step by step.
    packed: bool,
}

impl<'a, T: Real> Strips<'a, T> {
    fn new(
        a: Matrix<'a, T>,
        (rows, steps): (usize, usize),
        columns: usize,
        highest: usize,
        scratch: &'a mut [T],
    ) -> Self {
        let apart = a.row.max(a.column) * size_of::<T>();
        if columns < WORTH_PACKING_ROWS_OF_A || apart < FAR_APART {
            return Strips { matrix: a, packed: false };
        }
        let (mut row, mut rest) = (0, &mut scratch[..rows * steps]);
        while row < rows {
            let height = tile_height(rows - row, highest);
            let (strip, behind) = rest.split_at_mut(height * steps);
            for (p, line) in strip.chunks_exact_mut(height).enumerate() {
                let from = &a.values[row * a.row + p * a.column..];
                for (i, value) in line.iter_mut().enumerate() {
                    *value = from[i * a.row];
                }
            }
            rest = behind;
            row += height;
        }
        Strips { matrix: Matrix { values: scratch, row: 1, column: 0 }, packed: true }
    }

    /// The rows of the tile that begins at `row` and is `height` rows high.
    fn strip(&self, row: usize, height: usize, steps: usize) -> Matrix<'a, T> {
        if self.packed {
            let values = &self.matrix.values[row * steps..(row + height) * steps];
            Matrix { values, row: 1, column: height }
        } else {
            Matrix { values: &self.matrix.values[row * self.matrix.row..], ..self.matrix }
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

impl<'a, T: Real> Panel<'a, T> {
    /// The first `columns` columns of `b`, as a panel `width` wide for `rows` rows of A to pass.
    fn new(
        b: Matrix<'a, T>,
        rows: usize,
        steps: usize,
        columns: usize,
        width: usize,
        scratch: &'a mut [T],
    ) -> Self {
        let far = rows >= WORTH_PACKING_A_PANEL_OF_B && b.row * size_of::<T>() >= FAR_APART;
        if b.column == 1 && columns == width && !far {
            return Panel { values: b.values, row: b.row, columns };
        }
        let packed = &mut scratch[..steps * width];
        for (p, line) in packed.chunks_exact_mut(width).enumerate() {
            let from = &b.values[p * b.row..];
            if b.column == 1 {
                line[..columns].copy_from_slice(&from[..columns]);
            } else {
                for (j, value) in line[..columns].iter_mut().enumerate() {
                    *value = from[j * b.column];
                }
            }
            line[columns..].fill(T::zero());
        }
        Panel { values: packed, row: width, columns }
    }
}

/// Some rows of C.
struct Block<'a, T> {
    c: &'a mut [T],
    rows: usize,
    n: usize,
    /// Whether these are the first steps of k, and nothing is there to be added to.
    first: bool,
    highest: usize,
}

impl<T: Real> Block<'_, T> {
    /// The panel of C that begins at `column` and is `W` registers wide or less.
    fn panel<const W: usize>(&mut self, a: &Strips<'_, T>, b: Panel<'_, T>, steps: usize, column: usize) {
        let mut row = 0;
        while row < self.rows {
            let height = tile_height(self.rows - row, self.highest);
            let a = a.strip(row, height, steps);
            let c = &mut self.c[row * self.n + column..];
            let (n, first) = (self.n, self.first);
            match height {
                12 => dispatch(Tile::<T, 12, W> { a, b, steps, c, n, first }),
                6 => dispatch(Tile::<T, 6, W> { a, b, steps, c, n, first }),
                5 => dispatch(Tile::<T, 5, W> { a, b, steps, c, n, first }),
                4 => dispatch(Tile::<T, 4, W> { a, b, steps, c, n, first }),
                3 => dispatch(Tile::<T, 3, W> { a, b, steps, c, n, first }),
                2 => dispatch(Tile::<T, 2, W> { a, b, steps, c, n, first }),
                _ => dispatch(Tile::<T, 1, W> { a, b, steps, c, n, first }),
            }
            row += height;
        }
    }
}

/// One tile of C, M rows and W registers wide, kept in registers while `steps` of k go by. Each tile is a function of
/// its own: where the compiler sees several at once, it no longer keeps the sums in registers.
struct Tile<'a, T, const M: usize, const W: usize> {
    a: Matrix<'a, T>,
    b: Panel<'a, T>,
    steps: usize,
    c: &'a mut [T],
    n: usize,
    first: bool,
}

impl<T: Real, const M: usize, const W: usize> Body for Tile<'_, T, M, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Tile { a, b, steps, c, n, first } = self;
        let lanes = T::Register::<I>::LANES;
        assert!(a.holds(M, steps) && b.values.len() >= (steps - 1) * b.row + W * lanes, "a tile's operands");
        assert!(b.columns <= W * lanes && c.len() >= (M - 1) * n + b.columns, "a tile's results");
        let (mut x, mut y) = (a.values.as_ptr(), b.values.as_ptr());
        // SAFETY: `dispatch` has found the processor to have the instruction set `I`. The assertions cover what is read
        // and written: rows i < M, steps p < steps, and W registers of B and C.
        unsafe {
            let mut sums = [[T::Register::<I>::splat(T::zero()); W]; M];
            for _ in 0..steps {
                let line: [_; W] = std::array::from_fn(|w| T::Register::<I>::load(y.wrapping_add(w * lanes)));
                for (i, sums) in sums.iter_mut().enumerate() {
                    let factor = T::Register::<I>::splat(*x.wrapping_add(i * a.row));
                    for (sum, &b) in sums.iter_mut().zip(&line) {
                        *sum = factor.multiply_add(b, *sum);
                    }
                }
                x = x.wrapping_add(a.column);
                y = y.wrapping_add(b.row);
            }
            let mut edge = [T::zero(); WIDEST];
            for (i, sums) in sums.iter().enumerate() {
                let c = &mut c[i * n..i * n + b.columns];
                for (w, &sum) in sums.iter().enumerate() {
                    if b.columns == W * lanes {
                        let to = c.as_mut_ptr().add(w * lanes);
                        let sum = if first { sum } else { T::Register::<I>::load(to).add(sum) };
                        sum.store(to);
                    } else {
                        sum.store(edge.as_mut_ptr().add(w * lanes));
                    }
                }
                if b.columns < W * lanes {
                    for (c, &sum) in c.iter_mut().zip(&edge) {
                        *c = if first { sum } else { *c + sum };
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Matrix, Real, product, scratch};

    fn numbers<T: Real>(count: usize, seed: usize) -> Vec<T> {
        // Small integers: their products and sums are exact, so that any order of summation gives the same bits.
        (0..count).map(|i| T::of(((i * 7919 + seed * 104_729) % 17) as f64 - 8.0)).collect()
    }

    fn agrees_with_the_definition<T: Real>() {
        let sizes = [1, 2, 5, 6, 7, 12, 13, 16, 17, 31, 33, 50, 130, 200];
        let depths = [0, 1, 3, 100, 256, 257, 600];
        let mut memory = vec![T::nan(); scratch(200, 600, 200)];
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
                product(a, b, (k, n), rows.clone(), &mut c, &mut memory);
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
        let mut memory = vec![0.0; scratch(m, k, n)];
        let mut whole = vec![0.0; m * n];
        product(a, b, (k, n), 0..m, &mut whole, &mut memory);
        for row in 0..m {
            let mut one = vec![0.0; n];
            product(a, b, (k, n), row..row + 1, &mut one, &mut memory);
            assert_eq!(one, whole[row * n..(row + 1) * n]);
        }
    }
}

//! The matrix product.
//!
//! C = A·B, where A is m×k and B is k×n, each with any strides (so that a transposed operand costs nothing to
//! describe), and C is row-major. The method is that of Goto and van de Geijn, "Anatomy of high-performance matrix
//! multiplication" (2008): C is made in [tiles](tile) that stay in registers while a run of k goes by. A column panel of B,
//! `DEPTH` deep and one tile wide, stays in the first-level cache while a block of rows of A, which stays in the second,
//! passes it. An operand is read where it lies if its lines are neighbours and do not fall into the same sets of the
//! cache; else it is copied once ([packed](pack)) into the order in which the tiles read it. A product of few rows with a
//! transposed B reads that where it lies, along k: [dots]. Where the columns do not fill the vector registers, vectors run along the
//! rows: [transposed].
//!
//! Each element of C is the sum over k in ascending order, each step one fused multiply-add where the processor has it, but
//! for dot products, which are sums of lanes. Whichever it is depends on the shapes of A and B alone: the bits do not depend
//! on how the rows of C were shared out.
//!
//! The right operand may be anything that gives column panels ([`RightOperand`]): a convolution makes them of an image, so that the
//! matrix of its windows is never in memory as a whole.

mod dots;
mod outer;
mod pack;
mod tile;
mod transposed;

use super::simd::{Body, InstructionSet, Real, Vector, dispatch};
use pack::Strips;
pub(crate) use pack::{Panel, turn, turn_apart};
use std::marker::PhantomData;
use tile::{Block, heights};

/// The most steps of k that go by before a tile is written back: a panel of B, 256 × 128 bytes, fills a first-level cache
/// of 32 KiB, of which what was read of A is given up first.
pub(crate) const DEPTH: usize = 256;

/// The rows of A in a block: with `DEPTH` steps of 4 bytes 264 KiB, within a second-level cache.
const HEIGHT: usize = 264;

/// Products of so few steps are [outer] products.
const FEW_STEPS: usize = 3;

/// A right operand of so many numbers leaves the second-level cache before it is read again.
const LARGE: usize = 128 * 1024;

/// The bit masks of sparse products have so many bits: blocks of rows are multiples.
const MASKED_ROWS: usize = 64;

/// Of how many rows at a time a product with a k×n matrix is made as fast as of all: for fewer its right operand would be
/// packed too often.
pub(crate) fn preferred_block_rows(k: usize, n: usize) -> usize {
    match k.saturating_mul(n) {
        _ if k <= FEW_STEPS => MASKED_ROWS,
        ..=LARGE => 128,
        _ => 256,
    }
}

/// The widest panel of any instruction set, in elements.
pub(crate) const WIDEST: usize = 32;

/// The widest register of any instruction set, in elements.
const LANES: usize = 16;

/// Up to so many columns, [`scratch`] memory grows with the columns.
pub(crate) const FEW_COLUMNS: usize = transposed::MOST_COLUMNS;

/// The scratch memory that [`product`] needs, in numbers: for a panel of B, and for a block of A if that may be packed.
pub(crate) fn scratch(m: usize, k: usize, n: usize) -> usize {
    blocks_scratch(m, k, n, k.min(DEPTH) * WIDEST) + transposed::scratch(n)
}

/// The scratch memory that [`product_of_blocks`] needs, in numbers, for a right operand that needs `panel` for a panel.
pub(crate) fn blocks_scratch(m: usize, k: usize, n: usize, panel: usize) -> usize {
    let packed = if n < pack::WORTH_PACKING_ROWS_OF_A { 0 } else { m.min(HEIGHT) };
    panel + k.min(DEPTH) * packed
}

/// A matrix somewhere in memory: element (i, j) is `values[i·row + j·column]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Matrix<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) row: usize,
    pub(crate) column: usize,
}

impl<'a, T> Matrix<'a, T> {
    /// Whether all elements of a `rows`×`columns` matrix lie in the slice.
    fn holds(&self, rows: usize, columns: usize) -> bool {
        rows == 0 || columns == 0 || (rows - 1) * self.row + (columns - 1) * self.column < self.values.len()
    }

    /// What lies to the right of and below an element.
    pub(crate) fn from(&self, row: usize, column: usize) -> Matrix<'a, T> {
        let first = (row * self.row + column * self.column).min(self.values.len());
        Matrix { values: &self.values[first..], ..*self }
    }
}

/// The right operand of a product, k×n: it gives its column panels.
pub(crate) trait RightOperand<T> {
    /// The scratch memory of a panel, in numbers.
    fn scratch(&self) -> usize;

    /// The `steps` rows from `depth` on, of the first ones of the `left` columns from `column` on, for `rows` rows of A to pass; and
    /// how many columns these are: at most two registers of `lanes` numbers, unless there are few rows.
    fn panel<'s>(
        &'s mut self,
        depth: (usize, usize),
        columns: (usize, usize),
        rows: usize,
        lanes: usize,
        scratch: &'s mut [T],
    ) -> (usize, Panel<'s, T>);
}

/// A matrix in memory, k rows high.
struct InMemory<'a, T> {
    matrix: Matrix<'a, T>,
    k: usize,
}

impl<T: Real> RightOperand<T> for InMemory<'_, T> {
    fn scratch(&self) -> usize {
        self.k.min(DEPTH) * WIDEST
    }

    fn panel<'s>(
        &'s mut self,
        (depth, steps): (usize, usize),
        (column, left): (usize, usize),
        rows: usize,
        lanes: usize,
        scratch: &'s mut [T],
    ) -> (usize, Panel<'s, T>) {
        Panel::new(self.matrix.from(depth, column), (rows, steps), left, lanes, scratch)
    }
}

/// Computes C = A·B, or adds A·B to C if it `adds`, for the rows of C in `c`, row-major. `a` has these rows of A, and no others; B is
/// k×n. `scratch` has as many numbers as [`blocks_scratch`] says.
pub(crate) fn product_of_blocks<T: Real>(
    a: Matrix<'_, T>,
    b: impl RightOperand<T>,
    (k, n): (usize, usize),
    adds: bool,
    c: &mut [T],
    scratch: &mut [T],
) {
    assert!(n == 0 || a.holds(c.len() / n, k), "an operand is smaller than its shape");
    if k == 0 && !adds {
        return c.fill(T::zero());
    }
    let registers = dispatch(Registers::<T>(PhantomData));
    Product { a, b, k, n, adds, c, registers }.run(scratch);
}

/// Adds A·B to the matrix C of `n` columns, whose rows `a` has. B is k×n. `scratch` has as many numbers as [`scratch`] says.
pub(crate) fn add_product<T: Real>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    (k, n): (usize, usize),
    c: &mut [T],
    scratch: &mut [T],
) {
    assert!(b.holds(k, n), "an operand is smaller than its shape");
    product_of_blocks(a, InMemory { matrix: b, k }, (k, n), true, c, scratch);
}

/// Computes the rows `rows` of the m×n matrix C = A·B into `c`, row-major. `a` has these rows of A, and no others.
/// `scratch` has as many numbers as [`scratch`] says.
pub(crate) fn product<T: Real>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    (m, k, n): (usize, usize, usize),
    rows: usize,
    c: &mut [T],
    scratch: &mut [T],
) {
    assert!(a.holds(rows, k) && b.holds(k, n), "an operand is smaller than its shape");
    assert_eq!(c.len(), rows * n, "the rows of the output");
    assert!(scratch.len() >= self::scratch(rows, k, n), "scratch memory");
    if k == 0 {
        c.fill(T::zero());
    } else if dots::suits(&a, &b, (m, k)) {
        dispatch(dots::Dots { a, b, k, n, c });
    } else if outer::suits(&b, k) {
        outer::product(a, b, (k, n), c);
    } else {
        let registers = dispatch(Registers::<T>(PhantomData));
        if transposed::suits(&a, (rows, n), registers.0) {
            transposed::product(a, b, (k, n), c, registers, scratch);
        } else {
            let b = InMemory { matrix: b, k };
            Product { a, b, k, n, adds: false, c, registers }.run(scratch);
        }
    }
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

/// The runs of k, of at most so many steps, each with its length.
fn depths(k: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..k).step_by(most).map(move |depth| (depth, most.min(k - depth)))
}

struct Product<'a, T, B> {
    a: Matrix<'a, T>,
    b: B,
    k: usize,
    n: usize,
    /// Whether A·B is added to what is in C.
    adds: bool,
    c: &'a mut [T],
    registers: (usize, usize),
}

impl<T: Real, B: RightOperand<T>> Product<'_, T, B> {
    fn run(mut self, scratch: &mut [T]) {
        let (lanes, highest) = self.registers;
        let height = self.c.len() / self.n.max(1);
        let (panel, block) = scratch.split_at_mut(self.b.scratch());
        // Blocks as even as may be, of whole tiles.
        let blocks = height.div_ceil(HEIGHT).max(1);
        let block_height = height.div_ceil(blocks).next_multiple_of(highest);
        for (depth, steps) in depths(self.k, DEPTH) {
            for row in (0..height).step_by(block_height.max(1)) {
                let rows = block_height.min(height - row);
                let a = Strips::new(self.a.from(row, depth), (rows, steps), self.n, highest, block);
                let c = &mut self.c[row * self.n..(row + rows) * self.n];
                let mut c = Block { c, n: self.n, steps, first: depth == 0 && !self.adds };
                let mut column = 0;
                while column < self.n {
                    let columns = (column, self.n - column);
                    let (columns, panel) = self.b.panel((depth, steps), columns, rows, lanes, panel);
                    c.panel(&a, &panel, (column, columns, lanes), heights(rows, highest));
                    column += columns;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Matrix, Real, product, scratch};
    use std::ops::Range;

    /// Some rows of C = A·B.
    fn rows_of<T: Real>(
        a: Matrix<'_, T>,
        b: Matrix<'_, T>,
        (m, k, n): (usize, usize, usize),
        rows: Range<usize>,
    ) -> Vec<T> {
        let mut memory = vec![T::nan(); scratch(rows.len(), k, n)];
        let mut c = vec![T::nan(); rows.len() * n];
        product(a.from(rows.start, 0), b, (m, k, n), rows.len(), &mut c, &mut memory);
        c
    }

    fn numbers<T: Real>(count: usize, seed: usize) -> Vec<T> {
        // Small integers: their products and sums are exact, so that any order of summation gives the same bits.
        (0..count).map(|i| T::of(((i * 7919 + seed * 104_729) % 17) as f64 - 8.0)).collect()
    }

    fn agrees_with_the_definition<T: Real>() {
        let sizes = [1, 2, 3, 5, 6, 7, 10, 12, 13, 16, 17, 31, 33, 50, 130, 200];
        let depths = [0, 1, 3, 10, 100, 256, 257, 600];
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
                let c = rows_of(a, b, (m, k, n), rows.clone());
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
    fn bits_depend_neither_on_the_split_nor_on_the_direction_of_the_vectors() {
        let (m, k, n) = (70, 300, 18);
        let x: Vec<f32> = (0..m * k).map(|i| (i as f32 * 0.37).sin()).collect();
        let y: Vec<f32> = (0..k * n).map(|i| (i as f32 * 0.73).cos()).collect();
        let (a, b) = (Matrix { values: &x, row: 1, column: m }, Matrix { values: &y, row: n, column: 1 });
        let whole = rows_of(a, b, (m, k, n), 0..m);
        for rows in [0..1, 3..8, 5..69] {
            assert_eq!(rows_of(a, b, (m, k, n), rows.clone()), whole[rows.start * n..rows.end * n]);
        }
        let lines: Vec<f32> = (0..m * k).map(|i| x[i % k * m + i / k]).collect();
        let along_columns = Matrix { values: &lines, row: k, column: 1 };
        assert_eq!(rows_of(along_columns, b, (m, k, n), 0..m), whole);
    }

    #[test]
    fn bits_do_not_depend_on_the_split() {
        for (m, k, n, turned) in
            [(23, 300, 19, false), (23, 300, 50, true), (2, 300, 50, true), (5, 40, 150, false)]
        {
            let x: Vec<f32> = (0..m * k).map(|i| (i as f32 * 0.37).sin()).collect();
            let y: Vec<f32> = (0..k * n).map(|i| (i as f32 * 0.73).cos()).collect();
            let (row, column) = if turned { (1, k) } else { (n, 1) };
            let (a, b) = (Matrix { values: &x, row: k, column: 1 }, Matrix { values: &y, row, column });
            let whole = rows_of(a, b, (m, k, n), 0..m);
            for row in 0..m {
                assert_eq!(rows_of(a, b, (m, k, n), row..row + 1), whole[row * n..(row + 1) * n]);
            }
        }
    }
}

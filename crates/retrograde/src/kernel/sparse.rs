//! Matrices of which most elements are zero: images of digits, counts of words, one-hot rows.
//!
//! Each row is kept as a list of its elements that are not zero, with their columns, and the products pass over the
//! others: four fifths of the work on MNIST. A product gives the bits of the [dense one](super::matmul): each element
//! is the same sum in the same order and the same blocks, and a zero adds nothing to it (`0 · x` for an infinite `x`
//! excepted: where a weight is infinite, the dense product has NaN).
//!
//! Each row has a place of its own, as long as if no element were zero, so that threads fill rows without knowing of each
//! other's; what is never touched costs nothing but its addresses.

use super::Real;
use super::dispatch::{Body, InstructionSet, dispatch};
use super::matmul;
use super::nonzeros::{SPAN, Span, nonzeros};
use super::vector::Vector;
use std::ops::Range;

/// The columns fall into blocks of this many, for each of which the products know where a row's list goes on.
pub(super) const BLOCK: usize = 128;

/// How many blocks are summed before the sums are written back, as the dense product does.
const BLOCKS_A_DEPTH: usize = matmul::DEPTH / BLOCK;

/// The shape of a sparse matrix's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SparseLayout {
    /// How many columns the matrix has.
    width: usize,
}

impl SparseLayout {
    /// For rows of so many columns.
    pub(crate) fn new(width: usize) -> Self {
        SparseLayout { width }
    }

    /// How many columns the matrix has.
    pub(crate) fn width(self) -> usize {
        self.width
    }

    /// How many elements a row's place has: what is found 64 bytes at a time is written so.
    pub(crate) fn stride(self) -> usize {
        self.width.next_multiple_of(64)
    }

    /// How many numbers say where the blocks of a row begin and its last one ends.
    pub(crate) fn marks(self) -> usize {
        self.width.div_ceil(BLOCK) + 1
    }
}

/// Some rows of a sparse matrix.
#[derive(Debug, Clone, Copy)]
pub struct SparseRows<'a, T> {
    pub(super) layout: SparseLayout,
    pub(super) values: &'a [T],
    pub(super) columns: &'a [u32],
    /// For each row, where in its place each block begins, and the end.
    pub(super) marks: &'a [u32],
}

/// Some rows of a sparse matrix, to be filled.
#[derive(Debug)]
pub struct SparseRowsMut<'a, T> {
    pub(super) layout: SparseLayout,
    pub(super) values: &'a mut [T],
    pub(super) columns: &'a mut [u32],
    pub(super) marks: &'a mut [u32],
}

impl<T: Real> SparseRowsMut<'_, T> {
    /// Makes row `row` of these bytes, each times `scale`.
    #[inline(always)]
    pub(crate) fn set(&mut self, row: usize, bytes: &[u8], scale: T) {
        let (stride, marks) = (self.layout.stride(), self.layout.marks());
        let values = &mut self.values[row * stride..(row + 1) * stride];
        let columns = &mut self.columns[row * stride..(row + 1) * stride];
        let marks = &mut self.marks[row * marks..(row + 1) * marks];
        let (mut numbers, mut before) = ([0; SPAN], 0);
        let last = marks.len() - 1;
        for ((bytes, marks), first) in
            bytes.chunks(SPAN).zip(marks.chunks_mut(SPAN / BLOCK)).zip((0..).step_by(SPAN))
        {
            let marks = &mut marks[..bytes.len().div_ceil(BLOCK)];
            let count = nonzeros(Span { bytes, first, before }, &mut columns[before..], &mut numbers, marks);
            for (value, &number) in values[before..before + count].iter_mut().zip(&numbers) {
                *value = T::of_byte(number) * scale;
            }
            before += count;
        }
        marks[last] = before as u32;
    }
}

impl<'a, T: Real> SparseRows<'a, T> {
    /// The elements of some blocks of a row: columns and values.
    #[inline(always)]
    fn blocks(&self, row: usize, blocks: Range<usize>) -> (&'a [u32], &'a [T]) {
        let (stride, marks) = (self.layout.stride(), self.layout.marks());
        let marks = &self.marks[row * marks..(row + 1) * marks];
        let (from, to) = (marks[blocks.start] as usize, marks[blocks.end] as usize);
        let place = row * stride..(row + 1) * stride;
        (&self.columns[place.clone()][from..to], &self.values[place][from..to])
    }

    fn rows(&self) -> usize {
        self.marks.len() / self.layout.marks()
    }
}

/// Registers of a tile of columns at the most.
const REGISTERS: usize = 8;

/// The narrowest product: a register's width on any instruction set.
pub(crate) const NARROWEST: usize = 16;

/// C = A·B for the sparse rows A; B is row-major with `n` columns, at least [`NARROWEST`]. `scratch` has as many numbers as
/// [`scratch`] says.
pub(crate) fn product<T: Real>(a: SparseRows<'_, T>, b: &[T], n: usize, c: &mut [T], scratch: &mut [T]) {
    assert!(n >= NARROWEST && b.len() >= a.layout.width * n, "the right operand of a sparse product");
    assert_eq!(c.len(), a.rows() * n, "the rows of a sparse product");
    tiles::<T>(n, &mut |column, registers| match registers {
        1 => dispatch(Forward::<T, 1> { a, b, n, column, c, scratch }),
        2 => dispatch(Forward::<T, 2> { a, b, n, column, c, scratch }),
        3 => dispatch(Forward::<T, 3> { a, b, n, column, c, scratch }),
        4 => dispatch(Forward::<T, 4> { a, b, n, column, c, scratch }),
        5 => dispatch(Forward::<T, 5> { a, b, n, column, c, scratch }),
        6 => dispatch(Forward::<T, 6> { a, b, n, column, c, scratch }),
        7 => dispatch(Forward::<T, 7> { a, b, n, column, c, scratch }),
        _ => dispatch(Forward::<T, 8> { a, b, n, column, c, scratch }),
    });
}

/// The rows `features` of C = Aᵀ·G for the sparse rows A; G has as many rows, and `n` columns, at least [`NARROWEST`].
/// `scratch` has as many numbers as [`scratch`] says.
pub(crate) fn transposed_product<T: Real>(
    a: SparseRows<'_, T>,
    g: &[T],
    n: usize,
    features: Range<usize>,
    c: &mut [T],
    scratch: &mut [T],
) {
    assert!(n >= NARROWEST && features.end <= a.layout.width, "the operands of a sparse product");
    assert!(g.len() >= a.rows() * n && c.len() == features.len() * n, "the operands of a sparse product");
    tiles::<T>(n, &mut |column, registers| {
        let features = features.clone();
        match registers {
            1 => dispatch(Backward::<T, 1> { a, g, n, column, features, c, scratch }),
            2 => dispatch(Backward::<T, 2> { a, g, n, column, features, c, scratch }),
            3 => dispatch(Backward::<T, 3> { a, g, n, column, features, c, scratch }),
            4 => dispatch(Backward::<T, 4> { a, g, n, column, features, c, scratch }),
            5 => dispatch(Backward::<T, 5> { a, g, n, column, features, c, scratch }),
            6 => dispatch(Backward::<T, 6> { a, g, n, column, features, c, scratch }),
            7 => dispatch(Backward::<T, 7> { a, g, n, column, features, c, scratch }),
            _ => dispatch(Backward::<T, 8> { a, g, n, column, features, c, scratch }),
        }
    });
}

/// The scratch memory of both products, in numbers: some rows of B or C, a tile wide.
pub(crate) fn scratch(width: usize) -> usize {
    width.min(matmul::DEPTH) * REGISTERS * NARROWEST
}

/// Walks over the columns of C by tiles of registers.
fn tiles<T: Real>(n: usize, each: &mut dyn FnMut(usize, usize)) {
    struct Lanes<T>(std::marker::PhantomData<T>);
    impl<T: Real> Body for Lanes<T> {
        type Output = usize;
        #[inline(always)]
        fn run<I: InstructionSet>(self) -> usize {
            T::Register::<I>::LANES
        }
    }
    let lanes = dispatch(Lanes::<T>(std::marker::PhantomData));
    for column in (0..n).step_by(REGISTERS * lanes) {
        let registers = (n - column).div_ceil(lanes).min(REGISTERS);
        each(if registers == 1 { column.min(n - lanes) } else { column }, registers);
    }
}

/// The distances of `W` registers from the first column of a tile. Where C is not so wide, the last one begins earlier: some
/// columns are computed twice, in the same way.
#[inline(always)]
fn places<const W: usize>(lanes: usize, left: usize) -> [usize; W] {
    assert!(left >= lanes && left > (W - 1) * lanes, "the columns of a tile");
    std::array::from_fn(|w| if w + 1 < W { w * lanes } else { (w * lanes).min(left - lanes) })
}

/// From this many rows on, copying B pays.
const WORTH_COPYING_B: usize = 16;

/// `W` registers of columns of C = A·B from `column` on.
struct Forward<'a, 'b, T, const W: usize> {
    a: SparseRows<'a, T>,
    b: &'a [T],
    n: usize,
    column: usize,
    c: &'b mut [T],
    scratch: &'b mut [T],
}

impl<T: Real, const W: usize> Body for Forward<'_, '_, T, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Forward { a, b, n, column, c, scratch } = self;
        let (lanes, width) = (T::Register::<I>::LANES, a.layout.width);
        let places = places::<W>(lanes, n - column);
        let blocks = a.layout.marks() - 1;
        // A register that does not begin with a line of the cache takes twice as long to read.
        let copy = !(n * size_of::<T>()).is_multiple_of(64) && a.rows() >= WORTH_COPYING_B;
        for first in (0..blocks).step_by(BLOCKS_A_DEPTH) {
            let last = blocks.min(first + BLOCKS_A_DEPTH);
            let range = first * BLOCK..width.min(last * BLOCK);
            let b = &b[range.start * n..range.end * n];
            let (b, step, places_in_b) = if copy {
                for (to, from) in scratch.chunks_exact_mut(W * lanes).zip(b.chunks_exact(n)) {
                    for (to, &place) in to.chunks_exact_mut(lanes).zip(&places) {
                        to.copy_from_slice(&from[column + place..column + place + lanes]);
                    }
                }
                (&scratch[..range.len() * W * lanes], W * lanes, std::array::from_fn(|w| w * lanes))
            } else {
                (b, n, places.map(|place| column + place))
            };
            for (row, c) in c.chunks_exact_mut(n).enumerate() {
                let (columns, values) = a.blocks(row, first..last);
                // SAFETY: `dispatch` has found the processor to have the instruction set `I`. B has `step` numbers for
                // each column within `range`, and the places lie within `step`; those in C lie within `n`.
                unsafe {
                    let mut sums = [T::Register::<I>::splat(T::zero()); W];
                    for (&p, &value) in columns.iter().zip(values) {
                        let p = (p as usize).wrapping_sub(range.start);
                        assert!(p < range.len(), "a column of a sparse matrix");
                        let factor = T::Register::<I>::splat(value);
                        let line = b.as_ptr().add(p * step);
                        for (sum, &place) in sums.iter_mut().zip(&places_in_b) {
                            *sum = factor.multiply_add(T::Register::<I>::load(line.add(place)), *sum);
                        }
                    }
                    let to = c.as_mut_ptr().add(column);
                    if first > 0 {
                        // All are read before any is written: they may overlap.
                        for (sum, &place) in sums.iter_mut().zip(&places) {
                            *sum = T::Register::<I>::load(to.add(place)).add(*sum);
                        }
                    }
                    sums.iter().zip(&places).for_each(|(sum, &place)| sum.store(to.add(place)));
                }
            }
        }
    }
}

/// `W` registers of columns of the rows `features` of C = Aᵀ·G from `column` on.
struct Backward<'a, 'b, T, const W: usize> {
    a: SparseRows<'a, T>,
    g: &'a [T],
    n: usize,
    column: usize,
    features: Range<usize>,
    c: &'b mut [T],
    scratch: &'b mut [T],
}

impl<T: Real, const W: usize> Body for Backward<'_, '_, T, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Backward { a, g, n, column, features, c, scratch } = self;
        let (lanes, rows) = (T::Register::<I>::LANES, a.rows());
        let (places, depth, tile) = (places::<W>(lanes, n - column), matmul::DEPTH, W * lanes);
        for number in features.start / BLOCK..features.end.div_ceil(BLOCK) {
            // The sums of a block's features stay in the first-level cache while all rows of A add to them.
            let range = features.start.max(number * BLOCK)..features.end.min((number + 1) * BLOCK);
            let part = &mut c[(range.start - features.start) * n..(range.end - features.start) * n];
            for first in (0..rows.max(1)).step_by(depth) {
                let sums = &mut scratch[..range.len() * tile];
                sums.fill(T::zero());
                for row in first..rows.min(first + depth) {
                    let (columns, values) = a.blocks(row, number..number + 1);
                    let line = &g[row * n + column..(row + 1) * n];
                    // SAFETY: `dispatch` has found the processor to have the instruction set `I`. The places of a tile lie
                    // within a row of G, and each feature within `range` has a tile of sums.
                    unsafe {
                        let g = places.map(|place| T::Register::<I>::load(line.as_ptr().add(place)));
                        for (&p, &value) in columns.iter().zip(values) {
                            let p = (p as usize).wrapping_sub(range.start);
                            if p >= range.len() {
                                continue;
                            }
                            let factor = T::Register::<I>::splat(value);
                            let sums = sums.as_mut_ptr().add(p * tile);
                            for (w, &g) in g.iter().enumerate() {
                                let sum = sums.add(w * lanes);
                                factor.multiply_add(g, T::Register::<I>::load(sum)).store(sum);
                            }
                        }
                    }
                }
                for (c, sums) in part.chunks_exact_mut(n).zip(sums.chunks_exact(tile)) {
                    let c = &mut c[column..];
                    // SAFETY: as above; the places lie within a row of C. All are read before any is written: they may
                    // overlap.
                    unsafe {
                        let mut totals: [_; W] =
                            std::array::from_fn(|w| T::Register::<I>::load(sums.as_ptr().add(w * lanes)));
                        if first > 0 {
                            for (total, &place) in totals.iter_mut().zip(&places) {
                                *total = T::Register::<I>::load(c.as_ptr().add(place)).add(*total);
                            }
                        }
                        totals
                            .iter()
                            .zip(&places)
                            .for_each(|(total, &place)| total.store(c.as_mut_ptr().add(place)));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::matmul::{self, Matrix};
    use super::*;

    /// Gathers all rows of `bytes` into memory that was full of other things.
    fn sparse<T: Real>(bytes: &[u8], width: usize, scale: T, check: impl FnOnce(SparseRows<'_, T>)) {
        struct Fill<'a, T>(&'a [u8], T, SparseRowsMut<'a, T>);
        impl<T: Real> Body for Fill<'_, T> {
            type Output = ();
            #[inline(always)]
            fn run<I: InstructionSet>(mut self) {
                let width = self.2.layout.width;
                for (row, bytes) in self.0.chunks_exact(width).enumerate() {
                    self.2.set(row, bytes, self.1);
                }
            }
        }
        let layout = SparseLayout::new(width);
        let rows = bytes.len() / width;
        let (mut values, mut columns) =
            (vec![T::nan(); rows * layout.stride()], vec![77; rows * layout.stride()]);
        let mut marks = vec![99; rows * layout.marks()];
        let (v, c, m) = (&mut values[..], &mut columns[..], &mut marks[..]);
        dispatch(Fill(bytes, scale, SparseRowsMut { layout, values: v, columns: c, marks: m }));
        check(SparseRows { layout, values: &values, columns: &columns, marks: &marks });
    }

    fn has_the_bits_of_the_dense_product<T: Real>() {
        let scale = T::one() / T::of(255.0);
        for (rows, width, n) in
            [(1, 1, 16), (3, 17, 16), (7, 784, 50), (100, 130, 33), (300, 40, 130), (260, 300, 17)]
        {
            let bytes: Vec<u8> =
                (0..rows * width).map(|i| if i * 7919 % 11 < 3 { (i * 31 % 256) as u8 } else { 0 }).collect();
            let dense: Vec<T> = bytes.iter().map(|&byte| T::of_byte(byte) * scale).collect();
            let numbers =
                |count: usize| (0..count).map(|i| T::of((i as f64 * 0.37).sin())).collect::<Vec<T>>();
            sparse(&bytes, width, scale, |a| {
                let mut memory = vec![T::nan(); matmul::scratch(rows.max(width), rows.max(width), n)];
                let (b, mut c, mut expected) =
                    (numbers(width * n), vec![T::nan(); rows * n], vec![T::nan(); rows * n]);
                let mut apart = vec![T::nan(); scratch(width)];
                product(a, &b, n, &mut c, &mut apart);
                let left = Matrix { values: &dense, row: width, column: 1 };
                let right = Matrix { values: &b, row: n, column: 1 };
                matmul::product(left, right, (width, n), 0..rows, &mut expected, &mut memory);
                assert!(c == expected, "{rows}×{width}×{n}, in {}", T::NAME);
                let (g, features) = (numbers(rows * n), width / 3..width);
                let (mut c, mut expected) =
                    (vec![T::nan(); features.len() * n], vec![T::nan(); features.len() * n]);
                transposed_product(a, &g, n, features.clone(), &mut c, &mut apart);
                let left = Matrix { values: &dense, row: 1, column: width };
                let right = Matrix { values: &g, row: n, column: 1 };
                matmul::product(left, right, (rows, n), features, &mut expected, &mut memory);
                assert!(c == expected, "transposed {rows}×{width}×{n}, in {}", T::NAME);
            });
        }
    }

    #[test]
    fn f32_has_the_bits_of_the_dense_product() {
        has_the_bits_of_the_dense_product::<f32>();
    }

    #[test]
    fn f64_has_the_bits_of_the_dense_product() {
        has_the_bits_of_the_dense_product::<f64>();
    }
}

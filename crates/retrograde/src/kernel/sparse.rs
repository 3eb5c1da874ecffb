//! Matrices of which most elements are zero: images of digits, counts of words, one-hot rows.
//!
//! Each row is a record of a [table](super::table): a list of its elements that are not zero, with their columns. The
//! products pass over the others: four fifths of the work on MNIST. A product gives the bits of the
//! [dense one](super::matmul): each element is the same sum in the same order, and a zero adds nothing
//! to it (`0 · x` for an infinite `x` excepted: where a weight is infinite, the dense product has NaN).

use super::Real;
use super::dispatch::{Body, InstructionSet, dispatch};
use super::nonzeros::{BLOCK, expand, transpose};
use super::prefetch::prefetch;
use super::table::{Lists, Record};
use super::vector::Vector;
use std::ops::Range;

/// How many columns, or rows, are summed before the sums are written back: so many rows of the dense operand, a tile wide,
/// stay in the second-level cache.
const DEPTH: usize = 256;

/// How many blocks these are.
const BLOCKS_A_DEPTH: usize = DEPTH / BLOCK;

/// How many rows are summed at once in the transposed product.
const ROWS: usize = 128;

/// How many numbers a byte may be.
pub(super) const BYTES: usize = 256;

/// Some rows of a sparse matrix.
#[derive(Debug, Clone, Copy)]
pub struct SparseRows<'a, T> {
    /// The table that they are from.
    pub(super) lists: &'a Lists,
    /// The number that each byte means.
    pub(super) numbers: &'a [T; BYTES],
    /// For each row as many words: the number of the row of the table that will be gathered after it, or [`NONE`], and
    /// its record.
    pub(super) places: &'a [u32],
    /// How many words.
    pub(super) words: usize,
    pub(super) rows: usize,
}

/// Some rows of a sparse matrix, to be filled.
#[derive(Debug)]
pub struct SparseRowsMut<'a> {
    pub(super) lists: &'a Lists,
    pub(super) places: &'a mut [u32],
    pub(super) rows: usize,
}

/// No row.
const NONE: u32 = u32::MAX;

/// How many words the place of a row has.
pub(crate) fn words(lists: &Lists) -> usize {
    1 + lists.longest().div_ceil(size_of::<u32>())
}

impl SparseRowsMut<'_> {
    /// Fills them with these rows of the table. The rows `next` are those that will be gathered after them.
    pub(crate) fn gather(self, rows: &[u32], next: &[u32]) {
        assert_eq!(self.rows, rows.len(), "as many rows as there is room for");
        for (i, (place, &row)) in self.places.chunks_exact_mut(words(self.lists)).zip(rows).enumerate() {
            let (coming, place) = place.split_at_mut(1);
            coming[0] = next.get(i).copied().unwrap_or(NONE);
            let record = self.lists.record(row);
            // SAFETY: any bytes are words.
            let (_, place, _) = unsafe { place.align_to_mut::<u8>() };
            place[..record.len()].copy_from_slice(record);
        }
    }
}

impl<'a, T> SparseRows<'a, T> {
    #[inline(always)]
    fn place(&self, row: usize) -> &'a [u32] {
        &self.places[row * self.words..(row + 1) * self.words]
    }

    #[inline(always)]
    fn record(&self, row: usize) -> Record<'a> {
        // SAFETY: any words are bytes.
        let (_, bytes, _) = unsafe { self.place(row)[1..].align_to::<u8>() };
        Record::new(bytes, self.lists.width())
    }

    /// Brings the row that will be gathered after this one nearer to the processor: while it is at work, memory answers.
    #[inline(always)]
    fn ask_ahead(&self, row: usize) {
        let next = self.place(row)[0];
        if next != NONE {
            prefetch(self.lists.record(next));
        }
    }

    fn blocks(&self) -> usize {
        self.lists.width().div_ceil(BLOCK)
    }
}

/// Registers of a tile of columns at the most.
const REGISTERS: usize = 8;

/// The narrowest product: a register's width on any instruction set.
pub(crate) const NARROWEST: usize = 16;

/// C = A·B for the sparse rows A; B is row-major with `n` columns, at least [`NARROWEST`]. `scratch` has as many numbers as
/// [`scratch`] says.
pub(crate) fn product<T: Real>(a: SparseRows<'_, T>, b: &[T], n: usize, c: &mut [T], scratch: &mut [T]) {
    assert!(n >= NARROWEST && b.len() >= a.lists.width() * n, "the right operand of a sparse product");
    assert_eq!(c.len(), a.rows * n, "the rows of a sparse product");
    // A register that does not begin with a line of the cache takes twice as long to read.
    let copy = !(n * size_of::<T>()).is_multiple_of(64) && a.rows >= WORTH_COPYING_B;
    tiles::<T>(n, REGISTERS, &mut |column, registers| {
        let tile = Tile { a, b, n, column, c, scratch };
        match (registers, copy) {
            (1, false) => dispatch(Forward::<T, 1, false>(tile)),
            (2, false) => dispatch(Forward::<T, 2, false>(tile)),
            (3, false) => dispatch(Forward::<T, 3, false>(tile)),
            (4, false) => dispatch(Forward::<T, 4, false>(tile)),
            (5, false) => dispatch(Forward::<T, 5, false>(tile)),
            (6, false) => dispatch(Forward::<T, 6, false>(tile)),
            (7, false) => dispatch(Forward::<T, 7, false>(tile)),
            (_, false) => dispatch(Forward::<T, 8, false>(tile)),
            (1, true) => dispatch(Forward::<T, 1, true>(tile)),
            (2, true) => dispatch(Forward::<T, 2, true>(tile)),
            (3, true) => dispatch(Forward::<T, 3, true>(tile)),
            (4, true) => dispatch(Forward::<T, 4, true>(tile)),
            (5, true) => dispatch(Forward::<T, 5, true>(tile)),
            (6, true) => dispatch(Forward::<T, 6, true>(tile)),
            (7, true) => dispatch(Forward::<T, 7, true>(tile)),
            (_, true) => dispatch(Forward::<T, 8, true>(tile)),
        }
    });
}

/// The rows `features` of C = Aᵀ·G for the sparse rows A; G has as many rows, and `n` columns, at least [`NARROWEST`].
/// `scratch` has as many numbers as [`scratch`] says. If there is something to be told which rows of C are `left_out`, those
/// are that nobody has to sum: features that are zero in all rows of A.
pub(crate) fn transposed_product<T: Real>(
    a: SparseRows<'_, T>,
    g: &[T],
    n: usize,
    features: Range<usize>,
    c: &mut [T],
    scratch: &mut [T],
    left_out: Option<&mut [bool]>,
) {
    if features.is_empty() {
        return;
    }
    // Of more rows than are gone through at once no feature is known to be zero in all before they are.
    let left_out = left_out.filter(|_| a.rows <= ROWS).unwrap_or_default();
    assert!(n >= NARROWEST && features.end <= a.lists.width(), "the operands of a sparse product");
    assert!(g.len() >= a.rows * n && c.len() == features.len() * n, "the operands of a sparse product");
    // A row of B is read for each feature that is not zero in it: all rows of a tile stay in the first-level cache.
    tiles::<T>(n, REGISTERS / 2, &mut |column, registers| {
        let features = features.clone();
        let tile = Tile { a, b: g, n, column, c, scratch };
        let left_out = &mut *left_out;
        match registers {
            1 => dispatch(Backward::<T, 1> { tile, features, left_out }),
            2 => dispatch(Backward::<T, 2> { tile, features, left_out }),
            3 => dispatch(Backward::<T, 3> { tile, features, left_out }),
            _ => dispatch(Backward::<T, 4> { tile, features, left_out }),
        }
    });
}

/// The scratch memory of both products, in numbers, when sums are over so many: some rows of B or G, a tile wide.
pub(crate) fn scratch(depth: usize) -> usize {
    depth.min(DEPTH) * REGISTERS * NARROWEST
}

/// Walks over the columns of C by tiles of registers, `most` at the most.
fn tiles<T: Real>(n: usize, most: usize, each: &mut dyn FnMut(usize, usize)) {
    struct Lanes<T>(std::marker::PhantomData<T>);
    impl<T: Real> Body for Lanes<T> {
        type Output = usize;
        #[inline(always)]
        fn run<I: InstructionSet>(self) -> usize {
            T::Register::<I>::LANES
        }
    }
    let lanes = dispatch(Lanes::<T>(std::marker::PhantomData));
    for column in (0..n).step_by(most * lanes) {
        let registers = (n - column).div_ceil(lanes).min(most);
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

/// The operands of a product, of which some registers of columns are computed from `column` on.
struct Tile<'a, 'b, T> {
    a: SparseRows<'a, T>,
    /// The dense operand, row-major with `n` columns.
    b: &'a [T],
    n: usize,
    column: usize,
    c: &'b mut [T],
    scratch: &'b mut [T],
}

/// Copies the columns of a tile from rows of `n` numbers, side by side.
///
/// # Safety
/// The processor has the instruction set `I`.
#[inline(always)]
unsafe fn copy<T: Real, I: InstructionSet, const W: usize>(
    from: &[T],
    n: usize,
    column: usize,
    places: [usize; W],
    to: &mut [T],
) {
    let lanes = T::Register::<I>::LANES;
    assert!(places.iter().all(|place| column + place + lanes <= n), "a tile within a row");
    for (to, from) in to.chunks_exact_mut(W * lanes).zip(from.chunks_exact(n)) {
        let (to, from) = (to.as_mut_ptr(), from.as_ptr().wrapping_add(column));
        for (w, &place) in places.iter().enumerate() {
            // SAFETY: the caller promises the instruction set; the places lie within the row, and there is a tile of room.
            unsafe { T::Register::<I>::load(from.wrapping_add(place)).store(to.wrapping_add(w * lanes)) };
        }
    }
}

/// `W` registers of columns of C = A·B; B is `COPIED` first.
struct Forward<'a, 'b, T, const W: usize, const COPIED: bool>(Tile<'a, 'b, T>);

impl<T: Real, const W: usize, const COPIED: bool> Body for Forward<'_, '_, T, W, COPIED> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Tile { a, b, n, column, c, scratch } = self.0;
        let (lanes, width, blocks) = (T::Register::<I>::LANES, a.lists.width(), a.blocks());
        let places = places::<W>(lanes, n - column);
        let step = if COPIED { W * lanes } else { n };
        for first in (0..blocks).step_by(BLOCKS_A_DEPTH) {
            let last = blocks.min(first + BLOCKS_A_DEPTH);
            let range = first * BLOCK..width.min(last * BLOCK);
            let b = &b[range.start * n..range.end * n];
            let b = if COPIED {
                // SAFETY: `dispatch` has found the processor to have the instruction set `I`.
                unsafe { copy::<T, I, W>(b, n, column, places, &mut scratch[..range.len() * step]) };
                &scratch[..range.len() * step]
            } else {
                &b[column..]
            };
            for (row, c) in c.chunks_exact_mut(n).enumerate() {
                if column == 0 && first == 0 {
                    a.ask_ahead(row);
                }
                let record = a.record(row);
                let mut bytes = record.numbers(first).iter();
                // SAFETY: `dispatch` has found the processor to have the instruction set `I`. B has `step` numbers for
                // each column of these blocks, and the places lie within `step`; those in C lie within `n`.
                unsafe {
                    let mut sums = sums_so_far::<T, T::Register<I>, W>(&c[column..], places, first > 0);
                    for block in first..last {
                        let b = b.as_ptr().wrapping_add((block - first) * BLOCK * step);
                        let mut left = record.mask(block);
                        let beyond = left.checked_shr((width - block * BLOCK) as u32);
                        assert!(beyond.unwrap_or(0) == 0, "a column of a sparse matrix");
                        while left != 0 {
                            let Some(&byte) = bytes.next() else { break };
                            let line = b.wrapping_add(left.trailing_zeros() as usize * step);
                            left &= left - 1;
                            let factor = T::Register::<I>::splat(a.numbers[usize::from(byte)]);
                            for (w, sum) in sums.iter_mut().enumerate() {
                                let place = if COPIED { w * lanes } else { places[w] };
                                let b = T::Register::<I>::load(line.wrapping_add(place));
                                *sum = factor.multiply_add(b, *sum);
                            }
                        }
                    }
                    write(&mut c[column..], sums, places);
                }
            }
        }
    }
}

/// The sums of a row of C that are there already if there `are` any, or zeros.
///
/// # Safety
/// The processor has the instruction set of `V`, and the places lie within the row.
#[inline(always)]
unsafe fn sums_so_far<T: Real, V: Vector<T>, const W: usize>(
    c: &[T],
    places: [usize; W],
    are: bool,
) -> [V; W] {
    // SAFETY: the caller promises it.
    unsafe {
        let mut sums = [V::splat(T::zero()); W];
        if are {
            for (sum, &place) in sums.iter_mut().zip(&places) {
                *sum = V::load(c.as_ptr().add(place));
            }
        }
        sums
    }
}

/// Writes sums to their places in a row of C.
///
/// # Safety
/// As for [`sums_so_far`].
#[inline(always)]
unsafe fn write<T: Real, V: Vector<T>, const W: usize>(c: &mut [T], sums: [V; W], places: [usize; W]) {
    for (sum, &place) in sums.iter().zip(&places) {
        // SAFETY: the caller promises it.
        unsafe { sum.store(c.as_mut_ptr().add(place)) };
    }
}

/// `W` registers of columns of some rows of C = Aᵀ·B.
struct Backward<'a, 'b, T, const W: usize> {
    tile: Tile<'a, 'b, T>,
    features: Range<usize>,
    /// Nothing, or for each feature whether it is left out.
    left_out: &'b mut [bool],
}

/// The columns of one block of some rows, as if it were transposed.
struct Columns {
    /// Which rows are not zero in each column: the bits of a word for each 64 rows.
    masks: [[u64; BLOCK]; ROWS / BLOCK],
    /// All bytes, row by row.
    bytes: [[u8; BLOCK]; ROWS],
}

impl Columns {
    #[inline(always)]
    fn fill<T>(&mut self, a: &SparseRows<'_, T>, rows: Range<usize>, block: usize) {
        for (number, masks) in self.masks.iter_mut().enumerate().take(rows.len().div_ceil(BLOCK)) {
            let first = rows.start + number * BLOCK;
            let count = BLOCK.min(rows.end - first);
            for (row, mask) in (first..).zip(&mut masks[..count]) {
                *mask = a.record(row).mask(block);
            }
            masks[count..].fill(0);
            let bytes = &mut self.bytes[number * BLOCK..][..count];
            expand(&masks[..count], |i| a.record(first + i).numbers(block), bytes);
            transpose(masks);
        }
    }
}

/// Of so few rows it takes longer to transpose the bits than to look at them row by row.
const FEW: usize = 4;

impl<T: Real, const W: usize> Backward<'_, '_, T, W> {
    /// The product of few rows.
    #[inline(always)]
    fn of_few<I: InstructionSet>(self) {
        let Backward { tile: Tile { a, b, n, column, c, .. }, features, left_out } = self;
        let places = places::<W>(T::Register::<I>::LANES, n - column);
        left_out.fill(true);
        for block in features.start / BLOCK..features.end.div_ceil(BLOCK) {
            let masks: [u64; FEW] =
                std::array::from_fn(|row| if row < a.rows { a.record(row).mask(block) } else { 0 });
            let first = features.start.max(block * BLOCK) - block * BLOCK;
            let last = features.end.min((block + 1) * BLOCK) - block * BLOCK;
            let here = (u64::MAX >> (BLOCK - (last - first))) << first;
            let there = masks.iter().fold(0, |all, mask| all | mask);
            // What is zero in all rows is written only if it must be.
            let mut left = if left_out.is_empty() { here } else { here & there };
            while left != 0 {
                let bit = left & left.wrapping_neg();
                let number = block * BLOCK + left.trailing_zeros() as usize - features.start;
                left &= left - 1;
                // SAFETY: `dispatch` has found the processor to have the instruction set `I`. There is a row of B for each one
                // of A, and the places lie within a row of B and of C.
                unsafe {
                    let mut sums = [T::Register::<I>::splat(T::zero()); W];
                    for (row, mask) in masks.iter().enumerate().filter(|(_, mask)| **mask & bit != 0) {
                        let before = (mask & (bit - 1)).count_ones() as usize;
                        let byte = a.record(row).numbers(block)[before];
                        let factor = T::Register::<I>::splat(a.numbers[usize::from(byte)]);
                        let line = b[row * n..(row + 1) * n].as_ptr().wrapping_add(column);
                        for (sum, &place) in sums.iter_mut().zip(&places) {
                            *sum =
                                factor.multiply_add(T::Register::<I>::load(line.wrapping_add(place)), *sum);
                        }
                    }
                    write(&mut c[number * n..][column..n], sums, places);
                }
                if let Some(left_out) = left_out.get_mut(number) {
                    *left_out = false;
                }
            }
        }
    }
}

impl<T: Real, const W: usize> Body for Backward<'_, '_, T, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        if self.tile.a.rows <= FEW {
            return self.of_few::<I>();
        }
        let Backward { tile: Tile { a, b, n, column, c, scratch }, features, left_out } = self;
        let (lanes, step) = (T::Register::<I>::LANES, W * T::Register::<I>::LANES);
        let places = places::<W>(lanes, n - column);
        let mut columns = Columns { masks: [[0; BLOCK]; ROWS / BLOCK], bytes: [[0; BLOCK]; ROWS] };
        for first in (0..a.rows.max(1)).step_by(ROWS) {
            let rows = first..a.rows.min(first + ROWS);
            // A row of B is read for each feature that is not zero in it: side by side, from a line of the cache on.
            let copied = &mut scratch[..rows.len() * step];
            // SAFETY: `dispatch` has found the processor to have the instruction set `I`.
            unsafe { copy::<T, I, W>(&b[rows.start * n..rows.end * n], n, column, places, copied) };
            for block in features.start / BLOCK..features.end.div_ceil(BLOCK) {
                columns.fill(&a, rows.clone(), block);
                for feature in features.start.max(block * BLOCK)..features.end.min((block + 1) * BLOCK) {
                    let number = feature - features.start;
                    let c = &mut c[number * n..][column..n];
                    let feature = feature % BLOCK;
                    if let Some(left_out) = left_out.get_mut(number) {
                        *left_out = columns.masks.iter().all(|masks| masks[feature] == 0);
                        if *left_out {
                            continue;
                        }
                    }
                    // SAFETY: as above. A bit is set only for a row that there is, and each has its tile of B; the places
                    // lie within a row of C.
                    unsafe {
                        let mut sums = sums_so_far::<T, T::Register<I>, W>(c, places, first > 0);
                        for (number, masks) in
                            columns.masks.iter().enumerate().take(rows.len().div_ceil(BLOCK))
                        {
                            let mut left = masks[feature];
                            let bytes = &columns.bytes[number * BLOCK..(number + 1) * BLOCK];
                            let b = copied.as_ptr().wrapping_add(number * BLOCK * step);
                            while left != 0 {
                                let row = left.trailing_zeros() as usize;
                                left &= left - 1;
                                let factor =
                                    T::Register::<I>::splat(a.numbers[usize::from(bytes[row][feature])]);
                                let line = b.wrapping_add(row * step);
                                for (w, sum) in sums.iter_mut().enumerate() {
                                    let b = T::Register::<I>::load(line.wrapping_add(w * lanes));
                                    *sum = factor.multiply_add(b, *sum);
                                }
                            }
                        }
                        write(c, sums, places);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::matmul::{self, Matrix};
    use super::super::table::Bytes;
    use super::*;

    fn has_the_bits_of_the_dense_product<T: Real>() {
        let scale = T::one() / T::of(255.0);
        let meanings = std::array::from_fn(|byte| T::of_byte(byte as u8) * scale);
        for (rows, width, n) in
            [(1, 1, 16), (3, 17, 16), (7, 784, 50), (100, 130, 33), (300, 40, 130), (260, 300, 17)]
        {
            let bytes: Vec<u8> =
                (0..rows * width).map(|i| if i * 7919 % 11 < 3 { (i * 31 % 256) as u8 } else { 0 }).collect();
            let dense: Vec<T> = bytes.iter().map(|&byte| T::of_byte(byte) * scale).collect();
            let numbers =
                |count: usize| (0..count).map(|i| T::of((i as f64 * 0.37).sin())).collect::<Vec<T>>();
            let table = Bytes::from(bytes);
            let lists = table.lists(width).expect("mostly zero");
            let mut places = vec![77; rows * words(&lists)];
            let all: Vec<u32> = (0..rows as u32).collect();
            SparseRowsMut { lists: &lists, places: &mut places, rows }.gather(&all, &all);
            let a =
                SparseRows { lists: &lists, numbers: &meanings, places: &places, words: words(&lists), rows };
            {
                let mut memory = vec![T::nan(); matmul::scratch(rows.max(width), rows.max(width), n)];
                let (b, mut c, mut expected) =
                    (numbers(width * n), vec![T::nan(); rows * n], vec![T::nan(); rows * n]);
                let mut apart = vec![T::nan(); scratch(width.max(rows))];
                product(a, &b, n, &mut c, &mut apart);
                let left = Matrix { values: &dense, row: width, column: 1 };
                let right = Matrix { values: &b, row: n, column: 1 };
                matmul::product(left, right, (rows, width, n), rows, &mut expected, &mut memory);
                assert!(c == expected, "{rows}×{width}×{n}, in {}", T::NAME);
                let (g, features) = (numbers(rows * n), width / 3..width);
                let (mut c, mut expected) =
                    (vec![T::nan(); features.len() * n], vec![T::nan(); features.len() * n]);
                transposed_product(a, &g, n, features.clone(), &mut c, &mut apart, None);
                let left = Matrix { values: &dense[features.start..], row: 1, column: width };
                let right = Matrix { values: &g, row: n, column: 1 };
                matmul::product(left, right, (width, rows, n), features.len(), &mut expected, &mut memory);
                assert!(c == expected, "transposed {rows}×{width}×{n}, in {}", T::NAME);
                let mut left_out = vec![false; features.len()];
                c.fill(T::zero());
                transposed_product(a, &g, n, features.clone(), &mut c, &mut apart, Some(&mut left_out));
                assert!(c == expected, "transposed {rows}×{width}×{n} but for zeros, in {}", T::NAME);
                let zero =
                    |feature: usize| dense.iter().skip(feature).step_by(width).all(|x| *x == T::zero());
                if rows <= ROWS {
                    assert!(features.map(zero).eq(left_out), "what is zero is left out");
                }
            }
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

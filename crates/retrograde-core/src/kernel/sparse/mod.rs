//! Matrices of which most elements are zero: images of digits, counts of words, one-hot rows.
//!
//! Each row is a record of a [table](super::table): a list of its elements that are not zero, with their columns. The
//! products pass over the others: four fifths of the work on MNIST. A product gives the bits of the
//! [dense one](super::matmul): each element is the same sum in the same order, and a zero adds nothing
//! to it (`0 · x` for an infinite `x` excepted: where a weight is infinite, the dense product has NaN).

mod backward;
mod forward;

pub(crate) use backward::transposed_product;
pub(crate) use forward::product;

use super::Real;
use super::dispatch::{Body, InstructionSet, dispatch};
use super::nonzeros::BLOCK;
use super::prefetch::prefetch;
use super::table::{Lists, Record};
use super::vector::Vector;

/// How many columns, or rows, are summed before the sums are written back: so many rows of the dense operand, a tile wide,
/// stay in the second-level cache.
const DEPTH: usize = 256;

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

#[cfg(test)]
mod tests {
    use super::super::left_out::LeftOut;
    use super::super::matmul::{self, Matrix};
    use super::super::table::Bytes;
    use super::backward::ROWS;
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
                let mut left_out = LeftOut::nothing(features.clone()).expect("not too many rows");
                c.fill(T::zero());
                let told = Some(&mut left_out);
                transposed_product(a, &g, n, features.clone(), &mut c, &mut apart, told);
                assert!(c == expected, "transposed {rows}×{width}×{n} but for zeros, in {}", T::NAME);
                for feature in features.clone().filter(|_| rows <= ROWS) {
                    let zero = dense.iter().skip(feature).step_by(width).all(|x| *x == T::zero());
                    assert_eq!(left_out.is(feature), zero, "what is zero is left out");
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

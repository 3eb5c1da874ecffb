//! Products of compressed rows: batches of which most elements are zero, such as images of digits.
//!
//! The products skip the zeros: four fifths of the flops on MNIST. They have the bits of the
//! [dense product](super::matmul): each element is the same sum in the same order, and a product with zero adds nothing to it.
//! (The product with an infinite weight is an exception: it is NaN in the dense product.)

mod backward;
mod bit_mask;
mod forward;
mod rows;
mod skipped_rows;

pub(crate) use backward::transposed_product;
pub(crate) use forward::product;
pub(crate) use rows::{BYTES, CompressedRows, GatheredRows, gather};
pub(crate) use skipped_rows::{MAX_ROWS, SkippedRows};

use super::simd::{Body, InstructionSet, Real, Vector, dispatch};

/// The number of columns, or rows, that are summed before the sums are written back: as many rows of the dense operand, one tile
/// wide, stay in the second-level cache.
const DEPTH: usize = 256;

/// The largest number of registers in a row of a tile.
const REGISTERS: usize = 8;

/// The least number of columns of the dense operand: the lanes of the widest register.
pub(crate) const MIN_COLUMNS: usize = 16;

/// The elements of scratch memory of both products, for sums of `depth` terms: some rows of B or G, one tile wide.
pub(crate) fn scratch(depth: usize) -> usize {
    depth.min(DEPTH) * REGISTERS * MIN_COLUMNS
}

/// Calls `each` with the first column and the number of registers of each tile, of at most `max_registers` registers.
fn tiles<T: Real>(n: usize, max_registers: usize, each: &mut dyn FnMut(usize, usize)) {
    struct Lanes<T>(std::marker::PhantomData<T>);
    impl<T: Real> Body for Lanes<T> {
        type Output = usize;
        #[inline(always)]
        fn run<I: InstructionSet>(self) -> usize {
            T::Register::<I>::LANES
        }
    }
    let lanes = dispatch(Lanes::<T>(std::marker::PhantomData));
    for column in (0..n).step_by(max_registers * lanes) {
        let registers = (n - column).div_ceil(lanes).min(max_registers);
        each(if registers == 1 { column.min(n - lanes) } else { column }, registers);
    }
}

/// The offsets of `W` registers from the first column of a tile, of which `remaining` columns of C are left. The last register
/// may overlap the one before: the columns that both hold are computed twice, with the same result.
#[inline(always)]
fn offsets<const W: usize>(lanes: usize, remaining: usize) -> [usize; W] {
    assert!(remaining >= lanes && remaining > (W - 1) * lanes, "the columns of a tile");
    std::array::from_fn(|w| if w + 1 < W { w * lanes } else { (w * lanes).min(remaining - lanes) })
}

/// A tile of a product: some registers of columns of C from `column` on, and the operands.
struct Tile<'a, 'b, T> {
    a: GatheredRows<'a, T>,
    /// The dense operand, row-major with `n` columns.
    b: &'a [T],
    n: usize,
    column: usize,
    c: &'b mut [T],
    scratch: &'b mut [T],
}

/// Packs the columns of a tile from rows of `n` numbers.
///
/// # Safety
/// The processor has the instruction set `I`.
#[inline(always)]
unsafe fn pack<T: Real, I: InstructionSet, const W: usize>(
    from: &[T],
    n: usize,
    column: usize,
    offsets: [usize; W],
    to: &mut [T],
) {
    let lanes = T::Register::<I>::LANES;
    assert!(offsets.iter().all(|offset| column + offset + lanes <= n), "a tile within a row");
    for (to, from) in to.chunks_exact_mut(W * lanes).zip(from.chunks_exact(n)) {
        let (to, from) = (to.as_mut_ptr(), from.as_ptr().wrapping_add(column));
        for (w, &offset) in offsets.iter().enumerate() {
            // SAFETY: the caller promises the instruction set. The assertion bounds the offsets by the row; `chunks_exact_mut`
            // gives a whole tile.
            unsafe { T::Register::<I>::load(from.wrapping_add(offset)).store(to.wrapping_add(w * lanes)) };
        }
    }
}

/// The sums in a row of C if they are `partial`, or zeros.
///
/// # Safety
/// The processor has the instruction set of `V`, and the offsets lie within the row.
#[inline(always)]
unsafe fn initial_sums<T: Real, V: Vector<T>, const W: usize>(
    c: &[T],
    offsets: [usize; W],
    partial: bool,
) -> [V; W] {
    // SAFETY: the caller promises the instruction set and the offsets.
    unsafe {
        let mut sums = [V::splat(T::zero()); W];
        if partial {
            for (sum, &offset) in sums.iter_mut().zip(&offsets) {
                *sum = V::load(c.as_ptr().add(offset));
            }
        }
        sums
    }
}

/// Stores sums to a row of C.
///
/// # Safety
/// As for [`initial_sums`].
#[inline(always)]
unsafe fn store<T: Real, V: Vector<T>, const W: usize>(c: &mut [T], sums: [V; W], offsets: [usize; W]) {
    for (sum, &offset) in sums.iter().zip(&offsets) {
        // SAFETY: the caller promises the instruction set and the offsets.
        unsafe { sum.store(c.as_mut_ptr().add(offset)) };
    }
}

#[cfg(test)]
mod tests {
    use super::backward::ROWS;
    use super::*;
    use crate::kernel::matmul::{self, Matrix};

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
            let table = CompressedRows::new(&bytes, width).expect("mostly zero");
            let words_per_row = table.words_per_row();
            let mut words = vec![77; rows * words_per_row];
            let all: Vec<u32> = (0..rows as u32).collect();
            gather(&table, &all, &all, &mut words);
            let a = GatheredRows { table: &table, numbers: &meanings, words: &words, words_per_row, rows };
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
                let mut skipped = SkippedRows::none(features.clone()).expect("not too many rows");
                c.fill(T::zero());
                transposed_product(a, &g, n, features.clone(), &mut c, &mut apart, Some(&mut skipped));
                assert!(c == expected, "transposed {rows}×{width}×{n} but for zeros, in {}", T::NAME);
                for feature in features.clone().filter(|_| rows <= ROWS) {
                    let zero = dense.iter().skip(feature).step_by(width).all(|x| *x == T::zero());
                    assert_eq!(skipped.contains(feature), zero, "rows of zeros are skipped");
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

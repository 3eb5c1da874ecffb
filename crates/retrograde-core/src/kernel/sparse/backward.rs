//! The transposed product of compressed rows: a row of C, a feature, is the sum of the rows of G in which the feature is not zero.

use super::bit_mask::{BLOCK, expand, transpose};
use super::skipped_rows::{SkippedRows, bits};
use super::{GatheredRows, MIN_COLUMNS, REGISTERS, Tile, initial_sums, offsets, pack, store, tiles};
use crate::kernel::simd::{Body, InstructionSet, Real, Vector, dispatch};
use std::ops::Range;

/// The number of rows that are summed before the sums are written back.
pub(super) const ROWS: usize = 128;

/// The rows `features` of C = Aᵀ·G for compressed rows A. G has as many rows as A, and `n` columns, at least [`MIN_COLUMNS`].
/// `scratch` has [`scratch`](super::scratch) elements. If `skipped` is given, features that are zero in all rows of A are not
/// computed, and recorded there.
pub(crate) fn transposed_product<T: Real>(
    a: GatheredRows<'_, T>,
    g: &[T],
    n: usize,
    features: Range<usize>,
    c: &mut [T],
    scratch: &mut [T],
    skipped: Option<&mut SkippedRows>,
) {
    if features.is_empty() {
        return;
    }
    // A feature can be skipped only if all rows are summed in one pass.
    let mut skipped = skipped.filter(|_| a.rows <= ROWS);
    assert!(n >= MIN_COLUMNS && features.end <= a.table.width(), "the operands of a sparse product");
    assert!(g.len() >= a.rows * n && c.len() == features.len() * n, "the operands of a sparse product");
    // Half as many registers as in the forward product: the rows of a tile stay in the first-level cache.
    tiles::<T>(n, REGISTERS / 2, &mut |column, registers| {
        let features = features.clone();
        let tile = Tile { a, b: g, n, column, c, scratch };
        let skipped = skipped.as_deref_mut();
        match registers {
            1 => dispatch(Backward::<T, 1> { tile, features, skipped }),
            2 => dispatch(Backward::<T, 2> { tile, features, skipped }),
            3 => dispatch(Backward::<T, 3> { tile, features, skipped }),
            _ => dispatch(Backward::<T, 4> { tile, features, skipped }),
        }
    });
}

/// A tile of `W` registers of some rows of C = Aᵀ·B.
struct Backward<'a, 'b, T, const W: usize> {
    tile: Tile<'a, 'b, T>,
    features: Range<usize>,
    skipped: Option<&'b mut SkippedRows>,
}

/// One block of columns of some rows.
struct Columns {
    /// The bit masks of the rows that are nonzero in each column, one for each 64 rows.
    masks: [[u64; BLOCK]; ROWS / BLOCK],
    /// The dense bytes, row by row.
    bytes: [[u8; BLOCK]; ROWS],
}

impl Columns {
    /// Expands a block of these rows. Returns the bit mask of the columns that are nonzero in some row.
    #[inline(always)]
    fn fill<T>(&mut self, a: &GatheredRows<'_, T>, rows: Range<usize>, block: usize) -> u64 {
        let mut nonzero = 0;
        for (word, masks) in self.masks.iter_mut().enumerate().take(rows.len().div_ceil(BLOCK)) {
            let first = rows.start + word * BLOCK;
            let count = BLOCK.min(rows.end - first);
            for (row, mask) in (first..).zip(&mut masks[..count]) {
                *mask = a.row(row).mask(block);
                nonzero |= *mask;
            }
            masks[count..].fill(0);
            let bytes = &mut self.bytes[word * BLOCK..][..count];
            expand(&masks[..count], |i| a.row(first + i).nonzeros(block), bytes);
            transpose(masks);
        }
        nonzero
    }
}

/// The largest number of rows for which reading the masks row by row is faster than transposing them.
const FEW_ROWS: usize = 4;

impl<T: Real, const W: usize> Backward<'_, '_, T, W> {
    /// The product of at most [`FEW_ROWS`] rows.
    #[inline(always)]
    fn few_rows<I: InstructionSet>(self) {
        let Backward { tile: Tile { a, b, n, column, c, .. }, features, mut skipped } = self;
        let offsets = offsets::<W>(T::Register::<I>::LANES, n - column);
        for block in features.start / BLOCK..features.end.div_ceil(BLOCK) {
            let mut masks = [0; FEW_ROWS];
            let mut nonzeros: [&[u8]; FEW_ROWS] = [&[]; FEW_ROWS];
            for (row, (mask, nonzeros)) in masks.iter_mut().zip(&mut nonzeros).enumerate().take(a.rows) {
                (*mask, *nonzeros) = (a.row(row).mask(block), a.row(row).nonzeros(block));
            }
            let mut remaining = bits(&features, block);
            if let Some(skipped) = &mut skipped {
                remaining &= masks.iter().fold(0, |all, mask| all | mask);
                skipped.keep_only(block, remaining);
            }
            while remaining != 0 {
                let bit = remaining & remaining.wrapping_neg();
                let feature = block * BLOCK + remaining.trailing_zeros() as usize - features.start;
                remaining &= remaining - 1;
                // SAFETY: `dispatch` has checked that the processor has the instruction set `I`. `transposed_product` has
                // asserted that B has a row for each row of A, `offsets` that the offsets lie within a row of B and of C.
                unsafe {
                    let mut sums = [T::Register::<I>::splat(T::zero()); W];
                    for (row, mask) in masks.iter().enumerate().filter(|(_, mask)| **mask & bit != 0) {
                        let byte = nonzeros[row][(mask & (bit - 1)).count_ones() as usize];
                        let factor = T::Register::<I>::splat(a.numbers[usize::from(byte)]);
                        let line = b[row * n..(row + 1) * n].as_ptr().wrapping_add(column);
                        for (sum, &offset) in sums.iter_mut().zip(&offsets) {
                            let b = T::Register::<I>::load(line.wrapping_add(offset));
                            *sum = factor.multiply_add(b, *sum);
                        }
                    }
                    store(&mut c[feature * n..][column..n], sums, offsets);
                }
            }
        }
    }
}

impl<T: Real, const W: usize> Body for Backward<'_, '_, T, W> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        if self.tile.a.rows <= FEW_ROWS {
            return self.few_rows::<I>();
        }
        let Backward { tile: Tile { a, b, n, column, c, scratch }, features, mut skipped } = self;
        let (lanes, step) = (T::Register::<I>::LANES, W * T::Register::<I>::LANES);
        let offsets = offsets::<W>(lanes, n - column);
        let mut columns = Columns { masks: [[0; BLOCK]; ROWS / BLOCK], bytes: [[0; BLOCK]; ROWS] };
        for first in (0..a.rows.max(1)).step_by(ROWS) {
            let rows = first..a.rows.min(first + ROWS);
            // Each row of B is read once for each feature that is nonzero in it: packed, no load crosses cache lines.
            let packed = &mut scratch[..rows.len() * step];
            // SAFETY: `dispatch` has checked that the processor has the instruction set `I`.
            unsafe { pack::<T, I, W>(&b[rows.start * n..rows.end * n], n, column, offsets, packed) };
            for block in features.start / BLOCK..features.end.div_ceil(BLOCK) {
                let nonzero = columns.fill(&a, rows.clone(), block);
                let mut remaining = bits(&features, block);
                if let Some(skipped) = &mut skipped {
                    remaining &= nonzero;
                    skipped.keep_only(block, remaining);
                }
                while remaining != 0 {
                    let feature = remaining.trailing_zeros() as usize;
                    remaining &= remaining - 1;
                    let c = &mut c[(block * BLOCK + feature - features.start) * n..][column..n];
                    // SAFETY: `dispatch` has checked that the processor has the instruction set `I`. `Columns::fill` sets bits of
                    // `rows` alone, and `packed` has a tile for each of them. `offsets` has asserted that the offsets lie within
                    // a row of C.
                    unsafe {
                        let mut sums = initial_sums::<T, T::Register<I>, W>(c, offsets, first > 0);
                        for (word, masks) in columns.masks.iter().enumerate().take(rows.len().div_ceil(BLOCK))
                        {
                            let mut rows = masks[feature];
                            let bytes = &columns.bytes[word * BLOCK..(word + 1) * BLOCK];
                            let b = packed.as_ptr().wrapping_add(word * BLOCK * step);
                            while rows != 0 {
                                let row = rows.trailing_zeros() as usize;
                                rows &= rows - 1;
                                let factor =
                                    T::Register::<I>::splat(a.numbers[usize::from(bytes[row][feature])]);
                                let line = b.wrapping_add(row * step);
                                for (w, sum) in sums.iter_mut().enumerate() {
                                    let b = T::Register::<I>::load(line.wrapping_add(w * lanes));
                                    *sum = factor.multiply_add(b, *sum);
                                }
                            }
                        }
                        store(c, sums, offsets);
                    }
                }
            }
        }
    }
}

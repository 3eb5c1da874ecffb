//! The product of sparse rows, transposed: a row of C, a feature, is the sum of those rows of G in which it is not zero.

use super::{NARROWEST, REGISTERS, SparseRows, Tile, copy, places, sums_so_far, tiles, write};
use crate::kernel::Real;
use crate::kernel::dispatch::{Body, InstructionSet, dispatch};
use crate::kernel::left_out::{LeftOut, bits};
use crate::kernel::nonzeros::{BLOCK, expand, transpose};
use crate::kernel::vector::Vector;
use std::ops::Range;

/// How many rows are summed at once in the transposed product.
pub(super) const ROWS: usize = 128;

/// The rows `features` of C = Aᵀ·G for the sparse rows A; G has as many rows, and `n` columns, at least [`NARROWEST`].
/// `scratch` has as many numbers as [`scratch`](super::scratch) says. If there is something to be told which rows of C are `left_out`, those
/// are that nobody has to sum: features that are zero in all rows of A.
pub(crate) fn transposed_product<T: Real>(
    a: SparseRows<'_, T>,
    g: &[T],
    n: usize,
    features: Range<usize>,
    c: &mut [T],
    scratch: &mut [T],
    left_out: Option<&mut LeftOut>,
) {
    if features.is_empty() {
        return;
    }
    // Of more rows than are gone through at once no feature is known to be zero in all before they are.
    let mut left_out = left_out.filter(|_| a.rows <= ROWS);
    assert!(n >= NARROWEST && features.end <= a.lists.width(), "the operands of a sparse product");
    assert!(g.len() >= a.rows * n && c.len() == features.len() * n, "the operands of a sparse product");
    // A row of B is read for each feature that is not zero in it: all rows of a tile stay in the first-level cache.
    tiles::<T>(n, REGISTERS / 2, &mut |column, registers| {
        let features = features.clone();
        let tile = Tile { a, b: g, n, column, c, scratch };
        let left_out = left_out.as_deref_mut();
        match registers {
            1 => dispatch(Backward::<T, 1> { tile, features, left_out }),
            2 => dispatch(Backward::<T, 2> { tile, features, left_out }),
            3 => dispatch(Backward::<T, 3> { tile, features, left_out }),
            _ => dispatch(Backward::<T, 4> { tile, features, left_out }),
        }
    });
}

/// `W` registers of columns of some rows of C = Aᵀ·B.
struct Backward<'a, 'b, T, const W: usize> {
    tile: Tile<'a, 'b, T>,
    features: Range<usize>,
    left_out: Option<&'b mut LeftOut>,
}

/// The columns of one block of some rows, as if it were transposed.
struct Columns {
    /// Which rows are not zero in each column: the bits of a word for each 64 rows.
    masks: [[u64; BLOCK]; ROWS / BLOCK],
    /// All bytes, row by row.
    bytes: [[u8; BLOCK]; ROWS],
}

impl Columns {
    /// Returns which columns are not zero in some row.
    #[inline(always)]
    fn fill<T>(&mut self, a: &SparseRows<'_, T>, rows: Range<usize>, block: usize) -> u64 {
        let mut there = 0;
        for (number, masks) in self.masks.iter_mut().enumerate().take(rows.len().div_ceil(BLOCK)) {
            let first = rows.start + number * BLOCK;
            let count = BLOCK.min(rows.end - first);
            for (row, mask) in (first..).zip(&mut masks[..count]) {
                *mask = a.record(row).mask(block);
                there |= *mask;
            }
            masks[count..].fill(0);
            let bytes = &mut self.bytes[number * BLOCK..][..count];
            expand(&masks[..count], |i| a.record(first + i).numbers(block), bytes);
            transpose(masks);
        }
        there
    }
}

/// Of so few rows it takes longer to transpose the bits than to look at them row by row.
const FEW: usize = 4;

impl<T: Real, const W: usize> Backward<'_, '_, T, W> {
    /// The product of few rows.
    #[inline(always)]
    fn of_few<I: InstructionSet>(self) {
        let Backward { tile: Tile { a, b, n, column, c, .. }, features, mut left_out } = self;
        let places = places::<W>(T::Register::<I>::LANES, n - column);
        for block in features.start / BLOCK..features.end.div_ceil(BLOCK) {
            let mut masks = [0; FEW];
            let mut numbers: [&[u8]; FEW] = [&[]; FEW];
            for (row, (mask, numbers)) in masks.iter_mut().zip(&mut numbers).enumerate().take(a.rows) {
                (*mask, *numbers) = (a.record(row).mask(block), a.record(row).numbers(block));
            }
            let mut left = bits(&features, block);
            // What is zero in all rows is written only if it must be.
            if let Some(left_out) = &mut left_out {
                left &= masks.iter().fold(0, |all, mask| all | mask);
                left_out.all_but(block, left);
            }
            while left != 0 {
                let bit = left & left.wrapping_neg();
                let number = block * BLOCK + left.trailing_zeros() as usize - features.start;
                left &= left - 1;
                // SAFETY: `dispatch` has found the processor to have the instruction set `I`. There is a row of B for each one
                // of A, and the places lie within a row of B and of C.
                unsafe {
                    let mut sums = [T::Register::<I>::splat(T::zero()); W];
                    for (row, mask) in masks.iter().enumerate().filter(|(_, mask)| **mask & bit != 0) {
                        let byte = numbers[row][(mask & (bit - 1)).count_ones() as usize];
                        let factor = T::Register::<I>::splat(a.numbers[usize::from(byte)]);
                        let line = b[row * n..(row + 1) * n].as_ptr().wrapping_add(column);
                        for (sum, &place) in sums.iter_mut().zip(&places) {
                            *sum =
                                factor.multiply_add(T::Register::<I>::load(line.wrapping_add(place)), *sum);
                        }
                    }
                    write(&mut c[number * n..][column..n], sums, places);
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
        let Backward { tile: Tile { a, b, n, column, c, scratch }, features, mut left_out } = self;
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
                let there = columns.fill(&a, rows.clone(), block);
                let mut asked = bits(&features, block);
                if let Some(left_out) = &mut left_out {
                    asked &= there;
                    left_out.all_but(block, asked);
                }
                while asked != 0 {
                    let feature = asked.trailing_zeros() as usize;
                    asked &= asked - 1;
                    let c = &mut c[(block * BLOCK + feature - features.start) * n..][column..n];
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

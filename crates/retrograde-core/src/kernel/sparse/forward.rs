//! The product of sparse rows: a row of C is the sum of those rows of B whose columns of A are not zero.

use super::{DEPTH, NARROWEST, REGISTERS, SparseRows, Tile, copy, places, sums_so_far, tiles, write};
use crate::kernel::Real;
use crate::kernel::dispatch::{Body, InstructionSet, dispatch};
use crate::kernel::nonzeros::BLOCK;
use crate::kernel::vector::Vector;

/// How many blocks these are.
const BLOCKS_A_DEPTH: usize = DEPTH / BLOCK;

/// From this many rows on, copying B pays.
const WORTH_COPYING_B: usize = 16;

/// C = A·B for the sparse rows A; B is row-major with `n` columns, at least [`NARROWEST`]. `scratch` has as many numbers as
/// [`scratch`](super::scratch) says.
pub(crate) fn product<T: Real>(a: SparseRows<'_, T>, b: &[T], n: usize, c: &mut [T], scratch: &mut [T]) {
    assert!(n >= NARROWEST && b.len() >= a.lists.width() * n, "the right operand of a sparse product");
    assert_eq!(c.len(), a.rows * n, "the rows of a sparse product");
    // A register that does not begin with a line of the cache takes twice as long to read.
    let copy = !(n * size_of::<T>()).is_multiple_of(64) && a.rows >= WORTH_COPYING_B;
    tiles::<T>(n, REGISTERS, &mut |column, registers| {
        let tile = Tile { a, b, n, column, c, scratch };
        match registers {
            1 => of_width::<T, 1>(tile, copy),
            2 => of_width::<T, 2>(tile, copy),
            3 => of_width::<T, 3>(tile, copy),
            4 => of_width::<T, 4>(tile, copy),
            5 => of_width::<T, 5>(tile, copy),
            6 => of_width::<T, 6>(tile, copy),
            7 => of_width::<T, 7>(tile, copy),
            _ => of_width::<T, 8>(tile, copy),
        }
    });
}

fn of_width<T: Real, const W: usize>(tile: Tile<'_, '_, T>, copy: bool) {
    if copy { dispatch(Forward::<T, W, true>(tile)) } else { dispatch(Forward::<T, W, false>(tile)) }
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

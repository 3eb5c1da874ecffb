//! The product of compressed rows: a row of C is the sum of the rows of B at the nonzero columns of A.

use super::bit_mask::BLOCK;
use super::{DEPTH, GatheredRows, MIN_COLUMNS, REGISTERS, Tile, initial_sums, offsets, pack, store, tiles};
use crate::kernel::simd::{Body, InstructionSet, Real, Vector, dispatch};

/// The blocks of columns in [`DEPTH`].
const BLOCKS_PER_DEPTH: usize = DEPTH / BLOCK;

/// The least number of rows for which packing B pays.
const MIN_ROWS_TO_PACK: usize = 16;

/// C = A·B for compressed rows A. B is row-major with `n` columns, at least [`MIN_COLUMNS`]. `scratch` has
/// [`scratch`](super::scratch) elements.
pub(crate) fn product<T: Real>(a: GatheredRows<'_, T>, b: &[T], n: usize, c: &mut [T], scratch: &mut [T]) {
    assert!(n >= MIN_COLUMNS && b.len() >= a.table.width() * n, "the right operand of a sparse product");
    assert_eq!(c.len(), a.rows * n, "the rows of a sparse product");
    // A load that crosses cache lines takes twice as long.
    let packed = !(n * size_of::<T>()).is_multiple_of(64) && a.rows >= MIN_ROWS_TO_PACK;
    tiles::<T>(n, REGISTERS, &mut |column, registers| {
        let tile = Tile { a, b, n, column, c, scratch };
        match registers {
            1 => of_width::<T, 1>(tile, packed),
            2 => of_width::<T, 2>(tile, packed),
            3 => of_width::<T, 3>(tile, packed),
            4 => of_width::<T, 4>(tile, packed),
            5 => of_width::<T, 5>(tile, packed),
            6 => of_width::<T, 6>(tile, packed),
            7 => of_width::<T, 7>(tile, packed),
            _ => of_width::<T, 8>(tile, packed),
        }
    });
}

fn of_width<T: Real, const W: usize>(tile: Tile<'_, '_, T>, packed: bool) {
    if packed { dispatch(Forward::<T, W, true>(tile)) } else { dispatch(Forward::<T, W, false>(tile)) }
}

/// A tile of `W` registers of C = A·B; B is packed first if `PACKED`.
struct Forward<'a, 'b, T, const W: usize, const PACKED: bool>(Tile<'a, 'b, T>);

impl<T: Real, const W: usize, const PACKED: bool> Body for Forward<'_, '_, T, W, PACKED> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Tile { a, b, n, column, c, scratch } = self.0;
        let (lanes, width, blocks) = (T::Register::<I>::LANES, a.table.width(), a.blocks());
        let offsets = offsets::<W>(lanes, n - column);
        let step = if PACKED { W * lanes } else { n };
        for first in (0..blocks).step_by(BLOCKS_PER_DEPTH) {
            let last = blocks.min(first + BLOCKS_PER_DEPTH);
            let range = first * BLOCK..width.min(last * BLOCK);
            let b = &b[range.start * n..range.end * n];
            let b = if PACKED {
                // SAFETY: `dispatch` has checked that the processor has the instruction set `I`.
                unsafe { pack::<T, I, W>(b, n, column, offsets, &mut scratch[..range.len() * step]) };
                &scratch[..range.len() * step]
            } else {
                &b[column..]
            };
            for (row, c) in c.chunks_exact_mut(n).enumerate() {
                if column == 0 && first == 0 {
                    a.prefetch_next(row);
                }
                let compressed = a.row(row);
                let mut nonzeros = compressed.nonzeros(first).iter();
                // SAFETY: `dispatch` has checked that the processor has the instruction set `I`. B has `step` numbers for each
                // column of these blocks, as its slice above asserts, and no bit of a mask stands for a column beyond them, as
                // the assertion below says. `offsets` has asserted that the offsets lie within a row of B and of C.
                unsafe {
                    let mut sums = initial_sums::<T, T::Register<I>, W>(&c[column..], offsets, first > 0);
                    for block in first..last {
                        let b = b.as_ptr().wrapping_add((block - first) * BLOCK * step);
                        let mut remaining = compressed.mask(block);
                        let beyond = remaining.checked_shr((width - block * BLOCK) as u32);
                        assert!(beyond.unwrap_or(0) == 0, "a column of a compressed row");
                        while remaining != 0 {
                            let Some(&byte) = nonzeros.next() else { break };
                            let line = b.wrapping_add(remaining.trailing_zeros() as usize * step);
                            remaining &= remaining - 1;
                            let factor = T::Register::<I>::splat(a.numbers[usize::from(byte)]);
                            for (w, sum) in sums.iter_mut().enumerate() {
                                let offset = if PACKED { w * lanes } else { offsets[w] };
                                let b = T::Register::<I>::load(line.wrapping_add(offset));
                                *sum = factor.multiply_add(b, *sum);
                            }
                        }
                    }
                    store(&mut c[column..], sums, offsets);
                }
            }
        }
    }
}

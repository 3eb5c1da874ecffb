//! Operands that are copied into the order in which the tiles read them, where that pays.

use super::tile::{heights, width_for_few};
use super::{LANES, Matrix};
use crate::kernel::prefetch::prefetch_line;
use crate::kernel::simd::{Body, InstructionSet, Real, Vector, dispatch, transpose};

/// From this many columns of C on, a row of A is read often enough for packing to pay.
pub(super) const WORTH_PACKING_ROWS_OF_A: usize = 128;

/// From this many rows of C on, a panel of B that is not transposed is.
const WORTH_PACKING_A_PANEL_OF_B: usize = 24;

/// Lines this many bytes apart or more, one a step, crowd into few sets of the first-level cache, and no prefetcher sees
/// them coming.
const FAR_APART: usize = 1024;

/// The bytes of a line of the cache.
const LINE: usize = 64;

/// Lines that are multiples of this many bytes apart fall into so few sets that those of one tile push each other out.
const SAME_SETS: usize = 2048;

/// Lines that are spread over more bytes lie on more pages than the first-level TLB holds.
const MOST_APART: usize = 384 * 1024;

/// A block of rows of A, as tiles read it.
pub(super) struct Strips<'a, T> {
    matrix: Matrix<'a, T>,
    /// Whether it was packed, into one strip for each tile, step by step.
    packed: bool,
}

impl<'a, T: Real> Strips<'a, T> {
    /// Rows that are read where they lie.
    pub(super) fn in_place(matrix: Matrix<'a, T>) -> Self {
        Strips { matrix, packed: false }
    }

    pub(super) fn new(
        a: Matrix<'a, T>,
        (rows, steps): (usize, usize),
        columns: usize,
        highest: usize,
        scratch: &'a mut [T],
    ) -> Self {
        let bytes = size_of::<T>();
        let far = if a.row == 1 {
            a.column * bytes >= FAR_APART
        } else {
            a.column == 1 && (a.row * bytes).is_multiple_of(SAME_SETS)
        };
        if columns < WORTH_PACKING_ROWS_OF_A || !far {
            return Self::in_place(a);
        }
        let (mut row, mut rest) = (0, &mut scratch[..rows * steps]);
        for height in heights(rows, highest) {
            let (strip, behind) = rest.split_at_mut(height * steps);
            let from = a.from(row, 0);
            if a.row == 1 {
                dispatch(Lines { from, width: height, ahead: false, to: strip });
            } else {
                let from = Matrix { row: 1, column: a.row, ..from };
                dispatch(Turned { from, columns: height, apart: height, to: strip });
            }
            rest = behind;
            row += height;
        }
        Strips { matrix: Matrix { values: scratch, row: 1, column: 0 }, packed: true }
    }

    /// The rows of the tile that begins at `row` and is `height` rows high.
    pub(super) fn strip(&self, row: usize, height: usize, steps: usize) -> Matrix<'a, T> {
        if self.packed {
            let values = &self.matrix.values[row * steps..(row + height) * steps];
            Matrix { values, row: 1, column: height }
        } else {
            self.matrix.from(row, 0)
        }
    }
}

/// Lines of `width` numbers, which lie together in memory `column` numbers apart, copied side by side.
struct Lines<'a, 'b, T> {
    from: Matrix<'a, T>,
    width: usize,
    /// Whether what lies to the right is prefetched: it will be copied next, and no prefetcher sees it coming.
    ahead: bool,
    to: &'b mut [T],
}

impl<T: Real> Body for Lines<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Lines { from, width, ahead, to } = self;
        let lanes = T::Register::<I>::LANES;
        assert!(from.row == 1 && from.holds(width, to.len() / width), "lines within the matrix");
        for (p, line) in to.chunks_exact_mut(width).enumerate() {
            let from = from.values.as_ptr().wrapping_add(p * from.column);
            if ahead {
                (width..2 * width)
                    .step_by(64 / size_of::<T>())
                    .for_each(|next| prefetch_line(from.wrapping_add(next)));
            }
            for first in (0..width).step_by(lanes) {
                let count = lanes.min(width - first);
                // SAFETY: `dispatch` has found the processor to have the instruction set `I`; each line lies within the
                // matrix, as the assertion says, and there is as much room for it.
                unsafe {
                    let (from, to) = (from.wrapping_add(first), line.as_mut_ptr().wrapping_add(first));
                    if count == lanes {
                        T::Register::<I>::load(from).store(to);
                    } else {
                        T::Register::<I>::load_part(from, count).store_part(to, count);
                    }
                }
            }
        }
    }
}

/// A column panel of B: row p of it begins at `values[p·row]`.
#[derive(Clone, Copy)]
pub(crate) struct Panel<'a, T> {
    pub(crate) values: &'a [T],
    pub(crate) row: usize,
}

impl<'a, T: Real> Panel<'a, T> {
    /// The first columns of the `left` ones of `b`, for `rows` rows of A to pass, and how many columns these are.
    pub(super) fn new(
        b: Matrix<'a, T>,
        (rows, steps): (usize, usize),
        left: usize,
        lanes: usize,
        scratch: &'a mut [T],
    ) -> (usize, Self) {
        // Whole lines an odd number of lines apart are spread over all sets.
        let apart = b.row * size_of::<T>();
        let far = apart >= FAR_APART && (apart.is_multiple_of(2 * LINE) || apart * steps > MOST_APART);
        let far = rows >= WORTH_PACKING_A_PANEL_OF_B && far;
        if b.column == 1 && !far {
            let wide = width_for_few(rows).map(|registers| registers * lanes).filter(|&wide| wide <= left);
            return (wide.unwrap_or_else(|| left.min(2 * lanes)), Panel { values: b.values, row: b.row });
        }
        let columns = left.min(2 * lanes);
        let packed = &mut scratch[..steps * columns];
        if b.column == 1 {
            // Rows of B are lines of its transpose.
            let from = Matrix { row: 1, column: b.row, ..b };
            dispatch(Lines { from, width: columns, ahead: true, to: packed });
        } else if b.row == 1 {
            dispatch(Turned { from: b, columns, apart: columns, to: packed });
        } else {
            for (p, line) in packed.chunks_exact_mut(columns).enumerate() {
                line.iter_mut().enumerate().for_each(|(j, to)| *to = b.values[p * b.row + j * b.column]);
            }
        }
        (columns, Panel { values: packed, row: columns })
    }
}

/// Copies the first `columns` columns of a matrix, whose columns lie together in memory, row by row to `to`.
pub(crate) fn turn<T: Real>(from: Matrix<'_, T>, columns: usize, to: &mut [T]) {
    turn_apart(from, columns, columns, to);
}

/// As [`turn`], to rows that are `apart` numbers apart; what is behind the columns stays as it is.
pub(crate) fn turn_apart<T: Real>(from: Matrix<'_, T>, columns: usize, apart: usize, to: &mut [T]) {
    dispatch(Turned { from, columns, apart, to });
}

/// Columns of a matrix whose columns lie together in memory, copied row by row.
pub(super) struct Turned<'a, 'b, T> {
    pub(super) from: Matrix<'a, T>,
    pub(super) columns: usize,
    /// The distance of the rows in the copy.
    pub(super) apart: usize,
    pub(super) to: &'b mut [T],
}

impl<T: Real> Body for Turned<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Turned { from, columns, apart, to } = self;
        let (lanes, steps) = (T::Register::<I>::LANES, to.len() / apart);
        assert!(from.row == 1 && from.holds(steps, columns) && lanes <= LANES, "columns within the matrix");
        assert!(columns <= apart, "rows that overlap");
        for first in (0..columns).step_by(lanes) {
            let width = lanes.min(columns - first);
            for step in (0..steps).step_by(lanes) {
                let height = lanes.min(steps - step);
                // SAFETY: `dispatch` has found the processor to have the instruction set `I`. Of `width` columns from
                // `first` on `height` numbers are read from `step` on, and as many lines written: all within bounds.
                unsafe {
                    let mut square = [T::Register::<I>::splat(T::zero()); LANES];
                    for (j, register) in square.iter_mut().enumerate().take(width) {
                        let from = from.values.as_ptr().wrapping_add((first + j) * from.column + step);
                        *register = if height == lanes {
                            T::Register::<I>::load(from)
                        } else {
                            T::Register::<I>::load_part(from, height)
                        };
                    }
                    transpose::<T, T::Register<I>>(&mut square);
                    for (p, register) in square.iter().enumerate().take(height) {
                        let to = to.as_mut_ptr().wrapping_add((step + p) * apart + first);
                        if width == lanes { register.store(to) } else { register.store_part(to, width) }
                    }
                }
            }
        }
    }
}

//! Tiles of C, which stay in registers while a run of k goes by.

use super::pack::{Panel, Strips};
use super::{LANES, Matrix};
use crate::kernel::simd::{Body, InstructionSet, Real, Vector, dispatch};
use std::hint::black_box;

/// The most rows of a tile.
const HIGHEST: usize = 12;

/// How many rows of A are addressed from one pointer: an instruction adds a stride once or twice.
const ROWS_PER_POINTER: usize = 3;

/// The pointers that the highest tile needs.
const POINTERS: usize = HIGHEST.div_ceil(ROWS_PER_POINTER);

/// Some rows of C.
pub(super) struct Block<'a, T> {
    pub(super) c: &'a mut [T],
    pub(super) n: usize,
    /// How many steps of k go by.
    pub(super) steps: usize,
    /// Whether these are the first steps of k, and nothing is there to be added to.
    pub(super) first: bool,
}

/// The heights of the tiles, from above, for so many rows: as even as may be, since a low tile reads as much of B as a high
/// one. What a lower tile cannot do in one is done in several.
pub(super) fn heights(mut rows: usize, highest: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let even = rows.div_ceil(rows.div_ceil(highest).max(1));
        let height = match even {
            7..=8 => 8,
            9..=10 => 10,
            11.. => 12,
            _ => even,
        };
        let height = match height.min(rows) {
            7 => 6,
            9 => 8,
            11 => 10,
            height => height,
        };
        rows -= height;
        (height > 0).then_some(height)
    })
}

/// Panels this wide, in registers, are worth their while for so few rows: else a tile would be too few sums at a time to
/// keep the processor busy.
pub(super) fn width_for_few(rows: usize) -> Option<usize> {
    match rows {
        1 => Some(8),
        2 | 3 => Some(4),
        _ => None,
    }
}

impl<T: Real> Block<'_, T> {
    /// The `columns` columns of C from `column` on, one panel of B, in tiles of these heights.
    pub(super) fn panel(
        &mut self,
        a: &Strips<'_, T>,
        b: &Panel<'_, T>,
        (column, columns, lanes): (usize, usize, usize),
        heights: impl Iterator<Item = usize>,
    ) {
        let registers = columns.div_ceil(lanes);
        let last = columns - (registers - 1) * lanes;
        let mut row = 0;
        for height in heights {
            let operands = Operands {
                a: a.strip(row, height, self.steps),
                b: *b,
                steps: self.steps,
                c: &mut self.c[row * self.n + column..],
                n: self.n,
                first: self.first,
                last,
            };
            match (height, registers, last == lanes) {
                (12, 2, true) => dispatch(Tile::<T, 12, 2, false>(operands)),
                (10, 2, true) => dispatch(Tile::<T, 10, 2, false>(operands)),
                (8, 2, true) => dispatch(Tile::<T, 8, 2, false>(operands)),
                (6, 2, true) => dispatch(Tile::<T, 6, 2, false>(operands)),
                (5, 2, true) => dispatch(Tile::<T, 5, 2, false>(operands)),
                (4, 2, true) => dispatch(Tile::<T, 4, 2, false>(operands)),
                (3, 2, true) => dispatch(Tile::<T, 3, 2, false>(operands)),
                (2, 2, true) => dispatch(Tile::<T, 2, 2, false>(operands)),
                (1, 2, true) => dispatch(Tile::<T, 1, 2, false>(operands)),
                (12, 2, false) => dispatch(Tile::<T, 12, 2, true>(operands)),
                (10, 2, false) => dispatch(Tile::<T, 10, 2, true>(operands)),
                (8, 2, false) => dispatch(Tile::<T, 8, 2, true>(operands)),
                (6, 2, false) => dispatch(Tile::<T, 6, 2, true>(operands)),
                (5, 2, false) => dispatch(Tile::<T, 5, 2, true>(operands)),
                (4, 2, false) => dispatch(Tile::<T, 4, 2, true>(operands)),
                (3, 2, false) => dispatch(Tile::<T, 3, 2, true>(operands)),
                (2, 2, false) => dispatch(Tile::<T, 2, 2, true>(operands)),
                (1, 2, false) => dispatch(Tile::<T, 1, 2, true>(operands)),
                (12, 1, _) => dispatch(Tile::<T, 12, 1, true>(operands)),
                (10, 1, _) => dispatch(Tile::<T, 10, 1, true>(operands)),
                (8, 1, _) => dispatch(Tile::<T, 8, 1, true>(operands)),
                (6, 1, _) => dispatch(Tile::<T, 6, 1, true>(operands)),
                (5, 1, _) => dispatch(Tile::<T, 5, 1, true>(operands)),
                (4, 1, _) => dispatch(Tile::<T, 4, 1, true>(operands)),
                (3, 1, _) => dispatch(Tile::<T, 3, 1, true>(operands)),
                (2, 1, _) => dispatch(Tile::<T, 2, 1, true>(operands)),
                (1, 1, _) => dispatch(Tile::<T, 1, 1, true>(operands)),
                (3, 4, true) => dispatch(Tile::<T, 3, 4, false>(operands)),
                (2, 4, true) => dispatch(Tile::<T, 2, 4, false>(operands)),
                (1, 8, true) => dispatch(Tile::<T, 1, 8, false>(operands)),
                _ => unreachable!("{height} rows of {registers} registers"),
            }
            row += height;
        }
    }
}

/// What a tile is made of.
struct Operands<'a, T> {
    a: Matrix<'a, T>,
    b: Panel<'a, T>,
    steps: usize,
    c: &'a mut [T],
    n: usize,
    first: bool,
    /// How many lanes of the last register are columns of C.
    last: usize,
}

/// One tile of C, M rows and W registers wide, of which the last one is not full if there is an `EDGE`, kept in registers
/// while some steps of k go by. Each tile is a function of its own: where the compiler sees several at once, it no longer
/// keeps the sums in registers.
struct Tile<'a, T, const M: usize, const W: usize, const EDGE: bool>(Operands<'a, T>);

impl<T: Real, const M: usize, const W: usize, const EDGE: bool> Body for Tile<'_, T, M, W, EDGE> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        if M > 6 && !I::MANY_REGISTERS {
            unreachable!("a tile that the registers do not hold");
        }
        let Operands { a, b, steps, c, n, first, last } = self.0;
        let lanes = T::Register::<I>::LANES;
        let width = (W - 1) * lanes + last;
        assert!(last <= lanes && lanes <= LANES && (EDGE || last == lanes), "the last register");
        assert!(a.holds(M, steps) && b.values.len() >= (steps - 1) * b.row + width, "a tile's operands");
        assert!(c.len() >= (M - 1) * n + width, "a tile's results");
        // Hidden from the compiler, which would compute each pointer from the one before: a chain of as many additions as the tile
        // has rows, and a tile of one register takes 1.4 times as long.
        let mut x: [*const T; POINTERS] = std::array::from_fn(|group| {
            black_box(a.values.as_ptr().wrapping_add(group * ROWS_PER_POINTER * a.row))
        });
        let mut y = b.values.as_ptr();
        // SAFETY: `dispatch` has found the processor to have the instruction set `I`. The assertions cover what is read
        // and written: rows i < M, steps p < steps, and `width` columns of B and C.
        unsafe {
            let load = |from: *const T, w: usize| {
                if EDGE && w + 1 == W {
                    T::Register::<I>::load_part(from.wrapping_add(w * lanes), last)
                } else {
                    T::Register::<I>::load(from.wrapping_add(w * lanes))
                }
            };
            let mut sums = [[T::Register::<I>::splat(T::zero()); W]; M];
            if !first {
                for (i, sums) in sums.iter_mut().enumerate() {
                    for (w, sum) in sums.iter_mut().enumerate() {
                        *sum = load(c.as_ptr().add(i * n), w);
                    }
                }
            }
            for _ in 0..steps {
                let line: [_; W] = std::array::from_fn(|w| load(y, w));
                for (i, sums) in sums.iter_mut().enumerate() {
                    let x = x[i / ROWS_PER_POINTER].wrapping_add(i % ROWS_PER_POINTER * a.row);
                    let factor = T::Register::<I>::splat(*x);
                    for (sum, &b) in sums.iter_mut().zip(&line) {
                        *sum = factor.multiply_add(b, *sum);
                    }
                }
                x = x.map(|x| x.wrapping_add(a.column));
                y = y.wrapping_add(b.row);
            }
            for (i, sums) in sums.iter().enumerate() {
                let c = c.as_mut_ptr().add(i * n);
                for (w, &sum) in sums.iter().enumerate() {
                    if EDGE && w + 1 == W {
                        sum.store_part(c.add(w * lanes), last);
                    } else {
                        sum.store(c.add(w * lanes));
                    }
                }
            }
        }
    }
}

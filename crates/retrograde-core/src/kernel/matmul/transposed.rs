//! Products whose columns do not fill the vector registers: vectors run along the rows of C.
//!
//! Cᵀ = Bᵀ·Aᵀ is computed in the same tiles. A panel of Cᵀ, as wide as a tile, stays in scratch memory while k goes by, and is then
//! transposed into C. Of 50 columns, 50 of 64 lanes are used along the columns, and all lanes along 784 rows: the gradient of that
//! weight takes 0.9 times as long, that of 256 × 10 weights 0.6 times. A must be transposed in memory: to transpose it here would cost
//! what the lanes gain. Each sum has the same order as along the columns, and the same bits.

use super::pack::{Panel, Strips, Turned};
use super::tile::{Block, heights};
use super::{DEPTH, LANES, Matrix, WIDEST, depths};
use crate::kernel::simd::{Real, dispatch};

/// The most columns: more fill the registers well enough.
pub(super) const MOST_COLUMNS: usize = 128;

/// The bytes of both operands for a run of k, which stay in the first-level cache for all tiles of a panel.
const CACHED: usize = 36 * 1024;

/// Whether A is transposed, and the rows fill the registers better than the columns do, by at least an eighth.
pub(super) fn suits<T>(a: &Matrix<'_, T>, (rows, n): (usize, usize), lanes: usize) -> bool {
    let (along_columns, along_rows) = (rows * n.next_multiple_of(lanes), rows.next_multiple_of(lanes) * n);
    (1..=MOST_COLUMNS).contains(&n) && a.row == 1 && along_rows + along_rows / 8 <= along_columns
}

/// The scratch memory of a panel of Cᵀ.
pub(super) fn scratch(n: usize) -> usize {
    if n <= MOST_COLUMNS { n * WIDEST } else { 0 }
}

/// Rows of C = A·B, row-major.
pub(super) fn product<T: Real>(
    a: Matrix<'_, T>,
    b: Matrix<'_, T>,
    (k, n): (usize, usize),
    c: &mut [T],
    (lanes, highest): (usize, usize),
    scratch: &mut [T],
) {
    let (packed, results) = scratch.split_at_mut(k.min(DEPTH) * WIDEST);
    let a = Matrix { row: a.column, column: a.row, ..a };
    let b = Matrix { row: b.column, column: b.row, ..b };
    let most = (CACHED / ((n + 2 * lanes) * size_of::<T>())).clamp(LANES, DEPTH);
    for (number, c) in c.chunks_mut(2 * lanes * n).enumerate() {
        let rows = c.len() / n;
        let results = &mut results[..n * rows];
        for (depth, steps) in depths(k, most) {
            let a = a.from(depth, number * 2 * lanes);
            let (columns, panel) = Panel::new(a, (n, steps), rows, lanes, packed);
            let mut block = Block { c: results, n: rows, steps, first: depth == 0 };
            let b = Strips::in_place(b.from(0, depth));
            block.panel(&b, &panel, (0, columns, lanes), heights(n, highest));
        }
        let from = Matrix { values: results, row: 1, column: rows };
        dispatch(Turned { from, columns: n, apart: n, to: c });
    }
}

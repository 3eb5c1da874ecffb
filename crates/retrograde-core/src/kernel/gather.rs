//! Gathering rows of a table.

use super::prefetch::prefetch;
use super::simd::{Body, InstructionSet, Real, dispatch};

/// The prefetch distance in rows.
const DISTANCE: usize = 4;

/// Copies rows of `width` elements.
pub(crate) fn copy_rows<E: Copy>(table: &[E], rows: &[u32], width: usize, output: &mut [E]) {
    for (i, &row) in rows.iter().enumerate() {
        prefetch_row(table, rows, &[], i, width);
        let from = row as usize * width;
        output[i * width..(i + 1) * width].copy_from_slice(&table[from..from + width]);
    }
}

/// Copies rows of `width` bytes, each as `byte × scale`. The rows `next` are those that the next run gathers, or empty.
pub(crate) fn widen_rows<T: Real>(
    (table, scale): (&[u8], T),
    rows: &[u32],
    next: &[u32],
    width: usize,
    output: &mut [T],
) {
    dispatch(Widen { table, scale, rows, next, width, output });
}

/// Prefetches row `i` of the next run, or, if that is unknown, the row [`DISTANCE`] after row `i`.
#[inline(always)]
fn prefetch_row<E>(table: &[E], rows: &[u32], next: &[u32], i: usize, width: usize) {
    if let Some(&row) = next.get(i).or_else(|| rows.get(i + DISTANCE)) {
        let from = row as usize * width;
        prefetch(&table[from..from + width]);
    }
}

struct Widen<'a, T> {
    table: &'a [u8],
    scale: T,
    rows: &'a [u32],
    next: &'a [u32],
    width: usize,
    output: &'a mut [T],
}

impl<T: Real> Body for Widen<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        for (i, &row) in self.rows.iter().enumerate() {
            prefetch_row(self.table, self.rows, self.next, i, self.width);
            let from = row as usize * self.width;
            let output = &mut self.output[i * self.width..(i + 1) * self.width];
            for (output, &byte) in output.iter_mut().zip(&self.table[from..from + self.width]) {
                *output = T::of_byte(byte) * self.scale;
            }
        }
    }
}

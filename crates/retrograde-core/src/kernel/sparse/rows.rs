//! Compressed rows: the nonzero bytes of each row of a table, and the rows of it that a batch gathers.

use super::bit_mask::{BLOCK, compress_row};
use crate::kernel::prefetch::prefetch;

/// The number of rows from which the fraction of nonzeros is estimated.
const SAMPLED_ROWS: usize = 64;

/// The largest fraction of nonzeros with which compression pays: the sparse product takes about twice as long for each of
/// them as the dense one.
const MAX_NONZEROS: f64 = 0.4;

/// The number of values of a byte.
pub(crate) const BYTES: usize = 256;

/// The rows of a table of bytes, each compressed to a [`CompressedRow`] of some hundred bytes, in few cache lines.
#[derive(Debug)]
pub(crate) struct CompressedRows {
    width: usize,
    /// Where each row begins in `bytes`, and the end of the last one.
    starts: Vec<u32>,
    bytes: Vec<u8>,
    max_row_bytes: usize,
}

/// One compressed row: for each block of 64 columns a bit mask of the nonzeros, then the number of nonzeros before each block
/// and in the whole row, then the nonzero bytes.
#[derive(Clone, Copy)]
pub(super) struct CompressedRow<'a> {
    masks: &'a [u8],
    prefix_counts: &'a [u8],
    nonzeros: &'a [u8],
}

impl CompressedRows {
    /// Compresses rows of `width` bytes. `None` if too few are zero, or if positions exceed their types.
    pub(crate) fn new(table: &[u8], width: usize) -> Option<Self> {
        if width == 0 || width > usize::from(u16::MAX) || !is_mostly_zero(table, width) {
            return None;
        }
        let blocks = width.div_ceil(BLOCK);
        let (mut masks, mut prefix_counts) = (vec![0; blocks], vec![0; blocks + 1]);
        let mut nonzeros = vec![0; blocks * BLOCK];
        let (mut starts, mut bytes) = (Vec::new(), Vec::new());
        starts.try_reserve_exact(table.len() / width + 1).ok()?;
        for row in table.chunks_exact(width) {
            let count = compress_row(row, &mut masks, &mut prefix_counts, &mut nonzeros);
            starts.push(u32::try_from(bytes.len()).ok()?);
            bytes.try_reserve(size_of_val(&masks[..]) + size_of_val(&prefix_counts[..]) + count).ok()?;
            bytes.extend(masks.iter().flat_map(|mask| mask.to_le_bytes()));
            bytes.extend(prefix_counts.iter().flat_map(|count| count.to_le_bytes()));
            bytes.extend_from_slice(&nonzeros[..count]);
        }
        starts.push(u32::try_from(bytes.len()).ok()?);
        bytes.shrink_to_fit();
        let max_row_bytes = starts.windows(2).map(|ends| (ends[1] - ends[0]) as usize).max().unwrap_or(0);
        Some(CompressedRows { width, starts, bytes, max_row_bytes })
    }

    /// The number of columns.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The mean size of a compressed row in bytes.
    pub(crate) fn mean_row_bytes(&self) -> usize {
        self.bytes.len() / self.starts.len().saturating_sub(1).max(1)
    }

    /// The number of words of 32 bits that [`GatheredRows`] have for each row: the index of the row to be gathered next, and
    /// the longest compressed row.
    pub(crate) fn words_per_row(&self) -> usize {
        1 + self.max_row_bytes.div_ceil(size_of::<u32>())
    }

    #[inline(always)]
    fn row(&self, row: u32) -> &[u8] {
        let row = row as usize;
        &self.bytes[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}

impl<'a> CompressedRow<'a> {
    /// The compressed row of `width` columns at the beginning of `bytes`.
    #[inline(always)]
    fn new(bytes: &'a [u8], width: usize) -> Self {
        let blocks = width.div_ceil(BLOCK);
        let (masks, rest) = bytes.split_at(blocks * size_of::<u64>());
        let (prefix_counts, nonzeros) = rest.split_at((blocks + 1) * size_of::<u16>());
        CompressedRow { masks, prefix_counts, nonzeros }
    }

    /// The bit mask of the nonzero columns of a block.
    #[inline(always)]
    pub(super) fn mask(self, block: usize) -> u64 {
        self.masks.as_chunks().0.get(block).map_or(0, |mask| u64::from_le_bytes(*mask))
    }

    /// The nonzeros from a block on.
    #[inline(always)]
    pub(super) fn nonzeros(self, block: usize) -> &'a [u8] {
        let before = u16::from_le_bytes(self.prefix_counts.as_chunks().0[block]);
        &self.nonzeros[usize::from(before)..]
    }
}

/// Whether few bytes of a sample of the rows are nonzero.
fn is_mostly_zero(table: &[u8], width: usize) -> bool {
    let rows = table.len() / width;
    let (mut sampled, mut nonzeros) = (0, 0);
    for row in table.chunks_exact(width).step_by(rows.div_ceil(SAMPLED_ROWS).max(1)) {
        sampled += width;
        nonzeros += row.iter().filter(|&&byte| byte != 0).count();
    }
    sampled > 0 && (nonzeros as f64) < MAX_NONZEROS * sampled as f64
}

/// Compressed rows that were gathered from a table: the left operand of a sparse product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GatheredRows<'a, T> {
    pub(crate) table: &'a CompressedRows,
    /// The number that each byte stands for.
    pub(crate) numbers: &'a [T; BYTES],
    /// [`CompressedRows::words_per_row`] words for each row: the index of the row that the next run gathers in its place, or
    /// [`NONE`], and the compressed row.
    pub(crate) words: &'a [u32],
    pub(crate) words_per_row: usize,
    pub(crate) rows: usize,
}

/// Stands for an unknown row.
const NONE: u32 = u32::MAX;

/// Copies compressed rows of a table to `words`. The rows `next` are those that the next run gathers, or empty.
pub(crate) fn gather(table: &CompressedRows, rows: &[u32], next: &[u32], words: &mut [u32]) {
    let words = words.chunks_exact_mut(table.words_per_row());
    assert_eq!(words.len(), rows.len(), "one compressed row for each gathered row");
    for (i, (to, &row)) in words.zip(rows).enumerate() {
        let (coming, to) = to.split_at_mut(1);
        coming[0] = next.get(i).copied().unwrap_or(NONE);
        let row = table.row(row);
        // SAFETY: any bytes are valid words.
        let (_, to, _) = unsafe { to.align_to_mut::<u8>() };
        to[..row.len()].copy_from_slice(row);
    }
}

impl<'a, T> GatheredRows<'a, T> {
    #[inline(always)]
    fn words(&self, row: usize) -> &'a [u32] {
        &self.words[row * self.words_per_row..(row + 1) * self.words_per_row]
    }

    #[inline(always)]
    pub(super) fn row(&self, row: usize) -> CompressedRow<'a> {
        // SAFETY: any words are valid bytes.
        let (_, bytes, _) = unsafe { self.words(row)[1..].align_to::<u8>() };
        CompressedRow::new(bytes, self.table.width)
    }

    /// Prefetches the row that the next run gathers in the place of this one: main memory answers during the product.
    #[inline(always)]
    pub(super) fn prefetch_next(&self, row: usize) {
        let next = self.words(row)[0];
        if next != NONE {
            prefetch(self.table.row(next));
        }
    }

    pub(super) fn blocks(&self) -> usize {
        self.table.width.div_ceil(BLOCK)
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, CompressedRow, CompressedRows};

    #[test]
    fn compressed_rows_hold_the_nonzeros() {
        for width in [1_usize, 63, 64, 65, 300, 784] {
            let bytes: Vec<u8> =
                (0..11 * width).map(|i| if i % 11 < 2 { (i % 255 + 1) as u8 } else { 0 }).collect();
            let table = CompressedRows::new(&bytes, width).expect("mostly zero");
            for (row, bytes) in bytes.chunks_exact(width).enumerate() {
                let row = table.row(row as u32);
                assert!(row.len() <= table.max_row_bytes);
                let row = CompressedRow::new(row, width);
                for (block, dense) in bytes.chunks(BLOCK).enumerate() {
                    let (mask, nonzeros) = (row.mask(block), row.nonzeros(block));
                    let is_nonzero = |i: usize| dense.get(i).is_some_and(|&byte| byte != 0);
                    assert!((0..BLOCK).all(|i| (mask >> i & 1 == 1) == is_nonzero(i)));
                    let expected = dense.iter().filter(|byte| **byte != 0);
                    assert!(expected.eq(&nonzeros[..mask.count_ones() as usize]));
                }
            }
        }
    }
}

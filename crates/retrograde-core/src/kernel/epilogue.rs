//! An elementwise group as the epilogue of a row kernel.
//!
//! The output of a row kernel is often read once, by an elementwise group of as many elements: the gradient of a weight, by the
//! update. The kernel then computes it block by block in scratch memory that stays in the cache, and the group is executed on each
//! block. The output is never written to the arena.
//!
//! If the group preserves its outputs where its input is zero, as an update without momentum does, the kernel may skip rows that are
//! zero throughout, and so does the group: a pixel that is black in all images of a batch costs nothing. (`0 · x` for a learning rate
//! `x` that is not finite counts as zero there.)

use super::arena::{ALIGNMENT, Arena, Memory, Place};
use super::chain::Chain;
use super::simd::Real;
use super::sparse::{MAX_ROWS, SkippedRows};
use std::ops::Range;

/// The size of a block, which stays in the first-level cache, unless the kernel prefers more rows.
const BLOCK_BYTES: usize = 32 * 1024;

/// Blocks are multiples of this many rows, unless the kernel prefers another number: the bit masks of the sparse products have as
/// many bits.
const BLOCK_STEP: usize = 64;

/// A chain that is executed on the rows of a kernel's output.
#[derive(Debug)]
pub(crate) struct Epilogue {
    pub(super) chain: Chain,
    /// The rows of a block.
    block: usize,
}

impl Epilogue {
    /// The epilogue of a kernel that prefers blocks of `preferred_rows` rows, each of `row_bytes` bytes.
    pub(crate) fn new(chain: Chain, preferred_rows: usize, row_bytes: usize) -> Self {
        let rows = BLOCK_BYTES / row_bytes.max(1);
        let block = if rows > preferred_rows {
            rows.next_multiple_of(BLOCK_STEP).min(MAX_ROWS.max(preferred_rows))
        } else {
            preferred_rows.max(1)
        };
        Epilogue { chain, block }
    }

    /// Whether it preserves its outputs where its input is zero, so that rows of zeros can be skipped.
    pub(super) fn can_skip_zeros(&self) -> bool {
        self.chain.preserves_on_zero()
    }

    fn block_elements(&self, rows: usize) -> usize {
        let row = self.chain.elements / rows.max(1);
        (self.block.min(rows) * row).next_multiple_of(ALIGNMENT)
    }

    /// The elements of scratch memory for a kernel of `rows` rows that needs `own`.
    pub(super) fn scratch<T: Real>(&self, rows: usize, own: usize) -> usize {
        self.block_elements(rows) + own.max(self.chain.scratch::<T>())
    }

    /// Checks that it is valid as the epilogue of a kernel that reads `inputs` and computes this many `elements`.
    pub(super) fn validate<'a>(
        &self,
        inputs: impl Iterator<Item = &'a Place>,
        elements: usize,
    ) -> Result<(), &'static str> {
        let writes = || self.chain.memory().filter(|(_, writes)| *writes).map(|(start, _)| start);
        let overwritten = inputs.filter_map(Place::memory).any(|(memory, range)| {
            memory == Memory::Real
                && !range.is_empty()
                && writes().any(|start| start < range.end && range.start < start + self.chain.elements)
        });
        if self.chain.elements != elements {
            return Err("an epilogue of another number of elements than its kernel");
        }
        if overwritten {
            return Err("an epilogue writes what its kernel reads");
        }
        self.chain.verify().map_or(Ok(()), Err)
    }

    /// Computes the rows `range` out of `rows`: `compute` fills each block, on which the chain is then executed. If the kernel
    /// `skips` rows of zeros, it may record them; they are then not read.
    ///
    /// # Safety
    /// As for [`Chain::run`]; `compute` writes to nothing but its block and scratch memory.
    pub(super) unsafe fn execute<T: Real>(
        &self,
        arena: &Arena<T>,
        (range, rows): (Range<usize>, usize),
        skips: bool,
        scratch: &mut [T],
        mut compute: impl FnMut(Range<usize>, &mut [T], &mut [T], Option<&mut SkippedRows>),
    ) {
        let row = self.chain.elements / rows.max(1);
        let (block, scratch) = scratch.split_at_mut(self.block_elements(rows));
        let skips = skips && self.can_skip_zeros();
        let mut first = range.start;
        while first < range.end {
            // Blocks end at multiples of their length, however the rows are partitioned.
            let rows = first..range.end.min((first / self.block + 1) * self.block);
            let block = &mut block[..rows.len() * row];
            let mut skipped = if skips { SkippedRows::none(rows.clone()) } else { None };
            compute(rows.clone(), block, scratch, skipped.as_mut());
            let elements = rows.start * row..rows.end * row;
            // SAFETY: the caller promises it for all rows; blocks of one thread are executed one after the other.
            unsafe {
                match skipped {
                    None => {
                        let whole = std::iter::once(0..block.len());
                        self.chain.run(arena, elements, whole, block, scratch);
                    }
                    Some(skipped) => {
                        let computed = skipped.computed_ranges().map(|rows| rows.start * row..rows.end * row);
                        self.chain.run(arena, elements, computed, block, scratch);
                    }
                }
            }
            first = rows.end;
        }
    }
}

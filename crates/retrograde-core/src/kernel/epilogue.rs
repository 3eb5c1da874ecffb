//! An elementwise group as the epilogue of a row kernel.
//!
//! The output of a row kernel is often read once, by an elementwise group of as many elements: the gradient of a weight, by the
//! update. The kernel then computes it block by block in scratch memory that stays in the cache, and the group is executed on each
//! block. The output is never written to the arena.
//!
//! If the group preserves its outputs where its input is zero, as an update without momentum does, the kernel may skip rows that are
//! zero throughout, and so does the group: a pixel that is black in all images of a batch costs nothing. (`0 · x` for a learning rate
//! `x` that is not finite counts as zero there.)

use super::arena::{ALIGNMENT, Arena, Memory};
use super::chain::Chain;
use super::form::{Call, Inputs, Output};
use super::left_out::{self, LeftOut};
use super::real::Real;
use super::work::RowsWork;
use std::ops::Range;

/// A block is about so many bytes, which stay in the first-level cache, unless the kernel needs more rows to be at its best.
const BLOCK_BYTES: usize = 32 * 1024;

/// Blocks are multiples of so many rows, unless a kernel needs more at once: sparse products count in words of as many bits.
const STEP: usize = 64;

/// A chain that goes on with the rows that a kernel makes.
#[derive(Debug)]
pub(crate) struct Epilogue {
    pub(super) chain: Chain,
    /// How many rows are passed on at a time.
    block: usize,
}

impl Epilogue {
    /// The epilogue of a kernel that is at its best with `at_once` rows, each of so many `bytes`.
    pub(crate) fn new(chain: Chain, at_once: usize, bytes: usize) -> Self {
        let block =
            (BLOCK_BYTES / bytes.max(1)).max(at_once).next_multiple_of(STEP).min(left_out::MOST.max(at_once));
        Epilogue { chain, block }
    }

    /// Whether it passes over rows that are left out.
    pub(super) fn leaves_out(&self) -> bool {
        self.chain.unchanged_by_zeros()
    }

    fn length_of_block(&self, rows: usize) -> usize {
        let row = self.chain.elements / rows.max(1);
        (self.block.min(rows) * row).next_multiple_of(ALIGNMENT)
    }

    /// How many numbers of scratch memory are needed, if the kernel needs its `own`.
    pub(super) fn scratch<T: Real>(&self, work: &RowsWork, own: usize) -> usize {
        self.length_of_block(work.rows) + own.max(self.chain.scratch::<T>())
    }

    /// Why it is not sound as the epilogue of this work, if it is not.
    pub(super) fn fault(&self, work: &RowsWork) -> Option<&'static str> {
        let writes = || self.chain.memory().filter(|(_, writes)| *writes).map(|(start, _)| start);
        let overwritten =
            work.inputs.iter().filter_map(|input| input.place.memory()).any(|(memory, range)| {
                memory == Memory::Real
                    && writes().any(|start| start < range.end && range.start < start + self.chain.elements)
            });
        if self.chain.elements != work.output.place.elements() {
            return Some("an epilogue of other elements than are passed on to it");
        }
        if overwritten {
            return Some("an epilogue writes what its kernel reads");
        }
        self.chain.verify()
    }

    /// Does the rows `share` of the work.
    ///
    /// # Safety
    /// As for [`execute`](super::work::execute).
    pub(super) unsafe fn execute<T: Real>(
        &self,
        work: &RowsWork,
        arena: &Arena<T>,
        share: Range<usize>,
        scratch: &mut [T],
    ) {
        let row = self.chain.elements / work.rows.max(1);
        let (block, scratch) = scratch.split_at_mut(self.length_of_block(work.rows));
        let mut first = share.start;
        while first < share.end {
            // A block ends where a multiple of its length does.
            let rows = first..share.end.min((first / self.block + 1) * self.block);
            let passed = &mut block[..rows.len() * row];
            let mut left_out = if self.leaves_out() { LeftOut::nothing(rows.clone()) } else { None };
            // SAFETY: nobody writes to the inputs, as the caller promises and `fault` sees of the chain.
            let inputs = unsafe { Inputs::new(arena, &work.inputs, &rows, work.rows) };
            T::rows(&*work.kernel).evaluate(Call {
                inputs,
                shape: &work.output.shape,
                rows: rows.clone(),
                output: Output::Real(passed),
                scratch,
                left_out: left_out.as_mut(),
            });
            let elements = rows.start * row..rows.end * row;
            // SAFETY: passed on; the rows of one share come one after the other.
            unsafe {
                match left_out {
                    None => {
                        let whole = std::iter::once(0..passed.len());
                        self.chain.run(arena, elements, whole, passed, scratch);
                    }
                    Some(left_out) => {
                        let made = left_out.runs().map(|rows| rows.start * row..rows.end * row);
                        self.chain.run(arena, elements, made, passed, scratch);
                    }
                }
            }
            first = rows.end;
        }
    }
}

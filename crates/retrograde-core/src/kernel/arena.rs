//! The memory of a plan: one block for each kind of values.
//!
//! A plan gives each value its place once. In a run, threads read some places while others are written. Two invariants make that
//! sound: no step writes what it reads (`work::validate`), and no thread writes what another accesses between two barriers
//! (`step::steps`). The two unsafe functions of [`Block`] rely on them.

use super::bytes::Bytes;
use super::simd::Real;
use super::sparse::{BYTES, CompressedRows};
use std::cell::UnsafeCell;
use std::ops::Range;
use std::sync::Arc;

/// The memory of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Real numbers.
    Real {
        /// The position of the first one.
        start: usize,
        /// The number of elements.
        length: usize,
    },
    /// Indices.
    Index {
        /// The position of the first one.
        start: usize,
        /// The number of elements.
        length: usize,
    },
    /// A table of bytes that the plan shares, such as the images of a data set.
    Bytes {
        /// The index of the table.
        table: usize,
        /// The position of the first one.
        start: usize,
        /// The number of elements.
        length: usize,
    },
    /// Real numbers that a row kernel forwards to its [epilogue](super::epilogue): they have no place in the arena.
    Forwarded {
        /// The number of elements.
        length: usize,
    },
    /// Compressed rows that are gathered from a table of bytes, in the memory of indices.
    Compressed {
        /// The index of the table.
        table: usize,
        /// The number of columns.
        width: usize,
        /// The position of the first word.
        start: usize,
        /// The number of words for each row.
        words: usize,
        /// The number of rows.
        rows: usize,
    },
}

impl Place {
    /// The part of this place that holds the rows `range` out of `rows` of equal length.
    pub(crate) fn rows(&self, range: &Range<usize>, rows: usize) -> Place {
        let row = self.elements() / rows.max(1);
        self.part(range.start * row..range.end * row)
    }

    /// The part of this place that holds these of its elements; of compressed rows the rows with these elements.
    pub(crate) fn part(&self, elements: Range<usize>) -> Place {
        let length = elements.len();
        match *self {
            Place::Real { start, .. } => Place::Real { start: start + elements.start, length },
            Place::Index { start, .. } => Place::Index { start: start + elements.start, length },
            Place::Bytes { table, start, .. } => {
                Place::Bytes { table, start: start + elements.start, length }
            }
            Place::Forwarded { .. } => Place::Forwarded { length },
            Place::Compressed { table, width, start, words, .. } => {
                let rows = elements.start / width.max(1)..elements.end.div_ceil(width.max(1));
                Place::Compressed { table, width, start: start + rows.start * words, words, rows: rows.len() }
            }
        }
    }

    /// The number of elements, zeros of compressed rows included.
    pub(crate) fn elements(&self) -> usize {
        match *self {
            Place::Real { length, .. }
            | Place::Index { length, .. }
            | Place::Bytes { length, .. }
            | Place::Forwarded { length } => length,
            Place::Compressed { width, rows, .. } => rows * width,
        }
    }

    /// The memory of the arena that it is; `None` for a table of bytes, which is never written, and for forwarded values.
    pub(crate) fn memory(&self) -> Option<(Memory, Range<usize>)> {
        match *self {
            Place::Real { start, length } => Some((Memory::Real, start..start + length)),
            Place::Index { start, length } => Some((Memory::Index, start..start + length)),
            Place::Compressed { start, words, rows, .. } => {
                Some((Memory::Index, start..start + rows * words))
            }
            Place::Bytes { .. } | Place::Forwarded { .. } => None,
        }
    }
}

/// A block of the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// The block of real numbers.
    Real,
    /// The block of indices.
    Index,
}

/// All values of a plan.
#[derive(Debug)]
pub(crate) struct Arena<T> {
    /// The real numbers.
    pub(crate) real: Block<T>,
    /// The indices.
    pub(crate) index: Block<u32>,
    /// The tables of bytes.
    pub(crate) tables: Vec<Table<T>>,
}

/// A table of bytes, each of which stands for a number.
#[derive(Debug)]
pub(crate) struct Table<T> {
    pub(crate) bytes: Bytes,
    /// The factor of each byte.
    pub(crate) scale: T,
    /// The number that each byte stands for.
    pub(crate) numbers: [T; BYTES],
    /// The compressed rows, if a plan gathers them.
    pub(crate) compressed: Option<Arc<CompressedRows>>,
}

impl<T: Real> Table<T> {
    pub(crate) fn new(bytes: Bytes, scale: T, compressed: Option<Arc<CompressedRows>>) -> Self {
        let numbers = std::array::from_fn(|byte| T::of_byte(byte as u8) * scale);
        Table { bytes, scale, numbers, compressed }
    }
}

/// Numbers in one piece of memory, aligned to a cache line, of which disjoint parts can be borrowed at the same time.
#[derive(Debug)]
pub(crate) struct Block<T> {
    storage: Box<[UnsafeCell<T>]>,
    /// The index of the first aligned element.
    first: usize,
    length: usize,
}

// SAFETY: a block is plain memory. Its unsafe functions require of their callers that accesses do not conflict.
unsafe impl<T: Send + Sync> Sync for Block<T> {}

/// The alignment of places in elements: a cache line of 64 bytes holds 16 `f32`.
pub(crate) const ALIGNMENT: usize = 16;

impl<T: Copy + Default> Block<T> {
    /// A block of `length` zeros; `None` if there is not enough memory.
    pub(crate) fn new(length: usize) -> Option<Self> {
        let padded = length.checked_add(64 / size_of::<T>().max(1))?;
        let mut storage: Vec<UnsafeCell<T>> = Vec::new();
        storage.try_reserve_exact(padded).ok()?;
        storage.resize_with(padded, || UnsafeCell::new(T::default()));
        let first = storage.as_ptr().align_offset(64).min(padded - length);
        Some(Block { storage: storage.into_boxed_slice(), first, length })
    }

    /// The number of elements.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// A pointer to `length` elements from `start` on. Accesses through it must keep the rules of [`slice`](Self::slice) and
    /// [`slice_mut`](Self::slice_mut).
    ///
    /// # Panics
    /// If they are not within the block.
    pub(super) fn pointer(&self, start: usize, length: usize) -> *mut T {
        assert!(start <= self.length && length <= self.length - start, "a place outside of the arena");
        UnsafeCell::raw_get(self.storage[self.first..].as_ptr()).wrapping_add(start)
    }

    /// Borrows `length` elements from `start` on. Panics if they are not within the block.
    ///
    /// # Safety
    /// Nothing writes to them during the borrow.
    pub(crate) unsafe fn slice(&self, start: usize, length: usize) -> &[T] {
        // SAFETY: `pointer` has checked the bounds; the caller promises that no access conflicts.
        unsafe { std::slice::from_raw_parts(self.pointer(start, length), length) }
    }

    /// Borrows `length` elements from `start` on mutably. Panics if they are not within the block.
    ///
    /// # Safety
    /// Nothing else reads or writes them during the borrow.
    #[allow(
        clippy::mut_from_ref,
        reason = "the caller promises the exclusive access that `&mut self` would prove"
    )]
    pub(crate) unsafe fn slice_mut(&self, start: usize, length: usize) -> &mut [T] {
        // SAFETY: `pointer` has checked the bounds; the caller promises that no access conflicts.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(start, length), length) }
    }

    /// All elements.
    pub(crate) fn all(&mut self) -> &mut [T] {
        let (first, length) = (self.first, self.length);
        // SAFETY: `UnsafeCell<T>` has the layout of `T`, and `&mut self` excludes every other borrow.
        unsafe { &mut *(&raw mut self.storage[first..first + length] as *mut [T]) }
    }
}

#[cfg(test)]
mod tests {
    use super::Block;

    #[test]
    fn a_block_is_aligned_and_keeps_its_values() {
        let mut block = Block::<f64>::new(100).expect("memory");
        // SAFETY: the two ranges are disjoint, and there are no other borrows.
        let (a, b) = unsafe { (block.slice_mut(0, 50), block.slice_mut(50, 50)) };
        assert_eq!(a.as_ptr().align_offset(64), 0);
        a.fill(1.0);
        b.fill(2.0);
        assert_eq!(block.all().iter().sum::<f64>(), 150.0);
        assert_eq!(Block::<f32>::new(0).map(|block| block.len()), Some(0));
        assert!(Block::<f32>::new(usize::MAX).is_none() && Block::<f64>::new(1 << 60).is_none());
    }

    #[test]
    #[should_panic(expected = "outside of the arena")]
    fn a_place_outside_is_refused() {
        let block = Block::<f32>::new(8).expect("memory");
        // SAFETY: nothing writes; the call panics before it borrows anything.
        let _ = unsafe { block.slice(4, 5) };
    }
}

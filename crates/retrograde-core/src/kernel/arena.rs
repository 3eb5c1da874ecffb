//! The one block of memory in which all values of a plan lie.
//!
//! A plan decides once where each value lies; while it runs, steps read some places and write others, on several
//! threads. Which places a step reads and writes is checked when the plan is made: what is written is never read or
//! written by anybody else at the same time. On that promise rest the two unsafe functions of [`Block`].

use super::real::Real;
use super::sparse::BYTES;
use super::table::{Bytes, Lists};
use std::cell::UnsafeCell;
use std::ops::Range;
use std::sync::Arc;

/// Where a value lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Real numbers.
    Real {
        /// The first one's position.
        start: usize,
        /// How many.
        length: usize,
    },
    /// Indices.
    Index {
        /// The first one's position.
        start: usize,
        /// How many.
        length: usize,
    },
    /// A table of bytes that belongs to somebody else, such as the images of a data set.
    Bytes {
        /// Its number.
        table: usize,
        /// The first one's position.
        start: usize,
        /// How many.
        length: usize,
    },
    /// Real numbers that are handed on to the [epilogue](super::epilogue) of what makes them, and lie nowhere.
    Passed {
        /// How many.
        length: usize,
    },
    /// Rows of a table of bytes, as lists of what is not zero.
    Sparse {
        /// The table's number.
        table: usize,
        /// How many columns it has.
        width: usize,
        /// Where the records of the rows begin, in the indices.
        start: usize,
        /// How many words each has room for.
        words: usize,
        /// How many rows.
        rows: usize,
    },
}

impl Place {
    /// The part of this place that holds the rows `share` out of `rows` of equal length.
    pub(crate) fn rows(&self, share: &Range<usize>, rows: usize) -> Place {
        let part = |start: usize, length: usize| {
            let row = length / rows.max(1);
            (start + share.start * row, share.len() * row)
        };
        match *self {
            Place::Real { start, length } => {
                let (start, length) = part(start, length);
                Place::Real { start, length }
            }
            Place::Index { start, length } => {
                let (start, length) = part(start, length);
                Place::Index { start, length }
            }
            Place::Bytes { table, start, length } => {
                let (start, length) = part(start, length);
                Place::Bytes { table, start, length }
            }
            Place::Passed { length } => Place::Passed { length: part(0, length).1 },
            Place::Sparse { table, width, start, words, .. } => {
                let start = start + share.start * words;
                Place::Sparse { table, width, start, words, rows: share.len() }
            }
        }
    }

    /// How many elements it holds; of a sparse matrix those that are zero count as well.
    pub(crate) fn elements(&self) -> usize {
        match *self {
            Place::Real { length, .. }
            | Place::Index { length, .. }
            | Place::Bytes { length, .. }
            | Place::Passed { length } => length,
            Place::Sparse { width, rows, .. } => rows * width,
        }
    }

    /// The memory that it is made of; nothing for a table of bytes, which is never written, and for what is passed on.
    pub(crate) fn memory(&self) -> Option<(Memory, Range<usize>)> {
        match *self {
            Place::Real { start, length } => Some((Memory::Real, start..start + length)),
            Place::Index { start, length } => Some((Memory::Index, start..start + length)),
            Place::Sparse { start, words, rows, .. } => Some((Memory::Index, start..start + rows * words)),
            Place::Bytes { .. } | Place::Passed { .. } => None,
        }
    }
}

/// One of the arena's blocks of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// That of real numbers.
    Real,
    /// That of indices.
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

/// A table of bytes, each of which means a number.
#[derive(Debug)]
pub(crate) struct Table<T> {
    pub(crate) bytes: Bytes,
    /// By what a byte is multiplied.
    pub(crate) scale: T,
    /// The number that each byte means.
    pub(crate) numbers: [T; BYTES],
    /// Its rows as lists of what is not zero, if somebody reads them so.
    pub(crate) lists: Option<Arc<Lists>>,
}

impl<T: Real> Table<T> {
    pub(crate) fn new(bytes: Bytes, scale: T, lists: Option<Arc<Lists>>) -> Self {
        let numbers = std::array::from_fn(|byte| T::of_byte(byte as u8) * scale);
        Table { bytes, scale, numbers, lists }
    }
}

/// Numbers in one piece of memory that starts at a cache line, of which disjoint pieces can be lent at the same time.
#[derive(Debug)]
pub(crate) struct Block<T> {
    storage: Box<[UnsafeCell<T>]>,
    /// The first element that begins a cache line.
    first: usize,
    length: usize,
}

// SAFETY: a block is plain memory; its unsafe functions make their callers responsible for who reads and writes what.
unsafe impl<T: Send + Sync> Sync for Block<T> {}

/// Places begin at multiples of this many elements: a cache line of 64 bytes holds 16 `f32`.
pub(crate) const ALIGNMENT: usize = 16;

impl<T: Copy + Default> Block<T> {
    /// A block of `length` zeros, or nothing if there is not so much memory.
    pub(crate) fn new(length: usize) -> Option<Self> {
        let padded = length.checked_add(64 / size_of::<T>().max(1))?;
        let mut storage: Vec<UnsafeCell<T>> = Vec::new();
        storage.try_reserve_exact(padded).ok()?;
        storage.resize_with(padded, || UnsafeCell::new(T::default()));
        let first = storage.as_ptr().align_offset(64).min(padded - length);
        Some(Block { storage: storage.into_boxed_slice(), first, length })
    }

    /// How many numbers it holds.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// The first of `length` numbers. Whoever reads or writes them promises what [`slice`](Self::slice) and
    /// [`slice_mut`](Self::slice_mut) ask for.
    pub(super) fn pointer(&self, start: usize, length: usize) -> *mut T {
        assert!(start <= self.length && length <= self.length - start, "a place outside of the arena");
        UnsafeCell::raw_get(self.storage[self.first..].as_ptr()).wrapping_add(start)
    }

    /// Lends `length` numbers to be read.
    ///
    /// # Safety
    /// Nobody writes to them while they are lent.
    pub(crate) unsafe fn slice(&self, start: usize, length: usize) -> &[T] {
        // SAFETY: the bounds are checked in `pointer`; the caller promises the rest.
        unsafe { std::slice::from_raw_parts(self.pointer(start, length), length) }
    }

    /// Lends `length` numbers to be written.
    ///
    /// # Safety
    /// Nobody else reads or writes them while they are lent.
    #[allow(clippy::mut_from_ref, reason = "the caller promises what a `&mut self` would prove")]
    pub(crate) unsafe fn slice_mut(&self, start: usize, length: usize) -> &mut [T] {
        // SAFETY: the bounds are checked in `pointer`; the caller promises the rest.
        unsafe { std::slice::from_raw_parts_mut(self.pointer(start, length), length) }
    }

    /// All of it, when nobody else can have it.
    pub(crate) fn all(&mut self) -> &mut [T] {
        let (first, length) = (self.first, self.length);
        // SAFETY: `UnsafeCell<T>` has the layout of `T`, and `&mut self` excludes everybody else.
        unsafe { &mut *(&raw mut self.storage[first..first + length] as *mut [T]) }
    }
}

#[cfg(test)]
mod tests {
    use super::Block;

    #[test]
    fn a_block_starts_at_a_cache_line_and_keeps_what_is_written() {
        let mut block = Block::<f64>::new(100).expect("memory");
        // SAFETY: two disjoint places, and nobody else.
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
        // SAFETY: nobody writes; the call panics before it lends anything.
        let _ = unsafe { block.slice(4, 5) };
    }
}

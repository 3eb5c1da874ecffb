//! Tables of bytes, such as the images of a data set, and their rows as lists of what is not zero.
//!
//! Most of an image of a digit is zero. Lists of the bytes that are not, with their columns, are made once for a table and
//! kept beside it: to gather a batch is then to copy some hundred bytes a row, which lie in few lines of the cache.

use super::nonzeros::{BLOCK, find};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// Bytes that do not change. Clones share them, and what is found out about them.
#[derive(Clone)]
pub struct Bytes(Arc<Shared>);

struct Shared {
    values: Arc<[u8]>,
    lists: OnceLock<Option<Arc<Lists>>>,
}

impl Bytes {
    /// Them as rows of `width` bytes, in lists of those that are not zero; none if that does not pay, or if they are kept
    /// in rows of another width already.
    pub(crate) fn lists(&self, width: usize) -> Option<Arc<Lists>> {
        let lists = self.0.lists.get_or_init(|| Lists::new(self, width).map(Arc::new));
        lists.as_ref().filter(|lists| lists.width == width).map(Arc::clone)
    }
}

impl<B: Into<Arc<[u8]>>> From<B> for Bytes {
    fn from(values: B) -> Self {
        Bytes(Arc::new(Shared { values: values.into(), lists: OnceLock::new() }))
    }
}

impl From<&Bytes> for Bytes {
    fn from(bytes: &Bytes) -> Self {
        bytes.clone()
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.values
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Self) -> bool {
        self.0.values == other.0.values
    }
}

impl Eq for Bytes {}

impl std::fmt::Debug for Bytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

/// How many rows of a table are looked at.
const LOOKED_AT: usize = 64;

/// The largest share of bytes that are not zero with which lists pay: a product takes about twice as long for each of these
/// as a dense one.
const MOST: f64 = 0.4;

/// The rows of a table as lists of what is not zero, one [record](Record) a row.
#[derive(Debug)]
pub(crate) struct Lists {
    width: usize,
    /// Where the record of each row begins, and the last one's end.
    starts: Vec<u32>,
    records: Vec<u8>,
    longest: usize,
}

/// A row as a list of what is not zero: for each block of 64 columns the bits of a word, which say which are not, and how
/// many there are before it, with the number of all at the end; and the bytes.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    masks: &'a [u8],
    marks: &'a [u8],
    numbers: &'a [u8],
}

impl Lists {
    fn new(bytes: &[u8], width: usize) -> Option<Self> {
        if width == 0 || width > usize::from(u16::MAX) || !is_mostly_zero(bytes, width) {
            return None;
        }
        let blocks = width.div_ceil(BLOCK);
        let (mut masks, mut marks) = (vec![0; blocks], vec![0; blocks + 1]);
        let mut numbers = vec![0; blocks * BLOCK];
        let (mut starts, mut records) = (Vec::new(), Vec::new());
        starts.try_reserve_exact(bytes.len() / width + 1).ok()?;
        for row in bytes.chunks_exact(width) {
            let count = find(row, &mut masks, &mut marks, &mut numbers);
            starts.push(u32::try_from(records.len()).ok()?);
            records.try_reserve(size_of_val(&masks[..]) + size_of_val(&marks[..]) + count).ok()?;
            records.extend(masks.iter().flat_map(|mask| mask.to_le_bytes()));
            records.extend(marks.iter().flat_map(|mark| mark.to_le_bytes()));
            records.extend_from_slice(&numbers[..count]);
        }
        starts.push(u32::try_from(records.len()).ok()?);
        records.shrink_to_fit();
        let longest = starts.windows(2).map(|ends| (ends[1] - ends[0]) as usize).max().unwrap_or(0);
        Some(Lists { width, starts, records, longest })
    }

    /// How many columns each row has.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The length of the longest record, in bytes.
    pub(crate) fn longest(&self) -> usize {
        self.longest
    }

    /// The length of a record on average, in bytes.
    pub(super) fn usual(&self) -> usize {
        self.records.len() / self.starts.len().saturating_sub(1).max(1)
    }

    /// The record of a row.
    #[inline(always)]
    pub(super) fn record(&self, row: u32) -> &[u8] {
        let row = row as usize;
        &self.records[self.starts[row] as usize..self.starts[row + 1] as usize]
    }
}

impl<'a> Record<'a> {
    /// The record with which `bytes` begin, of a row of so many columns.
    #[inline(always)]
    pub(super) fn new(bytes: &'a [u8], width: usize) -> Self {
        let blocks = width.div_ceil(BLOCK);
        let (masks, rest) = bytes.split_at(blocks * size_of::<u64>());
        let (marks, numbers) = rest.split_at((blocks + 1) * size_of::<u16>());
        Record { masks, marks, numbers }
    }

    /// Which columns of a block are not zero: a bit for each.
    #[inline(always)]
    pub(super) fn mask(self, block: usize) -> u64 {
        self.masks.as_chunks().0.get(block).map_or(0, |mask| u64::from_le_bytes(*mask))
    }

    /// What is not zero from a block on, and what comes behind it.
    #[inline(always)]
    pub(super) fn numbers(self, block: usize) -> &'a [u8] {
        let mark = u16::from_le_bytes(self.marks.as_chunks().0[block]);
        &self.numbers[usize::from(mark)..]
    }
}

/// Whether few of the bytes are not zero, by a look at some rows.
fn is_mostly_zero(bytes: &[u8], width: usize) -> bool {
    let rows = bytes.len() / width;
    let (mut looked_at, mut found) = (0, 0);
    for row in bytes.chunks_exact(width).step_by(rows.div_ceil(LOOKED_AT).max(1)) {
        looked_at += width;
        found += row.iter().filter(|&&byte| byte != 0).count();
    }
    looked_at > 0 && (found as f64) < MOST * looked_at as f64
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Bytes, Record};

    #[test]
    fn lists_hold_what_is_not_zero() {
        for width in [1_usize, 63, 64, 65, 300, 784] {
            let bytes: Vec<u8> =
                (0..11 * width).map(|i| if i % 11 < 2 { (i % 255 + 1) as u8 } else { 0 }).collect();
            let table = Bytes::from(bytes.clone());
            let lists = table.lists(width).expect("mostly zero");
            for (row, bytes) in bytes.chunks_exact(width).enumerate() {
                let record = lists.record(row as u32);
                assert!(record.len() <= lists.longest());
                let record = Record::new(record, width);
                for (block, there) in bytes.chunks(BLOCK).enumerate() {
                    let (mask, numbers) = (record.mask(block), record.numbers(block));
                    assert!(
                        (0..BLOCK)
                            .all(|i| (mask >> i & 1 == 1) == there.get(i).is_some_and(|&byte| byte != 0))
                    );
                    assert!(
                        there.iter().filter(|byte| **byte != 0).eq(&numbers[..mask.count_ones() as usize])
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_not_mostly_zero_or_has_another_width_has_no_lists() {
        assert!(Bytes::from(vec![1_u8; 640]).lists(64).is_none());
        assert!(Bytes::from(Vec::<u8>::new()).lists(64).is_none());
        let zeros = Bytes::from(vec![0_u8; 640]);
        assert!(zeros.lists(0).is_none(), "and no width is none at all");
        let zeros = Bytes::from(zeros.to_vec());
        assert!(zeros.lists(64).is_some() && zeros.lists(32).is_none());
    }
}

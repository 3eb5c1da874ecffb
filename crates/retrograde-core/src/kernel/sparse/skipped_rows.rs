//! The rows that a kernel has skipped.

use std::ops::Range;

/// The bits of a word.
const WORD: usize = u64::BITS as usize;

/// The largest number of rows.
pub(crate) const MAX_ROWS: usize = 1024;

/// A range of rows, with a bit for each: whether it was computed or skipped. Bit `i` of word `w` is that of row `64 · w + i`.
#[derive(Debug)]
pub(crate) struct SkippedRows {
    /// The bits of the computed rows; those outside of the range are zero. A range that does not begin with a word reaches into
    /// one more.
    computed: [u64; MAX_ROWS / WORD + 1],
    rows: Range<usize>,
}

impl SkippedRows {
    /// A range of which no row is skipped; `None` for more than [`MAX_ROWS`].
    pub(crate) fn none(rows: Range<usize>) -> Option<Self> {
        if rows.len() > MAX_ROWS {
            return None;
        }
        let mut computed = [0; MAX_ROWS / WORD + 1];
        for (word, computed) in (rows.start / WORD..rows.end.div_ceil(WORD)).zip(&mut computed) {
            *computed = bits(&rows, word);
        }
        Some(SkippedRows { computed, rows })
    }

    /// Of the rows of a word, only those of these bits are computed.
    #[inline(always)]
    pub(super) fn keep_only(&mut self, word: usize, computed: u64) {
        self.computed[word - self.rows.start / WORD] = computed & bits(&self.rows, word);
    }

    /// The computed rows, counted from the first row of the range: ranges with skipped rows between them.
    pub(crate) fn computed_ranges(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let before = self.rows.start % WORD;
        let mut from = 0;
        std::iter::from_fn(move || {
            let start = self.next(from, 0)?;
            let end = self.next(start, u64::MAX).unwrap_or(self.computed.len() * WORD);
            from = end;
            Some(start - before..end - before)
        })
    }

    /// Whether a row was skipped.
    #[cfg(test)]
    pub(super) fn contains(&self, row: usize) -> bool {
        assert!(self.rows.contains(&row));
        self.computed[row / WORD - self.rows.start / WORD] >> (row % WORD) & 1 == 0
    }

    /// The position of the first bit from `from` on that is set after an exclusive or with `flip`.
    #[inline(always)]
    fn next(&self, from: usize, flip: u64) -> Option<usize> {
        let first = from / WORD;
        let mut mask = u64::MAX << (from % WORD);
        for (word, computed) in self.computed.iter().enumerate().skip(first) {
            let found = (computed ^ flip) & mask;
            if found != 0 {
                return Some(word * WORD + found.trailing_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }
}

/// The bits of a word that belong to one of the rows.
#[inline(always)]
pub(super) fn bits(rows: &Range<usize>, word: usize) -> u64 {
    let first = rows.start.saturating_sub(word * WORD).min(WORD);
    let end = rows.end.saturating_sub(word * WORD).min(WORD);
    let below = |count: usize| if count == WORD { u64::MAX } else { (1 << count) - 1 };
    below(end) & !below(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_computed_rows() {
        for rows in [0..1, 0..64, 3..61, 60..70, 64..128, 100..300, 0..784, 63..65, 5..5] {
            for every in [1, 2, 3, 7, 64, 1000] {
                let is_computed = |row: usize| (row / every).is_multiple_of(2);
                let mut skipped = SkippedRows::none(rows.clone()).expect("not too many rows");
                let all = (!rows.is_empty()).then_some(0..rows.len());
                assert!(skipped.computed_ranges().eq(all), "{rows:?}");
                for word in rows.start / WORD..rows.end.div_ceil(WORD) {
                    let bits = (0..WORD).filter(|bit| is_computed(word * WORD + bit)).map(|bit| 1 << bit);
                    skipped.keep_only(word, bits.sum());
                }
                let found: Vec<usize> = skipped.computed_ranges().flatten().collect();
                let expected: Vec<usize> =
                    rows.clone().filter(|row| is_computed(*row)).map(|row| row - rows.start).collect();
                assert_eq!(found, expected, "{rows:?}, {every}");
                let apart = skipped.computed_ranges().is_sorted_by(|a, b| a.end < b.start);
                assert!(apart, "there are skipped rows between the ranges");
            }
        }
    }
}

//! Which rows a kernel has left out.

use std::ops::Range;

/// The bits of a word.
const WORD: usize = u64::BITS as usize;

/// The most rows.
pub(super) const MOST: usize = 1024;

/// Some rows, with a bit for each: whether it was left out. The bits of a word are those of the rows from a multiple of 64 on.
#[derive(Debug)]
pub struct LeftOut {
    /// The bits of what was made, not of what was left out; those that belong to no row are zero. Rows that do not begin with
    /// a word reach into one more.
    made: [u64; MOST / WORD + 1],
    rows: Range<usize>,
}

impl LeftOut {
    /// Of the `rows` none is left out, yet; of more than [`MOST`] none may be.
    pub(super) fn nothing(rows: Range<usize>) -> Option<Self> {
        if rows.len() > MOST {
            return None;
        }
        let mut made = [0; MOST / WORD + 1];
        for (number, made) in (rows.start / WORD..rows.end.div_ceil(WORD)).zip(&mut made) {
            *made = bits(&rows, number);
        }
        Some(LeftOut { made, rows })
    }

    /// Of the rows whose bits are in the word `number` all are left out but those `made`.
    #[inline(always)]
    pub(super) fn all_but(&mut self, number: usize, made: u64) {
        self.made[number - self.rows.start / WORD] = made & bits(&self.rows, number);
    }

    /// The rows that were made, counted from the first row on: runs with others between them.
    pub(super) fn runs(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let before = self.rows.start % WORD;
        let mut from = 0;
        std::iter::from_fn(move || {
            let start = self.next(from, 0)?;
            let end = self.next(start, u64::MAX).unwrap_or(self.made.len() * WORD);
            from = end;
            Some(start - before..end - before)
        })
    }

    /// Whether a row was left out.
    #[cfg(test)]
    pub(super) fn is(&self, row: usize) -> bool {
        assert!(self.rows.contains(&row));
        self.made[row / WORD - self.rows.start / WORD] >> (row % WORD) & 1 == 0
    }

    /// The number of the first bit from one on that is set once all are exchanged as `flip` says.
    #[inline(always)]
    fn next(&self, from: usize, flip: u64) -> Option<usize> {
        let first = from / WORD;
        let mut mask = u64::MAX << (from % WORD);
        for (number, made) in self.made.iter().enumerate().skip(first) {
            let found = (made ^ flip) & mask;
            if found != 0 {
                return Some(number * WORD + found.trailing_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }
}

/// The bits of the word `number` that belong to one of the rows.
#[inline(always)]
pub(super) fn bits(rows: &Range<usize>, number: usize) -> u64 {
    let first = rows.start.saturating_sub(number * WORD).min(WORD);
    let end = rows.end.saturating_sub(number * WORD).min(WORD);
    let below = |count: usize| if count == WORD { u64::MAX } else { (1 << count) - 1 };
    below(end) & !below(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_of_what_was_made() {
        for rows in [0..1, 0..64, 3..61, 60..70, 64..128, 100..300, 0..784, 63..65, 5..5] {
            for every in [1, 2, 3, 7, 64, 1000] {
                let made = |row: usize| (row / every).is_multiple_of(2);
                let mut left_out = LeftOut::nothing(rows.clone()).expect("not too many rows");
                let all = (!rows.is_empty()).then_some(0..rows.len());
                assert!(left_out.runs().eq(all), "{rows:?}");
                for number in rows.start / WORD..rows.end.div_ceil(WORD) {
                    let bits = (0..WORD).filter(|bit| made(number * WORD + bit)).map(|bit| 1 << bit);
                    left_out.all_but(number, bits.sum());
                }
                let found: Vec<usize> = left_out.runs().flatten().collect();
                let expected: Vec<usize> =
                    rows.clone().filter(|row| made(*row)).map(|row| row - rows.start).collect();
                assert_eq!(found, expected, "{rows:?}, {every}");
                assert!(left_out.runs().is_sorted_by(|a, b| a.end < b.start), "there is something between");
            }
        }
    }
}

//! A place in memory for each value, by its lifetime: values that are not alive at the same time share memory.

use crate::kernel::arena::ALIGNMENT;

/// Hands out pieces of one block of memory and takes them back.
#[derive(Debug, Default)]
pub(super) struct Allocator {
    /// Free pieces, by their start: start and length.
    free: Vec<(usize, usize)>,
    /// The block's length so far.
    length: usize,
}

impl Allocator {
    /// The start of a piece of `length` elements: the smallest free one that is long enough, or new memory.
    pub(super) fn take(&mut self, length: usize) -> usize {
        let length = rounded(length);
        let best = (0..self.free.len())
            .filter(|&piece| self.free[piece].1 >= length)
            .min_by_key(|&piece| self.free[piece].1);
        if let Some(piece) = best {
            let (start, available) = self.free[piece];
            if available == length {
                self.free.remove(piece);
            } else {
                self.free[piece] = (start + length, available - length);
            }
            return start;
        }
        // The last free piece may reach to the end of the block, and is then made longer.
        let start = match self.free.last() {
            Some(&(start, available)) if start.saturating_add(available) == self.length => {
                self.free.pop();
                start
            }
            _ => self.length,
        };
        self.length = start.saturating_add(length);
        start
    }

    /// Takes a piece back.
    pub(super) fn give_back(&mut self, start: usize, length: usize) {
        let length = rounded(length);
        if length == 0 {
            return;
        }
        let at = self.free.partition_point(|&(other, _)| other < start);
        self.free.insert(at, (start, length));
        // Neighbours become one piece.
        if at + 1 < self.free.len() && self.free[at].0.saturating_add(self.free[at].1) == self.free[at + 1].0
        {
            self.free[at].1 = self.free[at].1.saturating_add(self.free.remove(at + 1).1);
        }
        if at > 0 && self.free[at - 1].0.saturating_add(self.free[at - 1].1) == self.free[at].0 {
            self.free[at - 1].1 = self.free[at - 1].1.saturating_add(self.free.remove(at).1);
        }
    }

    /// How long the block must be.
    pub(super) fn length(&self) -> usize {
        self.length
    }
}

/// Saturates: what is too long for memory stays so, and is found out when the memory is taken.
fn rounded(length: usize) -> usize {
    length.checked_next_multiple_of(ALIGNMENT).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::{ALIGNMENT, Allocator};

    #[test]
    fn pieces_never_overlap_and_memory_is_used_again() {
        let mut allocator = Allocator::default();
        let mut alive: Vec<(usize, usize)> = Vec::new();
        let mut random = 12345_usize;
        for round in 0..2000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if random >> 60 < 8 && !alive.is_empty() {
                let (start, length) = alive.swap_remove((random >> 20) % alive.len());
                allocator.give_back(start, length);
            } else if alive.len() < 20 {
                let length = (random >> 30) % 300;
                let start = allocator.take(length);
                assert_eq!(start % ALIGNMENT, 0);
                for &(other, other_length) in &alive {
                    let apart = start + length <= other || other + other_length <= start;
                    assert!(apart, "round {round}");
                }
                assert!(start + length <= allocator.length());
                alive.push((start, length));
            }
        }
        assert!(allocator.length() < 20 * 300 * 2, "{}", allocator.length());
        for (start, length) in alive {
            allocator.give_back(start, length);
        }
        let length = allocator.length();
        assert_eq!(allocator.take(length), 0, "all of it is one free piece again");
    }
}

//! The fixed tree in which the partial results of blocks are combined.

use super::fold::Join;
use crate::kernel::Real;

/// Combines the partial results of blocks: two neighbours, then two neighbouring pairs, and so on. A range of blocks that begins
/// at a multiple of a power of two, and is as long as that, is a subtree: it can be combined elsewhere to the same bits.
pub(crate) struct Tree<'a, T> {
    join: Join,
    /// Subtrees that wait for their right neighbour, each `width` results, the largest first.
    stack: &'a mut [T],
    width: usize,
    depth: usize,
    blocks: usize,
}

/// The scratch memory of a tree, in numbers, for so many blocks of `width` results.
pub(crate) fn scratch(blocks: usize, width: usize) -> usize {
    (usize::BITS - blocks.leading_zeros() + 1) as usize * width
}

impl<'a, T: Real> Tree<'a, T> {
    /// `stack` has as many numbers as [`scratch`] says.
    #[inline(always)]
    pub(crate) fn new(join: Join, width: usize, stack: &'a mut [T]) -> Self {
        Tree { join, stack, width, depth: 0, blocks: 0 }
    }

    /// The memory for the results of the next block.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> &mut [T] {
        let at = self.depth * self.width;
        &mut self.stack[at..at + self.width]
    }

    /// Takes the results in [`next`](Self::next), and combines the subtrees that are complete.
    #[inline(always)]
    pub(crate) fn push(&mut self) {
        self.depth += 1;
        self.blocks += 1;
        for _ in 0..self.blocks.trailing_zeros() {
            self.join_last();
        }
    }

    #[inline(always)]
    fn join_last(&mut self) {
        self.depth -= 1;
        let (low, high) = self.stack.split_at_mut(self.depth * self.width);
        self.join.combine(&high[..self.width], &mut low[(self.depth - 1) * self.width..]);
    }

    /// The results of all blocks, of which there is at least one.
    #[inline(always)]
    pub(crate) fn finish(mut self) -> &'a [T] {
        while self.depth > 1 {
            self.join_last();
        }
        &self.stack[..self.width]
    }
}

#[cfg(test)]
mod tests {
    use super::super::fold::Join;
    use super::{Tree, scratch};

    /// The tree of the definition: the left subtree is the largest power of two of blocks.
    fn plain(blocks: &[f32]) -> f32 {
        if let [one] = blocks {
            return *one;
        }
        let (left, right) = blocks.split_at(blocks.len().next_power_of_two() / 2);
        plain(left) + plain(right)
    }

    #[test]
    fn blocks_are_combined_in_pairs_of_pairs() {
        let values: Vec<f32> = (0..300).map(|i| (i as f32 * 0.7).sin() * 1000.0 + 0.1).collect();
        for blocks in 1..values.len() {
            let mut stack = vec![f32::NAN; scratch(blocks, 2)];
            let mut tree = Tree::new(Join::Sum, 2, &mut stack);
            for &value in &values[..blocks] {
                tree.next().copy_from_slice(&[value, -value]);
                tree.push();
            }
            let expected = plain(&values[..blocks]);
            assert_eq!(tree.finish(), [expected, -expected], "{blocks} blocks");
        }
    }
}

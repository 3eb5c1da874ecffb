//! Reductions: sums, means and maxima, in an order that depends on nothing but the shape.
//!
//! A reduction is computed in blocks of a fixed number of elements or rows ([`fold`], [`columns`]); a [tree](tree) over
//! neighbouring blocks, in pairs, pairs of pairs and so on, combines their partial results. One thread computes a small one in
//! one step. A large one is computed in two [stages](super::Stages), the blocks on all threads, with the same tree and thus the
//! same bits. As blocks are rows of the batch that lie together, machines that each have some of them can combine their results
//! to the same bits, too.
//!
//! A reduction over several axes that do not lie together, as over the axes 0, 2 and 3 of a batch of images, is a sequence of
//! such reductions, from the last axes to the first.

mod fold;
mod mean_of;
mod over_axes;
mod tree;

pub(crate) use fold::{Join, LANES, accumulate, fold, halves, larger, sum};
pub(crate) use mean_of::MeanOf;
pub(crate) use over_axes::OverAxes;
pub(crate) use tree::{Tree, scratch as tree_scratch};

/// A block has about so many elements, which stay in the second-level cache.
const BLOCK: usize = 16 * 1024;

/// The largest power of two that is at most `number`; 1 for 0.
pub(crate) fn power_of_two(number: usize) -> usize {
    1 << number.max(1).ilog2()
}

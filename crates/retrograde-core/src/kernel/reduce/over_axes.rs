//! Reductions of one tensor over some of its axes.

use super::fold::{Join, LANES, columns};
use super::tree::{self, Tree};
use super::{BLOCK, power_of_two};
use crate::kernel::simd::{Body, InstructionSet, dispatch};
use crate::kernel::{Call, Reads, Real, Rows, RowsKernel, Stages};
use std::ops::Range;
use std::sync::Arc;

/// A block of rows has at least so many: its results are written to memory.
const FEWEST_ROWS: usize = 16;

/// The reduction of a tensor of one shape over some axes.
#[derive(Debug, Clone)]
pub(crate) struct OverAxes {
    join: Join,
    /// The rows in front that are reduced each by itself.
    rows: usize,
    /// What happens to each row, one after the other.
    levels: Vec<Level>,
    /// By what sums are divided in the end.
    divisor: Option<f64>,
}

/// `outer` times: `length` rows of `width` elements become one, in blocks of `block` rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Level {
    outer: usize,
    length: usize,
    width: usize,
    block: usize,
}

impl OverAxes {
    /// The reduction of a tensor of this shape over `axes`. If it is not a sum, but a mean, sums are divided by `divisor`.
    pub(crate) fn new(join: Join, shape: &[usize], axes: &[usize], divisor: Option<f64>) -> Self {
        // Neighbouring axes that are all reduced or all kept; an axis of length 1 belongs to any.
        let mut groups: Vec<(usize, bool)> = Vec::new();
        for (axis, &length) in shape.iter().enumerate().filter(|&(_, &length)| length != 1) {
            let reduced = axes.contains(&axis);
            match groups.last_mut() {
                Some((product, kind)) if *kind == reduced => *product = product.saturating_mul(length),
                _ => groups.push((length, reduced)),
            }
        }
        let rows = if groups.first().is_some_and(|&(_, reduced)| !reduced) { groups.remove(0).0 } else { 1 };
        let (mut levels, mut width) = (Vec::new(), 1);
        for (at, &(length, reduced)) in groups.iter().enumerate().rev() {
            if reduced {
                let outer =
                    groups[..at].iter().fold(1, |outer: usize, (length, _)| outer.saturating_mul(*length));
                let block = if width == 1 { BLOCK } else { (BLOCK / width.max(1)).max(FEWEST_ROWS) };
                levels.push(Level { outer, length, width, block: power_of_two(block) });
            } else {
                width = width.saturating_mul(length);
            }
        }
        OverAxes { join, rows, levels, divisor }
    }

    /// Of the reduction of a matrix to one row: its columns, each of which can be reduced by itself.
    fn columns(&self) -> Option<usize> {
        // Not a slice pattern with a guard: rustc 1.95 reads the first level of none before it has compared the length.
        let mut levels = self.levels.iter();
        let level = levels.next().filter(|_| levels.len() == 0)?;
        (self.rows == 1 && level.outer == 1 && level.width > 1).then_some(level.width)
    }

    /// The longest results between two levels.
    fn between(&self) -> usize {
        let inner = self.levels.split_last().map_or(&[][..], |(_, inner)| inner);
        inner.iter().map(|level| level.outer * level.width).max().unwrap_or(0)
    }

    /// The mean of `count` numbers, given the sums of equally many of them.
    pub(super) fn mean(sums: usize, count: f64) -> Self {
        OverAxes::new(Join::Sum, &[sums], &[0], Some(count))
    }

    /// The sum of `blocks` rows of `width` elements in the tree: the partial results of a kernel in two stages.
    pub(crate) fn of_blocks(blocks: usize, width: usize) -> Self {
        let level = Level { outer: 1, length: blocks, width, block: 1 };
        OverAxes { join: Join::Sum, rows: 1, levels: vec![level], divisor: None }
    }

    /// Reduces rows, or all rows to the columns `range` of one.
    pub(super) fn reduce<T: Real>(&self, x: &[T], range: Range<usize>, output: &mut [T], scratch: &mut [T]) {
        match self.levels[..] {
            _ if x.is_empty() => output.fill(self.join.start()),
            [] => output.copy_from_slice(x),
            [level] if self.columns().is_some() => level.reduce(self.join, x, range, output, scratch),
            [level] => level.reduce(self.join, x, 0..level.width, output, scratch),
            [ref inner @ .., last] => {
                let (item, width) = (x.len() / range.len().max(1), output.len() / range.len().max(1));
                let (mut from, rest) = scratch.split_at_mut(self.between());
                let (mut to, scratch) = rest.split_at_mut(self.between());
                for (x, output) in x.chunks_exact(item.max(1)).zip(output.chunks_exact_mut(width.max(1))) {
                    let mut made = 0;
                    for (number, level) in inner.iter().enumerate() {
                        let x = if number == 0 { x } else { &from[..made] };
                        made = level.outer * level.width;
                        level.reduce(self.join, x, 0..level.width, &mut to[..made], scratch);
                        std::mem::swap(&mut from, &mut to);
                    }
                    last.reduce(self.join, &from[..made], 0..last.width, output, scratch);
                }
            }
        }
        if let Some(divisor) = self.divisor.map(T::of) {
            output.iter_mut().for_each(|sum| *sum /= divisor);
        }
    }
}

impl RowsKernel for OverAxes {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.columns().unwrap_or(self.rows)
    }

    fn reads(&self, _: usize, inputs: &[&[usize]], _: &[usize]) -> Reads {
        if self.columns().is_some() { Reads::ALL } else { Reads::by_row(inputs[0], self.rows) }
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        let of_trees = self.levels.iter().map(|level| level.scratch()).max().unwrap_or(0);
        of_trees + 2 * self.between()
    }

    fn stages(&self, _: &[&[usize]], _: &[usize]) -> Option<Stages> {
        let (&level, rest) = self.levels.split_first()?;
        let (outer, blocks) = (self.rows * level.outer, level.blocks());
        if outer * blocks <= self.rows {
            return None;
        }
        let combine = Level { length: blocks, block: 1, ..level };
        let levels = Some(combine).filter(|_| blocks > 1).into_iter().chain(rest.iter().copied()).collect();
        Some(Stages {
            shape: vec![outer, blocks, level.width],
            first: Arc::new(Blocks { join: self.join, level: Level { outer, ..level } }).into(),
            second: Arc::new(OverAxes { levels, ..self.clone() }).into(),
        })
    }
}

impl<T: Real> Rows<T> for OverAxes {
    fn evaluate(&self, call: Call<'_, T>) {
        self.reduce(call.inputs.get(0).real(), call.rows, call.output.real(), call.scratch);
    }
}

/// The first stage of a reduction: the blocks of its first level.
#[derive(Debug)]
struct Blocks {
    join: Join,
    level: Level,
}

impl RowsKernel for Blocks {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.level.outer * self.level.blocks()
    }

    fn reads(&self, _: usize, _: &[&[usize]], _: &[usize]) -> Reads {
        let Level { outer, length, width, block } = self.level;
        match self.level.blocks() {
            1 => Reads::blocks(1, length * width),
            // The blocks of several rows lie together only if each row is whole blocks.
            blocks if outer > 1 && length % block > 0 => Reads::blocks(blocks, length * width),
            _ => Reads::blocks(1, block * width),
        }
    }
}

impl<T: Real> Rows<T> for Blocks {
    fn evaluate(&self, call: Call<'_, T>) {
        let (x, output) = (call.inputs.get(0), call.output.real());
        let Level { length, width, block, .. } = self.level;
        let first = self.reads(0, &[], &[]).range(&call.rows, x.shape.iter().product()).start;
        for (row, results) in call.rows.zip(output.chunks_exact_mut(width.max(1))) {
            let (outer, number) = (row / self.level.blocks(), row % self.level.blocks());
            let start = number * block;
            let level = Level { length: block.min(length - start), ..self.level };
            let from = (outer * length + start) * width - first;
            level.reduce(self.join, &x.real()[from..][..level.length * width], 0..width, results, &mut []);
        }
    }
}

impl Level {
    fn blocks(self) -> usize {
        self.length.div_ceil(self.block)
    }

    fn scratch(self) -> usize {
        tree::scratch(self.blocks(), self.width.min(LANES))
    }

    /// Reduces the columns `range` of each item of `x`.
    fn reduce<T: Real>(self, join: Join, x: &[T], range: Range<usize>, output: &mut [T], scratch: &mut [T]) {
        dispatch(Reduce { level: self, join, x, range, output, scratch });
    }
}

/// The arguments of [`Level::reduce`].
struct Reduce<'a, T> {
    level: Level,
    join: Join,
    x: &'a [T],
    range: Range<usize>,
    output: &'a mut [T],
    scratch: &'a mut [T],
}

impl<T: Real> Body for Reduce<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Reduce { level: Level { length, width, block, .. }, join, x, range, output, scratch } = self;
        for (x, output) in x.chunks_exact(length * width).zip(output.chunks_exact_mut(range.len().max(1))) {
            // Some columns at a time, whose running values stay in registers.
            for (number, results) in output.chunks_mut(LANES).enumerate() {
                let first = range.start + number * LANES;
                if length <= block {
                    one_block(join, x, (block, width), first, results);
                } else {
                    let mut tree = Tree::new(join, results.len(), scratch);
                    for rows in x.chunks(block * width) {
                        one_block(join, rows, (block, width), first, tree.next());
                        tree.push();
                    }
                    results.copy_from_slice(tree.finish());
                }
            }
        }
    }
}

/// Reduces at most `block` rows of `width` elements to their columns from `first` on. A function, since the compiler does not
/// inline a closure of this size, and what is not inlined is not compiled for the instruction set.
#[inline(always)]
fn one_block<T: Real>(
    join: Join,
    rows: &[T],
    (block, width): (usize, usize),
    first: usize,
    results: &mut [T],
) {
    match (block, width) {
        (1, _) => results.copy_from_slice(&rows[first..][..results.len()]),
        (_, 1) => results[0] = join.all(rows),
        _ => columns(join, rows, width, first, results),
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK, Join, Level, OverAxes};

    #[test]
    fn a_reduction_is_a_sequence_over_neighbouring_axes() {
        let of = |shape: &[usize], axes: &[usize]| {
            let OverAxes { rows, levels, .. } = OverAxes::new(Join::Sum, shape, axes, None);
            let levels: Vec<[usize; 4]> = levels
                .iter()
                .map(|&Level { outer, length, width, block }| [outer, length, width, block])
                .collect();
            (rows, levels)
        };
        assert_eq!(of(&[5, 7], &[1]), (5, vec![[1, 7, 1, BLOCK]]));
        assert_eq!(of(&[5, 1, 7], &[0, 1]), (1, vec![[1, 5, 7, 2048]]));
        assert_eq!(of(&[128, 2048], &[0]), (1, vec![[1, 128, 2048, 16]]), "blocks of at least 16 rows");
        // Images: first each channel of each image, then the images.
        assert_eq!(of(&[2, 3, 4, 5], &[0, 2, 3]), (1, vec![[6, 20, 1, BLOCK], [1, 2, 3, 4096]]));
        assert_eq!(of(&[2, 3, 4, 5], &[1, 3]), (2, vec![[12, 5, 1, BLOCK], [1, 3, 4, 4096]]));
        assert_eq!(of(&[3, 1], &[1]), (3, vec![]));
    }
}

//! The steps of a program: work, cut into a share for each thread, and into blocks that stay in the cache from one step to the
//! next.

use super::program::Threads;
use super::real::Real;
use super::touch::{Touch, touches};
use super::work::{RowsWork, Work, arithmetic, units};
use std::ops::Range;

/// Elements of a chain that may be cut anywhere go to threads by this many: none is left with a crumb.
const GRAIN: usize = 256;

/// A step: work, cut into a share for each thread.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) work: Work,
    /// The rows or elements that each thread does; one share if one thread does all of it.
    pub(super) shares: Vec<Range<usize>>,
    /// Whether all threads meet before it.
    pub(super) meet: bool,
    /// How many steps, this one included, are done together, block by block of this many rows: what one has made of a block
    /// is still in the cache when the next one reads it.
    pub(super) together: usize,
    pub(super) block: usize,
}

impl Step {
    /// Into how many rows its work falls, for steps that are done together.
    fn rows(&self) -> usize {
        match &self.work {
            Work::Chain(chain) if chain.rows > 0 => chain.rows,
            work => units(work),
        }
    }

    /// The units of work of these rows.
    pub(super) fn units(&self, rows: &Range<usize>) -> Range<usize> {
        let each = units(&self.work) / self.rows().max(1);
        rows.start * each..rows.end * each
    }

    /// The rows of a thread, block by block; a block ends where a multiple of its length does.
    pub(super) fn blocks(&self, thread: usize) -> impl Iterator<Item = Range<usize>> + use<> {
        let each = (units(&self.work) / self.rows().max(1)).max(1);
        let share = self.shares.get(thread).map_or(0..0, |share| share.start / each..share.end / each);
        let block = self.block;
        let first = share.start / block;
        (first..share.end.div_ceil(block))
            .map(move |number| share.start.max(number * block)..share.end.min((number + 1) * block))
            .filter(|block| !block.is_empty())
    }
}

/// Whether a step can be done block by block together with those before it: none touches in one block what another touches
/// in another block.
fn joins(before: &[Step], step: &Step, rows: usize) -> bool {
    let first = &before[0];
    let each = step.units(&(0..1)).end;
    let same_shares = step.shares.len() == first.shares.len()
        && step.shares.iter().zip(&first.shares).all(|(mine, first)| mine.end == first.end * each);
    !step.meet
        && step.rows() == rows
        && same_shares
        && (0..first.shares.len()).all(|thread| {
            let cut = |step: &Step| {
                let blocks: Vec<Range<usize>> = first.blocks(thread).map(|rows| step.units(&rows)).collect();
                touches(&step.work, &blocks)
            };
            let mine = cut(step);
            !before.iter().flat_map(cut).any(|other| mine.iter().any(|mine| mine.collides(&other)))
        })
}

/// A step's output on one thread that is larger than this many bytes leaves the second-level cache before the next step
/// reads it.
const LARGE: usize = 128 * 1024;

/// How many rows of a step must be done at once for it to be at its best.
fn at_once(step: &Step) -> usize {
    match &step.work {
        Work::Rows(rows) => rows.at_once(),
        Work::Chain(_) | Work::Indices { .. } => 1,
    }
}

/// Finds steps that are better done block by block.
fn join_blocks<T: Real>(steps: &mut [Step]) {
    let mut number = 0;
    while number < steps.len() {
        let first = &steps[number];
        let (Work::Rows(RowsWork { output, rows, .. }), share) = (&first.work, first.shares[0].len()) else {
            number += 1;
            continue;
        };
        let row = output.place.elements() / (*rows).max(1) * size_of::<T>();
        let (rows, block) = (*rows, (LARGE / row.max(1)).max(at_once(first)).next_multiple_of(64));
        let mut together = 1;
        if row * share > LARGE && share > block {
            steps[number].block = block;
            while steps.get(number + together).is_some_and(|step| {
                at_once(step) <= block && joins(&steps[number..number + together], step, rows)
            }) {
                together += 1;
            }
        }
        // A step alone is done at once.
        let first = &mut steps[number];
        first.together = together;
        if together == 1 {
            first.block = usize::MAX;
        }
        number += together;
    }
}

/// Cuts the work of each phase into shares, and finds where the threads must meet.
pub(super) fn steps<T: Real>(phases: Vec<Vec<Work>>, threads: &Threads) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut since: Vec<Touch> = Vec::new();
    for phase in phases {
        let whole: usize = phase.iter().map(arithmetic).fold(0, usize::saturating_add);
        let count = if whole < threads.worth_splitting { 1 } else { threads.count };
        for work in phase {
            let shares = shares(&work, count, threads.worth_splitting == 0);
            let touched = touches(&work, &shares);
            let meet = touched.iter().any(|mine| since.iter().any(|other| mine.collides(other)));
            if meet {
                since.clear();
            }
            since.extend(touched);
            steps.push(Step { work, shares, meet, together: 1, block: usize::MAX });
        }
    }
    join_blocks::<T>(&mut steps);
    steps
}

/// Cuts work into a share for each of `threads` threads, or fewer where it has fewer rows.
fn shares(work: &Work, threads: usize, crumbs: bool) -> Vec<Range<usize>> {
    let units = units(work);
    let grain = match work {
        Work::Chain(chain) if chain.rows > 0 => chain.elements / chain.rows,
        // Large parts of tiles, so that no thread is left with a crumb, unless crumbs are asked for.
        Work::Chain(_) if !crumbs => GRAIN,
        _ => 1,
    };
    let grains = units.div_ceil(grain);
    let threads = threads.min(grains).max(1);
    let each = grains.div_ceil(threads) * grain;
    (0..threads).map(|thread| (thread * each).min(units)..((thread + 1) * each).min(units)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::arena::Place;
    use super::super::form::{Call, Form, Formed, Operand, Rows, RowsKernel};
    use super::*;
    use std::sync::Arc;

    #[derive(Debug)]
    struct Kernel;

    impl<T: Real> Rows<T> for Kernel {
        fn evaluate(&self, _: Call<'_, T>) {}
    }

    impl RowsKernel for Kernel {
        fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
            output[0]
        }
    }

    impl Formed for Kernel {
        fn form(&self) -> Form<'_> {
            Form::Rows(self)
        }
    }

    const ROWS: usize = 1024;
    const WIDTH: usize = 256;

    /// Work that reads one place, row by row or not, and writes another; they are counted by the size of one.
    fn work(from: usize, by_row: bool, to: usize) -> Work {
        let place = |number: usize| Place::Real { start: number * ROWS * WIDTH, length: ROWS * WIDTH };
        let operand = |number, by_row| Operand { place: place(number), shape: vec![ROWS, WIDTH], by_row };
        let (inputs, output) = (vec![operand(from, by_row)], operand(to, false));
        Work::Rows(RowsWork { operation: Arc::new(Kernel), inputs, output, rows: ROWS, tail: None })
    }

    /// How many steps are done together with the first one, and before which steps threads meet.
    fn cut(phase: Vec<Work>, threads: usize) -> (usize, Vec<bool>) {
        let threads = Threads::new(threads).splitting_everything();
        let steps = steps::<f32>(vec![phase], &threads);
        (steps[0].together, steps.iter().map(|step| step.meet).collect())
    }

    #[test]
    fn steps_are_joined_where_each_block_needs_only_its_own() {
        let chained = || vec![work(0, true, 1), work(1, true, 2), work(2, true, 3)];
        assert_eq!(cut(chained(), 1), (3, vec![false; 3]));
        assert_eq!(cut(chained(), 2), (3, vec![false; 3]));
        // The second one needs all rows of what the first one makes: block by block it would read what is not there yet.
        assert_eq!(cut(vec![work(0, true, 1), work(1, false, 2)], 1), (1, vec![false, false]));
        // And with two threads, what the other one makes.
        assert_eq!(cut(vec![work(0, true, 1), work(1, false, 2)], 2), (1, vec![false, true]));
        // The second one overwrites what the first one still has to read.
        assert_eq!(cut(vec![work(0, false, 1), work(2, true, 0)], 1), (1, vec![false, false]));
        assert_eq!(cut(vec![work(0, false, 1), work(2, true, 0)], 2), (1, vec![false, true]));
    }
}

//! A list of steps over one arena, and the threads that walk through it.
//!
//! This is the safe face of the room's `unsafe`: [`Program::new`] checks that no step writes what it reads and that all
//! places lie in the arena, after which [`Program::run`] can lend the arena's pieces to the steps without looking.

use super::arena::{Arena, Place};
use super::chain::{Chain, tile};
use super::form::{Call, Form, Formed, Inputs, Operand, Output, RowsKernel};
use super::real::Real;
use super::strided::View;
use super::team::Team;
use crate::kernel::arena::Block;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Work below this many additions and multiplications is done by one thread: about three microseconds, what it
/// takes two threads to meet with some gain.
const WORTH_SPLITTING: usize = 40_000;

/// The most scratch memory of one thread begins at a cache line of its own.
const CACHE_LINE: usize = 16;

/// What one step does.
#[derive(Debug)]
pub(crate) enum Work {
    /// Pointwise operations.
    Chain(Chain),
    /// A row kernel.
    Rows(RowsWork),
    /// A copy of indices.
    Indices {
        /// How to read them, merged.
        view: View,
        /// Where the memory behind the view begins, and its length.
        from: (usize, usize),
        /// Where to.
        to: usize,
    },
}

/// A row kernel with its operands.
#[derive(Debug)]
pub(crate) struct RowsWork {
    /// An operation of the form rows.
    pub(crate) operation: Arc<dyn Formed>,
    pub(crate) inputs: Vec<Operand>,
    pub(crate) output: Operand,
    /// Into how many rows the output falls.
    pub(crate) rows: usize,
}

/// A step: work, cut into a share for each thread.
#[derive(Debug)]
struct Step {
    work: Work,
    /// The rows or elements that each thread does; one share if one thread does all of it.
    shares: Vec<Range<usize>>,
    /// Whether all threads meet before it.
    meet: bool,
}

/// The threads of one program or several; clones are handles on the same threads.
#[derive(Debug, Clone)]
pub struct Threads {
    team: Arc<Mutex<Team>>,
    count: usize,
    /// Work below this is done by one thread.
    worth_splitting: usize,
}

impl Threads {
    /// `count` threads, of which the calling one is one; at least one.
    pub fn new(count: usize) -> Self {
        let team = Team::new(count);
        let count = team.size();
        Threads { team: Arc::new(Mutex::new(team)), count, worth_splitting: WORTH_SPLITTING }
    }

    /// The same threads, which split all work among them, however small. Slower; it is how a test sees that no result
    /// depends on the way in which work was split.
    pub fn splitting_everything(self) -> Self {
        Threads { worth_splitting: 0, ..self }
    }

    /// How many there are; fewer than were asked for if the system had no more.
    pub fn count(&self) -> usize {
        self.count
    }
}

impl From<usize> for Threads {
    fn from(count: usize) -> Self {
        Threads::new(count)
    }
}

/// Steps, the memory they work on, and the threads that do it.
#[derive(Debug)]
pub(crate) struct Program<T> {
    arena: Arena<T>,
    steps: Vec<Step>,
    threads: Threads,
    scratch: Block<T>,
    scratch_each: usize,
}

impl<T: Real> Program<T> {
    /// A program of these steps, in this order; nothing if there is no memory for scratch.
    ///
    /// # Panics
    /// When a step is not sound; that would be a fault of the planner.
    pub(crate) fn new(arena: Arena<T>, work: Vec<Work>, threads: Threads) -> Option<Self> {
        let mut steps: Vec<Step> = Vec::with_capacity(work.len());
        let mut scratch_each = 0;
        for work in work {
            if let Some(fault) = fault(&arena, &work) {
                panic!("an unsound step: {fault}: {work:?}");
            }
            scratch_each = scratch_each.max(scratch::<T>(&work));
            let shares = shares::<T>(&work, &threads);
            // Threads need not meet between two steps that the first of them does alone.
            let meet = steps.last().is_some_and(|last| last.shares.len() > 1 || shares.len() > 1);
            steps.push(Step { work, shares, meet });
        }
        let scratch_each = scratch_each.next_multiple_of(CACHE_LINE);
        let scratch = Block::new(scratch_each.checked_mul(threads.count())?)?;
        Some(Program { arena, steps, threads, scratch, scratch_each })
    }

    /// The memory.
    pub(crate) fn arena(&mut self) -> &mut Arena<T> {
        &mut self.arena
    }

    /// Bytes of memory: the arena and scratch.
    pub(crate) fn bytes(&self) -> usize {
        (self.arena.real.len() + self.scratch.len()) * size_of::<T>() + self.arena.index.len() * 4
    }

    /// Runs all steps. Nothing is allocated.
    pub(crate) fn run(&mut self) {
        let (arena, steps, scratch, each) = (&self.arena, &self.steps, &self.scratch, self.scratch_each);
        let mut team = self.threads.team.lock().unwrap_or_else(PoisonError::into_inner);
        team.run(&|thread, barrier| {
            // SAFETY: each thread has its own piece, and `&mut self` excludes other runs.
            let scratch = unsafe { scratch.slice_mut(thread * each, each) };
            for step in steps {
                if step.meet {
                    barrier.meet();
                }
                if let Some(share) = step.shares.get(thread).filter(|share| !share.is_empty()) {
                    // SAFETY: `new` has checked the step; the shares of the threads have nothing in common; threads
                    // meet between steps unless one thread does both; `&mut self` excludes everybody else.
                    unsafe { carry_out(&step.work, arena, share.clone(), scratch) };
                }
            }
        });
    }
}

/// # Safety
/// The work has no [`fault`], and while it is done, nobody writes to what it reads, nor reads or writes its share of
/// what it writes.
unsafe fn carry_out<T: Real>(work: &Work, arena: &Arena<T>, share: Range<usize>, scratch: &mut [T]) {
    match work {
        // SAFETY: passed on.
        Work::Chain(chain) => unsafe { chain.run(arena, share, scratch) },
        Work::Rows(RowsWork { operation, inputs, output, rows }) => {
            let Form::Rows(kernel) = operation.form() else {
                return;
            };
            // SAFETY: the rows of the share belong to this thread, and the output is apart from the inputs.
            let memory = unsafe {
                match output.place {
                    Place::Real { start, length } => {
                        let row = length / rows;
                        Output::Real(arena.real.slice_mut(start + share.start * row, share.len() * row))
                    }
                    Place::Index { start, length } => {
                        let row = length / rows;
                        Output::Index(arena.index.slice_mut(start + share.start * row, share.len() * row))
                    }
                    Place::Bytes { .. } => return,
                }
            };
            // SAFETY: nobody writes to the inputs.
            let inputs = unsafe { Inputs::new(arena, inputs) };
            let shape = &output.shape;
            T::rows(kernel).evaluate(Call { inputs, shape, rows: share, output: memory, scratch });
        }
        Work::Indices { view, from, to } => {
            // SAFETY: the two places are apart.
            let (memory, into) =
                unsafe { (arena.index.slice(from.0, from.1), arena.index.slice_mut(*to, view.elements())) };
            view.copy(memory, 0..view.elements(), into);
        }
    }
}

/// What a row kernel says of these operands.
fn of_rows<R>(work: &RowsWork, ask: impl FnOnce(&dyn RowsKernel, &[&[usize]], &[usize]) -> R) -> Option<R> {
    let Form::Rows(kernel) = work.operation.form() else {
        return None;
    };
    let shapes: Vec<&[usize]> = work.inputs.iter().map(|operand| &operand.shape[..]).collect();
    Some(ask(kernel, &shapes, &work.output.shape))
}

/// How many numbers of scratch memory a thread needs for this work.
fn scratch<T: Real>(work: &Work) -> usize {
    match work {
        Work::Chain(chain) => chain.registers * tile::<T>(),
        Work::Rows(rows) => {
            of_rows(rows, |kernel, inputs, output| kernel.scratch(inputs, output)).unwrap_or(0)
        }
        Work::Indices { .. } => 0,
    }
}

/// Cuts work into a share for each thread, or leaves it whole where splitting does not pay.
fn shares<T: Real>(work: &Work, threads: &Threads) -> Vec<Range<usize>> {
    let (units, cost, grain) = match work {
        // Large parts of tiles, so that no thread is left with a crumb, unless crumbs are asked for.
        Work::Chain(chain) => {
            let grain = if threads.worth_splitting == 0 { 1 } else { tile::<T>() / 4 };
            (chain.elements, chain.elements * (chain.instructions.len() + 1) * 2, grain)
        }
        Work::Rows(rows) => {
            let cost = of_rows(rows, |kernel, inputs, output| kernel.work(inputs, output)).unwrap_or(0);
            (rows.rows, cost, 1)
        }
        Work::Indices { view, .. } => return std::iter::once(0..view.elements()).collect(),
    };
    let threads =
        if cost < threads.worth_splitting { 1 } else { threads.count.min(units.div_ceil(grain)).max(1) };
    let each = units.div_ceil(threads).next_multiple_of(grain);
    (0..threads).map(|thread| (thread * each).min(units)..((thread + 1) * each).min(units)).collect()
}

/// Why a step is not sound, if it is not.
fn fault<T: Real>(arena: &Arena<T>, work: &Work) -> Option<&'static str> {
    let inside = |place: &Place| match *place {
        Place::Real { start, length } => start + length <= arena.real.len(),
        Place::Index { start, length } => start + length <= arena.index.len(),
        Place::Bytes { table, start, length } => {
            arena.tables.get(table).is_some_and(|(bytes, _)| start + length <= bytes.len())
        }
    };
    match work {
        Work::Chain(chain) => chain.fault(),
        Work::Rows(RowsWork { operation, inputs, output, rows }) => {
            if !matches!(operation.form(), Form::Rows(_)) {
                return Some("an operation without a row kernel");
            }
            let length = match output.place {
                Place::Real { length, .. } | Place::Index { length, .. } => length,
                Place::Bytes { .. } => return Some("bytes are never written"),
            };
            if length > 0 && (*rows == 0 || length % rows != 0) {
                return Some("rows of unequal length");
            }
            if !inputs.iter().chain([output]).all(|operand| inside(&operand.place)) {
                return Some("an operand outside of the arena");
            }
            let overlap = inputs.iter().any(|input| overlaps(&input.place, &output.place));
            overlap.then_some("a row kernel reads what it writes")
        }
        Work::Indices { view, from, to } => {
            let place = |start, length| Place::Index { start, length };
            let (source, target) = (place(from.0, from.1), place(*to, view.elements()));
            let sound = inside(&source) && inside(&target) && !overlaps(&source, &target);
            (!sound).then_some("a copy of indices onto itself or outside of the arena")
        }
    }
}

fn overlaps(a: &Place, b: &Place) -> bool {
    let apart = |a: usize, a_length: usize, b: usize, b_length: usize| {
        a_length == 0 || b_length == 0 || a + a_length <= b || b + b_length <= a
    };
    match (*a, *b) {
        (Place::Real { start, length }, Place::Real { start: other, length: others })
        | (Place::Index { start, length }, Place::Index { start: other, length: others }) => {
            !apart(start, length, other, others)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, overlaps};

    #[test]
    fn places_overlap_when_they_share_an_element() {
        let place = |start, length| Place::Real { start, length };
        assert!(overlaps(&place(0, 10), &place(9, 1)));
        assert!(!overlaps(&place(0, 10), &place(10, 5)));
        assert!(!overlaps(&place(0, 10), &place(5, 0)));
        assert!(!overlaps(&place(0, 10), &Place::Index { start: 0, length: 10 }));
    }
}

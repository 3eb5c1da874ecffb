//! A list of steps over one arena, and the threads that walk through it.
//!
//! This is the safe face of the room's `unsafe`: [`Program::new`] checks that no step writes what it reads and that all
//! places lie in the arena, after which [`Program::run`] can lend the arena's pieces to the steps without looking.

use super::arena::{Arena, Memory, Place};
use super::chain::Chain;
use super::form::{Call, Form, Formed, Inputs, Operand, Output, RowsKernel};
use super::real::Real;
use super::sparse::{self, SparseRowsMut};
use super::strided::View;
use super::team::Team;
use super::touch::{Touch, touches};
use super::watch::Watch;
use crate::kernel::arena::Block;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// A phase with less work than this many additions and multiplications is done by one thread: some microseconds, in
/// which two threads hardly meet with a gain.
const WORTH_SPLITTING: usize = 100_000;

/// Elements of a chain that may be cut anywhere go to threads by this many: none is left with a crumb.
const GRAIN: usize = 256;

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
    /// How many steps, this one included, are done together, block by block of this many rows: what one has made of a block
    /// is still in the cache when the next one reads it.
    together: usize,
    block: usize,
}

/// What is known of a step before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepCost {
    /// About how many additions and multiplications it takes.
    pub(crate) arithmetic: usize,
    /// The bytes that it reads and writes, each counted once.
    pub(crate) bytes: usize,
    /// How many threads share it.
    pub(crate) threads: usize,
    /// Whether the threads meet before it.
    pub(crate) meet: bool,
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
    watch: Option<Watch>,
}

impl<T: Real> Program<T> {
    /// A program of these phases, in this order. Within a phase, a thread's rows depend on nobody else's, as far as the
    /// planner saw; where the steps' places say otherwise, threads meet. What is to be computed `once` is computed here.
    /// Nothing if there is no memory for scratch.
    ///
    /// # Panics
    /// When a step is not sound; that would be a fault of the planner.
    pub(crate) fn new(
        arena: Arena<T>,
        once: &[Work],
        phases: Vec<Vec<Work>>,
        threads: Threads,
    ) -> Option<Self> {
        let mut scratch_each = 0;
        for work in once.iter().chain(phases.iter().flatten()) {
            if let Some(fault) = fault(&arena, work) {
                panic!("an unsound step: {fault}: {work:?}");
            }
            scratch_each = scratch_each.max(scratch::<T>(work));
        }
        let scratch_each = scratch_each.next_multiple_of(CACHE_LINE);
        let scratch = Block::new(scratch_each.checked_mul(threads.count())?)?;
        let steps = steps::<T>(phases, &threads);
        let mut program = Program { arena, steps, threads, scratch, scratch_each, watch: None };
        for work in once {
            let whole = 0..units(work);
            let scratch = program.scratch.all();
            // SAFETY: the work was checked above, and nobody else has the program yet.
            unsafe { carry_out(work, &program.arena, whole, &mut scratch[..scratch_each]) };
        }
        Some(program)
    }

    /// The memory.
    pub(crate) fn arena(&mut self) -> &mut Arena<T> {
        &mut self.arena
    }

    /// Bytes of memory: the arena and scratch.
    pub(crate) fn bytes(&self) -> usize {
        (self.arena.real.len() + self.scratch.len()) * size_of::<T>() + self.arena.index.len() * 4
    }

    /// How many threads walk through it.
    pub(crate) fn threads(&self) -> usize {
        self.threads.count()
    }

    /// What is known of each step.
    pub(crate) fn costs(&self) -> impl Iterator<Item = StepCost> + '_ {
        self.steps.iter().map(|step| StepCost {
            arithmetic: arithmetic(&step.work),
            bytes: traffic(&step.work, &self.arena),
            threads: step.shares.iter().filter(|share| !share.is_empty()).count(),
            meet: step.meet,
        })
    }

    /// Measures the time of each step from now on.
    pub(crate) fn watch(&mut self) {
        self.watch = Some(Watch::new(self.steps.len()));
    }

    /// The runs since [`watch`](Self::watch) and the nanoseconds that each step took in all of them; measures no more.
    pub(crate) fn unwatch(&mut self) -> (u64, Vec<u64>) {
        self.watch.take().unwrap_or_else(|| Watch::new(self.steps.len())).result()
    }

    /// Runs all steps. Nothing is allocated.
    pub(crate) fn run(&mut self) {
        let (arena, steps, scratch, each) = (&self.arena, &self.steps, &self.scratch, self.scratch_each);
        let watch = self.watch.as_ref();
        let mut team = self.threads.team.lock().unwrap_or_else(PoisonError::into_inner);
        team.run(&|thread, barrier| {
            let mut watch = watch.filter(|_| thread == 0).map(Watch::begin);
            // SAFETY: each thread has its own piece, and `&mut self` excludes other runs.
            let scratch = unsafe { scratch.slice_mut(thread * each, each) };
            let mut number = 0;
            while let Some(step) = steps.get(number) {
                if step.meet {
                    barrier.meet();
                }
                let together = &steps[number..number + step.together];
                for block in step.blocks(thread) {
                    for (step, number) in together.iter().zip(number..) {
                        // SAFETY: `new` has checked the step; the shares of the threads have nothing in common, and
                        // neither have their blocks; between two meetings no thread writes what another touches; `&mut
                        // self` excludes everybody else.
                        unsafe { carry_out(&step.work, arena, step.units(&block), scratch) };
                        if let Some(watch) = &mut watch {
                            watch.done(number);
                        }
                    }
                }
                number += step.together;
            }
        });
    }
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
    fn units(&self, rows: &Range<usize>) -> Range<usize> {
        let each = units(&self.work) / self.rows().max(1);
        rows.start * each..rows.end * each
    }

    /// The rows of a thread, block by block; a block ends where a multiple of its length does.
    fn blocks(&self, thread: usize) -> impl Iterator<Item = Range<usize>> + use<> {
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

/// The fewest rows of a block: a product of fewer copies its right operand too often.
const SHORTEST_BLOCK: usize = 96;

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
        let (rows, block) = (*rows, (LARGE / row.max(1)).max(SHORTEST_BLOCK).next_multiple_of(32));
        let mut together = 1;
        if row * share > LARGE && share > block {
            steps[number].block = block;
            while steps
                .get(number + together)
                .is_some_and(|step| joins(&steps[number..number + together], step, rows))
            {
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
fn steps<T: Real>(phases: Vec<Vec<Work>>, threads: &Threads) -> Vec<Step> {
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
                match output.place.rows(&share, *rows) {
                    Place::Real { start, length } => Output::Real(arena.real.slice_mut(start, length)),
                    Place::Index { start, length } => Output::Index(arena.index.slice_mut(start, length)),
                    Place::Bytes { .. } => return,
                    Place::Sparse { table, start, words, rows, .. } => {
                        let Some(lists) = arena.tables[table].lists.as_deref() else {
                            return;
                        };
                        let places = arena.index.slice_mut(start, rows * words);
                        Output::Sparse(SparseRowsMut { lists, places, rows })
                    }
                }
            };
            // SAFETY: nobody writes to the inputs.
            let inputs = unsafe { Inputs::new(arena, inputs, &share, *rows) };
            let (shape, rows) = (&output.shape, share.clone());
            T::rows(kernel).evaluate(Call { inputs, shape, rows, output: memory, scratch });
        }
        Work::Indices { view, from, to } => {
            // SAFETY: the two places are apart.
            let (memory, into) = unsafe {
                (arena.index.slice(from.0, from.1), arena.index.slice_mut(*to + share.start, share.len()))
            };
            view.copy(memory, view.offset, share, into);
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
        Work::Chain(chain) => chain.registers * chain.tile::<T>(),
        Work::Rows(rows) => {
            of_rows(rows, |kernel, inputs, output| kernel.scratch(inputs, output)).unwrap_or(0)
        }
        Work::Indices { .. } => 0,
    }
}

/// About how many additions and multiplications the work takes.
fn arithmetic(work: &Work) -> usize {
    match work {
        Work::Chain(chain) => chain.elements * (chain.instructions.len() + 1),
        Work::Rows(rows) => of_rows(rows, |kernel, inputs, output| kernel.work(inputs, output)).unwrap_or(0),
        Work::Indices { view, .. } => view.elements(),
    }
}

/// The bytes that the work reads and writes, each counted once.
fn traffic<T: Real>(work: &Work, arena: &Arena<T>) -> usize {
    match work {
        Work::Chain(chain) => {
            let loads = chain.loads.iter().map(|load| load.length.min(chain.elements));
            let mut places: Vec<(usize, bool)> = chain.memory().collect();
            places.sort_unstable();
            places.dedup();
            (loads.sum::<usize>() + places.len() * chain.elements) * size_of::<T>()
        }
        Work::Rows(RowsWork { inputs, output, .. }) => {
            let records = |place: &Place| match *place {
                Place::Sparse { table, rows, .. } => {
                    arena.tables[table].lists.as_ref().map(|lists| rows * lists.usual())
                }
                _ => None,
            };
            let bytes = |place: &Place| match *place {
                Place::Real { length, .. } => length * size_of::<T>(),
                Place::Index { length, .. } => length * size_of::<u32>(),
                // Of a table only the rows that make the output are read; if they are lists, as much as is written.
                Place::Bytes { length, .. } => {
                    records(&output.place).unwrap_or_else(|| length.min(output.shape.iter().product()))
                }
                Place::Sparse { .. } => records(place).unwrap_or(0),
            };
            inputs.iter().chain([output]).map(|operand| bytes(&operand.place)).sum()
        }
        Work::Indices { view, .. } => 2 * view.elements() * size_of::<u32>(),
    }
}

/// Into how many pieces the work can be cut.
fn units(work: &Work) -> usize {
    match work {
        Work::Chain(chain) => chain.elements,
        Work::Rows(rows) => rows.rows,
        Work::Indices { view, .. } => view.elements(),
    }
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

/// Why a step is not sound, if it is not.
fn fault<T: Real>(arena: &Arena<T>, work: &Work) -> Option<&'static str> {
    let inside = |place: &Place| {
        let in_table = match *place {
            Place::Bytes { table, start, length } => {
                arena.tables.get(table).is_some_and(|table| start + length <= table.bytes.len())
            }
            Place::Sparse { table, width, words, .. } => {
                let lists = arena.tables.get(table).and_then(|table| table.lists.as_ref());
                lists.is_some_and(|lists| lists.width() == width && sparse::words(lists) == words)
            }
            Place::Real { .. } | Place::Index { .. } => true,
        };
        in_table
            && place.memory().is_none_or(|(memory, range)| match memory {
                Memory::Real => range.end <= arena.real.len(),
                Memory::Index => range.end <= arena.index.len(),
            })
    };
    match work {
        Work::Chain(chain) => chain.fault(),
        Work::Rows(RowsWork { operation, inputs, output, rows }) => {
            if !matches!(operation.form(), Form::Rows(_)) {
                return Some("an operation without a row kernel");
            }
            if matches!(output.place, Place::Bytes { .. }) {
                return Some("bytes are never written");
            }
            let uneven = |operand: &Operand| !operand.place.elements().is_multiple_of((*rows).max(1));
            if output.place.elements() > 0 && (*rows == 0 || uneven(output)) {
                return Some("rows of unequal length");
            }
            if inputs.iter().any(|input| input.by_row && uneven(input)) {
                return Some("an input that does not fall into rows");
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
    match (a.memory(), b.memory()) {
        (Some((memory, mine)), Some((other, theirs))) => {
            memory == other && mine.start.max(theirs.start) < mine.end.min(theirs.end)
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

//! A list of steps over one arena, and the threads that walk through it.
//!
//! This is the safe face of the room's `unsafe`: [`Program::new`] checks that no step writes what it reads, after
//! which [`Program::run`] can lend the arena's pieces to the steps; that these lie in the arena is asserted each time.

use super::arena::{ALIGNMENT, Arena, Block};
use super::real::Real;
use super::step::{Step, steps};
use super::team::Team;
use super::watch::Watch;
use super::work::{Work, arithmetic, carry_out, fault, scratch, traffic, units};
use std::sync::{Arc, Mutex, PoisonError};

/// A phase with less work than this many additions and multiplications is done by one thread: some microseconds, in
/// which two threads hardly meet with a gain.
const WORTH_SPLITTING: usize = 100_000;

/// A whole run with less work than this is done by one thread, some twenty microseconds: what one thread has made, another
/// must fetch from its cache, which can take as long.
const WORTH_SHARING: usize = 1_000_000;

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
    pub(super) count: usize,
    /// Phases, and runs, with less work than this are done by one thread.
    pub(super) worth_splitting: usize,
    pub(super) worth_sharing: usize,
}

impl Threads {
    /// `count` threads, of which the calling one is one; at least one.
    pub fn new(count: usize) -> Self {
        let team = Team::new(count);
        let count = team.size();
        let (worth_splitting, worth_sharing) = (WORTH_SPLITTING, WORTH_SHARING);
        Threads { team: Arc::new(Mutex::new(team)), count, worth_splitting, worth_sharing }
    }

    /// The same threads, which split all work among them, however small. Slower; it is how a test sees that no result
    /// depends on the way in which work was split.
    pub fn splitting_everything(self) -> Self {
        Threads { worth_splitting: 0, worth_sharing: 0, ..self }
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

/// Why there is no program.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is no memory for scratch.
    Memory,
    /// A step writes what it reads, or its operands do not fit: which, and why. The planner makes no such steps, unless a
    /// program's own kernel does not answer as it did before.
    Unsound(String),
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
    pub(crate) fn new(
        arena: Arena<T>,
        once: &[Work],
        phases: Vec<Vec<Work>>,
        threads: Threads,
    ) -> Result<Self, Refusal> {
        let mut scratch_each = 0;
        for work in once.iter().chain(phases.iter().flatten()) {
            if let Some(fault) = fault(&arena, work) {
                return Err(Refusal::Unsound(format!("{fault}: {work:?}")));
            }
            scratch_each = scratch_each.max(scratch::<T>(work));
        }
        // That of each thread begins at a cache line of its own.
        let scratch_each = scratch_each.next_multiple_of(ALIGNMENT);
        let scratch =
            scratch_each.checked_mul(threads.count()).and_then(Block::new).ok_or(Refusal::Memory)?;
        let steps = steps(phases, &arena, &threads);
        let mut program = Program { arena, steps, threads, scratch, scratch_each, watch: None };
        for work in once {
            let whole = 0..units(work);
            let scratch = program.scratch.all();
            // SAFETY: the work was checked above, and nobody else has the program yet.
            unsafe { carry_out(work, &program.arena, whole, &mut scratch[..scratch_each]) };
        }
        Ok(program)
    }

    /// The memory.
    pub(crate) fn arena(&mut self) -> &mut Arena<T> {
        &mut self.arena
    }

    /// All real numbers.
    pub(crate) fn numbers(&self) -> &[T] {
        // SAFETY: only `run` and `arena` write to the memory; they take `&mut self`, and no thread is at work when `run` returns.
        unsafe { self.arena.real.slice(0, self.arena.real.len()) }
    }

    /// All indices.
    pub(crate) fn indices(&self) -> &[u32] {
        // SAFETY: as of `numbers`.
        unsafe { self.arena.index.slice(0, self.arena.index.len()) }
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

    /// Runs all steps. Nothing is allocated. Panics when a kernel does, on whichever thread; the threads can be used again.
    pub(crate) fn run(&mut self) {
        let (arena, steps, scratch, each) = (&self.arena, &self.steps, &self.scratch, self.scratch_each);
        let watch = self.watch.as_ref();
        let mut team = self.threads.team.lock().unwrap_or_else(PoisonError::into_inner);
        team.run(&|thread, barrier| {
            let mut watch = watch.filter(|_| thread == 0).map(Watch::begin);
            // SAFETY: each thread has its own piece, and `&mut self` excludes other runs.
            let scratch = unsafe { scratch.slice_mut(thread * each, each) };
            for (number, step) in steps.iter().enumerate() {
                // Where a thread has panicked, what it should have made is not there: the run ends.
                if step.meet && !barrier.meet() {
                    return;
                }
                let Some(share) = step.shares.get(thread).filter(|share| !share.is_empty()) else {
                    continue;
                };
                // SAFETY: `new` has checked the step; the shares of the threads have nothing in common; between two meetings no
                // thread writes what another touches; `&mut self` excludes everybody else.
                unsafe { carry_out(&step.work, arena, share.clone(), scratch) };
                if let Some(watch) = &mut watch {
                    watch.done(number);
                }
            }
        });
    }
}

//! A list of steps over one arena, and the threads that execute it.
//!
//! This is the safe interface to the `unsafe` code of the kernel: [`Program::new`] validates that no step writes what it
//! reads, so that [`Program::run`] may lend pieces of the arena to the steps. That these lie in the arena is asserted each time.

use super::arena::{ALIGNMENT, Arena, Block};
use super::real::Real;
use super::step::{Step, steps};
use super::step_times::StepTimes;
use super::thread_pool::{ThreadPool, in_job};
use super::work::{Work, arithmetic, execute, fault, scratch, traffic, units};
use std::sync::{Arc, Mutex, PoisonError};

/// The least work of a parallel region for each of its threads, in flops: some microseconds. With less, a thread more costs as
/// much at the barrier as it saves.
const MIN_FLOPS_PER_THREAD: usize = 50_000;

/// The least work of a run on several threads, in flops: some twenty microseconds. With less, moving values between the caches
/// of two processors can cost as much as the second thread saves.
const MIN_FLOPS_PER_RUN: usize = 1_000_000;

/// What is known of a step before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepCost {
    /// About how many additions and multiplications it takes.
    pub(crate) flops: usize,
    /// The bytes that it reads and writes, each counted once.
    pub(crate) bytes: usize,
    /// How many threads execute it.
    pub(crate) threads: usize,
    /// Whether threads wait at a barrier before it.
    pub(crate) barrier: bool,
}

/// The threads of one program or several; clones are handles on the same threads.
#[derive(Debug, Clone)]
pub struct Threads {
    pool: Arc<Mutex<ThreadPool>>,
    count: usize,
    min_flops_per_thread: usize,
    min_flops_per_run: usize,
}

impl Threads {
    /// `count` threads, of which the calling thread is one; at least one.
    pub fn new(count: usize) -> Self {
        let pool = ThreadPool::new(count);
        let count = pool.size();
        Threads {
            pool: Arc::new(Mutex::new(pool)),
            count,
            min_flops_per_thread: MIN_FLOPS_PER_THREAD,
            min_flops_per_run: MIN_FLOPS_PER_RUN,
        }
    }

    /// The same threads, with another minimum of work, in flops, for each thread of a region and for a run on several. With 0
    /// all work is distributed, however little: a test sees thereby that no bit depends on the distribution.
    pub fn min_work(self, flops: usize) -> Self {
        Threads { min_flops_per_thread: flops, min_flops_per_run: flops, ..self }
    }

    /// How many there are; fewer than were asked for if the system has no more.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many threads execute a region of `region` flops in a run of `run` flops.
    pub(super) fn count_for(&self, run: usize, region: usize) -> usize {
        if run < self.min_flops_per_run {
            return 1;
        }
        region.checked_div(self.min_flops_per_thread).map_or(self.count, |count| count.clamp(1, self.count))
    }

    /// Whether all work is distributed, however little.
    pub(super) fn splits_everything(&self) -> bool {
        self.min_flops_per_thread == 0
    }
}

impl From<usize> for Threads {
    fn from(count: usize) -> Self {
        Threads::new(count)
    }
}

/// A kernel runs another program on the threads that execute it, which would wait for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nested;

/// Why a program was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The memory does not hold the scratch space.
    Memory,
    /// A step writes what it reads, or its operands do not fit: which, and why. The planner makes none, unless a user's own
    /// kernel does not answer as it did before.
    Unsound(String),
}

/// Steps, the memory that they work on, and the threads that execute them.
#[derive(Debug)]
pub(crate) struct Program<T> {
    arena: Arena<T>,
    steps: Vec<Step>,
    threads: Threads,
    scratch: Block<T>,
    scratch_each: usize,
    times: Option<StepTimes>,
}

impl<T: Real> Program<T> {
    /// A program of these regions, in this order. Within a region the rows of a thread depend on no other thread, as far as
    /// the planner saw; where the places of the steps say otherwise, threads wait at a barrier. The `constants` are computed
    /// here.
    pub(crate) fn new(
        arena: Arena<T>,
        constants: &[Work],
        regions: Vec<Vec<Work>>,
        threads: Threads,
    ) -> Result<Self, Refusal> {
        let mut scratch_each = 0;
        for work in constants.iter().chain(regions.iter().flatten()) {
            if let Some(fault) = fault(&arena, work) {
                return Err(Refusal::Unsound(format!("{fault}: {work:?}")));
            }
            scratch_each = scratch_each.max(scratch::<T>(work));
        }
        // The scratch space of each thread begins at a cache line of its own.
        let scratch_each = scratch_each.next_multiple_of(ALIGNMENT);
        let scratch =
            scratch_each.checked_mul(threads.count()).and_then(Block::new).ok_or(Refusal::Memory)?;
        let steps = steps(regions, &arena, &threads);
        let mut program = Program { arena, steps, threads, scratch, scratch_each, times: None };
        for work in constants {
            let whole = 0..units(work);
            let scratch = program.scratch.all();
            // SAFETY: the work was validated above, and the program is not shared yet.
            unsafe { execute(work, &program.arena, whole, &mut scratch[..scratch_each]) };
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

    /// How many threads execute it.
    pub(crate) fn threads(&self) -> usize {
        self.threads.count()
    }

    /// What is known of each step.
    pub(crate) fn costs(&self) -> impl Iterator<Item = StepCost> + '_ {
        self.steps.iter().map(|step| StepCost {
            flops: arithmetic(&step.work),
            bytes: traffic(&step.work, &self.arena),
            threads: step.ranges.iter().filter(|range| !range.is_empty()).count(),
            barrier: step.barrier,
        })
    }

    /// Measures the time of each step from now on.
    pub(crate) fn begin_profile(&mut self) {
        self.times = Some(StepTimes::new(self.steps.len()));
    }

    /// The runs since [`begin_profile`](Self::begin_profile) and the nanoseconds that each step took in all of them; measures
    /// no more.
    pub(crate) fn end_profile(&mut self) -> (u64, Vec<u64>) {
        self.times.take().unwrap_or_else(|| StepTimes::new(self.steps.len())).result()
    }

    /// Runs all steps. Nothing is allocated. Panics when a kernel does, on whichever thread; the threads can be used again.
    /// Errors when a kernel calls it.
    pub(crate) fn run(&mut self) -> Result<(), Nested> {
        if in_job() {
            return Err(Nested);
        }
        let (arena, steps, scratch, each) = (&self.arena, &self.steps, &self.scratch, self.scratch_each);
        let times = self.times.as_ref();
        let mut pool = self.threads.pool.lock().unwrap_or_else(PoisonError::into_inner);
        pool.run(&|thread, barrier| {
            let mut times = times.filter(|_| thread == 0).map(StepTimes::begin);
            // SAFETY: each thread has its own piece, and `&mut self` excludes other runs.
            let scratch = unsafe { scratch.slice_mut(thread * each, each) };
            for (number, step) in steps.iter().enumerate() {
                // Where a thread has panicked, its values are missing: the run ends.
                if step.barrier && !barrier.wait() {
                    return;
                }
                let Some(range) = step.ranges.get(thread).filter(|range| !range.is_empty()) else {
                    continue;
                };
                // SAFETY: `new` has validated the step; the ranges of the threads are disjoint; between two barriers no thread
                // writes what another accesses, as `steps` has found; `&mut self` excludes other runs.
                unsafe { execute(&step.work, arena, range.clone(), scratch) };
                if let Some(times) = &mut times {
                    times.done(number);
                }
            }
        });
        Ok(())
    }
}

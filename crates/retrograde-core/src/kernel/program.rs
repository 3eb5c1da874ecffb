//! A list of steps over one arena, and the threads that execute it.
//!
//! This is the safe interface to the `unsafe` code of the kernel. [`Program::new`] validates each step (`work::validate`) and finds
//! where threads must wait (`step::steps`), so that [`Program::run`] may hand parts of the arena to the steps. The bounds of the
//! arena are asserted on every access.

use super::arena::{ALIGNMENT, Arena, Block};
use super::functions::Functions;
use super::simd::Real;
use super::step::Step;
use super::step_times::StepTimes;
use super::thread_pool::in_job;
use super::threads::Threads;
use super::work::{Work, flops, units};

/// The cost of a step, known before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepCost {
    /// Its flops, zeros of compressed rows included.
    pub(crate) flops: usize,
    /// The bytes that it reads and writes, each counted once.
    pub(crate) bytes: usize,
    /// The number of threads that execute it.
    pub(crate) threads: usize,
    /// Whether threads wait at a barrier before it.
    pub(crate) barrier: bool,
}

/// A kernel runs another program on the threads that execute it, which would wait for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nested;

/// Why a program was refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The memory does not hold the scratch space.
    Memory,
    /// A step is invalid: which, and why. The compiler makes none, unless the answers of a user's own kernel change from call to
    /// call.
    Invalid(String),
}

/// Steps, the memory that they work on, and the threads that execute them.
#[derive(Debug)]
pub(crate) struct Program<T> {
    arena: Arena<T>,
    steps: Vec<Step>,
    segments: Segments,
    threads: Threads,
    scratch: Block<T>,
    scratch_each: usize,
    times: Option<StepTimes>,
}

impl<T: Real> Program<T> {
    /// A program of these regions, in this order. The compiler has found that threads need not wait within a region; where the
    /// memory accesses of the steps say otherwise, threads wait at a barrier. The `constants` are computed here.
    pub(crate) fn new(
        arena: Arena<T>,
        constants: &[Work],
        regions: Vec<Vec<Work>>,
        threads: Threads,
    ) -> Result<Self, Refusal> {
        let functions = Functions::<T>::get();
        let mut scratch_each = 0;
        for work in constants.iter().chain(regions.iter().flatten()) {
            (functions.validate)(&arena, work)
                .map_err(|problem| Refusal::Invalid(format!("{problem}: {work:?}")))?;
            scratch_each = scratch_each.max((functions.scratch)(work));
        }
        // The scratch space of each thread begins at a cache line of its own.
        let scratch_each = scratch_each.next_multiple_of(ALIGNMENT);
        let scratch =
            scratch_each.checked_mul(threads.count()).and_then(Block::new).ok_or(Refusal::Memory)?;
        let steps = (functions.steps)(regions, &arena, &threads);
        let segments = Segments::new(&steps);
        let mut program = Program { arena, steps, segments, threads, scratch, scratch_each, times: None };
        for work in constants {
            let whole = 0..units(work);
            let scratch = program.scratch.all();
            // SAFETY: `validate` has accepted the work above, and no other thread has the program yet.
            unsafe { (functions.execute)(work, &program.arena, whole, &mut scratch[..scratch_each]) };
        }
        Ok(program)
    }

    /// The memory.
    pub(crate) fn arena(&mut self) -> &mut Arena<T> {
        &mut self.arena
    }

    /// All real numbers.
    pub(crate) fn reals(&self) -> &[T] {
        // SAFETY: only `run` and `arena` give access to write, both by `&mut self`, and `run` returns after all threads have
        // finished.
        unsafe { self.arena.real.slice(0, self.arena.real.len()) }
    }

    /// All indices.
    pub(crate) fn indices(&self) -> &[u32] {
        // SAFETY: only `run` and `arena` give access to write, as for `reals`.
        unsafe { self.arena.index.slice(0, self.arena.index.len()) }
    }

    /// Bytes of memory: the arena and scratch.
    pub(crate) fn bytes(&self) -> usize {
        (self.arena.real.len() + self.scratch.len()) * size_of::<T>() + self.arena.index.len() * 4
    }

    /// The number of threads.
    pub(crate) fn threads(&self) -> usize {
        self.threads.count()
    }

    /// The cost of each step.
    pub(crate) fn costs(&self) -> impl Iterator<Item = StepCost> + '_ {
        self.steps.iter().map(|step| StepCost {
            flops: flops(&step.work),
            bytes: (Functions::<T>::get().bytes_moved)(&step.work, &self.arena),
            threads: step.ranges.iter().filter(|range| !range.is_empty()).count(),
            barrier: step.barrier,
        })
    }

    /// Measures the time of each step from now on.
    pub(crate) fn begin_profile(&mut self) {
        self.times = Some(StepTimes::new(self.steps.len()));
    }

    /// Ends the profile: the number of runs since [`begin_profile`](Self::begin_profile), and the nanoseconds of each step, summed
    /// over them.
    pub(crate) fn end_profile(&mut self) -> (u64, Vec<u64>) {
        self.times.take().unwrap_or_else(|| StepTimes::new(self.steps.len())).result()
    }

    /// Runs all steps. Nothing is allocated. Panics when a kernel does, on whichever thread; the threads can be used again.
    /// Errors when a kernel calls it.
    pub(crate) fn run(&mut self) -> Result<(), Nested> {
        if in_job() {
            return Err(Nested);
        }
        let (arena, scratch, each) = (&self.arena, &self.scratch, self.scratch_each);
        let execute = Functions::<T>::get().execute;
        let (steps, starts, times) = (&self.steps, &self.segments.starts, self.times.as_ref());
        if let Some(times) = times {
            times.begin_run();
        }
        let mut pool = self.threads.pool();
        pool.run(&self.segments.parts, &|thread, segment, part| {
            // SAFETY: each thread has its own piece, and `&mut self` excludes other runs.
            let scratch = unsafe { scratch.slice_mut(thread * each, each) };
            let (start, end) = (starts[segment], starts[segment + 1]);
            for (number, step) in (start..).zip(&steps[start..end]) {
                let Some(range) = step.ranges.get(part).filter(|range| !range.is_empty()) else {
                    continue;
                };
                // SAFETY: `new` has validated the step; the ranges of the parts are disjoint; within a segment no part writes
                // what another accesses, as `steps` has found; `&mut self` excludes other runs.
                unsafe { execute(&step.work, arena, range.clone(), scratch) };
                if let Some(times) = times.filter(|_| thread == 0) {
                    times.done(number);
                }
            }
        });
        Ok(())
    }
}

/// The steps between two barriers, which a run executes part by part.
#[derive(Debug)]
struct Segments {
    /// The first step of each, and the number of steps.
    starts: Vec<usize>,
    /// The number of parts of each.
    parts: Vec<usize>,
}

impl Segments {
    fn new(steps: &[Step]) -> Self {
        let barriers = (1..steps.len()).filter(|&number| steps[number].barrier);
        let starts: Vec<usize> = std::iter::once(0).chain(barriers).chain([steps.len()]).collect();
        let parts_of = |step: &Step| 1 + step.ranges.iter().rposition(|range| !range.is_empty()).unwrap_or(0);
        let parts =
            starts.windows(2).map(|ends| steps[ends[0]..ends[1]].iter().map(parts_of).max().unwrap_or(0));
        Segments { parts: parts.collect(), starts }
    }
}

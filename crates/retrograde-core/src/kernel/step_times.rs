//! The time that each step of a program takes.

use retrograde_base::clock::Instant;
use std::sync::atomic::{AtomicU64, Ordering};

/// The times of all steps, summed over runs.
#[derive(Debug)]
pub(super) struct StepTimes {
    start: Instant,
    runs: AtomicU64,
    /// When the last step ended, in nanoseconds since the start.
    last: AtomicU64,
    nanoseconds: Vec<AtomicU64>,
}

impl StepTimes {
    /// For `steps` steps.
    pub(super) fn new(steps: usize) -> Self {
        StepTimes {
            start: Instant::now(),
            runs: AtomicU64::new(0),
            last: AtomicU64::new(0),
            nanoseconds: (0..steps).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// A run begins.
    pub(super) fn begin_run(&self) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.last.store(self.now(), Ordering::Relaxed);
    }

    /// The calling thread of the run has done a part of a step. Its time is that since the last one, with the wait at a barrier.
    pub(super) fn done(&self, step: usize) {
        let now = self.now();
        let last = self.last.swap(now, Ordering::Relaxed);
        self.nanoseconds[step].fetch_add(now - last, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// The number of runs, and the time of each step, summed over them.
    pub(super) fn result(self) -> (u64, Vec<u64>) {
        let nanoseconds = self.nanoseconds.into_iter().map(AtomicU64::into_inner).collect();
        (self.runs.into_inner(), nanoseconds)
    }
}

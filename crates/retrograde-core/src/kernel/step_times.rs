//! The time that each step of a program takes.

use retrograde_base::clock::Instant;
use std::sync::atomic::{AtomicU64, Ordering};

/// The times of all steps, summed over runs.
#[derive(Debug)]
pub(super) struct StepTimes {
    runs: AtomicU64,
    nanoseconds: Vec<AtomicU64>,
}

impl StepTimes {
    /// For `steps` steps.
    pub(super) fn new(steps: usize) -> Self {
        StepTimes { runs: AtomicU64::new(0), nanoseconds: (0..steps).map(|_| AtomicU64::new(0)).collect() }
    }

    /// A run begins on this thread.
    pub(super) fn begin(&self) -> Running<'_> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        Running { times: self, since: Instant::now() }
    }

    /// How many runs there were, and how long each step took in all of them together.
    pub(super) fn result(self) -> (u64, Vec<u64>) {
        let nanoseconds = self.nanoseconds.into_iter().map(AtomicU64::into_inner).collect();
        (self.runs.into_inner(), nanoseconds)
    }
}

/// A run that is being measured.
pub(super) struct Running<'a> {
    times: &'a StepTimes,
    since: Instant,
}

impl Running<'_> {
    /// A step is done: its time is that since the last one, with the wait at a barrier.
    pub(super) fn done(&mut self, step: usize) {
        let now = Instant::now();
        let time = now.duration_since(self.since).as_nanos() as u64;
        self.times.nanoseconds[step].fetch_add(time, Ordering::Relaxed);
        self.since = now;
    }
}

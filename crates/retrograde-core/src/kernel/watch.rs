//! The time that each step of a program takes.

use retrograde_base::clock::Instant;
use std::sync::atomic::{AtomicU64, Ordering};

/// The times of all steps, added up over runs.
#[derive(Debug)]
pub(super) struct Watch {
    runs: AtomicU64,
    nanoseconds: Vec<AtomicU64>,
}

impl Watch {
    /// For so many steps, none run yet.
    pub(super) fn new(steps: usize) -> Self {
        Watch { runs: AtomicU64::new(0), nanoseconds: (0..steps).map(|_| AtomicU64::new(0)).collect() }
    }

    /// A run begins on this thread.
    pub(super) fn begin(&self) -> Running<'_> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        Running { watch: self, since: Instant::now() }
    }

    /// How many runs there were, and how long each step took in all of them together.
    pub(super) fn result(self) -> (u64, Vec<u64>) {
        let nanoseconds = self.nanoseconds.into_iter().map(AtomicU64::into_inner).collect();
        (self.runs.into_inner(), nanoseconds)
    }
}

/// A run that is being measured.
pub(super) struct Running<'a> {
    watch: &'a Watch,
    since: Instant,
}

impl Running<'_> {
    /// A step is done; what came since the last one, waiting for other threads included, was its time.
    pub(super) fn done(&mut self, step: usize) {
        let now = Instant::now();
        let time = now.duration_since(self.since).as_nanos() as u64;
        self.watch.nanoseconds[step].fetch_add(time, Ordering::Relaxed);
        self.since = now;
    }
}

//! The threads that execute programs, and how many of them a region gets.

use super::thread_pool::{MAX_THREADS, ThreadPool};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The least work of a parallel region for each of its threads, in flops: some microseconds. With less, one more thread costs as
/// much at the barrier as it saves.
const MIN_FLOPS_PER_THREAD: usize = 50_000;

/// The least work of a run on several threads, in flops: some twenty microseconds. With less, moving values between the caches
/// of two processors can cost as much as the second thread saves.
const MIN_FLOPS_PER_RUN: usize = 1_000_000;

/// The threads of one program or several; clones are handles on the same threads.
#[derive(Debug, Clone)]
pub struct Threads {
    pool: Arc<Mutex<ThreadPool>>,
    count: usize,
    min_flops_per_thread: usize,
    min_flops_per_run: usize,
}

impl Threads {
    /// The most threads.
    pub const MAX: usize = MAX_THREADS;

    /// `count` threads, of which the calling thread is one; at least one, at most [`MAX`](Self::MAX).
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
    /// all work is distributed: tests show by it that no bit depends on the distribution.
    pub fn min_work(self, flops: usize) -> Self {
        Threads { min_flops_per_thread: flops, min_flops_per_run: flops, ..self }
    }

    /// The number of threads; fewer than requested if the system refused more.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The threads, for one run at a time.
    pub(super) fn pool(&self) -> MutexGuard<'_, ThreadPool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of threads for a region of `region` flops in a run of `run` flops.
    pub(super) fn count_for(&self, run: usize, region: usize) -> usize {
        if run < self.min_flops_per_run {
            return 1;
        }
        region.checked_div(self.min_flops_per_thread).map_or(self.count, |count| count.clamp(1, self.count))
    }

    /// Whether work of this many flops is worth several threads.
    pub(crate) fn are_worth(&self, flops: usize) -> bool {
        self.count_for(usize::MAX, flops) > 1
    }

    /// Whether all work is distributed, regardless of its size.
    pub(super) fn splits_everything(&self) -> bool {
        self.min_flops_per_thread == 0
    }
}

impl From<usize> for Threads {
    fn from(count: usize) -> Self {
        Threads::new(count)
    }
}

//! The threads of a plan, which execute its steps together.
//!
//! Waking a sleeping thread costs several microseconds, as much as many a step. All threads of a pool are therefore woken
//! once for each run, execute their ranges of all steps, and wait for each other at a spinning [`Barrier`] where a step needs
//! the rows of other threads. After a run a thread spins for [`IDLE_SPIN`], since the next run usually follows; then it sleeps.

use retrograde_base::clock::Instant;
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often a waiting thread looks before it yields its processor at each further look: some microseconds, in which a thread
/// that is running arrives. One that is not running needs a processor, perhaps this one.
const SPINS: u32 = 200;

/// How long a thread looks for the next run before it sleeps.
const IDLE_SPIN: Duration = Duration::from_micros(50);

/// How many looks there are between two readings of the clock, each of which takes some 20 nanoseconds.
const LOOKS_PER_READING: u32 = 16;

/// What a run executes: called once on each thread with the thread's number.
type Job<'a> = &'a (dyn Fn(usize, &Barrier) + Sync);

/// What a thread panicked with.
type Payload = Box<dyn Any + Send>;

thread_local! {
    /// Whether this thread is executing a job of a pool.
    static IN_JOB: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread is executing a job of a pool, which must not wait for another one.
pub(crate) fn in_job() -> bool {
    IN_JOB.get()
}

/// Threads, the calling one included, that execute one job at a time together.
#[derive(Debug)]
pub(crate) struct ThreadPool {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    barrier: Barrier,
    /// The number of the newest run; workers wait for a change.
    run: AtomicU64,
    stop: AtomicBool,
    /// The job of the run, lent for as long as `finished` is below the number of workers.
    job: Mutex<Option<JobPointer>>,
    wake: Condvar,
    sleeping: Mutex<usize>,
    finished: AtomicUsize,
    /// What the first worker to panic in this run panicked with.
    panic: Mutex<Option<Payload>>,
}

#[derive(Debug, Clone, Copy)]
struct JobPointer(*const (dyn Fn(usize, &Barrier) + Sync));
// SAFETY: the pointer is to a `Sync` job, and `ThreadPool::run` does not return before all workers are done with it.
unsafe impl Send for JobPointer {}

impl ThreadPool {
    /// A pool of `threads` threads, of which the calling thread is one. At least one.
    pub(crate) fn new(threads: usize) -> Self {
        let threads = threads.max(1);
        let shared = Arc::new(Shared {
            barrier: Barrier::new(threads),
            run: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            job: Mutex::new(None),
            wake: Condvar::new(),
            sleeping: Mutex::new(0),
            finished: AtomicUsize::new(0),
            panic: Mutex::new(None),
        });
        let mut workers = Vec::new();
        for number in 1..threads {
            let theirs = Arc::clone(&shared);
            let name = format!("retrograde-{number}");
            match std::thread::Builder::new().name(name).spawn(move || theirs.work(number)) {
                Ok(worker) => workers.push(worker),
                // The system has no more threads to give: a smaller pool does the same work.
                Err(_) => break,
            }
        }
        shared.barrier.size.store(workers.len() + 1, Ordering::Release);
        ThreadPool { shared, workers }
    }

    /// How many threads it has.
    pub(crate) fn size(&self) -> usize {
        self.workers.len() + 1
    }

    /// Executes `job` once on each thread, and returns when all are done. Jobs wait at the barrier equally often, and end where
    /// a wait fails. Panics with the payload of the thread that panicked first, if one did.
    pub(crate) fn run(&mut self, job: Job<'_>) {
        let shared = &*self.shared;
        let this_thread = || catch(|| job(0, &shared.barrier));
        if self.workers.is_empty() {
            return this_thread().unwrap_or_else(|panic| resume_unwind(panic));
        }
        // SAFETY: only the lifetime is removed; this function waits until no worker uses the job any more.
        let pointer = JobPointer(unsafe {
            std::mem::transmute::<Job<'_>, &'static (dyn Fn(usize, &Barrier) + Sync)>(job)
        });
        *lock(&shared.job) = Some(pointer);
        shared.finished.store(0, Ordering::Relaxed);
        shared.run.fetch_add(1, Ordering::SeqCst);
        if *lock(&shared.sleeping) > 0 {
            shared.wake.notify_all();
        }
        if let Err(panic) = this_thread() {
            shared.panicked(panic);
        }
        let mut backoff = Backoff::default();
        while shared.finished.load(Ordering::Acquire) < self.workers.len() {
            backoff.snooze();
        }
        shared.barrier.reset();
        let panic = lock(&shared.panic).take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.run.fetch_add(1, Ordering::SeqCst);
        {
            let _sleeping = lock(&self.shared.sleeping);
            self.shared.wake.notify_all();
        }
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

impl Shared {
    fn work(&self, number: usize) {
        let mut seen = 0;
        loop {
            seen = self.await_run(seen);
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let job = *lock(&self.job);
            if let Some(JobPointer(job)) = job {
                // SAFETY: `ThreadPool::run` keeps the job alive until `finished` counts this worker.
                let job = unsafe { &*job };
                if let Err(panic) = catch(|| job(number, &self.barrier)) {
                    self.panicked(panic);
                }
            }
            self.finished.fetch_add(1, Ordering::Release);
        }
    }

    /// A thread has panicked: no other waits for it, and its payload is kept, unless another thread was first.
    fn panicked(&self, panic: Payload) {
        lock(&self.panic).get_or_insert(panic);
        self.barrier.broken.store(true, Ordering::Release);
    }

    /// Waits for a run after `seen`: spins for a while, then sleeps.
    fn await_run(&self, seen: u64) -> u64 {
        let (start, mut backoff) = (Instant::now(), Backoff::default());
        while backoff.looks % LOOKS_PER_READING != 0 || start.elapsed() < IDLE_SPIN {
            let now = self.run.load(Ordering::SeqCst);
            if now != seen {
                return now;
            }
            backoff.snooze();
        }
        let mut sleeping = lock(&self.sleeping);
        *sleeping += 1;
        loop {
            let now = self.run.load(Ordering::SeqCst);
            if now != seen {
                *sleeping -= 1;
                return now;
            }
            sleeping = self.wake.wait(sleeping).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Executes a part of a job, and returns what it panicked with, if it did.
fn catch(part: impl FnOnce()) -> Result<(), Payload> {
    let before = IN_JOB.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(part));
    IN_JOB.set(before);
    outcome
}

/// Where the threads of a pool wait for each other.
#[derive(Debug)]
pub(crate) struct Barrier {
    size: AtomicUsize,
    arrived: AtomicUsize,
    round: AtomicUsize,
    /// A thread panicked and will not arrive in this run: the others do not wait any more.
    broken: AtomicBool,
}

impl Barrier {
    fn new(size: usize) -> Self {
        Barrier {
            size: AtomicUsize::new(size),
            arrived: AtomicUsize::new(0),
            round: AtomicUsize::new(0),
            broken: AtomicBool::new(false),
        }
    }

    /// How many threads wait here.
    pub(crate) fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    /// Waits until all threads have arrived. After it, all threads see what any of them wrote before. False if a thread will
    /// not arrive: what it should have written is unknown, and the job must end.
    #[must_use]
    pub(crate) fn wait(&self) -> bool {
        let size = self.size();
        if size == 1 {
            return true;
        }
        let round = self.round.load(Ordering::Acquire);
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == size {
            self.arrived.store(0, Ordering::Relaxed);
            self.round.store(round.wrapping_add(1), Ordering::Release);
            return true;
        }
        let mut backoff = Backoff::default();
        while self.round.load(Ordering::Acquire) == round {
            if self.broken.load(Ordering::Relaxed) {
                return false;
            }
            backoff.snooze();
        }
        true
    }

    /// Makes the barrier ready for the next run, when no thread waits at it any more.
    fn reset(&self) {
        self.arrived.store(0, Ordering::Relaxed);
        self.broken.store(false, Ordering::Release);
    }
}

/// Waiting for another thread: spins at first, then yields, since the other thread may need this processor.
#[derive(Default)]
struct Backoff {
    looks: u32,
}

impl Backoff {
    fn snooze(&mut self) {
        self.looks = self.looks.wrapping_add(1);
        if self.looks < SPINS {
            std::hint::spin_loop();
        } else {
            self.looks = self.looks.max(SPINS);
            std::thread::yield_now();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::ThreadPool;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn all_threads_do_each_step_before_any_does_the_next() {
        let mut pool = ThreadPool::new(4);
        let counts: Vec<AtomicUsize> = (0..50).map(|_| AtomicUsize::new(0)).collect();
        for _ in 0..100 {
            counts.iter().for_each(|count| count.store(0, Ordering::Relaxed));
            pool.run(&|_, barrier| {
                for count in &counts {
                    count.fetch_add(1, Ordering::Relaxed);
                    assert!(barrier.wait());
                    assert_eq!(count.load(Ordering::Relaxed), 4);
                }
            });
        }
    }

    #[test]
    fn a_pool_that_slept_wakes_up() {
        let mut pool = ThreadPool::new(3);
        let count = AtomicUsize::new(0);
        for _ in 0..5 {
            pool.run(&|_, _| {
                count.fetch_add(1, Ordering::Relaxed);
            });
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(count.load(Ordering::Relaxed), 15);
    }

    #[test]
    fn where_a_thread_panics_the_others_end_and_the_payload_reaches_the_caller() {
        let mut pool = ThreadPool::new(4);
        for panicking in [0, 1, 3] {
            let continued = AtomicUsize::new(0);
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                pool.run(&|number, barrier| {
                    assert!(barrier.wait(), "no thread has panicked yet");
                    assert!(number != panicking, "on purpose: {number}");
                    if barrier.wait() {
                        continued.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }));
            let payload = outcome.expect_err("a panic");
            let message = payload.downcast_ref::<String>().expect("the message");
            assert_eq!(*message, format!("on purpose: {panicking}"));
            assert_eq!(continued.load(Ordering::Relaxed), 0);
            let (before, after) = (AtomicUsize::new(0), AtomicUsize::new(0));
            pool.run(&|_, barrier| {
                before.fetch_add(1, Ordering::Relaxed);
                if barrier.wait() && before.load(Ordering::Relaxed) == 4 {
                    after.fetch_add(1, Ordering::Relaxed);
                }
            });
            assert_eq!(after.load(Ordering::Relaxed), 4, "all threads wait again");
        }
    }
}

//! The threads of a plan: they walk through its steps together.
//!
//! Waking a sleeping thread costs several microseconds, as much as many a step. So all threads of a team are woken
//! once a run, go through all steps, each doing its share of each, and meet at a [`Barrier`] between two steps,
//! where they spin. Between two runs a thread spins for some microseconds, since the next run usually comes at
//! once, then sleeps: an idle team uses no processor.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How often a waiting thread looks before it offers its processor to others at each further look: some microseconds,
/// in which a thread that is running arrives. One that is not running needs a processor, perhaps this one.
const SPINS: u32 = 200;
/// How often a thread looks for the next run before it goes to sleep: about 50 microseconds.
const IDLE_SPINS: u32 = 3_000;

/// What a run does: called once on each thread with the thread's number.
type Job<'a> = &'a (dyn Fn(usize, &Barrier) + Sync);

/// Some threads, this one included, that run one job at a time together.
#[derive(Debug)]
pub(crate) struct Team {
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    barrier: Barrier,
    /// The number of the newest run; a change is what workers wait for.
    run: AtomicU64,
    stop: AtomicBool,
    /// The job of the run, lent for as long as `finished` is below the number of workers.
    job: Mutex<Option<JobPointer>>,
    wake: Condvar,
    sleeping: Mutex<usize>,
    finished: AtomicUsize,
}

#[derive(Debug, Clone, Copy)]
struct JobPointer(*const (dyn Fn(usize, &Barrier) + Sync));
// SAFETY: what it points to is `Sync`, and `Team::run` does not return before all workers are done with it.
unsafe impl Send for JobPointer {}

impl Team {
    /// A team of `threads` threads, of which this thread is one. At least one.
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
        });
        let mut workers = Vec::new();
        for number in 1..threads {
            let theirs = Arc::clone(&shared);
            let name = format!("retrograde-{number}");
            match std::thread::Builder::new().name(name).spawn(move || theirs.work(number)) {
                Ok(worker) => workers.push(worker),
                // The system has no more threads to give: a smaller team does the same work.
                Err(_) => break,
            }
        }
        shared.barrier.size.store(workers.len() + 1, Ordering::Release);
        Team { shared, workers }
    }

    /// How many threads it has.
    pub(crate) fn size(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `job` once on each thread, and returns when all are done. Jobs meet at the barrier equally often, and end where a
    /// meeting fails. Panics if one of them did.
    pub(crate) fn run(&mut self, job: Job<'_>) {
        let shared = &*self.shared;
        if self.workers.is_empty() {
            return job(0, &shared.barrier);
        }
        // SAFETY: only the lifetime is taken away; this function waits until no worker uses the job any more.
        let pointer = JobPointer(unsafe {
            std::mem::transmute::<Job<'_>, &'static (dyn Fn(usize, &Barrier) + Sync)>(job)
        });
        *lock(&shared.job) = Some(pointer);
        shared.finished.store(0, Ordering::Relaxed);
        shared.run.fetch_add(1, Ordering::SeqCst);
        if *lock(&shared.sleeping) > 0 {
            shared.wake.notify_all();
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| job(0, &shared.barrier)));
        if outcome.is_err() {
            shared.barrier.broken.store(true, Ordering::Release);
        }
        let mut wait = Wait::default();
        while shared.finished.load(Ordering::Acquire) < self.workers.len() {
            wait.a_little();
        }
        let broken = shared.barrier.mend();
        if let Err(panic) = outcome {
            resume_unwind(panic);
        }
        assert!(!broken, "a worker thread panicked");
    }
}

impl Drop for Team {
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
                // SAFETY: `Team::run` keeps the job alive until `finished` counts this worker.
                let job = unsafe { &*job };
                if catch_unwind(AssertUnwindSafe(|| job(number, &self.barrier))).is_err() {
                    self.barrier.broken.store(true, Ordering::Release);
                }
            }
            self.finished.fetch_add(1, Ordering::Release);
        }
    }

    /// Waits for a run after `seen`: spins for a while, then sleeps.
    fn await_run(&self, seen: u64) -> u64 {
        let mut wait = Wait::default();
        for _ in 0..IDLE_SPINS {
            let now = self.run.load(Ordering::SeqCst);
            if now != seen {
                return now;
            }
            wait.a_little();
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

/// Where the threads of a team wait for each other.
#[derive(Debug)]
pub(crate) struct Barrier {
    size: AtomicUsize,
    arrived: AtomicUsize,
    round: AtomicUsize,
    /// A thread panicked and will not come in this run: nobody waits any more.
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

    /// How many threads meet here.
    pub(crate) fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    /// Waits until all threads are here. What any of them wrote before, all of them see after. False if one of them will not
    /// come: then nothing is known of what it wrote, and the job must end.
    #[must_use]
    pub(crate) fn meet(&self) -> bool {
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
        let mut wait = Wait::default();
        while self.round.load(Ordering::Acquire) == round {
            if self.broken.load(Ordering::Relaxed) {
                return false;
            }
            wait.a_little();
        }
        true
    }

    /// Makes the barrier ready for the next run, when nobody is at it any more; whether it was broken.
    fn mend(&self) -> bool {
        self.arrived.store(0, Ordering::Relaxed);
        self.broken.swap(false, Ordering::AcqRel)
    }
}

/// Waiting for another thread: spins at first, then lets others run, since the other may need this processor.
#[derive(Default)]
struct Wait {
    spins: u32,
}

impl Wait {
    fn a_little(&mut self) {
        if self.spins < SPINS {
            self.spins += 1;
            std::hint::spin_loop();
        } else {
            std::thread::yield_now();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::Team;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn all_threads_do_each_step_before_any_does_the_next() {
        let mut team = Team::new(4);
        let counts: Vec<AtomicUsize> = (0..50).map(|_| AtomicUsize::new(0)).collect();
        for _ in 0..100 {
            counts.iter().for_each(|count| count.store(0, Ordering::Relaxed));
            team.run(&|_, barrier| {
                for count in &counts {
                    count.fetch_add(1, Ordering::Relaxed);
                    assert!(barrier.meet());
                    assert_eq!(count.load(Ordering::Relaxed), 4);
                }
            });
        }
    }

    #[test]
    fn a_team_that_slept_wakes_up() {
        let mut team = Team::new(3);
        let count = AtomicUsize::new(0);
        for _ in 0..5 {
            team.run(&|_, _| {
                count.fetch_add(1, Ordering::Relaxed);
            });
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(count.load(Ordering::Relaxed), 15);
    }

    #[test]
    fn where_one_panics_nobody_goes_on_and_the_team_is_whole_again() {
        let mut team = Team::new(4);
        for panicking in [0, 1, 3] {
            let went_on = AtomicUsize::new(0);
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                team.run(&|number, barrier| {
                    assert!(barrier.meet(), "nobody has panicked yet");
                    assert!(number != panicking, "on purpose");
                    if barrier.meet() {
                        went_on.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }));
            assert!(outcome.is_err() && went_on.load(Ordering::Relaxed) == 0);
            let (before, after) = (AtomicUsize::new(0), AtomicUsize::new(0));
            team.run(&|_, barrier| {
                before.fetch_add(1, Ordering::Relaxed);
                if barrier.meet() && before.load(Ordering::Relaxed) == 4 {
                    after.fetch_add(1, Ordering::Relaxed);
                }
            });
            assert_eq!(after.load(Ordering::Relaxed), 4, "all met again");
        }
    }
}

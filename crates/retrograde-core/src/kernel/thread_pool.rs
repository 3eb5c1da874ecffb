//! The threads of a plan, which execute its steps together.
//!
//! A run is a sequence of *segments*: steps between two barriers. A segment has parts that are independent of each other, one
//! for each thread. The calling thread opens a segment when the one before is complete. Part `n` is meant for thread `n`, whose
//! cache has its rows. A part that its thread has not claimed is executed by a thread that has nothing else to do, so that a run
//! needs no thread but the calling one: where other programs need the processors, a run waits only for parts that have
//! begun.
//!
//! Waking a sleeping thread costs several microseconds, as much as many a step. A thread therefore spins for [`IDLE_SPIN`]
//! before it sleeps, since the next segment or the next run usually follows.

use retrograde_base::clock::Instant;
use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often a thread looks for others to claim their parts before it executes these itself: some microseconds, in which a
/// thread that is running has claimed its part.
const PATIENCE: u32 = 200;

/// How long a thread spins before it sleeps.
const IDLE_SPIN: Duration = Duration::from_micros(50);

/// How many looks there are between two readings of the clock, each of which takes some 20 nanoseconds.
const LOOKS_PER_READING: u32 = 16;

/// The most threads of a pool.
pub(crate) const MAX_THREADS: usize = 1024;

/// What a run executes: called once for each part of each segment, with the number of the thread, of the segment and of the
/// part. No two calls at the same time have the same thread.
type Job<'a> = &'a (dyn Fn(usize, usize, usize) + Sync);

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
    /// How many segments have been opened in all runs.
    segments: u64,
}

/// A segment of a job, which lives while the segment is open.
struct Task<'a> {
    job: Job<'a>,
    segment: usize,
}

/// A segment that is or was open: its number, counted from 1 over all runs, and its number of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Segment {
    number: u64,
    parts: usize,
}

/// A value with a cache line of its own, so that threads that write it do not disturb those that read another.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Line<T>(T);

#[derive(Debug)]
struct Shared {
    /// The newest segment, packed.
    opened: Line<AtomicU64>,
    /// For each part, the number of the last segment in which it has been claimed.
    claims: Box<[Line<AtomicU64>]>,
    /// How many parts of the open segment are done; before the first segment, how many workers have started.
    done: Line<AtomicUsize>,
    /// The task of the open segment: lent until all of its parts are done.
    task: AtomicPtr<()>,
    stop: AtomicBool,
    /// The workers that sleep until a segment is opened.
    workers: Sleepers,
    /// The calling thread, if it sleeps until all parts are done.
    caller: Sleepers,
    /// What the first thread to panic in this segment panicked with, and whether one did.
    panic: Mutex<Option<Payload>>,
    has_panicked: AtomicBool,
}

impl ThreadPool {
    /// A pool of `threads` threads, of which the calling thread is one. At least one, at most [`MAX_THREADS`].
    pub(crate) fn new(threads: usize) -> Self {
        let threads = threads.clamp(1, MAX_THREADS);
        let shared = Arc::new(Shared {
            opened: Line::default(),
            claims: (0..threads).map(|_| Line::default()).collect(),
            done: Line::default(),
            task: AtomicPtr::new(std::ptr::null_mut()),
            stop: AtomicBool::new(false),
            workers: Sleepers::default(),
            caller: Sleepers::default(),
            panic: Mutex::new(None),
            has_panicked: AtomicBool::new(false),
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
        // A thread allocates where it starts, and a run must not.
        shared.caller.wait_until(|| shared.done.0.load(Ordering::SeqCst) == workers.len());
        ThreadPool { shared, workers, segments: 0 }
    }

    /// How many threads it has.
    pub(crate) fn size(&self) -> usize {
        self.workers.len() + 1
    }

    /// Executes `job` for all segments, each of which has this many parts. A segment begins when the one before is complete.
    /// Parts of one segment are executed in any order, by any thread. After a part, all threads see what the parts of earlier
    /// segments wrote. Panics with the payload of the thread that panicked first, if one did; the segments after are not
    /// executed.
    pub(crate) fn run(&mut self, parts: &[usize], job: Job<'_>) {
        let _in_job = InJob::enter();
        for (segment, &parts) in parts.iter().enumerate() {
            if parts <= 1 || self.workers.is_empty() || parts > self.size() {
                // No other thread is at work: a panic ends the run from here.
                (0..parts).for_each(|part| job(0, segment, part));
            } else {
                self.run_segment(&Task { job, segment }, parts);
            }
        }
    }

    fn run_segment(&mut self, task: &Task<'_>, parts: usize) {
        let shared = &*self.shared;
        self.segments += 1;
        let segment = Segment { number: self.segments, parts };
        shared.done.0.store(0, Ordering::Relaxed);
        shared.task.store(std::ptr::from_ref(task).cast_mut().cast(), Ordering::Relaxed);
        shared.opened.0.store(segment.packed(), Ordering::SeqCst);
        shared.workers.wake();
        shared.take_parts(0, segment);
        // The task is lent until here: a part that is claimed is waited for, and no other is claimed any more.
        shared.caller.wait_until(|| shared.done.0.load(Ordering::SeqCst) == parts);
        if shared.has_panicked.swap(false, Ordering::Relaxed) {
            let panic = lock(&shared.panic).take();
            if let Some(panic) = panic {
                resume_unwind(panic);
            }
        }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.shared.workers.wake();
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

impl Segment {
    /// Both numbers in one, so that they are read together.
    fn packed(self) -> u64 {
        self.number << PART_BITS | self.parts as u64
    }

    fn unpacked(packed: u64) -> Self {
        Segment { number: packed >> PART_BITS, parts: (packed & ((1 << PART_BITS) - 1)) as usize }
    }
}

/// The bits of a packed segment that hold its number of parts. The number of the segment has the other 53: at a microsecond
/// for each, they last for centuries.
const PART_BITS: u32 = 11;
const _: () = assert!(MAX_THREADS < 1 << PART_BITS);

impl Shared {
    fn work(&self, thread: usize) {
        self.done.0.fetch_add(1, Ordering::SeqCst);
        self.caller.wake();
        let mut seen = 0;
        while let Some(opened) = self.await_segment(seen) {
            seen = opened;
            let segment = Segment::unpacked(opened);
            if thread < segment.parts {
                self.take_parts(thread, segment);
            }
        }
    }

    /// Executes the part of this thread, and then those that no thread has claimed after a while.
    fn take_parts(&self, thread: usize, segment: Segment) {
        self.take_part(thread, segment, thread);
        for part in (0..segment.parts).filter(|&part| part != thread) {
            let mut looks = 0;
            while looks < PATIENCE && !self.is_claimed(segment, part) {
                std::hint::spin_loop();
                looks += 1;
            }
            self.take_part(thread, segment, part);
        }
    }

    fn is_claimed(&self, segment: Segment, part: usize) -> bool {
        self.claims[part].0.load(Ordering::Relaxed) >= segment.number
    }

    /// Executes a part, unless a thread has claimed it before.
    fn take_part(&self, thread: usize, segment: Segment, part: usize) {
        let claims = &self.claims[part].0;
        let last = claims.load(Ordering::Relaxed);
        let (acquire, relaxed) = (Ordering::AcqRel, Ordering::Relaxed);
        if last >= segment.number || claims.compare_exchange(last, segment.number, acquire, relaxed).is_err()
        {
            return;
        }
        let task = self.task.load(Ordering::Acquire).cast::<Task<'_>>();
        // SAFETY: this part of the segment had not been claimed before and is not done, so that `run_segment` has not returned
        // from this segment: the task is alive, and no later one has taken its place. The number and the parts of the segment
        // were read together from `opened`, which was stored after the task.
        let Task { job, segment } = unsafe { &*task };
        let _in_job = InJob::enter();
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| job(thread, *segment, part))) {
            lock(&self.panic).get_or_insert(panic);
            self.has_panicked.store(true, Ordering::Relaxed);
        }
        self.done.0.fetch_add(1, Ordering::SeqCst);
        self.caller.wake();
    }

    /// Waits for a segment other than `seen`, and returns it packed. None where the pool ends.
    fn await_segment(&self, seen: u64) -> Option<u64> {
        let stops = || self.stop.load(Ordering::SeqCst);
        self.workers.wait_until(|| self.opened.0.load(Ordering::SeqCst) != seen || stops());
        (!stops()).then(|| self.opened.0.load(Ordering::SeqCst))
    }
}

/// Threads that wait for a condition: each spins for a while, then sleeps.
#[derive(Debug, Default)]
struct Sleepers {
    /// How many sleep, or are about to.
    count: AtomicUsize,
    lock: Mutex<()>,
    woken: Condvar,
}

impl Sleepers {
    /// Waits until a condition holds. Whoever makes it hold calls [`wake`](Self::wake) afterwards. Both sides use sequentially
    /// consistent operations: either the waiting thread sees that it holds, or the other one that a thread sleeps.
    fn wait_until(&self, holds: impl Fn() -> bool) {
        if spin_until(&holds) {
            return;
        }
        let mut guard = lock(&self.lock);
        self.count.fetch_add(1, Ordering::SeqCst);
        while !holds() {
            guard = self.woken.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.count.fetch_sub(1, Ordering::SeqCst);
    }

    /// Wakes all threads that sleep.
    fn wake(&self) {
        if self.count.load(Ordering::SeqCst) > 0 {
            let _guard = lock(&self.lock);
            self.woken.notify_all();
        }
    }
}

/// Looks for about [`IDLE_SPIN`] whether a condition holds.
fn spin_until(holds: impl Fn() -> bool) -> bool {
    // Most waits are shorter than some readings of the clock.
    let mut start = None;
    for looks in 0_u32.. {
        if holds() {
            return true;
        }
        if looks.is_multiple_of(LOOKS_PER_READING) && looks > 0 {
            let start = *start.get_or_insert_with(Instant::now);
            if start.elapsed() > IDLE_SPIN {
                return false;
            }
        }
        std::hint::spin_loop();
    }
    false
}

/// Marks that this thread is executing a job, until it is dropped.
struct InJob {
    before: bool,
}

impl InJob {
    fn enter() -> Self {
        InJob { before: IN_JOB.replace(true) }
    }
}

impl Drop for InJob {
    fn drop(&mut self) {
        IN_JOB.set(self.before);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::ThreadPool;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn all_parts_of_a_segment_are_done_before_the_next_begins() {
        let mut pool = ThreadPool::new(4);
        let counts: Vec<AtomicUsize> = (0..50).map(|_| AtomicUsize::new(0)).collect();
        // One part, fewer than threads, as many, and more.
        let parts: Vec<usize> = (0..50).map(|segment| [4, 1, 3, 4, 2, 9][segment % 6]).collect();
        let busy: Vec<AtomicUsize> = (0..4).map(|_| AtomicUsize::new(0)).collect();
        for _ in 0..200 {
            counts.iter().for_each(|count| count.store(0, Ordering::Relaxed));
            pool.run(&parts, &|thread, segment, part| {
                assert_eq!(
                    busy[thread].fetch_add(1, Ordering::Relaxed),
                    0,
                    "a thread does one part at a time"
                );
                let before = counts[segment].fetch_add(1 << (4 * part.min(8)), Ordering::Relaxed);
                assert_eq!(before >> (4 * part.min(8)) & 1, 0, "no part is done twice");
                for (count, parts) in counts.iter().zip(&parts).take(segment) {
                    assert_eq!(count.load(Ordering::Relaxed).count_ones() as usize, *parts);
                }
                busy[thread].store(0, Ordering::Relaxed);
            });
            let all = counts.iter().zip(&parts);
            assert!(
                all.clone()
                    .all(|(count, &parts)| count.load(Ordering::Relaxed).count_ones() as usize == parts)
            );
        }
    }

    #[test]
    fn a_pool_that_slept_wakes_up() {
        let mut pool = ThreadPool::new(3);
        let threads = Mutex::new([false; 3]);
        for _ in 0..5 {
            std::thread::sleep(Duration::from_millis(5));
            pool.run(&[3], &|thread, _, _| {
                // Long enough that the others wake up before their parts are taken.
                threads.lock().expect("threads")[thread] = true;
                std::thread::sleep(Duration::from_millis(20));
            });
        }
        assert_eq!(*threads.lock().expect("threads"), [true; 3]);
    }

    #[test]
    fn parts_that_their_thread_does_not_begin_are_executed_by_another() {
        let mut pool = ThreadPool::new(2);
        // The worker has ended, and another thread that never works is in its place.
        pool.shared.stop.store(true, Ordering::SeqCst);
        let worker = std::mem::replace(&mut pool.workers[0], std::thread::spawn(|| ()));
        pool.shared.workers.wake();
        worker.join().expect("it ends");
        let taken = Mutex::new(Vec::new());
        pool.run(&[2, 2], &|thread, segment, part| {
            taken.lock().expect("the parts").push((thread, segment, part));
        });
        assert_eq!(*taken.lock().expect("the parts"), [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1)]);
    }

    #[test]
    fn after_a_panic_no_segment_begins_and_the_payload_reaches_the_caller() {
        let mut pool = ThreadPool::new(4);
        for panicking in [0, 1, 3] {
            let (parts, continued) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                pool.run(&[4, 4, 1], &|_, segment, part| {
                    if segment > 0 {
                        continued.fetch_add(1, Ordering::Relaxed);
                    }
                    assert!(part != panicking, "on purpose: {panicking}");
                    parts.fetch_add(1, Ordering::Relaxed);
                });
            }));
            let payload = outcome.expect_err("a panic");
            let message = payload.downcast_ref::<String>().expect("the message");
            assert_eq!(*message, format!("on purpose: {panicking}"));
            assert_eq!((parts.load(Ordering::Relaxed), continued.load(Ordering::Relaxed)), (3, 0));
            assert!(!super::in_job());
            let after = AtomicUsize::new(0);
            pool.run(&[4, 4], &|_, _, _| {
                after.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(after.load(Ordering::Relaxed), 8, "the pool can be used again");
        }
    }
}

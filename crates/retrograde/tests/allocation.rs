//! A run of a plan allocates nothing.
//!
//! A binary of its own: its allocator counts, and no other test may allocate meanwhile.

#![allow(unsafe_code, reason = "an allocator cannot be written without")]

use retrograde::data::Dataset;
use retrograde::nn::Mlp;
use retrograde::optim::{Rule, Schedule, Settings};
use retrograde::train::{Session, Trainer};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Training steps, drawing of the batch included, in both precisions and on one thread and three, with a plain
/// rule and with one that remembers, under a schedule.
#[test]
fn a_step_allocates_nothing() {
    fn steps<T: retrograde::kernel::Real>(threads: usize, rule: Rule, schedule: Schedule) {
        let data = Dataset::embedded().expect("the embedded digits");
        let net = Mlp::new([784, 50, 30, 10]).build().expect("a network");
        let optimizer = Settings::of(rule).build().expect("an optimiser");
        let trainer = Trainer::new(optimizer).schedule(schedule).threads(threads);
        let mut session = Session::<T>::new(&trainer, &net, &data).expect("a session");
        session.step().expect("the first step");
        let before = COUNT.load(Ordering::Relaxed);
        for _ in 0..20 {
            session.step().expect("a step");
        }
        assert_eq!(COUNT.load(Ordering::Relaxed) - before, 0, "{rule}, {} with {threads} threads", T::NAME);
    }
    for threads in [1, 3] {
        for (rule, schedule) in [(Rule::Sgd, Schedule::constant()), (Rule::AdamW, Schedule::cosine())] {
            steps::<f32>(threads, rule, schedule);
            steps::<f64>(threads, rule, schedule);
        }
    }
}

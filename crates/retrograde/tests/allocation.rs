//! A run of a plan allocates nothing.
//!
//! A binary of its own: its allocator counts, and no other test may allocate meanwhile.

use retrograde::data::Dataset;
use retrograde::nn::Mlp;
use retrograde::optim::{Rule, Schedule, Settings};
use retrograde::train::{Session, Trainer};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

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
        let region = Region::new(ALLOCATOR);
        for _ in 0..20 {
            session.step().expect("a step");
        }
        assert_eq!(region.change(), Stats::default(), "{rule}, {} with {threads} threads", T::NAME);
    }
    for threads in [1, 3] {
        for (rule, schedule) in [(Rule::Sgd, Schedule::constant()), (Rule::AdamW, Schedule::cosine())] {
            steps::<f32>(threads, rule, schedule);
            steps::<f64>(threads, rule, schedule);
        }
    }
}

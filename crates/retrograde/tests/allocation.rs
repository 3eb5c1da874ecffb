//! A run of a plan does not allocate.
//!
//! This is a binary with one test: its allocator counts, and neither another test nor its harness may allocate meanwhile.

use networks::{NAMES, Step};
use retrograde::data::Dataset;
use retrograde::kernel::Threads;
use retrograde::nn::Mlp;
use retrograde::optim::{OptimizerConfig, OptimizerKind, Schedule};
use retrograde::train::{Session, Trainer};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use std::alloc::System;

#[path = "suite/networks.rs"]
mod networks;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Training steps, sampling of the batch included, in both precisions, on one thread and three, with a stateless optimizer
/// and with a stateful one under a schedule; and those of networks of every kind of layer.
#[test]
fn a_step_allocates_nothing() {
    fn steps<T: retrograde::kernel::Real>(
        threads: usize,
        accumulate: usize,
        kind: OptimizerKind,
        schedule: Schedule,
    ) {
        let data = Dataset::embedded().expect("the embedded digits");
        let net = Mlp::new([784, 50, 30, 10]).build().expect("a network");
        let optimizer = OptimizerConfig::default_for(kind).build().expect("an optimizer");
        let trainer = Trainer::new(optimizer).schedule(schedule).accumulate(accumulate).threads(threads);
        let mut session = Session::<T>::new(&trainer, &net, &data).expect("a session");
        session.step().expect("the first step");
        let region = Region::new(ALLOCATOR);
        for _ in 0..20 {
            session.step().expect("a step");
        }
        assert_eq!(region.change(), Stats::default(), "{kind}, {} with {threads} threads", T::NAME);
    }
    fn layers<T: retrograde::kernel::Real>(threads: usize) {
        for name in NAMES {
            let mut step = Step::<T>::new(name, Threads::new(threads).min_work(0)).expect("a step");
            step.run().expect("the first step");
            let region = Region::new(ALLOCATOR);
            for _ in 0..5 {
                step.run().expect("a step");
            }
            assert_eq!(region.change(), Stats::default(), "{name}, {} with {threads} threads", T::NAME);
        }
    }
    for threads in [1, 3] {
        layers::<f32>(threads);
        layers::<f64>(threads);
        for (accumulate, kind, schedule) in [
            (1, OptimizerKind::Sgd, Schedule::constant()),
            (1, OptimizerKind::AdamW, Schedule::cosine()),
            (3, OptimizerKind::AdamW, Schedule::cosine()),
        ] {
            steps::<f32>(threads, accumulate, kind, schedule);
            steps::<f64>(threads, accumulate, kind, schedule);
        }
    }
}

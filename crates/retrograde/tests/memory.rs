//! A training needs the memory that it states.
//!
//! This is a binary with one test, because its allocator counts what all threads take.

use retrograde::data::Dataset;
use retrograde::nn::{Activation, Mlp, Model};
use retrograde::optim::{OptimizerConfig, OptimizerKind};
use retrograde::train::{Session, Trainer};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What a session and its model take is within 20 % of what the session states, also where parameters, states, activations or
/// the data are most of it.
#[test]
fn a_training_needs_the_memory_that_it_states() {
    let live = |region: &Region<'_, System>| {
        let Stats { bytes_allocated, bytes_deallocated, .. } = region.change();
        bytes_allocated as f64 - bytes_deallocated as f64
    };
    for (hidden, batch, kind) in [
        (vec![50], 100, OptimizerKind::Sgd),
        (vec![3000], 10, OptimizerKind::Sgd),
        (vec![2000], 10, OptimizerKind::Adam),
        (vec![300, 300, 300], 4000, OptimizerKind::Momentum),
    ] {
        let region = Region::new(ALLOCATOR);
        let data = Dataset::embedded().expect("the embedded digits");
        let sizes = [vec![784], hidden.clone(), vec![10]].concat();
        let net = Mlp::new(sizes).activation(Activation::Relu).build().expect("a network");
        let optimizer = OptimizerConfig::default_for(kind).build().expect("an optimizer");
        let trainer = Trainer::new(optimizer).batch(batch).threads(1);
        let mut session = Session::<f32>::new(&trainer, &net, &data).expect("a session");
        session.step().expect("a step");
        session.evaluate().expect("an evaluation");
        // The graph holds the initial states, zeros in `f64`: pages that the system gives only where they are written.
        let zeros = session.memory().optimizer * 2;
        let (stated, taken) = (session.memory().total() as f64, live(&region) - zeros as f64);
        let ratio = taken / stated;
        assert!((0.8..1.2).contains(&ratio), "{hidden:?}, {kind}: {taken} bytes of {:?}", session.memory());
        let parameters = net.parameters().count() as u64;
        // Of the model in f64, and of three plans in f32.
        assert_eq!(session.memory().parameters, parameters * (8 + 3 * 4));
        assert_eq!(session.memory().checkpoint, 0, "there is no run directory");
    }
}

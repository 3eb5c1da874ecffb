//! Counts the allocations of training steps.

use retrograde::train::Event;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The allocations of consecutive steps.
#[derive(Debug, Default)]
pub struct Allocations {
    /// The number of counted steps.
    pub steps: u64,
    /// The number of allocations.
    pub count: u64,
    /// The count at the start of a step.
    before: Option<usize>,
}

fn total() -> usize {
    let stats = ALLOCATOR.stats();
    stats.allocations + stats.reallocations
}

impl Allocations {
    /// Called at the start of an event: counts the step that has ended.
    pub fn event_started(&mut self, event: &Event<'_>) {
        let before = self.before.take();
        if let (Event::Step { .. }, Some(before)) = (event, before) {
            self.steps += 1;
            self.count += (total() - before) as u64;
        }
    }

    /// Called at the end of an event: the next step may start.
    pub fn event_ended(&mut self, event: &Event<'_>) {
        // After other events the training may do more than a step: an evaluation or a checkpoint.
        self.before = matches!(event, Event::Step { .. }).then(total);
    }
}

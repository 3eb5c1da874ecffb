//! How often a step asks for memory: the process's allocator counts.

use retrograde::train::Event;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use std::alloc::System;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What was asked for in steps that followed each other, with nothing between them.
#[derive(Debug, Default)]
pub struct Allocations {
    /// How many steps were looked at.
    pub steps: u64,
    /// How often one of them asked for memory.
    pub count: u64,
    /// The allocator's count when the step began, if one has.
    before: Option<usize>,
}

fn so_far() -> usize {
    let seen = ALLOCATOR.stats();
    seen.allocations + seen.reallocations
}

impl Allocations {
    /// What a training tells. Between two of its steps, nothing else of it is at work.
    pub fn heard(&mut self, event: &Event<'_>) {
        let before = self.before.take();
        if let (Event::Step { .. }, Some(before)) = (event, before) {
            self.steps += 1;
            self.count += (so_far() - before) as u64;
        }
    }

    /// The training goes on, after what was told.
    pub fn goes_on(&mut self, event: &Event<'_>) {
        // What comes after another event may be more than a step: an evaluation, a checkpoint, a profile that begins.
        self.before = matches!(event, Event::Step { .. }).then(so_far);
    }
}

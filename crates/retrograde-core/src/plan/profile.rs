//! Where a plan's time goes.

use super::run::Plan;
use crate::graph::Node;
use crate::kernel::{Real, instruction_set};
use std::sync::Arc;
use std::time::Duration;

/// Where a plan's time went, step by step. Made by [`Plan::end_profile`].
#[derive(Debug, Clone)]
pub struct Profile {
    /// The steps in the order in which they ran.
    pub steps: Vec<StepProfile>,
    /// Over how many runs it was measured.
    pub runs: u64,
    /// The bytes in which all values lie, scratch memory included and tables of bytes not.
    pub memory: usize,
    /// How many threads there were.
    pub threads: usize,
    /// The instruction set in use.
    pub instruction_set: &'static str,
}

/// One step of a plan.
#[derive(Debug, Clone)]
pub struct StepProfile {
    /// The nodes that it computes: several where operations were fused, none where an update's value is copied into its leaf.
    pub nodes: Vec<Arc<Node>>,
    /// Its mean time in a run, waiting for other threads included.
    pub time: Duration,
    /// About how many additions and multiplications it takes.
    pub flops: usize,
    /// The bytes that it reads and writes, each counted once.
    pub bytes: usize,
    /// How many threads execute it.
    pub threads: usize,
    /// Whether threads wait at a barrier before it.
    pub barrier: bool,
}

impl Profile {
    /// The mean time of a run.
    pub fn time(&self) -> Duration {
        self.steps.iter().map(|step| step.time).sum()
    }
}

impl StepProfile {
    /// Billions of additions and multiplications a second.
    pub fn gigaflops(&self) -> f64 {
        self.flops as f64 / self.time.as_secs_f64().max(1e-9) / 1e9
    }

    /// Billions of bytes a second.
    pub fn gigabytes_per_second(&self) -> f64 {
        self.bytes as f64 / self.time.as_secs_f64().max(1e-9) / 1e9
    }
}

impl<T: Real> Plan<T> {
    /// Measures where the time of runs goes from now on, until [`end_profile`](Self::end_profile). Reading the clock adds
    /// some 20 nanoseconds to each step.
    pub fn begin_profile(&mut self) {
        self.program_mut().begin_profile();
    }

    /// Where the time of the runs since [`begin_profile`](Self::begin_profile) went; measures no more. Without a run all
    /// times are zero.
    pub fn end_profile(&mut self) -> Profile {
        let (runs, nanoseconds) = self.program_mut().end_profile();
        let steps = self.steps().iter().zip(self.program().costs()).zip(nanoseconds);
        let steps = steps.map(|((nodes, cost), nanoseconds)| StepProfile {
            nodes: nodes.clone(),
            time: Duration::from_nanos(nanoseconds.checked_div(runs).unwrap_or(0)),
            flops: cost.flops,
            bytes: cost.bytes,
            threads: cost.threads,
            barrier: cost.barrier,
        });
        Profile {
            steps: steps.collect(),
            runs,
            memory: self.memory(),
            threads: self.program().threads(),
            instruction_set: instruction_set(),
        }
    }
}

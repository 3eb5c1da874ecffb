//! A loss, or its gradients, as a function of the blocks: a plan that takes their values.

use super::values::Given;
use crate::error::Result;
use crate::graph::{Var, ancestors};
use crate::plan::{Plan, Planner};
use std::ops::Range;

/// What is wanted as a function of the values of some blocks.
pub(super) struct Evaluation {
    plan: Plan<f64>,
    wanted: Vec<Var>,
    /// Where the numbers of each block lie, if anything depends on it.
    places: Vec<Option<Range<usize>>>,
}

impl Evaluation {
    /// `wanted`, of one graph, as a function of `blocks`; all other inputs are `given`.
    pub(super) fn new(wanted: &[Var], blocks: &[Var], given: &Given) -> Result<Self> {
        let graph = wanted[0].graph();
        let mut plan = Planner::new(graph).want_all(wanted).compile::<f64>()?;
        let needed = ancestors(graph, &wanted.iter().map(Var::id).collect::<Vec<_>>())?;
        given.to(&mut plan, &needed)?;
        let places = blocks.iter().map(|block| plan.place(block).ok()).collect();
        Ok(Evaluation { plan, wanted: wanted.to_vec(), places })
    }

    /// Runs it for these values of the blocks, in their order.
    pub(super) fn run(&mut self, blocks: &[Vec<f64>]) -> Result<()> {
        for (place, values) in self.places.iter().zip(blocks) {
            if let Some(place) = place {
                self.plan.numbers()[place.clone()].copy_from_slice(values);
            }
        }
        self.plan.run()
    }

    /// What came out.
    pub(super) fn read(&self, number: usize) -> Result<&[f64]> {
        self.plan.read(&self.wanted[number])
    }
}

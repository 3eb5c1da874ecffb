//! A loss, or its gradients, as a function of the blocks: a plan that takes their values.

use super::values::InputValues;
use retrograde_base::error::Result;
use retrograde_core::graph::{Var, ancestors};
use retrograde_core::plan::{Plan, Planner};

/// Outputs as a function of the values of some blocks.
pub(super) struct Evaluation {
    plan: Plan<f64>,
    wanted: Vec<Var>,
    /// The blocks that affect the outputs.
    blocks: Vec<Option<Var>>,
}

impl Evaluation {
    /// `wanted`, of one graph, as a function of `blocks`; all other inputs are `given`.
    pub(super) fn new(wanted: &[Var], blocks: &[Var], given: &InputValues) -> Result<Self> {
        let graph = wanted[0].graph();
        let mut plan = Planner::new(graph).fetch_all(wanted).compile::<f64>()?;
        let needed = ancestors(graph, &wanted.iter().map(Var::id).collect::<Vec<_>>())?;
        given.to(&mut plan, &needed)?;
        let blocks = blocks.iter().map(|block| plan.read(block).is_ok().then(|| block.clone())).collect();
        Ok(Evaluation { plan, wanted: wanted.to_vec(), blocks })
    }

    /// Runs it for these values of the blocks, in their order.
    pub(super) fn run(&mut self, blocks: &[Vec<f64>]) -> Result<()> {
        for (block, values) in self.blocks.iter().zip(blocks) {
            if let Some(block) = block {
                self.plan.set(block, values)?;
            }
        }
        self.plan.run()
    }

    /// The output.
    pub(super) fn read(&self, number: usize) -> Result<&[f64]> {
        self.plan.read(&self.wanted[number])
    }
}

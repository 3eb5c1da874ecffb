//! Gradient accumulation: the gradients of the batches of a step are summed, and the last batch updates.
//!
//! All batches of a step run in the plan that also has the updates, which are selected at the last batch only. A plan of its own
//! for the updates would need a second copy of the parameters. The gradient of a batch is multiplied by its share: the weight of
//! its rows, divided by that of all rows of the step. The sum is therefore the gradient of one batch of all rows.

use super::loss::Loss;
use crate::data::Samples;
use crate::optim::Update;
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Var};
use retrograde_core::kernel::Real;
use retrograde_core::plan::{Plan, Planner};

/// The inputs and the states of a recorded accumulation.
#[derive(Debug)]
pub(super) struct Accumulation {
    /// The share of a batch in its step.
    share: Var,
    /// 1 at the first batch of a step, else 0.
    is_first: Var,
    /// 1 at the last batch of a step, else 0.
    is_last: Var,
    /// The sums of the gradients. No checkpoint has them: a step begins without.
    sums: Vec<Update>,
}

impl Accumulation {
    /// Records the sums of the gradients of these parameters.
    pub(super) fn record(graph: &Graph, parameters: &[Var], gradients: &[Var]) -> Self {
        let scalar = |name| graph.input(name, []);
        let [share, is_first, is_last] = ["share", "is_first", "is_last"].map(scalar);
        let sum = |(parameter, gradient): (&Var, &Var)| {
            let shape = parameter.shape_or_scalar();
            let name = format!("gradient_sum.{}", parameter.node().label());
            let sum = graph.zero_state(&name, shape.clone());
            let part = gradient * share.broadcast(shape.clone());
            Update::new(&sum, is_first.broadcast(shape).select(&part, &(&sum + &part)))
        };
        let sums = parameters.iter().zip(gradients).map(sum).collect();
        Accumulation { share, is_first, is_last, sums }
    }

    /// The sums of the gradients, this batch included.
    pub(super) fn gradients(&self) -> Vec<Var> {
        self.sums.iter().map(|sum| sum.value.clone()).collect()
    }

    /// The updates, selected at the last batch of a step.
    pub(super) fn at_last(&self, updates: Vec<Update>) -> Vec<Update> {
        let guarded = |Update { leaf, value }: Update| {
            let is_last = self.is_last.broadcast(leaf.shape_or_scalar());
            Update::new(&leaf, is_last.select(&value, &leaf))
        };
        updates.into_iter().map(guarded).collect()
    }

    /// The planner that also updates the sums.
    pub(super) fn plan(&self, planner: Planner) -> Planner {
        self.sums.iter().fold(planner, |planner, sum| planner.update(&sum.leaf, &sum.value))
    }

    /// Gives a plan the share and the place of a batch among those of its step.
    pub(super) fn set<T: Real>(&self, plan: &mut Plan<T>, batch: &StepBatch<'_>) -> Result<()> {
        plan.set(&self.share, &[batch.share])?;
        plan.set(&self.is_first, &[f64::from(u8::from(batch.index == 0))])?;
        plan.set(&self.is_last, &[f64::from(u8::from(batch.is_last))])
    }
}

/// A batch of a step.
#[derive(Debug)]
pub(super) struct StepBatch<'a> {
    /// Its number in the step, from 0.
    pub(super) index: usize,
    /// Whether it is the last of the step.
    pub(super) is_last: bool,
    /// Its rows.
    pub(super) rows: &'a [u32],
    /// The weight of its rows, divided by that of all rows of the step; 0 if these have no weight.
    pub(super) share: f64,
}

/// The batches of `size` rows of a step with these rows. Windows of tokens move by `shift` tokens.
pub(super) fn batches_of_step<'a>(
    loss: &'a Loss,
    samples: &'a Samples,
    rows: &'a [u32],
    size: usize,
    shift: usize,
) -> impl Iterator<Item = StepBatch<'a>> {
    let count = rows.len() / size;
    let all = if count > 1 { loss.weight_of(samples, rows, shift) } else { 0.0 };
    rows.chunks_exact(size).enumerate().map(move |(index, rows)| {
        let share = match count {
            1 => 1.0,
            _ if all > 0.0 => loss.weight_of(samples, rows, shift) / all,
            _ => 0.0,
        };
        StepBatch { index, is_last: index + 1 == count, rows, share }
    })
}

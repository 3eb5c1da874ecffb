//! The subgraph downstream of one block of parameters, run for one perturbed element after the other.
//!
//! Values that do not depend on the block are constants, taken from one run. The first operation that takes the block is
//! often linear in it, such as a matrix product: perturbing one of 39,200 weights changes one element in each row of the
//! product, by the input that the weight is multiplied by. So the subgraph is cut behind this operation: its output becomes
//! an input, and only the small rest runs for each element.

use super::super::numerical::{Differences, Slope};
use super::values::{Values, dependent};
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, NodeId, Operation, Tensor, Type, Var};
use retrograde_core::plan::{Plan, Planner};
use std::collections::HashMap;
use std::sync::Arc;

/// The subgraph downstream of a block.
pub(super) struct DownstreamGraph {
    graph: Graph,
    loss: Var,
    block: Arc<Tensor>,
    /// The block itself, if an operation needs all of it.
    own: Option<Var>,
    cuts: Vec<Cut>,
}

/// An operation that is linear in the block, with the variable that stands for its output.
struct Cut {
    operation: Arc<dyn Operation>,
    /// The position of the block among its inputs.
    position: usize,
    types: Vec<Type>,
    inputs: Vec<Arc<Tensor>>,
    output: Arc<Tensor>,
    var: Var,
}

impl DownstreamGraph {
    /// The subgraph of `loss` downstream of `block`; `None` if the loss does not depend on it.
    pub(super) fn new(values: &Values, loss: &Var, block: &Var) -> Result<Option<Self>> {
        let downstream = dependent(&values.nodes, |node| node.id == block.id());
        let is_downstream: HashMap<NodeId, bool> =
            values.nodes.iter().map(|node| node.id).zip(downstream).collect();
        if !is_downstream.get(&loss.id()).copied().unwrap_or(false) {
            return Ok(None);
        }
        let graph = Graph::new();
        let mut vars: HashMap<NodeId, Var> = HashMap::new();
        let mut own = None;
        let mut cuts = Vec::new();
        for node in values.nodes.iter().filter(|node| is_downstream[&node.id]) {
            if node.id == block.id() {
                continue;
            }
            let mut moving = node.inputs.iter().enumerate().filter(|(_, input)| is_downstream[*input]);
            if let (Some((position, input)), None) = (moving.next(), moving.next())
                && *input == block.id()
                && let Some(cut) = Cut::new(values, node, position, &graph)
            {
                vars.insert(node.id, cut.var.clone());
                cuts.push(cut);
                continue;
            }
            let inputs: Vec<Var> = node
                .inputs
                .iter()
                .map(|input| {
                    if *input == block.id() {
                        return own.get_or_insert_with(|| graph.input("block", block.shape())).clone();
                    }
                    let constant = || values.constant(&loss.graph().node(*input), &graph);
                    vars.entry(*input).or_insert_with(constant).clone()
                })
                .collect();
            if let Some(var) = graph.re_record(node, &inputs.iter().collect::<Vec<_>>()) {
                vars.insert(node.id, var.checked()?);
            }
        }
        let whole = || graph.input("block", block.shape());
        let loss =
            if loss.id() == block.id() { own.insert(whole()).clone() } else { vars[&loss.id()].clone() };
        Ok(Some(DownstreamGraph { loss, block: Arc::clone(values.of(block)?), own, cuts, graph }))
    }

    /// Its plan, on one thread: each thread of a check has its own.
    pub(super) fn runner(&self) -> Result<Runner<'_>> {
        let mut plan = Planner::new(&self.graph).fetch(&self.loss).compile::<f64>()?;
        if let Some(own) = &self.own {
            plan.set(own, self.block.values())?;
        }
        for cut in &self.cuts {
            plan.set(&cut.var, cut.output.values())?;
        }
        plan.run()?;
        let middle = plan.scalar(&self.loss)?;
        Ok(Runner { part: self, plan, middle, moved: Vec::new() })
    }
}

impl Cut {
    fn new(
        values: &Values,
        node: &retrograde_core::graph::Node,
        position: usize,
        graph: &Graph,
    ) -> Option<Self> {
        let operation = Arc::clone(node.operation()?);
        let inputs: Vec<Arc<Tensor>> =
            node.inputs.iter().map(|input| values.real(*input).cloned()).collect::<Option<_>>()?;
        let types: Vec<Type> = inputs.iter().map(|input| Type::real(input.shape())).collect();
        let output = Arc::clone(values.real(node.id)?);
        if inputs[position].values().is_empty() {
            return None;
        }
        let numbers: Vec<&[f64]> = inputs.iter().map(|input| input.values()).collect();
        if !operation.jacobian_column(position, 0, &types, &numbers, &mut |_, _| ()) {
            return None;
        }
        let var = graph.input("cut", output.shape());
        Some(Cut { operation, position, types, inputs, output, var })
    }
}

/// A subgraph with its own plan.
pub(super) struct Runner<'a> {
    part: &'a DownstreamGraph,
    plan: Plan<f64>,
    middle: f64,
    /// The elements that move with the parameter: their input and position, their value, and their rate.
    moved: Vec<(&'a Var, usize, f64, f64)>,
}

impl Runner<'_> {
    /// The slope of the loss by one element of the block. `floor` is the absolute rounding of a value of the loss.
    pub(super) fn slope(
        &mut self,
        differences: &Differences,
        element: usize,
        expected: Option<f64>,
        floor: f64,
    ) -> Slope {
        let at = self.part.block.values()[element];
        self.moved.clear();
        if let Some(own) = &self.part.own {
            self.moved.push((own, element, at, 1.0));
        }
        for cut in &self.part.cuts {
            let moved = &mut self.moved;
            let output = cut.output.values();
            let inputs: Vec<&[f64]> = cut.inputs.iter().map(|input| input.values()).collect();
            cut.operation.jacobian_column(cut.position, element, &cut.types, &inputs, &mut |to, by| {
                if by != 0.0 {
                    moved.push((&cut.var, to, output[to], by));
                }
            });
        }
        let (plan, moved, loss) = (&mut self.plan, &self.moved, &self.part.loss);
        let mut loss_with = |distance: f64| {
            for &(input, position, value, by) in moved {
                plan.set_element(input, position, value + distance * by)?;
            }
            plan.run()?;
            plan.scalar(loss)
        };
        let at_value = |to: f64| loss_with(to - at).unwrap_or(f64::NAN);
        let slope = differences.slope_above(at_value, at, self.middle, floor, expected);
        for &(input, position, value, _) in &self.moved {
            // The same elements were set before.
            let _ = self.plan.set_element(input, position, value);
        }
        slope
    }
}

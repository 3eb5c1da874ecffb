//! The values of all nodes of one run: the point around which slopes are measured.

use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Kind, Leaf, Node, NodeId, Tensor, Var, ancestors};
use retrograde_core::kernel::Real;
use retrograde_core::plan::{Plan, Planner};
use std::collections::HashMap;
use std::sync::Arc;

/// The values of inputs, and of parameters that do not have their initial values.
#[derive(Debug, Clone, Default)]
pub(super) struct InputValues {
    pub(super) real: Vec<(Var, Vec<f64>)>,
    pub(super) indices: Vec<(Var, Vec<u32>)>,
}

impl InputValues {
    /// The same with other values of these blocks.
    pub(super) fn with(&self, blocks: &[Var], values: Vec<Vec<f64>>) -> Self {
        let mut given = self.clone();
        given.real.retain(|(var, _)| blocks.iter().all(|block| block.id() != var.id()));
        given.real.extend(blocks.iter().cloned().zip(values));
        given
    }

    /// Sets the values that a plan takes.
    pub(super) fn to<T: Real>(&self, plan: &mut Plan<T>, nodes: &[Arc<Node>]) -> Result<()> {
        let needed = |var: &Var| nodes.iter().any(|node| node.id == var.id());
        for (var, values) in self.real.iter().filter(|(var, _)| needed(var)) {
            plan.set(var, values)?;
        }
        for (var, indices) in self.indices.iter().filter(|(var, _)| needed(var)) {
            plan.set_indices(var, indices)?;
        }
        Ok(())
    }
}

/// The values of the nodes that some variables depend on, in topological order.
pub(super) struct Values {
    pub(super) nodes: Vec<Arc<Node>>,
    real: HashMap<NodeId, Arc<Tensor>>,
    indices: HashMap<NodeId, Arc<[u32]>>,
    /// The first node, from the left, whose value differed in a second run.
    pub(super) nondeterministic: Option<Arc<Node>>,
}

impl Values {
    /// Runs what `of` depends on in `f64`, twice.
    pub(super) fn new(of: &Var, given: &InputValues) -> Result<Self> {
        let graph = of.graph();
        let nodes = ancestors(graph, &[of.id()])?;
        let mut plan = Planner::new(graph).fetch(of).keep_all().compile::<f64>()?;
        given.to(&mut plan, &nodes)?;
        plan.run()?;
        let mut values =
            Values { nodes, real: HashMap::new(), indices: HashMap::new(), nondeterministic: None };
        for node in &values.nodes {
            let var = graph.var(node.id);
            match (node.leaf(), node.value_type.kind) {
                (_, Kind::Byte) => {}
                (_, Kind::Index) => {
                    values.indices.insert(node.id, plan.read_indices(&var)?.into());
                }
                _ => {
                    values.real.insert(node.id, Arc::new(plan.value(&var)?));
                }
            }
        }
        plan.run()?;
        for node in &values.nodes {
            let Some(before) = values.real.get(&node.id) else {
                continue;
            };
            let again = plan.read(&graph.var(node.id))?;
            if before.values().iter().zip(again).any(|(a, b)| a.to_bits() != b.to_bits()) {
                values.nondeterministic = Some(Arc::clone(node));
                break;
            }
        }
        Ok(values)
    }

    /// The real numbers of a node.
    pub(super) fn real(&self, node: NodeId) -> Option<&Arc<Tensor>> {
        self.real.get(&node)
    }

    /// The real numbers of a variable, which must be among the nodes.
    pub(super) fn of(&self, var: &Var) -> Result<&Arc<Tensor>> {
        self.real(var.id()).ok_or_else(|| {
            let label = format!("`{}`", var.node().label());
            Error::invalid(label, "it has no real numbers here", "check parameters that the loss depends on")
        })
    }

    /// The numbers of some variables.
    pub(super) fn of_all(&self, vars: &[Var]) -> Result<Vec<Vec<f64>>> {
        vars.iter().map(|var| Ok(self.of(var)?.values().to_vec())).collect()
    }

    /// Records a node's value as a constant in another graph.
    pub(super) fn constant(&self, node: &Node, graph: &Graph) -> Var {
        if let Some(value) = self.real.get(&node.id) {
            return graph.constant(Tensor::clone(value));
        }
        if let Some(Leaf::Bytes { values, scale }) = node.leaf() {
            return graph.bytes(&node.label(), &node.value_type.shape, values, *scale);
        }
        let indices = self.indices.get(&node.id).map_or_else(|| Arc::from([]), Arc::clone);
        graph.indices(&node.label(), &node.value_type.shape, indices)
    }
}

/// The nodes with a gradient: they depend on one of `on`, through real values.
pub(super) fn dependent(nodes: &[Arc<Node>], on: impl Fn(&Node) -> bool) -> Vec<bool> {
    let mut known: HashMap<NodeId, bool> = HashMap::new();
    nodes
        .iter()
        .map(|node| {
            let real = node.value_type.kind == Kind::Real;
            let depends = real && (on(node) || node.inputs.iter().any(|input| known[input]));
            known.insert(node.id, depends);
            depends
        })
        .collect()
}

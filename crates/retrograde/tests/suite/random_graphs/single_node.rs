//! The value of each node, computed by a plan of only this node: the oracle of random graphs.

use retrograde::graph::{Kind, Leaf, Mismatch, Node, NodeId, Operation, Origin, Type, VjpContext};
use retrograde::kernel::{Form, Real};
use retrograde::{Graph, Planner, Var};
use std::collections::HashMap;
use std::sync::Arc;

/// The value of a node.
#[derive(Debug, Clone)]
pub enum Values<T> {
    Real(Vec<T>),
    Index(Vec<u32>),
}

/// All values of a graph, each computed by its own plan from the values of its inputs.
pub struct SingleNodePlans<T> {
    graph: Graph,
    values: HashMap<NodeId, Values<T>>,
}

impl<T: Real> SingleNodePlans<T> {
    /// Starts with the initial values of the leaves.
    pub fn new(graph: &Graph) -> Self {
        let real = |values: &[f64]| Values::Real(values.iter().map(|&value| T::of(value)).collect());
        let start = |node: &Node| match node.leaf()? {
            Leaf::Parameter(value) | Leaf::State(value) | Leaf::Constant(value) => Some(real(value.values())),
            Leaf::Indices(values) => Some(Values::Index(values.to_vec())),
            Leaf::Bytes { values, scale } => {
                Some(Values::Real(values.iter().map(|&byte| T::of_byte(byte) * T::of(*scale)).collect()))
            }
            Leaf::Input => None,
            other => unreachable!("a new leaf: {other:?}"),
        };
        let values = graph.nodes().iter().filter_map(|node| Some((node.id, start(node)?))).collect();
        SingleNodePlans { graph: graph.clone(), values }
    }

    /// Computes all nodes.
    pub fn run(&mut self) {
        for node in self.graph.nodes() {
            if let Origin::Operation(operation, _) = &node.origin {
                let value = self.compute(&node, operation);
                self.values.insert(node.id, value);
            }
        }
    }

    pub fn value(&self, var: &Var) -> &Values<T> {
        &self.values[&var.id()]
    }

    /// Updates all leaves; the new values are computed from the old ones.
    pub fn update(&mut self, updates: &[(Var, Var)]) {
        let new: Vec<_> =
            updates.iter().map(|(leaf, value)| (leaf.id(), self.value(value).clone())).collect();
        self.values.extend(new);
    }

    fn compute(&self, node: &Node, operation: &Arc<dyn Operation>) -> Values<T> {
        let graph = Graph::new();
        let input = |(position, id): (usize, &NodeId)| {
            let Type { kind, shape } = &self.graph.node(*id).value_type;
            match kind {
                // The oracle gathers from real numbers what the plan gathers from bytes.
                Kind::Real | Kind::Byte => graph.input(&format!("x{position}"), shape),
                Kind::Index => graph.index_input(&format!("x{position}"), shape),
                other => unreachable!("a new kind: {other:?}"),
            }
        };
        let inputs: Vec<Var> = node.inputs.iter().enumerate().map(input).collect();
        let output = graph.apply(NoIdentity(Arc::clone(operation)), &inputs.iter().collect::<Vec<_>>());
        let mut plan = Planner::new(&graph).fetch(&output).compile::<T>().expect("one node can be planned");
        for (input, id) in inputs.iter().zip(&node.inputs) {
            match &self.values[id] {
                Values::Real(values) => plan.set(input, values).expect("has the shape"),
                Values::Index(values) => plan.set_indices(input, values).expect("has the shape"),
            }
        }
        plan.run().expect("one node can be run");
        match output.kind() {
            Kind::Real | Kind::Byte => Values::Real(plan.read(&output).expect("is wanted").to_vec()),
            Kind::Index => Values::Index(plan.read_indices(&output).expect("is wanted").to_vec()),
            other => unreachable!("a new kind: {other:?}"),
        }
    }
}

/// The same operation without `identity_of`, so that a plan always executes it.
#[derive(Debug)]
struct NoIdentity(Arc<dyn Operation>);

impl Operation for NoIdentity {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        self.0.infer(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Arc::clone(&self.0).form()
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        self.0.vjp(context)
    }
}

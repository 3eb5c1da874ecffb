//! A trace: every value and every gradient of one run of a graph.

use super::summary::sum;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{
    Graph, Kind, Node, NodeId, Origin, Role, Shape, SourceLine, Tensor, Type, Var, ancestors,
};
use retrograde_core::kernel::{Binary, Expr, Form, Node as Part};
use retrograde_core::ops;
use retrograde_core::plan::{Plan, Planner};
use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;

/// Larger values within operations are not kept: a picture has no more elements.
const MOST_INTERMEDIATE: usize = 1 << 18;

/// The settings of a trace: a variable, and the values of the inputs it depends on. Parameters that are not set have their
/// initial values, whatever a plan has trained; [`Graph::set_parameters_from`](retrograde_core::Graph::set_parameters_from)
/// makes those of a plan the initial ones.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::Graph;
/// use retrograde::view::Tracer;
///
/// let graph = Graph::new();
/// let x = graph.input("x", [2]);
/// let loss = (&x * &x).sum_all();
/// let trace = Tracer::new(&loss).set(&x, &[3.0, 4.0]).trace()?;
/// assert_eq!(trace.nodes()[0].gradient.as_ref().map(|g| g.values()), Some([6.0, 8.0].as_slice()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a tracer does nothing until `trace`"]
pub struct Tracer {
    of: Var,
    real: Vec<(Var, Vec<f64>)>,
    indices: Vec<(Var, Vec<u32>)>,
}

impl Tracer {
    /// Traces `of`, which is one number, such as a loss.
    pub fn new(of: &Var) -> Self {
        Tracer { of: of.clone(), real: Vec::new(), indices: Vec::new() }
    }

    /// Sets the value of an input or of a parameter, row by row.
    pub fn set(mut self, var: &Var, values: &[f64]) -> Self {
        self.real.push((var.clone(), values.to_vec()));
        self
    }

    /// Sets the indices of an input, row by row.
    pub fn set_indices(mut self, var: &Var, indices: &[u32]) -> Self {
        self.indices.push((var.clone(), indices.to_vec()));
        self
    }

    /// Records the gradient, runs forward and backward in `f64` and keeps every number. Errors if the variable could not be
    /// recorded or does not have exactly one element, or if an input has no value.
    #[track_caller]
    pub fn trace(self) -> Result<Trace> {
        let of = self.of.checked()?;
        if of.kind() != Kind::Real {
            return Err(Error::Recording {
                operation: "trace".into(),
                location: of.graph().line(Location::caller()),
                problem: format!("`{}` is no real number: it has no gradient", of.node().label()),
                help: "trace a real number".into(),
            });
        }
        let graph = of.graph().clone();
        let forward = ancestors(&graph, &[of.id()])?;
        let gradients = of.backward()?;
        let total = |id: NodeId| gradients.wrt(&graph.var(id)).ok();
        let totals: Vec<Option<Var>> = forward.iter().map(|node| total(node.id)).collect();
        let shares: Vec<Vec<Option<Var>>> = forward
            .iter()
            .map(|node| (0..node.inputs.len()).map(|i| gradients.on_edge(node.id, i).cloned()).collect())
            .collect();
        let wanted = totals.iter().chain(shares.iter().flatten()).flatten();
        let mut plan = Planner::new(&graph).fetch(&of).fetch_all(wanted).keep_all().compile::<f64>()?;
        for (var, values) in &self.real {
            plan.set(var, values)?;
        }
        for (var, indices) in &self.indices {
            plan.set_indices(var, indices)?;
        }
        plan.run()?;
        collect(&forward, &totals, &shares, &of, plan)
    }
}

/// All values and gradients of a run, with their nodes and edges: the source of every drawing.
#[derive(Debug, Clone)]
pub struct Trace {
    nodes: Vec<TracedNode>,
    edges: Vec<TracedEdge>,
}

/// A node of the forward pass, with its value and its gradient.
#[derive(Debug, Clone)]
pub struct TracedNode {
    /// Its index in its graph.
    pub id: NodeId,
    /// Its display name: its name, or its operation and index.
    pub label: String,
    /// Its name, scope included, if it has one.
    pub name: Option<String>,
    /// The operation or the kind of leaf.
    pub what: NodeKind,
    /// The scope in which it was recorded, `""` for none.
    pub scope: String,
    /// Whether the user recorded it or a gradient did.
    pub role: Role,
    /// The line of the user's source.
    pub location: SourceLine,
    /// Its value.
    pub value: Value,
    /// Values within its operation, if that is executed as one and tells some, and they are not too large for a picture.
    pub intermediate: Vec<Intermediate>,
    /// The gradient with respect to it: the sum of the contributions of its consumers. `None` without a gradient: indices,
    /// constants and values that depend only on these.
    pub gradient: Option<Arc<Tensor>>,
    /// The edges into it, in the order of its operands: indices into [`Trace::edges`].
    pub inputs: Vec<usize>,
    /// The edges out of it, in the order of recording.
    pub outputs: Vec<usize>,
    /// The node itself, to record it again in isolation.
    pub(super) node: Arc<Node>,
}

/// A value within an operation that is executed as one.
#[derive(Debug, Clone)]
pub struct Intermediate {
    /// What it is: "weights of attention".
    pub name: &'static str,
    /// Its numbers.
    pub value: Arc<Tensor>,
}

/// The kind of a traced node.
#[derive(Debug, Clone)]
pub enum NodeKind {
    /// A given value: "parameter", "input", "constant", ….
    Leaf(&'static str),
    /// An operation.
    Operation {
        /// Its name.
        name: &'static str,
        /// Its attributes, such as its axes; `""` for none.
        attributes: String,
        /// Its entry in the list of operations: formula, derivative. `None` for a user's own operation.
        entry: Option<&'static ops::Entry>,
    },
}

/// One operand of one operation; its value is that of the producer.
#[derive(Debug, Clone)]
pub struct TracedEdge {
    /// The producer: an index into [`Trace::nodes`].
    pub from: usize,
    /// The consumer: an index into [`Trace::nodes`].
    pub to: usize,
    /// The position among the consumer's operands, from 0.
    pub input: usize,
    /// The contribution of this consumer to the producer's gradient.
    pub gradient: Option<Arc<Tensor>>,
}

/// A value of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Real numbers.
    Real(Arc<Tensor>),
    /// Indices.
    Indices(Shape, Arc<[u32]>),
    /// A table of bytes, which is not expanded.
    Bytes(Shape),
}

impl Value {
    /// The lengths of its axes.
    pub fn shape(&self) -> &Shape {
        match self {
            Value::Real(tensor) => tensor.shape(),
            Value::Indices(shape, _) | Value::Bytes(shape) => shape,
        }
    }

    /// The number, if it is a real scalar.
    pub fn scalar(&self) -> Option<f64> {
        match self {
            Value::Real(tensor) if tensor.shape().rank() == 0 => tensor.values().first().copied(),
            Value::Real(_) | Value::Indices(..) | Value::Bytes(_) => None,
        }
    }
}

impl Trace {
    /// The nodes of the forward pass in topological order; the traced variable is the last.
    pub fn nodes(&self) -> &[TracedNode] {
        &self.nodes
    }

    /// The edges, ordered by their consumers.
    pub fn edges(&self) -> &[TracedEdge] {
        &self.edges
    }

    /// The node of the traced variable; its gradient is one.
    pub fn output(&self) -> &TracedNode {
        // A trace has at least the traced node.
        &self.nodes[self.nodes.len() - 1]
    }

    /// The sum of the gradients of some edges; `None` if none has one.
    pub fn sum_of_gradients(&self, edges: impl IntoIterator<Item = usize>) -> Option<Arc<Tensor>> {
        sum(edges.into_iter().filter_map(|edge| self.edges[edge].gradient.as_ref()))
    }
}

impl TracedNode {
    /// Whether it is a leaf.
    pub fn is_leaf(&self) -> bool {
        matches!(self.what, NodeKind::Leaf(_))
    }

    /// The operator between its two operands if its formula has one (`+`, `×`), else the operation's name, or the kind of
    /// leaf.
    pub fn symbol(&self) -> &'static str {
        match &self.what {
            NodeKind::Leaf(kind) => kind,
            NodeKind::Operation { name, .. } => {
                self.node.form().and_then(Form::expr).and_then(operator).unwrap_or(name)
            }
        }
    }
}

/// The operator of an expression that is nothing but one between two inputs.
fn operator(expr: &Expr) -> Option<&'static str> {
    match expr.nodes() {
        [Part::Input(0), Part::Input(1), Part::Binary(function, 0, 1)] => match function {
            Binary::Add => Some("+"),
            Binary::Subtract => Some("-"),
            Binary::Multiply => Some("×"),
            Binary::Divide => Some("/"),
            Binary::Minimum | Binary::Maximum | Binary::Power => None,
        },
        _ => None,
    }
}

fn collect(
    forward: &[Arc<Node>],
    totals: &[Option<Var>],
    shares: &[Vec<Option<Var>>],
    of: &Var,
    mut plan: Plan<f64>,
) -> Result<Trace> {
    // Several edges often have the same gradient: each tensor is stored once.
    let mut tensors: HashMap<NodeId, Arc<Tensor>> = HashMap::new();
    let mut read = |plan: &mut Plan<f64>, var: &Var| -> Result<Arc<Tensor>> {
        if let Some(known) = tensors.get(&var.id()) {
            return Ok(Arc::clone(known));
        }
        let tensor = Arc::new(plan.value(var)?);
        tensors.insert(var.id(), Arc::clone(&tensor));
        Ok(tensor)
    };
    let position: HashMap<NodeId, usize> = forward.iter().enumerate().map(|(i, node)| (node.id, i)).collect();
    let mut nodes: Vec<TracedNode> = Vec::with_capacity(forward.len());
    let mut edges = Vec::new();
    for (to, node) in forward.iter().enumerate() {
        let var = of.graph().var(node.id);
        let Type { kind, shape } = node.value_type.clone();
        let value = match (node.leaf(), kind) {
            (_, Kind::Byte) => Value::Bytes(shape),
            (_, Kind::Index) => Value::Indices(shape, plan.read_indices(&var)?.into()),
            _ => Value::Real(read(&mut plan, &var)?),
        };
        let operands = node.inputs.iter().map(|id| &nodes[position[id]].value);
        let intermediate = intermediate_values(node, operands)?;
        let mut inputs = Vec::new();
        for (input, (id, share)) in node.inputs.iter().zip(&shares[to]).enumerate() {
            let from = position[id];
            let gradient = share.as_ref().map(|share| read(&mut plan, share)).transpose()?;
            inputs.push(edges.len());
            nodes[from].outputs.push(edges.len());
            edges.push(TracedEdge { from, to, input, gradient });
        }
        nodes.push(TracedNode {
            id: node.id,
            label: node.label(),
            name: node.name.clone(),
            what: what(node),
            scope: node.scope.clone(),
            role: node.role,
            location: node.location.clone(),
            value,
            intermediate,
            gradient: totals[to].as_ref().map(|total| read(&mut plan, total)).transpose()?,
            inputs,
            outputs: Vec::new(),
            node: Arc::clone(node),
        });
    }
    Ok(Trace { nodes, edges })
}

/// The values within an operation on these operands, in a graph of their own.
fn intermediate_values<'a>(
    node: &Node,
    operands: impl Iterator<Item = &'a Value>,
) -> Result<Vec<Intermediate>> {
    let Some(operation) = node.operation() else { return Ok(Vec::new()) };
    let graph = Graph::new();
    let inputs: Option<Vec<Var>> = operands
        .map(|operand| match operand {
            Value::Real(tensor) => Some(graph.constant(Tensor::clone(tensor))),
            Value::Indices(shape, indices) => Some(graph.indices("x", shape.clone(), Arc::clone(indices))),
            Value::Bytes(_) => None,
        })
        .collect();
    let values = inputs.map(|inputs| operation.intermediate_values(&inputs)).unwrap_or_default();
    let mut kept = Vec::new();
    for (name, var) in values {
        let var = var.checked()?;
        if var.shape().elements() <= MOST_INTERMEDIATE {
            kept.push(Intermediate { name, value: Arc::new(var.value()?) });
        }
    }
    Ok(kept)
}

fn what(node: &Node) -> NodeKind {
    match &node.origin {
        Origin::Operation(operation, _) => NodeKind::Operation {
            name: operation.name(),
            attributes: operation.attributes(),
            entry: ops::ALL.iter().find(|entry| entry.name == operation.name()).copied(),
        },
        Origin::Leaf(leaf) => NodeKind::Leaf(leaf.name()),
        Origin::Error(_) => unreachable!("`ancestors` returned the error"),
    }
}

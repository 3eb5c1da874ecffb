//! Recording: the computational graph, and the variables that a program holds of it.
//!
//! A [`Graph`] is a list of [`Node`]s in the order in which they were recorded, which is a topological order: a
//! node's inputs come before it. A node is one operation with its inputs, the shape and kind of its value, its
//! name and scope, and the line of the user's source that made it. Nodes are never removed, and of a node nothing changes
//! but its name and the value that a parameter or a state begins with; everything the library does is to append nodes (the
//! gradient) or to read them (plans, drawings, checks).
//!
//! A [`Var`] is a handle on a node, cheap to clone. Its methods and operators record more nodes. An operation that
//! cannot take its operands records a *fault* instead: it travels through everything made from it and arrives
//! where a `?` stands, at [`Var::checked`], at the gradient or at the plan. It has no shape: [`Var::shape`] panics with
//! its error, and [`Var::try_shape`] returns it.
//!
//! ```
//! # fn main() -> retrograde::Result<()> {
//! use retrograde::Graph;
//!
//! let graph = Graph::new();
//! let apple = graph.parameter("apple", 100.0);
//! let count = graph.parameter("count", 2.0);
//! let price = (&apple * &count * 1.1).named("price");
//! assert_eq!(price.value()?.values(), [220.00000000000003]);
//! # Ok(())
//! # }
//! ```

mod elementwise;
mod node;
mod operation;
mod rules;
mod shape;
mod tensor;
mod var;

pub use node::{Leaf, Node, NodeId, Origin, Role};
pub use operation::{Mismatch, Operation, Site};
pub use retrograde_base::source_line::SourceLine;
pub(crate) use shape::LARGEST;
pub use shape::{Kind, Shape, Type};
pub use tensor::Tensor;
pub use var::Var;

use crate::kernel::Bytes;
use retrograde_base::error::{Error, Result};
use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A computational graph: nodes in the order of their recording. Clones are handles on the same graph.
#[derive(Clone)]
pub struct Graph {
    /// Tells graphs apart.
    number: u64,
    records: Arc<Mutex<Records>>,
}

#[derive(Default)]
struct Records {
    nodes: Vec<Arc<Node>>,
    /// The open scopes, outermost first.
    scopes: Vec<String>,
    /// Whose gradient is being recorded, if any is.
    backward: Option<(NodeId, SourceLine)>,
    /// The line of another language that records at present.
    recorded_at: Option<SourceLine>,
    /// How often each name has been given, so that names stay unique.
    names: HashMap<String, usize>,
}

impl Default for Graph {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Graph {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.nodes()).finish()
    }
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        Graph { number: NUMBER.fetch_add(1, Ordering::Relaxed), records: Arc::default() }
    }

    /// A parameter: a value that has a gradient and that updates may change, with its initial value. Each plan changes values
    /// of its own; [`set_parameters_from`](Self::set_parameters_from) makes those of a plan the initial ones.
    #[track_caller]
    pub fn parameter(&self, name: &str, value: impl Into<Tensor>) -> Var {
        let value = value.into();
        let kind = Type::real(value.shape().clone());
        self.leaf(Leaf::Parameter(Arc::new(value)), kind, Some(name), Location::caller())
    }

    /// A value that updates may change but that is no parameter of the model: a velocity, a running mean. No
    /// gradient flows into it.
    #[track_caller]
    pub fn state(&self, name: &str, value: impl Into<Tensor>) -> Var {
        let value = value.into();
        let kind = Type::real(value.shape().clone());
        self.leaf(Leaf::State(Arc::new(value)), kind, Some(name), Location::caller())
    }

    /// Real values to be given before each run.
    #[track_caller]
    pub fn input(&self, name: &str, shape: impl Into<Shape>) -> Var {
        self.leaf(Leaf::Input, Type::real(shape), Some(name), Location::caller())
    }

    /// Indices (labels, rows to gather) to be given before each run.
    #[track_caller]
    pub fn index_input(&self, name: &str, shape: impl Into<Shape>) -> Var {
        self.leaf(Leaf::Input, Type::index(shape), Some(name), Location::caller())
    }

    /// Real values that never change. No gradient flows into them.
    #[track_caller]
    pub fn constant(&self, value: impl Into<Tensor>) -> Var {
        let value = value.into();
        let kind = Type::real(value.shape().clone());
        self.leaf(Leaf::Constant(Arc::new(value)), kind, None, Location::caller())
    }

    /// A tensor of one number throughout: a scalar constant, broadcast.
    #[track_caller]
    pub fn full(&self, shape: impl Into<Shape>, value: f64) -> Var {
        self.constant(value).broadcast(shape)
    }

    /// Indices that never change, such as all labels of a data set.
    #[track_caller]
    pub fn indices(&self, name: &str, shape: impl Into<Shape>, values: impl Into<Arc<[u32]>>) -> Var {
        let (kind, values) = (Type::index(shape), values.into());
        let location = Location::caller();
        if values.len() != kind.shape.elements() {
            return self.wrong_length("indices", &kind.shape, values.len(), location);
        }
        self.leaf(Leaf::Indices(values), kind, Some(name), location)
    }

    /// Real values kept as bytes, such as all images of a data set: each is `byte × scale`. They stay bytes
    /// until an operation needs them: [`Var::gather_rows`] reads a batch straight from them.
    #[track_caller]
    pub fn bytes(&self, name: &str, shape: impl Into<Shape>, values: impl Into<Bytes>, scale: f64) -> Var {
        let (kind, values) = (Type::real(shape), values.into());
        let location = Location::caller();
        if values.len() != kind.shape.elements() {
            return self.wrong_length("bytes", &kind.shape, values.len(), location);
        }
        self.leaf(Leaf::Bytes { values, scale }, kind, Some(name), location)
    }

    /// Records what `record` records in a scope: a part of the model with a name, such as a layer. Scopes nest,
    /// and names inside begin with the scope's: `affine1.weight`.
    pub fn scope<R>(&self, name: &str, record: impl FnOnce() -> R) -> R {
        struct Leave<'a>(&'a Graph);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.records().scopes.pop();
            }
        }
        self.records().scopes.push(name.to_string());
        let _leave = Leave(self);
        record()
    }

    /// Records what `record` records as the work of this line: for programs in other languages, whose lines Rust's compiler
    /// does not know.
    pub fn recorded_at<R>(&self, line: SourceLine, record: impl FnOnce() -> R) -> R {
        struct Leave<'a>(&'a Graph, Option<SourceLine>);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.records().recorded_at = self.1.take();
            }
        }
        let before = self.records().recorded_at.replace(line);
        let _leave = Leave(self, before);
        record()
    }

    /// The line that records: the given one, unless one of another language does.
    pub fn line(&self, location: impl Into<SourceLine>) -> SourceLine {
        self.records().recorded_at.clone().unwrap_or_else(|| location.into())
    }

    /// Records an operation, of the library or of the user's own. What its [form](Operation::form) cannot carry out is
    /// refused like operands that do not fit.
    #[track_caller]
    pub fn apply(&self, operation: impl Operation + 'static, inputs: &[&Var]) -> Var {
        self.record(Arc::new(operation), inputs, Location::caller())
    }

    /// Records the operation of a node, of this graph or another, on other inputs. A leaf cannot be recorded so.
    pub fn re_record(&self, node: &Node, inputs: &[&Var]) -> Option<Var> {
        Some(self.record(Arc::clone(node.operation()?), inputs, node.location.clone()))
    }

    /// All nodes recorded so far, in topological order.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.records().nodes.clone()
    }

    /// How many nodes have been recorded.
    pub fn len(&self) -> usize {
        self.records().nodes.len()
    }

    /// Whether nothing has been recorded.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The node with this number.
    ///
    /// # Panics
    /// When the number belongs to another graph that has more nodes.
    pub fn node(&self, id: NodeId) -> Arc<Node> {
        Arc::clone(&self.records().nodes[id.index()])
    }

    /// The variable of a node.
    pub fn var(&self, id: NodeId) -> Var {
        Var::new(self.clone(), id)
    }

    /// Whether both are handles on the same graph.
    pub fn is(&self, other: &Graph) -> bool {
        self.number == other.number
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leaf(&self, leaf: Leaf, value_type: Type, name: Option<&str>, location: impl Into<SourceLine>) -> Var {
        self.push(Origin::Leaf(leaf), Vec::new(), value_type, name, location)
    }

    fn record(&self, operation: Arc<dyn Operation>, inputs: &[&Var], location: impl Into<SourceLine>) -> Var {
        let location = self.line(location);
        if let Some(stranger) = inputs.iter().find(|input| !input.graph().is(self)) {
            let what = stranger.name().map_or_else(|| "an operand".into(), |name| format!("`{name}`"));
            return self.fault(Error::Recording {
                operation: operation.name().into(),
                location,
                problem: format!("{what} belongs to another graph"),
                remedy: "record all operands in one graph".into(),
            });
        }
        let nodes: Vec<Arc<Node>> = inputs.iter().map(|input| self.node(input.id())).collect();
        if let Some(fault) = nodes.iter().position(|node| node.fault().is_some()) {
            return self.var(inputs[fault].id());
        }
        let types: Vec<Type> = nodes.iter().map(|node| node.value_type.clone()).collect();
        let inferred = operation.infer(&types);
        let sound = inferred.and_then(|output| {
            // Asked once: all that is validated, planned and executed is this answer.
            let form = Arc::clone(&operation).form();
            rules::carried_out(&form, &types, &output).map(|()| (form, output))
        });
        match sound {
            Ok((form, value_type)) => {
                let ids = inputs.iter().map(|input| input.id()).collect();
                self.push(Origin::Operation(operation, form), ids, value_type, None, location)
            }
            Err(Mismatch { problem, remedy }) => {
                let location = self.records().backward.clone().map_or(location, |(_, forward)| forward);
                let operation = operation.name().into();
                self.fault(Error::Recording { operation, location, problem, remedy })
            }
        }
    }

    fn wrong_length(&self, what: &str, shape: &Shape, given: usize, at: &'static Location<'static>) -> Var {
        self.fault(Error::Recording {
            operation: what.into(),
            location: self.line(at),
            problem: format!("{given} values were given for the shape {shape}"),
            remedy: format!("give {} values, or another shape", shape.elements()),
        })
    }

    /// Records that something could not be recorded.
    pub(crate) fn fault(&self, error: Error) -> Var {
        let location = match &error {
            Error::Recording { location, .. } => location.clone(),
            _ => Location::caller().into(),
        };
        let kind = Type::real([]);
        self.push(Origin::Fault(Box::new(error)), Vec::new(), kind, None, location)
    }

    fn push(
        &self,
        origin: Origin,
        inputs: Vec<NodeId>,
        value_type: Type,
        name: Option<&str>,
        location: impl Into<SourceLine>,
    ) -> Var {
        let location = self.line(location);
        let mut records = self.records();
        let id = NodeId::new(records.nodes.len());
        let (role, location) = match &records.backward {
            Some((of, forward)) => (Role::Backward { of: *of }, forward.clone()),
            None => (Role::Forward, location),
        };
        let scope = records.scopes.join(".");
        let name = name.map(|name| records.unique(&scope, name));
        records.nodes.push(Arc::new(Node { id, origin, inputs, value_type, name, scope, role, location }));
        drop(records);
        self.var(id)
    }

    /// Records what `record` records as the gradient that goes through the node `of`.
    pub(crate) fn backward_through<R>(&self, of: &Node, record: impl FnOnce() -> R) -> R {
        let scopes = if of.scope.is_empty() { Vec::new() } else { vec![of.scope.clone()] };
        let (before, scopes) = {
            let mut records = self.records();
            let before = records.backward.replace((of.id, of.location.clone()));
            (before, std::mem::replace(&mut records.scopes, scopes))
        };
        let result = record();
        let mut records = self.records();
        records.backward = before;
        records.scopes = scopes;
        result
    }

    /// Gives a parameter or a state another initial value, of its shape.
    pub(crate) fn set_initial(&self, id: NodeId, value: Tensor) {
        let mut records = self.records();
        let mut node = Node::clone(&records.nodes[id.index()]);
        match &mut node.origin {
            Origin::Leaf(Leaf::Parameter(initial) | Leaf::State(initial)) => *initial = Arc::new(value),
            Origin::Leaf(_) | Origin::Operation(..) | Origin::Fault(_) => return,
        }
        records.nodes[id.index()] = Arc::new(node);
    }

    fn rename(&self, id: NodeId, name: &str) {
        let mut records = self.records();
        let node = &records.nodes[id.index()];
        let scope = node.scope.clone();
        let mut node = Node::clone(node);
        node.name = Some(records.unique(&scope, name));
        records.nodes[id.index()] = Arc::new(node);
    }
}

impl Records {
    /// `name` behind its scope; with a number when the graph has it already.
    fn unique(&mut self, scope: &str, name: &str) -> String {
        let full = if scope.is_empty() { name.to_string() } else { format!("{scope}.{name}") };
        let count = self.names.entry(full.clone()).or_default();
        *count += 1;
        if *count == 1 { full } else { format!("{full}#{count}") }
    }
}

/// All nodes that `targets` depend on, themselves included, in topological order; or the first fault among them.
pub fn ancestors(graph: &Graph, targets: &[NodeId]) -> Result<Vec<Arc<Node>>> {
    let nodes = graph.nodes();
    let mut needed = vec![false; nodes.len()];
    for target in targets {
        needed[target.index()] = true;
    }
    for node in nodes.iter().rev() {
        if needed[node.id.index()] {
            if let Some(fault) = node.fault() {
                return Err(fault.clone());
            }
            for input in &node.inputs {
                needed[input.index()] = true;
            }
        }
    }
    Ok(nodes.into_iter().filter(|node| needed[node.id.index()]).collect())
}

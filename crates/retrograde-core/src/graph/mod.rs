//! Recording: the computational graph, and the variables that a program holds of it.
//!
//! A [`Graph`] is a list of [`Node`]s in the order of recording, which is a topological order: the inputs of a node come
//! before it. A node holds an operation, its inputs, the shape and kind of its value, its name and scope, and the source
//! line that recorded it. Nodes are never removed. Only a node's name and the initial value of a parameter or a state can
//! change. The gradient appends nodes; plans, drawings and checks read them.
//!
//! A [`Var`] is a handle on a node, cheap to clone. Its methods and operators record more nodes. Invalid operands record
//! an *error node* instead of an operation. The error is deferred: every result computed from it is the same error node,
//! and [`Var::checked`], the gradient and the plan return the error. An error node has no shape: [`Var::shape`] panics
//! with the error, and [`Var::try_shape`] returns it.
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

pub(crate) use elementwise::vjp as derived_vjp;
pub use node::{Leaf, Node, NodeId, Origin, Role};
pub use operation::{Mismatch, Operation, VjpContext};
pub use retrograde_base::source_line::SourceLine;
pub(crate) use rules::bytes_refused;
pub(crate) use shape::MAX_ELEMENTS;
pub use shape::{Kind, Shape, Type};
pub use tensor::Tensor;
pub use var::Var;

use crate::kernel::Bytes;
use retrograde_base::error::{Error, Result};
use std::collections::HashMap;
use std::panic::Location;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A computational graph: nodes in the order of recording. Clones are handles on the same graph.
#[derive(Clone)]
pub struct Graph {
    /// Unique in the process.
    id: u32,
    inner: Arc<Mutex<GraphInner>>,
}

#[derive(Default)]
struct GraphInner {
    nodes: Vec<Arc<Node>>,
    /// The open scopes, outermost first.
    scopes: Vec<String>,
    /// The node whose gradient is being recorded, and its source line.
    backward: Option<(NodeId, SourceLine)>,
    /// The source line set by [`Graph::recorded_at`].
    recorded_at: Option<SourceLine>,
    /// The number of uses of each name, which keeps names unique.
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
        static NEXT_ID: AtomicU32 = AtomicU32::new(0);
        Graph { id: NEXT_ID.fetch_add(1, Ordering::Relaxed), inner: Arc::default() }
    }

    /// Records a parameter with its initial value. It has a gradient, and updates may change it. Each plan has its own copy;
    /// [`set_parameters_from`](Self::set_parameters_from) makes the values of a plan the initial values.
    #[track_caller]
    pub fn parameter(&self, name: &str, value: impl Into<Tensor>) -> Var {
        let value = value.into();
        let kind = Type::real(value.shape().clone());
        self.leaf(Leaf::Parameter(Arc::new(value)), kind, Some(name), Location::caller())
    }

    /// Records a state with its initial value: updates may change it, but it is not a parameter of the model (a velocity,
    /// a running mean). It has no gradient.
    #[track_caller]
    pub fn state(&self, name: &str, value: impl Into<Tensor>) -> Var {
        let value = value.into();
        let kind = Type::real(value.shape().clone());
        self.leaf(Leaf::State(Arc::new(value)), kind, Some(name), Location::caller())
    }

    /// Records a [state](Self::state) that begins with zeros. Its shape may be that of a variable with a deferred error; that it
    /// needs more memory than there is, is a deferred error, too.
    #[track_caller]
    pub fn zero_state(&self, name: &str, shape: impl Into<Shape>) -> Var {
        let location = Location::caller();
        match Tensor::zeros(shape) {
            Ok(value) => {
                let kind = Type::real(value.shape().clone());
                self.leaf(Leaf::State(Arc::new(value)), kind, Some(name), location)
            }
            Err(error) => self.error_node(error),
        }
    }

    /// Records an input of real values, which must be set before the first run.
    #[track_caller]
    pub fn input(&self, name: &str, shape: impl Into<Shape>) -> Var {
        self.leaf(Leaf::Input, Type::real(shape), Some(name), Location::caller())
    }

    /// Records an input of indices (labels, rows to gather), which must be set before the first run.
    #[track_caller]
    pub fn index_input(&self, name: &str, shape: impl Into<Shape>) -> Var {
        self.leaf(Leaf::Input, Type::index(shape), Some(name), Location::caller())
    }

    /// Records real values that never change. They have no gradient.
    #[track_caller]
    pub fn constant(&self, value: impl Into<Tensor>) -> Var {
        let value = value.into();
        let kind = Type::real(value.shape().clone());
        self.leaf(Leaf::Constant(Arc::new(value)), kind, None, Location::caller())
    }

    /// Records a tensor with all elements equal to `value`: a scalar constant, broadcast.
    #[track_caller]
    pub fn full(&self, shape: impl Into<Shape>, value: f64) -> Var {
        self.constant(value).broadcast(shape)
    }

    /// Records indices that never change, for example all labels of a data set.
    #[track_caller]
    pub fn indices(&self, name: &str, shape: impl Into<Shape>, values: impl Into<Arc<[u32]>>) -> Var {
        let (kind, values) = (Type::index(shape), values.into());
        let location = Location::caller();
        if values.len() != kind.shape.elements() {
            return self.wrong_length("indices", &kind.shape, values.len(), location);
        }
        self.leaf(Leaf::Indices(values), kind, Some(name), location)
    }

    /// Records the indices 0, 1, …, `count` − 1, with the shape `[count]`. More than 2³² are a deferred error.
    #[track_caller]
    pub fn arange(&self, count: usize) -> Var {
        match u32::try_from(count) {
            Ok(end) => self.indices("arange", [count], (0..end).collect::<Vec<u32>>()),
            Err(_) => self.error_node(Error::Recording {
                operation: "arange".into(),
                location: self.line(Location::caller()),
                problem: format!("{count} indices have more than 32 bits"),
                help: "give at most 4294967295".into(),
            }),
        }
    }

    /// Records real values stored as bytes, for example all images of a data set. Each value is `byte × scale`.
    /// [`Var::gather_rows`] reads a batch directly from the bytes.
    #[track_caller]
    pub fn bytes(&self, name: &str, shape: impl Into<Shape>, values: impl Into<Bytes>, scale: f64) -> Var {
        let (kind, values) = (Type::byte(shape), values.into());
        let location = Location::caller();
        if values.len() != kind.shape.elements() {
            return self.wrong_length("bytes", &kind.shape, values.len(), location);
        }
        self.leaf(Leaf::Bytes { values, scale }, kind, Some(name), location)
    }

    /// Runs `record` inside a named scope, for example a layer. Scopes nest. Names recorded inside start with the scope:
    /// `affine1.weight`.
    pub fn scope<R>(&self, name: &str, record: impl FnOnce() -> R) -> R {
        struct LeaveScope<'a>(&'a Graph);
        impl Drop for LeaveScope<'_> {
            fn drop(&mut self) {
                self.0.lock().scopes.pop();
            }
        }
        self.lock().scopes.push(name.to_string());
        let _leave = LeaveScope(self);
        record()
    }

    /// Runs `record` and attributes its nodes to `line`: for programs in other languages, whose source lines the Rust
    /// compiler does not know.
    pub fn recorded_at<R>(&self, line: SourceLine, record: impl FnOnce() -> R) -> R {
        struct RestoreLine<'a>(&'a Graph, Option<SourceLine>);
        impl Drop for RestoreLine<'_> {
            fn drop(&mut self) {
                self.0.lock().recorded_at = self.1.take();
            }
        }
        let before = self.lock().recorded_at.replace(line);
        let _restore = RestoreLine(self, before);
        record()
    }

    /// The source line of the next node: `location`, unless [`recorded_at`](Self::recorded_at) sets another.
    pub fn line(&self, location: impl Into<SourceLine>) -> SourceLine {
        self.lock().recorded_at.clone().unwrap_or_else(|| location.into())
    }

    /// Records an operation of the library or of the user. Operands that its [form](Operation::form) cannot execute are a
    /// deferred error, like operands of the wrong shape.
    #[track_caller]
    pub fn apply(&self, operation: impl Operation + 'static, inputs: &[&Var]) -> Var {
        self.record(Arc::new(operation), inputs, Location::caller())
    }

    /// Records the operation of a node of any graph on other inputs, as many as the node has. Returns `None` for a leaf.
    pub fn re_record(&self, node: &Node, inputs: &[&Var]) -> Option<Var> {
        let operation = node.operation()?;
        if inputs.len() == node.inputs.len() {
            return Some(self.record(Arc::clone(operation), inputs, node.location.clone()));
        }
        Some(self.error_node(Error::Recording {
            operation: operation.name().into(),
            location: node.location.clone(),
            problem: format!("{} operands for {} inputs", inputs.len(), node.inputs.len()),
            help: "give one operand for each input of the node".into(),
        }))
    }

    /// All nodes recorded so far, in topological order.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.lock().nodes.clone()
    }

    /// The number of nodes.
    pub fn len(&self) -> usize {
        self.lock().nodes.len()
    }

    /// Whether the graph has no nodes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The node with this id. The id of another graph has an error node.
    #[track_caller]
    pub fn node(&self, id: NodeId) -> Arc<Node> {
        self.var(id).node()
    }

    /// The variable of a node. The id of another graph is a deferred error.
    #[track_caller]
    pub fn var(&self, id: NodeId) -> Var {
        if id.graph() == self.id {
            return Var::new(self.clone(), id);
        }
        self.error_node(Error::Recording {
            operation: "a variable".into(),
            location: self.line(Location::caller()),
            problem: format!("the node {id} belongs to another graph"),
            help: "give the id of a node of this graph".into(),
        })
    }

    /// The node with the id of a variable of this graph.
    fn own_node(&self, id: NodeId) -> Arc<Node> {
        Arc::clone(&self.lock().nodes[id.index()])
    }

    /// Whether both are handles on the same graph.
    pub fn is(&self, other: &Graph) -> bool {
        self.id == other.id
    }

    fn lock(&self) -> MutexGuard<'_, GraphInner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leaf(&self, leaf: Leaf, value_type: Type, name: Option<&str>, location: impl Into<SourceLine>) -> Var {
        self.push(Origin::Leaf(leaf), Vec::new(), value_type, name, location)
    }

    fn record(&self, operation: Arc<dyn Operation>, inputs: &[&Var], location: impl Into<SourceLine>) -> Var {
        let location = self.line(location);
        if let Some(foreign) = inputs.iter().find(|input| !input.graph().is(self)) {
            let what = foreign.name().map_or_else(|| "an operand".into(), |name| format!("`{name}`"));
            return self.error_node(Error::Recording {
                operation: operation.name().into(),
                location,
                problem: format!("{what} belongs to another graph"),
                help: "record all operands in one graph".into(),
            });
        }
        let nodes: Vec<Arc<Node>> = inputs.iter().map(|input| self.own_node(input.id())).collect();
        if let Some(failed) = nodes.iter().position(|node| node.error().is_some()) {
            return inputs[failed].clone();
        }
        let types: Vec<Type> = nodes.iter().map(|node| node.value_type.clone()).collect();
        let inferred = operation.infer(&types);
        let validated = inferred.and_then(|output| {
            // `form` is called once: this form is the one that is validated, planned and executed.
            let form = Arc::clone(&operation).form();
            rules::validate_form(&form, &types, &output).map(|()| (form, output))
        });
        match validated {
            Ok((form, value_type)) => {
                let ids = inputs.iter().map(|input| input.id()).collect();
                self.push(Origin::Operation(operation, form), ids, value_type, None, location)
            }
            Err(Mismatch { problem, help }) => {
                let location = self.lock().backward.clone().map_or(location, |(_, forward)| forward);
                let operation = operation.name().into();
                self.error_node(Error::Recording { operation, location, problem, help })
            }
        }
    }

    fn wrong_length(&self, what: &str, shape: &Shape, given: usize, at: &'static Location<'static>) -> Var {
        self.error_node(Error::Recording {
            operation: what.into(),
            location: self.line(at),
            problem: format!("{given} values for the shape {shape}"),
            help: format!("give {} values, or another shape", shape.elements()),
        })
    }

    /// Records an error node: a variable with a deferred error, for layers that return a variable.
    pub fn error_node(&self, error: Error) -> Var {
        let location = match &error {
            Error::Recording { location, .. } => location.clone(),
            _ => Location::caller().into(),
        };
        let kind = Type::real([]);
        self.push(Origin::Error(Box::new(error)), Vec::new(), kind, None, location)
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
        let mut inner = self.lock();
        let id = NodeId::new(self.id, inner.nodes.len());
        let (role, location) = match &inner.backward {
            Some((of, forward)) => (Role::Backward { of: *of }, forward.clone()),
            None => (Role::Forward, location),
        };
        let scope = inner.scopes.join(".");
        let name = name.map(|name| inner.unique(&scope, name));
        inner.nodes.push(Arc::new(Node { id, origin, inputs, value_type, name, scope, role, location }));
        drop(inner);
        Var::new(self.clone(), id)
    }

    /// Runs `record` and marks its nodes as the backward pass of the node `of`.
    pub(crate) fn backward_through<R>(&self, of: &Node, record: impl FnOnce() -> R) -> R {
        struct Restore<'a>(&'a Graph, Option<(NodeId, SourceLine)>, Vec<String>);
        impl Drop for Restore<'_> {
            fn drop(&mut self) {
                let mut inner = self.0.lock();
                inner.backward = self.1.take();
                inner.scopes = std::mem::take(&mut self.2);
            }
        }
        let scopes = if of.scope.is_empty() { Vec::new() } else { vec![of.scope.clone()] };
        let mut inner = self.lock();
        let before = inner.backward.replace((of.id, of.location.clone()));
        let scopes = std::mem::replace(&mut inner.scopes, scopes);
        drop(inner);
        // Also if the vjp of a user's operation panics.
        let _restore = Restore(self, before, scopes);
        record()
    }

    /// Replaces the initial value of a parameter or a state. The shape must be the same.
    pub(crate) fn set_initial(&self, id: NodeId, value: Tensor) {
        let mut inner = self.lock();
        let mut node = Node::clone(&inner.nodes[id.index()]);
        match &mut node.origin {
            Origin::Leaf(Leaf::Parameter(initial) | Leaf::State(initial)) => *initial = Arc::new(value),
            Origin::Leaf(_) | Origin::Operation(..) | Origin::Error(_) => return,
        }
        inner.nodes[id.index()] = Arc::new(node);
    }

    fn rename(&self, id: NodeId, name: &str) {
        let mut inner = self.lock();
        let node = &inner.nodes[id.index()];
        let scope = node.scope.clone();
        let mut node = Node::clone(node);
        node.name = Some(inner.unique(&scope, name));
        inner.nodes[id.index()] = Arc::new(node);
    }
}

impl GraphInner {
    /// `name` prefixed with its scope, and with a number appended if the graph already uses the name.
    fn unique(&mut self, scope: &str, name: &str) -> String {
        let full = if scope.is_empty() { name.to_string() } else { format!("{scope}.{name}") };
        let count = self.names.entry(full.clone()).or_default();
        *count += 1;
        if *count == 1 { full } else { format!("{full}#{count}") }
    }
}

/// All nodes that `targets` depend on, `targets` included, in topological order. An error node among them is an error, and
/// so is the id of another graph.
pub fn ancestors(graph: &Graph, targets: &[NodeId]) -> Result<Vec<Arc<Node>>> {
    for &target in targets {
        graph.var(target).checked()?;
    }
    let nodes = graph.nodes();
    let mut needed = vec![false; nodes.len()];
    for target in targets {
        needed[target.index()] = true;
    }
    for node in nodes.iter().rev() {
        if needed[node.id.index()] {
            if let Some(error) = node.error() {
                return Err(error.clone());
            }
            for input in &node.inputs {
                needed[input.index()] = true;
            }
        }
    }
    Ok(nodes.into_iter().filter(|node| needed[node.id.index()]).collect())
}

//! A variable: a handle on a node.

use super::node::{Node, NodeId};
use super::operation::Operation;
use super::shape::{Kind, Shape};
use super::{Graph, Result};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// A handle on a node of a graph. Cheap to clone.
#[derive(Clone)]
pub struct Var {
    graph: Graph,
    id: NodeId,
}

impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.node())
    }
}

impl Var {
    pub(super) fn new(graph: Graph, id: NodeId) -> Self {
        Var { graph, id }
    }

    /// The graph it belongs to.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The id of its node.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Its node.
    pub fn node(&self) -> Arc<Node> {
        self.graph.own_node(self.id)
    }

    /// The lengths of its axes. [`try_shape`](Self::try_shape) is the same without a panic.
    ///
    /// # Panics
    /// With the deferred error, if the variable is an error node. A made-up shape would cause a second error elsewhere and
    /// hide the first.
    #[track_caller]
    pub fn shape(&self) -> Shape {
        self.valid_node().value_type.shape.clone()
    }

    /// The lengths of its axes, or the deferred error.
    pub fn try_shape(&self) -> Result<Shape> {
        Ok(self.clone().checked()?.shape())
    }

    /// Real numbers or indices.
    ///
    /// # Panics
    /// As [`shape`](Self::shape). [`checked`](Self::checked) returns the error instead.
    #[track_caller]
    pub fn kind(&self) -> Kind {
        self.valid_node().value_type.kind
    }

    /// Its node, which must not be an error.
    #[track_caller]
    fn valid_node(&self) -> Arc<Node> {
        let node = self.node();
        if let Some(error) = node.error() {
            panic!("a variable with a deferred error has no shape: {error}");
        }
        node
    }

    /// Its shape, or `[]` for an error node: for recording further operations, which return the error node for any shape.
    pub fn shape_or_scalar(&self) -> Shape {
        self.try_shape().unwrap_or_default()
    }

    /// The name, scope included.
    pub fn name(&self) -> Option<String> {
        self.node().name.clone()
    }

    /// Sets the name, which drawings, tables and messages show. A second node with the same name gets a number appended.
    /// Nodes that a plan merges keep the name of the first.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        self.graph.rename(self.id, name);
        self
    }

    /// Itself, or the deferred error of this operation or of one that it depends on.
    pub fn checked(self) -> Result<Self> {
        match self.node().error() {
            Some(error) => Err(error.clone()),
            None => Ok(self),
        }
    }

    /// Whether it is an error node: it, or a value that it depends on, could not be recorded.
    pub fn is_error(&self) -> bool {
        self.node().error().is_some()
    }

    /// Records an operation on `self` and `others`, for the methods in `ops`.
    pub(crate) fn record(
        &self,
        operation: impl Operation + 'static,
        others: &[&Var],
        location: &'static Location<'static>,
    ) -> Var {
        let inputs: Vec<&Var> = std::iter::once(self).chain(others.iter().copied()).collect();
        self.graph.record(Arc::new(operation), &inputs, location)
    }
}

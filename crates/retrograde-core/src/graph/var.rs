//! A variable: a handle on a node.

use super::node::{Node, NodeId};
use super::operation::Operation;
use super::shape::{Kind, Shape};
use super::{Graph, Result};
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// A handle on a node of a graph: what a program computes with. Cheap to clone.
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

    /// Its node's number.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// Its node.
    pub fn node(&self) -> Arc<Node> {
        self.graph.node(self.id)
    }

    /// The lengths of its axes. [`try_shape`](Self::try_shape) is the same without a panic.
    ///
    /// # Panics
    /// When it could not be recorded: with the error of the operation that does not fit, and its line. Such a variable has no
    /// shape, and arithmetic with a made-up one would fail elsewhere and hide the error.
    #[track_caller]
    pub fn shape(&self) -> Shape {
        self.known().value_type.shape.clone()
    }

    /// The lengths of its axes, or the error of the operation that could not be recorded, here or anywhere before.
    pub fn try_shape(&self) -> Result<Shape> {
        Ok(self.clone().checked()?.shape())
    }

    /// Real numbers or indices.
    ///
    /// # Panics
    /// As [`shape`](Self::shape); [`checked`](Self::checked) gives the error instead.
    #[track_caller]
    pub fn kind(&self) -> Kind {
        self.known().value_type.kind
    }

    /// Its node, which is no fault.
    #[track_caller]
    fn known(&self) -> Arc<Node> {
        let node = self.node();
        if let Some(error) = node.fault() {
            panic!("a variable that could not be recorded has no shape: {error}");
        }
        node
    }

    /// Its shape, or `[]`: for recording more, where a fault is passed on whatever the shape.
    pub fn shape_or_scalar(&self) -> Shape {
        self.try_shape().unwrap_or_default()
    }

    /// Its name, scope included, if it has one.
    pub fn name(&self) -> Option<String> {
        self.node().name.clone()
    }

    /// Gives it a name, which drawings, tables and messages then use. A second node of the same name gets a
    /// number behind it. Constants and operations shared by a plan keep the name of the first.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        self.graph.rename(self.id, name);
        self
    }

    /// Itself, or the error of the operation that could not be recorded, here or anywhere before.
    pub fn checked(self) -> Result<Self> {
        match self.node().fault() {
            Some(error) => Err(error.clone()),
            None => Ok(self),
        }
    }

    /// Whether it or anything it is made from could not be recorded.
    pub fn is_fault(&self) -> bool {
        self.node().fault().is_some()
    }

    /// Records an operation on this and other operands, for the methods in `ops`.
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

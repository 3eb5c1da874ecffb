//! One node of a graph.

use super::operation::Operation;
use super::shape::Type;
use super::tensor::Tensor;
use crate::kernel::{Bytes, Form};
use retrograde_base::error::Error;
use retrograde_base::source_line::SourceLine;
use std::fmt;
use std::sync::Arc;

/// The id of a node: its graph, and its index in the order of recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId {
    graph: u32,
    index: u32,
}

impl NodeId {
    pub(super) fn new(graph: u32, index: usize) -> Self {
        NodeId { graph, index: u32::try_from(index).expect("a graph has fewer than 2^32 nodes") }
    }

    /// The graph, which is unique in the process.
    pub(super) fn graph(self) -> u32 {
        self.graph
    }

    /// The index, counted from 0.
    pub fn index(self) -> usize {
        self.index as usize
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.index)
    }
}

/// One operation, leaf or error of a graph.
#[derive(Clone)]
pub struct Node {
    /// The id of the node.
    pub id: NodeId,
    /// The source of the value.
    pub origin: Origin,
    /// The inputs of the operation, in order.
    pub inputs: Vec<NodeId>,
    /// The shape and kind of the value. An error node has no value; its type is that of one real number.
    pub value_type: Type,
    /// The name, scope included. It is unique in the graph.
    pub name: Option<String>,
    /// The scope in which it was recorded, `""` for none.
    pub scope: String,
    /// Forward or backward pass.
    pub role: Role,
    /// The source line that recorded it. For a node of the backward pass: the line of the forward operation.
    pub location: SourceLine,
}

/// The source of a node's value.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A given value.
    Leaf(Leaf),
    /// An operation on the inputs, and the [`Operation::form`] that it had when it was recorded.
    Operation(Arc<dyn Operation>, Form),
    /// A deferred error: the operation or leaf could not be recorded.
    Error(Box<Error>),
}

/// A value that is given rather than computed.
#[derive(Clone)]
#[non_exhaustive]
pub enum Leaf {
    /// A parameter of a model, with its initial value.
    Parameter(Arc<Tensor>),
    /// Another value that persists from run to run, with its initial value.
    State(Arc<Tensor>),
    /// A value that is set before a run.
    Input,
    /// Real values that never change.
    Constant(Arc<Tensor>),
    /// Indices that never change.
    Indices(Arc<[u32]>),
    /// Real values stored as bytes, each `byte × scale`.
    Bytes {
        /// The bytes.
        values: Bytes,
        /// The factor of each byte.
        scale: f64,
    },
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Leaf {
    /// The kind of leaf in one word.
    pub fn name(&self) -> &'static str {
        match self {
            Leaf::Parameter(_) => "parameter",
            Leaf::State(_) => "state",
            Leaf::Input => "input",
            Leaf::Constant(_) => "constant",
            Leaf::Indices(_) => "indices",
            Leaf::Bytes { .. } => "bytes",
        }
    }

    /// Whether it has a gradient.
    pub fn has_gradient(&self) -> bool {
        matches!(self, Leaf::Parameter(_) | Leaf::Input)
    }
}

/// The pass that a node belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The forward pass: recorded by the user or by a layer.
    Forward,
    /// The backward pass through the node `of`.
    Backward {
        /// The node of the forward pass.
        of: NodeId,
    },
}

impl Node {
    /// The operation, if the node is one.
    pub fn operation(&self) -> Option<&Arc<dyn Operation>> {
        match &self.origin {
            Origin::Operation(operation, _) => Some(operation),
            Origin::Leaf(_) | Origin::Error(_) => None,
        }
    }

    /// The form of the operation, if the node is one.
    pub fn form(&self) -> Option<&Form> {
        match &self.origin {
            Origin::Operation(_, form) => Some(form),
            Origin::Leaf(_) | Origin::Error(_) => None,
        }
    }

    /// The leaf, if the node is one.
    pub fn leaf(&self) -> Option<&Leaf> {
        match &self.origin {
            Origin::Leaf(leaf) => Some(leaf),
            Origin::Operation(..) | Origin::Error(_) => None,
        }
    }

    /// The deferred error, if the node is one.
    pub fn error(&self) -> Option<&Error> {
        match &self.origin {
            Origin::Error(error) => Some(error),
            Origin::Operation(..) | Origin::Leaf(_) => None,
        }
    }

    /// A label for messages: the name, or the operation and the id.
    pub fn label(&self) -> String {
        match (&self.name, &self.origin) {
            (Some(name), _) => name.clone(),
            (None, Origin::Operation(operation, _)) => format!("{}{}", operation.name(), self.id),
            (None, Origin::Leaf(leaf)) => format!("{}{}", leaf.name(), self.id),
            (None, Origin::Error(_)) => format!("error{}", self.id),
        }
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = ", self.id)?;
        match &self.origin {
            Origin::Operation(operation, _) => {
                let inputs: Vec<String> = self.inputs.iter().map(NodeId::to_string).collect();
                write!(f, "{}({})", operation.name(), inputs.join(", "))?;
                let attributes = operation.attributes();
                if !attributes.is_empty() {
                    write!(f, " [{attributes}]")?;
                }
            }
            Origin::Leaf(leaf) => write!(f, "{leaf:?}")?,
            Origin::Error(error) => write!(f, "error: {error}")?,
        }
        write!(f, " : {}", self.value_type)?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        Ok(())
    }
}

//! One node of a graph.

use super::operation::Operation;
use super::shape::Type;
use super::tensor::Tensor;
use crate::kernel::{Bytes, Form};
use retrograde_base::error::Error;
use retrograde_base::source_line::SourceLine;
use std::fmt;
use std::sync::Arc;

/// A node's number: its place in the order of recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    pub(super) fn new(index: usize) -> Self {
        NodeId(u32::try_from(index).expect("a graph of four billion nodes does not fit into memory"))
    }

    /// The number, counted from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// One operation or one given value.
#[derive(Clone)]
pub struct Node {
    /// Its number.
    pub id: NodeId,
    /// Where its value comes from.
    pub origin: Origin,
    /// The nodes whose values its operation takes, in order.
    pub inputs: Vec<NodeId>,
    /// The shape and kind of its value; of a fault, which has none, those of one real number.
    pub value_type: Type,
    /// Its name, scope included, if it was given one: unique in its graph.
    pub name: Option<String>,
    /// The scope it was recorded in, `""` for none.
    pub scope: String,
    /// Whether the user recorded it or the gradient did.
    pub role: Role,
    /// The line of the user's source that recorded it; of a gradient's node, the line of the operation whose
    /// gradient it belongs to.
    pub location: SourceLine,
}

/// Where a node's value comes from.
#[derive(Debug, Clone)]
pub enum Origin {
    /// It is given.
    Leaf(Leaf),
    /// It is computed from the inputs, in this form: what [`Operation::form`] answered when it was recorded.
    Operation(Arc<dyn Operation>, Form),
    /// It could not be recorded.
    Fault(Box<Error>),
}

/// A value that is given rather than computed.
#[derive(Clone)]
pub enum Leaf {
    /// A parameter of a model, with the value it starts from.
    Parameter(Arc<Tensor>),
    /// Another value that lasts from run to run, with the value it starts from.
    State(Arc<Tensor>),
    /// A value given before each run.
    Input,
    /// Real numbers that never change.
    Constant(Arc<Tensor>),
    /// Indices that never change.
    Indices(Arc<[u32]>),
    /// Real numbers kept as bytes, each `byte × scale`.
    Bytes {
        /// The bytes.
        values: Bytes,
        /// What each is multiplied by.
        scale: f64,
    },
}

impl fmt::Debug for Leaf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Leaf {
    /// What it is, in a word.
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

    /// Whether a gradient with respect to it can be asked for.
    pub fn has_gradient(&self) -> bool {
        matches!(self, Leaf::Parameter(_) | Leaf::Input)
    }
}

/// Who recorded a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The user, or a layer the user called.
    Forward,
    /// The gradient, on its way back through the node `of`.
    Backward {
        /// The node of the forward pass.
        of: NodeId,
    },
}

impl Node {
    /// The operation, if it is one.
    pub fn operation(&self) -> Option<&Arc<dyn Operation>> {
        match &self.origin {
            Origin::Operation(operation, _) => Some(operation),
            Origin::Leaf(_) | Origin::Fault(_) => None,
        }
    }

    /// How its operation is executed, if it is one.
    pub fn form(&self) -> Option<&Form> {
        match &self.origin {
            Origin::Operation(_, form) => Some(form),
            Origin::Leaf(_) | Origin::Fault(_) => None,
        }
    }

    /// The leaf, if it is one.
    pub fn leaf(&self) -> Option<&Leaf> {
        match &self.origin {
            Origin::Leaf(leaf) => Some(leaf),
            Origin::Operation(..) | Origin::Fault(_) => None,
        }
    }

    /// Why it could not be recorded, if it could not.
    pub fn fault(&self) -> Option<&Error> {
        match &self.origin {
            Origin::Fault(error) => Some(error),
            Origin::Operation(..) | Origin::Leaf(_) => None,
        }
    }

    /// What a person calls it: its name, or else its operation and number.
    pub fn label(&self) -> String {
        match (&self.name, &self.origin) {
            (Some(name), _) => name.clone(),
            (None, Origin::Operation(operation, _)) => format!("{}{}", operation.name(), self.id),
            (None, Origin::Leaf(leaf)) => format!("{}{}", leaf.name(), self.id),
            (None, Origin::Fault(_)) => format!("fault{}", self.id),
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
            Origin::Fault(error) => write!(f, "fault: {error}")?,
        }
        write!(f, " : {}", self.value_type)?;
        if let Some(name) = &self.name {
            write!(f, " `{name}`")?;
        }
        Ok(())
    }
}

//! What the list of operations knows of each: text for people, samples for the laws.

use crate::graph::{Shape, Tensor, Type, Var};

/// One operation's entry in the list.
#[derive(Debug)]
pub struct Entry {
    /// Its name, as in drawings and messages.
    pub name: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// y as a formula of its inputs x, or a, b, ….
    pub formula: &'static str,
    /// The gradients of the inputs as formulas of the upstream gradient g.
    pub derivative: &'static str,
    /// Inputs for the laws, at several shapes, sizes 0 and 1 included.
    pub samples: fn() -> Vec<Sample>,
    /// Where it is not differentiable, and the slope it takes there; empty when it is differentiable everywhere.
    pub kinks: fn() -> Vec<Kink>,
    /// Operands it must refuse.
    pub refusals: fn() -> Vec<Refusal>,
}

/// What a sample or refusal records: the operation on variables of the given types.
pub type Record = fn(&[Var]) -> Var;

/// Inputs on which the laws are tried.
#[derive(Debug, Clone)]
pub struct Sample {
    /// One for each variable.
    pub given: Vec<Given>,
    /// Records the operation.
    pub record: Record,
    /// Records the same in simpler operations, where there are any.
    pub spelling: Option<Record>,
}

impl Sample {
    /// A sample without a spelling.
    pub fn new(given: impl Into<Vec<Given>>, record: Record) -> Self {
        Sample { given: given.into(), record, spelling: None }
    }

    /// With its spelling in simpler operations.
    pub fn spelled(self, spelling: Record) -> Self {
        Sample { spelling: Some(spelling), ..self }
    }
}

/// The values of one variable of a sample.
#[derive(Debug, Clone)]
pub enum Given {
    /// Real numbers drawn evenly from `low..high`; no two of a tensor closer to each other, or to zero, than the
    /// differences that the laws take, unless the range leaves no room.
    Real {
        /// The shape.
        shape: Shape,
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// These numbers.
    Exact(Tensor),
    /// Indices drawn from `0..below`.
    Index {
        /// The shape.
        shape: Shape,
        /// Above the largest index.
        below: u32,
    },
}

impl Given {
    /// Real numbers between -2 and 2.
    pub fn real(shape: impl Into<Shape>) -> Self {
        Self::between(shape, -2.0, 2.0)
    }

    /// Real numbers between `low` and `high`.
    pub fn between(shape: impl Into<Shape>, low: f64, high: f64) -> Self {
        Given::Real { shape: shape.into(), low, high }
    }

    /// Indices below `below`.
    pub fn index(shape: impl Into<Shape>, below: u32) -> Self {
        Given::Index { shape: shape.into(), below }
    }
}

/// A point where an operation has no derivative, and what it answers there.
#[derive(Debug, Clone)]
pub struct Kink {
    /// The values of the variables, which make one output number each or are summed.
    pub at: Vec<Tensor>,
    /// Records the operation.
    pub record: Record,
    /// The gradient of each variable for an upstream gradient of one, as the documentation says.
    pub slopes: Vec<Tensor>,
}

/// Operands that an operation must refuse, with an error that names it.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The types of the variables.
    pub types: Vec<Type>,
    /// Records the operation.
    pub record: Record,
    /// Words that the message has: the shapes, and what would fit.
    pub says: &'static [&'static str],
}

/// For operations that are differentiable wherever they are defined.
pub(crate) fn none<T>() -> Vec<T> {
    Vec::new()
}

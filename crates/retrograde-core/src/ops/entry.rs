//! The entry of each operation in the list: documentation, and test cases for the laws.

use crate::graph::{Shape, Tensor, Type, Var};

/// The entry of one operation in the list.
#[derive(Debug)]
pub struct Entry {
    /// The name, as in drawings and messages.
    pub name: &'static str,
    /// A summary in one line.
    pub summary: &'static str,
    /// The value y as a formula of the inputs x, or a, b, ….
    pub formula: &'static str,
    /// The gradients of the inputs as formulas of the upstream gradient g.
    pub derivative: &'static str,
    /// Test cases for the laws, with several shapes, sizes 0 and 1 included.
    pub cases: fn() -> Vec<OpCase>,
    /// The points where it is not differentiable, with the slope used there. Empty if it is differentiable everywhere.
    pub kinks: fn() -> Vec<Kink>,
    /// Operands that must be an error.
    pub invalid_cases: fn() -> Vec<InvalidCase>,
}

/// Records the operation on variables of the given types.
pub type RecordFn = fn(&[Var]) -> Var;

/// A test case of an operation.
#[derive(Debug, Clone)]
pub struct OpCase {
    /// The values of each variable.
    pub inputs: Vec<InputSpec>,
    /// Records the operation.
    pub record: RecordFn,
    /// Records the reference: the same result by simpler operations.
    pub reference: Option<RecordFn>,
}

impl OpCase {
    /// A case without a reference.
    pub fn new(inputs: impl Into<Vec<InputSpec>>, record: RecordFn) -> Self {
        OpCase { inputs: inputs.into(), record, reference: None }
    }

    /// The case with a reference: the same result by simpler operations.
    pub fn with_reference(self, reference: RecordFn) -> Self {
        OpCase { reference: Some(reference), ..self }
    }
}

/// The values of one variable of a case.
#[derive(Debug, Clone)]
pub enum InputSpec {
    /// Real numbers drawn uniformly from `low..high`. Any two of them, and each of them and zero, are further apart than the
    /// steps of the finite differences, unless the range is too small.
    Real {
        /// The shape.
        shape: Shape,
        /// The lower end.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// These values.
    Exact(Tensor),
    /// Indices drawn uniformly from `0..below`.
    Index {
        /// The shape.
        shape: Shape,
        /// The exclusive upper bound.
        below: u32,
    },
}

impl InputSpec {
    /// Real numbers between -2 and 2.
    pub fn real(shape: impl Into<Shape>) -> Self {
        Self::between(shape, -2.0, 2.0)
    }

    /// Real numbers between `low` and `high`.
    pub fn between(shape: impl Into<Shape>, low: f64, high: f64) -> Self {
        InputSpec::Real { shape: shape.into(), low, high }
    }

    /// Indices below `below`.
    pub fn index(shape: impl Into<Shape>, below: u32) -> Self {
        InputSpec::Index { shape: shape.into(), below }
    }
}

/// A point where an operation is not differentiable, and the slope used there.
#[derive(Debug, Clone)]
pub struct Kink {
    /// The values of the variables. The outputs are summed.
    pub at: Vec<Tensor>,
    /// Records the operation.
    pub record: RecordFn,
    /// The documented gradient of each variable for an upstream gradient of one.
    pub slopes: Vec<Tensor>,
}

/// Operands that must be an error which names the operation.
#[derive(Debug, Clone)]
pub struct InvalidCase {
    /// The types of the variables.
    pub types: Vec<Type>,
    /// Records the operation.
    pub record: RecordFn,
    /// Texts that the message must contain: the shapes, and what would be valid.
    pub mentions: &'static [&'static str],
}

/// The empty list, for operations that are differentiable everywhere.
pub(crate) fn none<T>() -> Vec<T> {
    Vec::new()
}

//! What the operations have in common that are an expression and nothing else.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, RecordFn};
use super::rules;
use crate::graph::{Mismatch, Operation, Type, Var, VjpContext, derived_vjp};
use crate::kernel::{Expr, Form};
use std::panic::Location;
use std::sync::Arc;

/// Records the vector-Jacobian product.
type VjpFn = fn(&VjpContext<'_>) -> Vec<Option<Var>>;

/// Which input it passes through, as [`Operation::identity_of`].
type IdentityFn = fn(&[Option<f64>]) -> Option<usize>;

/// An operation that is an expression. Its entry and its numbers determine the expression.
#[derive(Debug)]
pub(super) struct Elementwise {
    entry: &'static Entry,
    expr: Expr,
    /// The numbers of the operation, with their names in the formula of the entry.
    numbers: Vec<(&'static str, f64)>,
    /// What is wrong with the numbers.
    problem: Option<Mismatch>,
    /// By simpler operations, where these are few; otherwise it is derived from the expression.
    vjp: Option<VjpFn>,
    identity: IdentityFn,
}

impl Elementwise {
    /// The operation of this entry.
    pub(super) fn new(entry: &'static Entry, expr: Expr) -> Self {
        Elementwise { entry, expr, numbers: Vec::new(), problem: None, vjp: None, identity: |_| None }
    }

    /// The operation with numbers, none of which may be NaN.
    pub(super) fn with_numbers<const N: usize>(self, numbers: [(&'static str, f64); N]) -> Self {
        let undefined = numbers.iter().find(|(_, number)| number.is_nan());
        let problem = undefined.map(|(name, _)| {
            Mismatch::new(format!("the number `{name}` is NaN"), format!("give a number for `{name}`"))
        });
        Elementwise { numbers: numbers.to_vec(), problem, ..self }
    }

    /// The operation, refused if there is a problem with its numbers.
    pub(super) fn refused(self, problem: Option<Mismatch>) -> Self {
        Elementwise { problem: self.problem.or(problem), ..self }
    }

    /// The operation with a vector-Jacobian product of its own.
    pub(super) fn with_vjp(self, vjp: VjpFn) -> Self {
        Elementwise { vjp: Some(vjp), ..self }
    }

    /// The operation, which passes an input through where others are these numbers.
    pub(super) fn with_identity(self, identity: IdentityFn) -> Self {
        Elementwise { identity, ..self }
    }
}

impl Var {
    /// Records an elementwise operation on this and others, all of the same shape.
    #[track_caller]
    pub(super) fn elementwise(&self, others: &[&Var], operation: Elementwise) -> Var {
        self.record(operation, others, Location::caller())
    }
}

impl Operation for Elementwise {
    fn name(&self) -> &'static str {
        self.entry.name
    }

    fn attributes(&self) -> String {
        let numbers = self.numbers.iter().map(|(name, number)| format!("{name} = {number}"));
        numbers.collect::<Vec<_>>().join(", ")
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{} {:?}", self.entry.name, self.numbers))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        self.problem.clone().map_or(Ok(()), Err)?;
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(self.expr.clone())
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        self.vjp.unwrap_or(derived_vjp)(context)
    }

    fn identity_of(&self, uniform: &[Option<f64>]) -> Option<usize> {
        (self.identity)(uniform)
    }
}

/// Cases of a scalar, of no element, of one, and of several, whose inputs are between these numbers.
pub(super) fn cases<const N: usize>(ranges: [(f64, f64); N], record: RecordFn) -> Vec<OpCase> {
    [[].as_slice(), &[0], &[1], &[5, 7]]
        .map(|shape| OpCase::new(ranges.map(|(low, high)| InputSpec::between(shape, low, high)), record))
        .to_vec()
}

/// The same cases with a reference.
pub(super) fn cases_with_reference<const N: usize>(
    ranges: [(f64, f64); N],
    record: RecordFn,
    reference: RecordFn,
) -> Vec<OpCase> {
    cases(ranges, record).into_iter().map(|case| case.with_reference(reference)).collect()
}

/// The invalid cases of an operation on one tensor: indices.
pub(super) fn no_indices(record: RecordFn) -> Vec<InvalidCase> {
    vec![InvalidCase { types: vec![Type::index([2])], record, mentions: &["indices"] }]
}

/// The invalid cases of an operation on several tensors: the last one has another shape.
pub(super) fn no_other_shape(inputs: usize, record: RecordFn) -> Vec<InvalidCase> {
    let mut types = vec![Type::real([2, 3]); inputs];
    types[inputs - 1] = Type::real([3]);
    vec![InvalidCase { types, record, mentions: &["[2, 3]", "[3]", ".broadcast([2, 3])"] }]
}

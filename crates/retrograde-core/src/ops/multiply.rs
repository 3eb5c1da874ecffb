//! `multiply`: y = a · b, element by element.
//!
//! Derivative: ∂y/∂a = b and ∂y/∂b = a: each input receives the upstream gradient times the *other* input (the
//! book's multiplication node, chapter 5.3.2). Differentiable everywhere.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "multiply",
    summary: "The product of two tensors of the same shape, element by element.",
    formula: "y = a * b",
    derivative: "da = g * b, db = g * a",
    cases: || {
        let record = |v: &[Var]| &v[0] * &v[1];
        let mut samples = [[].as_slice(), &[0], &[1], &[5, 7], &[2, 3, 4]]
            .map(|shape| OpCase::new([InputSpec::real(shape), InputSpec::real(shape)], record))
            .to_vec();
        // Paths that meet: the square.
        samples.push(OpCase::new([InputSpec::real([6])], |v| &v[0] * &v[0]));
        samples
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2, 3]), Type::real([3, 2])],
            record: |v| &v[0] * &v[1],
            mentions: &["[2, 3]", "[3, 2]", "same shape"],
        }]
    },
};

#[derive(Debug)]
struct Multiply;

/// Behind the operator `*`.
#[track_caller]
pub(super) fn record(a: &Var, b: &Var) -> Var {
    a.record(Multiply, &[b], std::panic::Location::caller())
}

impl Operation for Multiply {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0) * Expr::input(1))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (a, b, upstream) = (context.input(0), context.input(1), context.upstream());
        vec![context.if_needed(0, || upstream * b), context.if_needed(1, || upstream * a)]
    }

    fn identity_of(&self, uniform: &[Option<f64>]) -> Option<usize> {
        uniform.iter().position(|&number| number == Some(1.0)).map(|ones| 1 - ones)
    }
}

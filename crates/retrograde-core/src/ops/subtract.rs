//! `subtract`: y = a − b.
//!
//! Derivative: ∂y/∂a = 1 and ∂y/∂b = −1. Differentiable everywhere.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "subtract",
    summary: "The difference of two tensors of the same shape, element by element.",
    formula: "y = a - b",
    derivative: "da = g, db = -g",
    cases: || {
        let record = |v: &[Var]| &v[0] - &v[1];
        [[].as_slice(), &[0], &[1], &[5, 7], &[2, 3, 4]]
            .map(|shape| OpCase::new([InputSpec::real(shape), InputSpec::real(shape)], record))
            .to_vec()
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2]), Type::real([3, 2])],
            record: |v| &v[0] - &v[1],
            mentions: &["[2]", "[3, 2]", "first one by `.broadcast([3, 2])`"],
        }]
    },
};

#[derive(Debug)]
struct Subtract;

/// Behind the operator `-`.
#[track_caller]
pub(super) fn record(a: &Var, b: &Var) -> Var {
    a.record(Subtract, &[b], std::panic::Location::caller())
}

impl Operation for Subtract {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0) - Expr::input(1))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let upstream = context.upstream();
        vec![context.if_needed(0, || upstream.clone()), context.if_needed(1, || -upstream)]
    }
}

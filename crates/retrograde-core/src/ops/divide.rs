//! `divide`: y = a / b, element by element.
//!
//! Derivative: ∂y/∂a = 1/b and ∂y/∂b = −a/b² = −y/b. Division by zero follows IEEE 754: infinity, or NaN for 0/0.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "divide",
    summary: "The quotient of two tensors of the same shape, element by element.",
    formula: "y = a / b",
    derivative: "da = g / b, db = -g * y / b",
    cases: || {
        let record = |v: &[Var]| &v[0] / &v[1];
        let mut samples = [[].as_slice(), &[0], &[1], &[5, 7], &[2, 3, 4]]
            .map(|shape| OpCase::new([InputSpec::real(shape), InputSpec::between(shape, 0.5, 2.0)], record))
            .to_vec();
        samples.push(OpCase::new([InputSpec::real([6]), InputSpec::between([6], -2.0, -0.5)], record));
        samples
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2, 3]), Type::real([3, 2])],
            record: |v| &v[0] / &v[1],
            mentions: &["[2, 3]", "[3, 2]", "same shape"],
        }]
    },
};

#[derive(Debug)]
struct Divide;

/// Behind the operator `/`.
#[track_caller]
pub(super) fn record(a: &Var, b: &Var) -> Var {
    a.record(Divide, &[b], std::panic::Location::caller())
}

impl Operation for Divide {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0) / Expr::input(1))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (b, y, upstream) = (context.input(1), context.output(), context.upstream());
        vec![context.if_needed(0, || upstream / b), context.if_needed(1, || -(upstream * y / b))]
    }

    fn identity_of(&self, uniform: &[Option<f64>]) -> Option<usize> {
        (uniform[1] == Some(1.0)).then_some(0)
    }
}

//! `tanh`: y = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ), the hyperbolic tangent, element by element.
//!
//! Derivative: 1 − y², from the output alone (LeCun et al., Efficient Backprop, 1998). Differentiable everywhere; within
//! 3 units in the last place.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "tanh",
    summary: "The hyperbolic tangent, which takes every number to one between -1 and 1.",
    formula: "y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))",
    derivative: "dx = g * (1 - y * y)",
    cases: || {
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| {
                OpCase::new([InputSpec::between(shape, -3.0, 3.0)], |v| v[0].tanh())
                    .with_reference(|v| 2.0 * (2.0 * &v[0]).sigmoid() - 1.0)
            })
            .to_vec()
    },
    kinks: none,
    invalid_cases: || vec![InvalidCase { types: vec![Type::index([2])], record: |v| v[0].tanh(), mentions: &["indices"] }],
};

#[derive(Debug)]
struct Tanh;

impl Var {
    /// The hyperbolic tangent of every element: numbers between −1 and 1.
    #[track_caller]
    pub fn tanh(&self) -> Var {
        self.record(Tanh, &[], std::panic::Location::caller())
    }
}

impl Operation for Tanh {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).tanh())
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let y = context.output();
        vec![context.if_needed(0, || context.upstream() * (1.0 - y * y))]
    }
}

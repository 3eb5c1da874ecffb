//! `exp`: y = eˣ, element by element.
//!
//! Derivative: eˣ, which is the output: dx = g·y. Differentiable everywhere. Beyond the range of the numbers the result
//! is 0 or infinity; within 2 units in the last place.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "exp",
    summary: "e to the power of every number.",
    formula: "y = exp(x)",
    derivative: "dx = g * y",
    cases: || {
        [[].as_slice(), &[0], &[1], &[5, 7]].map(|shape| OpCase::new([InputSpec::real(shape)], |v| v[0].exp())).to_vec()
    },
    kinks: none,
    invalid_cases: || vec![InvalidCase { types: vec![Type::index([2])], record: |v| v[0].exp(), mentions: &["indices"] }],
};

#[derive(Debug)]
struct Exp;

impl Var {
    /// e to the power of every element.
    #[track_caller]
    pub fn exp(&self) -> Var {
        self.record(Exp, &[], std::panic::Location::caller())
    }
}

impl Operation for Exp {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).exp())
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || context.upstream() * context.output())]
    }
}

//! `negate`: y = −x.
//!
//! Derivative: −1. Differentiable everywhere.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Expr, Form};
use std::ops::Neg;
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "negate",
    summary: "Every number with its sign changed.",
    formula: "y = -x",
    derivative: "dx = -g",
    cases: || {
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| OpCase::new([InputSpec::real(shape)], |v| -&v[0]).with_reference(|v| 0.0 - &v[0]))
            .to_vec()
    },
    kinks: none,
    invalid_cases: || vec![InvalidCase { types: vec![Type::index([2])], record: |v| -&v[0], mentions: &["indices"] }],
};

#[derive(Debug)]
struct Negate;

impl Neg for &Var {
    type Output = Var;
    #[track_caller]
    fn neg(self) -> Var {
        self.record(Negate, &[], std::panic::Location::caller())
    }
}

impl Neg for Var {
    type Output = Var;
    #[track_caller]
    fn neg(self) -> Var {
        -&self
    }
}

impl Operation for Negate {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(-Expr::input(0))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || -context.upstream())]
    }
}

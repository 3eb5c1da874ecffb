//! `absolute`: y = |x|, element by element.
//!
//! Derivative: the sign of x. There is none at x = 0; the slope taken there is 0, halfway between −1 and 1, as in
//! PyTorch and in centred differences.

use super::entry::{Entry, InputSpec, Kink, InvalidCase, OpCase};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Tensor, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "absolute",
    summary: "Every number without its sign.",
    formula: "y = |x|",
    derivative: "dx = g * sign(x)",
    cases: || {
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| OpCase::new([InputSpec::real(shape)], |v| v[0].abs()).with_reference(|v| v[0].maximum(&-&v[0])))
            .to_vec()
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0, -0.0])],
            record: |v| v[0].abs(),
            slopes: vec![Tensor::from([0.0, 0.0])],
        }]
    },
    invalid_cases: || vec![InvalidCase { types: vec![Type::index([2])], record: |v| v[0].abs(), mentions: &["indices"] }],
};

#[derive(Debug)]
struct Absolute;

impl Var {
    /// Every element without its sign; the slope at 0 is 0.
    #[track_caller]
    pub fn abs(&self) -> Var {
        self.record(Absolute, &[], std::panic::Location::caller())
    }
}

impl Operation for Absolute {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).abs())
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let x = context.input(0);
        vec![context.if_needed(0, || context.upstream() * x.compare(&x.number(0.0)))]
    }
}

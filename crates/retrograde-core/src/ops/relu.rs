//! `relu`: y = max(x, 0).
//!
//! Derivative: 1 for x > 0, 0 for x < 0. There is none at x = 0; the slope taken there is 0, as in the book's
//! `mask = (x <= 0)` (chapter 5.5.1). NaN stays NaN. Nair and Hinton (2010).

use super::entry::{Entry, InputSpec, Kink, InvalidCase, OpCase};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Tensor, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "relu",
    summary: "The rectified linear unit: negative numbers become zero.",
    formula: "y = max(x, 0)",
    derivative: "dx = x > 0 ? g : 0",
    cases: || {
        let reference = |v: &[Var]| v[0].gate(&v[0]);
        [[].as_slice(), &[0], &[1], &[5, 7], &[2, 3, 4]]
            .map(|shape| OpCase::new([InputSpec::real(shape)], |v| v[0].relu()).with_reference(reference))
            .to_vec()
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0, -0.0])],
            record: |v| v[0].relu(),
            slopes: vec![Tensor::from([0.0, 0.0])],
        }]
    },
    invalid_cases: || vec![InvalidCase { types: vec![Type::index([2])], record: |v| v[0].relu(), mentions: &["indices"] }],
};

#[derive(Debug)]
struct Relu;

impl Var {
    /// max(x, 0), element by element; the slope at 0 is 0.
    #[track_caller]
    pub fn relu(&self) -> Var {
        self.record(Relu, &[], std::panic::Location::caller())
    }
}

impl Operation for Relu {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).max(0.0))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || context.input(0).gate(context.upstream()))]
    }
}

//! `sqrt`: y = √x, element by element.
//!
//! Derivative: 1/(2√x) = 1/(2y). Defined for x ≥ 0, NaN below. At x = 0 the slope is infinite, and so is the gradient
//! for any upstream gradient but 0, for which it is NaN.

use super::entry::{Entry, InputSpec, Kink, InvalidCase, OpCase};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Tensor, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "sqrt",
    summary: "The square root of every number.",
    formula: "y = sqrt(x)",
    derivative: "dx = g / (2 * y)",
    cases: || {
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| {
                OpCase::new([InputSpec::between(shape, 0.1, 5.0)], |v| v[0].sqrt()).with_reference(|v| v[0].powf(0.5))
            })
            .to_vec()
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0])],
            record: |v| v[0].sqrt(),
            slopes: vec![Tensor::from([f64::INFINITY])],
        }]
    },
    invalid_cases: || vec![InvalidCase { types: vec![Type::index([2])], record: |v| v[0].sqrt(), mentions: &["indices"] }],
};

#[derive(Debug)]
struct Sqrt;

impl Var {
    /// The square root of every element; NaN below 0, and an infinite slope at 0.
    #[track_caller]
    pub fn sqrt(&self) -> Var {
        self.record(Sqrt, &[], std::panic::Location::caller())
    }
}

impl Operation for Sqrt {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).sqrt())
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || context.upstream() / (context.output() * 2.0))]
    }
}

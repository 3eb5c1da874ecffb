//! `log`: y = log x, the natural logarithm, element by element.
//!
//! Derivative: 1/x. Defined for x > 0; at 0 it is minus infinity with an infinite slope, below it is NaN. Differentiable
//! wherever it is defined; within 2 units in the last place.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "log",
    summary: "The natural logarithm of every number.",
    formula: "y = log(x)",
    derivative: "dx = g / x",
    cases: || {
        let mut samples = [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| OpCase::new([InputSpec::between(shape, 0.1, 5.0)], |v| v[0].log()))
            .to_vec();
        samples.push(OpCase::new([InputSpec::real([9])], |v| v[0].exp().log()).with_reference(|v| v[0].reshape([9])));
        samples
    },
    kinks: none,
    invalid_cases: || vec![InvalidCase { types: vec![Type::index([2])], record: |v| v[0].log(), mentions: &["indices"] }],
};

#[derive(Debug)]
struct Log;

impl Var {
    /// The natural logarithm of every element; minus infinity at 0 and NaN below.
    #[track_caller]
    pub fn log(&self) -> Var {
        self.record(Log, &[], std::panic::Location::caller())
    }
}

impl Operation for Log {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).ln())
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![context.if_needed(0, || context.upstream() / context.input(0))]
    }
}

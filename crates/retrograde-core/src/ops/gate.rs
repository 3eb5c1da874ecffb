//! `gate`: y = value where gate > 0, else 0.
//!
//! The derivative of [`relu`](super::relu) is made of it. Derivative: with respect to `value` the same gate on the
//! upstream gradient; with respect to `gate` zero wherever it exists. At gate = 0, and for a gate that is NaN, it is
//! shut.

use super::entry::{Entry, InputSpec, Kink, InvalidCase, OpCase};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Tensor, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "gate",
    summary: "A value where a gate is positive, and zero elsewhere.",
    formula: "y = a > 0 ? b : 0",
    derivative: "da = 0, db = a > 0 ? g : 0",
    cases: || {
        let record = |v: &[Var]| v[0].gate(&v[1]);
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| OpCase::new([InputSpec::real(shape), InputSpec::real(shape)], record))
            .to_vec()
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0, -0.0, 0.0]), Tensor::from([-1.0, 1.0, 1.0])],
            record: |v| v[0].gate(&v[1]),
            slopes: vec![Tensor::zeros([3]), Tensor::zeros([3])],
        }]
    },
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2, 3]), Type::real([2])],
            record: |v| v[0].gate(&v[1]),
            mentions: &["[2, 3]", "[2]"],
        }]
    },
};

#[derive(Debug)]
struct Gate;

impl Var {
    /// `value` where this is positive, and 0 elsewhere. Both have the same shape.
    #[track_caller]
    pub fn gate(&self, value: &Var) -> Var {
        self.record(Gate, &[value], std::panic::Location::caller())
    }
}

impl Operation for Gate {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::select(Expr::input(0).gt(0.0), Expr::input(1), 0.0))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![None, context.if_needed(1, || context.input(0).gate(context.upstream()))]
    }
}

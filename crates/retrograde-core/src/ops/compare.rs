//! `compare`: which of two numbers is the larger: 1 for the first, −1 for the second, 0 for a tie.
//!
//! The sign of a − b; NaN if either is NaN. The derivative of [`absolute`](super::absolute) is made of it. Derivative:
//! zero wherever it exists, and taken as zero at a tie, where y jumps.

use super::entry::{Entry, InputSpec, Kink, InvalidCase, OpCase};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Tensor, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "compare",
    summary: "Which of two is the larger: 1 for the first, -1 for the second, 0 for a tie.",
    formula: "y = a == b ? 0 : sign(a - b)",
    derivative: "da = 0, db = 0",
    cases: || {
        let record = |v: &[Var]| v[0].compare(&v[1]);
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| OpCase::new([InputSpec::real(shape), InputSpec::real(shape)], record))
            .to_vec()
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([-1.0, 0.0, 1.0]), Tensor::from([-1.0, 0.0, 1.0])],
            record: |v| v[0].compare(&v[1]),
            slopes: vec![Tensor::zeros([3]), Tensor::zeros([3])],
        }]
    },
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2, 3]), Type::real([2])],
            record: |v| v[0].compare(&v[1]),
            mentions: &["[2, 3]", "[2]"],
        }]
    },
};

#[derive(Debug)]
struct Compare;

impl Var {
    /// 1 where this is larger than `other`, −1 where it is smaller, 0 where they tie, NaN where either is NaN. No
    /// gradient flows through it.
    #[track_caller]
    pub fn compare(&self, other: &Var) -> Var {
        self.record(Compare, &[other], std::panic::Location::caller())
    }
}

impl Operation for Compare {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        let (a, b) = (Expr::input(0), Expr::input(1));
        Form::Elementwise(Expr::select(a.equals(&b), 0.0, (a - b).sign()))
    }

    fn vjp(&self, _: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![None, None]
    }
}

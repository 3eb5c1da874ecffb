//! `share`: y = c where a > b, c/2 where a = b, 0 where a < b: the part of c that falls to the larger of two.
//!
//! The derivatives of [`maximum`](super::maximum), [`minimum`](super::minimum) and [`max`](super::max) are made of it.
//! It selects rather than multiplies, so that an infinite c stays out of where it does not belong. NaN where a or b is
//! NaN. Derivative: with respect to c the same share of the upstream gradient; with respect to a and b zero wherever it
//! exists, and taken as zero at a tie, where y jumps.

use super::entry::{Entry, InputSpec, Kink, InvalidCase, OpCase};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Tensor, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "share",
    summary: "A value where the first of two is larger, half of it at a tie, and zero elsewhere.",
    formula: "y = a > b ? c : a == b ? c / 2 : a < b ? 0 : NaN",
    derivative: "da = 0, db = 0, dc = (a > b ? g : 0) + (a == b ? (a > b ? 0 : g) : 0) / 2",
    cases: || {
        let reference = |v: &[Var]| (0.5 + 0.5 * v[0].compare(&v[1])) * &v[2];
        let record = |v: &[Var]| v[0].share(&v[1], &v[2]);
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| OpCase::new([(); 3].map(|()| InputSpec::real(shape)), record).with_reference(reference))
            .to_vec()
    },
    kinks: || {
        let ties = Tensor::from([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]);
        vec![Kink {
            at: vec![ties.clone(), ties, Tensor::from([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])],
            record: |v| v[0].share(&v[1], &v[2]),
            slopes: vec![Tensor::zeros([6]), Tensor::zeros([6]), Tensor::full([6], 0.5)],
        }]
    },
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2, 3]), Type::real([2, 3]), Type::real([2])],
            record: |v| v[0].share(&v[1], &v[2]),
            mentions: &["[2, 3]", "[2]"],
        }]
    },
};

#[derive(Debug)]
struct Share;

impl Var {
    /// `value` where this is larger than `other`, half of it where they tie, and 0 where this is smaller. All three have
    /// the same shape.
    #[track_caller]
    pub fn share(&self, other: &Var, value: &Var) -> Var {
        self.record(Share, &[other, value], std::panic::Location::caller())
    }
}

impl Operation for Share {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        let (a, b, c) = (Expr::input(0), Expr::input(1), Expr::input(2));
        let tied = Expr::select(a.equals(&b), &c / 2.0, Expr::select(a.lt(&b), 0.0, f64::NAN));
        Form::Elementwise(Expr::select(a.gt(b), c, tied))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![None, None, context.if_needed(2, || context.input(0).share(context.input(1), context.upstream()))]
    }
}

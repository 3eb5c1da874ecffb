//! `minimum`: y = min(a, b), the smaller of two, element by element.
//!
//! Derivative: the upstream gradient goes to the smaller one. Where they tie there is no derivative; each then receives
//! half, as in PyTorch, JAX and centred differences. NaN if either is NaN.

use super::entry::{Entry, InputSpec, Kink, InvalidCase, OpCase};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Tensor, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "minimum",
    summary: "The smaller of two tensors of the same shape, element by element.",
    formula: "y = min(a, b)",
    derivative: "da = a < b ? g : a == b ? 0.5 * g : 0, db = b < a ? g : b == a ? 0.5 * g : 0",
    cases: || {
        let record = |v: &[Var]| v[0].minimum(&v[1]);
        let reference = |v: &[Var]| -(-&v[0]).maximum(&-&v[1]);
        [[].as_slice(), &[0], &[1], &[5, 7], &[2, 3, 4]]
            .map(|shape| OpCase::new([InputSpec::real(shape), InputSpec::real(shape)], record).with_reference(reference))
            .to_vec()
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([-1.0, 0.0, 1.0]), Tensor::from([-1.0, 0.0, 1.0])],
            record: |v| v[0].minimum(&v[1]),
            slopes: vec![Tensor::full([3], 0.5), Tensor::full([3], 0.5)],
        }]
    },
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2, 3]), Type::real([3])],
            record: |v| v[0].minimum(&v[1]),
            mentions: &["[2, 3]", "[3]", ".broadcast([2, 3])"],
        }]
    },
};

#[derive(Debug)]
struct Minimum;

impl Var {
    /// The smaller of this and `other`, element by element; at a tie each receives half of the gradient.
    #[track_caller]
    pub fn minimum(&self, other: &Var) -> Var {
        self.record(Minimum, &[other], std::panic::Location::caller())
    }
}

impl Operation for Minimum {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).min(Expr::input(1)))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (a, b, upstream) = (context.input(0), context.input(1), context.upstream());
        vec![
            context.if_needed(0, || b.share(a, upstream)),
            context.if_needed(1, || a.share(b, upstream)),
        ]
    }
}

//! `maximum`: y = max(a, b), the larger of two, element by element.
//!
//! Derivative: the upstream gradient goes to the larger one. Where they tie there is no derivative; each then receives
//! half, as in PyTorch, JAX and centred differences. NaN if either is NaN.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "maximum",
    summary: "The larger of two tensors of the same shape, element by element.",
    formula: "y = max(a, b)",
    derivative: "da = a > b ? g : a == b ? 0.5 * g : 0, db = b > a ? g : b == a ? 0.5 * g : 0",
    cases: || {
        let reference = |v: &[Var]| 0.5 * (&v[0] + &v[1] + (&v[0] - &v[1]).abs());
        elementwise::cases_with_reference([(-2.0, 2.0); 2], |v| v[0].maximum(&v[1]), reference)
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([-1.0, 0.0, 1.0]), Tensor::from([-1.0, 0.0, 1.0])],
            record: |v| v[0].maximum(&v[1]),
            slopes: vec![Tensor::from([0.5; 3]), Tensor::from([0.5; 3])],
        }]
    },
    invalid_cases: || elementwise::no_other_shape(2, |v| v[0].maximum(&v[1])),
};

impl Var {
    /// The larger of this and `other`, element by element; at a tie each receives half of the gradient.
    #[track_caller]
    pub fn maximum(&self, other: &Var) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).max(Expr::input(1)));
        self.elementwise(
            &[other],
            operation.with_vjp(|context| {
                let (a, b, upstream) = (context.input(0), context.input(1), context.upstream());
                vec![
                    context.if_needed(0, || a.share(b, upstream)),
                    context.if_needed(1, || b.share(a, upstream)),
                ]
            }),
        )
    }
}

//! `minimum`: y = min(a, b), the smaller of two, element by element.
//!
//! Derivative: the upstream gradient goes to the smaller one. Where they tie there is no derivative; each then receives
//! half, as in PyTorch, JAX and centred differences. NaN if either is NaN.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "minimum",
    summary: "The smaller of two tensors of the same shape, element by element.",
    formula: "y = min(a, b)",
    derivative: "da = a < b ? g : a == b ? 0.5 * g : 0, db = b < a ? g : b == a ? 0.5 * g : 0",
    cases: || {
        let reference = |v: &[Var]| -(-&v[0]).maximum(&-&v[1]);
        elementwise::cases_with_reference([(-2.0, 2.0); 2], |v| v[0].minimum(&v[1]), reference)
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([-1.0, 0.0, 1.0]), Tensor::from([-1.0, 0.0, 1.0])],
            record: |v| v[0].minimum(&v[1]),
            slopes: vec![Tensor::from([0.5; 3]), Tensor::from([0.5; 3])],
        }]
    },
    invalid_cases: || elementwise::no_other_shape(2, |v| v[0].minimum(&v[1])),
};

impl Var {
    /// The smaller of this and `other`, element by element; at a tie each receives half of the gradient.
    #[track_caller]
    pub fn minimum(&self, other: &Var) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).min(Expr::input(1)));
        self.elementwise(
            &[other],
            operation.with_vjp(|context| {
                let (a, b, upstream) = (context.input(0), context.input(1), context.upstream());
                vec![
                    context.if_needed(0, || b.share(a, upstream)),
                    context.if_needed(1, || a.share(b, upstream)),
                ]
            }),
        )
    }
}

//! `gate`: y = value where gate > 0, else 0.
//!
//! The derivative of [`relu`](super::relu) is made of it. Derivative: with respect to `value` the same gate on the
//! upstream gradient; with respect to `gate` zero wherever it exists. At gate = 0, and for a gate that is NaN, it is
//! shut.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "gate",
    summary: "A value where a gate is positive, and zero elsewhere.",
    formula: "y = a > 0 ? b : 0",
    derivative: "da = 0, db = a > 0 ? g : 0",
    cases: || elementwise::cases([(-2.0, 2.0); 2], |v| v[0].gate(&v[1])),
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0, -0.0, 0.0]), Tensor::from([-1.0, 1.0, 1.0])],
            record: |v| v[0].gate(&v[1]),
            slopes: vec![Tensor::from([0.0; 3]), Tensor::from([0.0; 3])],
        }]
    },
    invalid_cases: || elementwise::no_other_shape(2, |v| v[0].gate(&v[1])),
};

impl Var {
    /// `value` where this is positive, and 0 elsewhere. Both have the same shape.
    #[track_caller]
    pub fn gate(&self, value: &Var) -> Var {
        let expr = Expr::select(Expr::input(0).gt(0.0), Expr::input(1), 0.0);
        self.elementwise(
            &[value],
            Elementwise::new(&ENTRY, expr).with_vjp(|context| {
                vec![None, context.if_needed(1, || context.input(0).gate(context.upstream()))]
            }),
        )
    }
}

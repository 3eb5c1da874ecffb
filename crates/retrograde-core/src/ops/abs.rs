//! `abs`: y = |x|, element by element.
//!
//! Derivative: the sign of x. There is none at x = 0; the slope taken there is 0, halfway between −1 and 1, as in
//! PyTorch and in centred differences.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "abs",
    summary: "Every number without its sign.",
    formula: "y = |x|",
    derivative: "dx = g * sign(x)",
    cases: || elementwise::cases_with_reference([(-2.0, 2.0)], |v| v[0].abs(), |v| v[0].maximum(&-&v[0])),
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0, -0.0])],
            record: |v| v[0].abs(),
            slopes: vec![Tensor::from([0.0, 0.0])],
        }]
    },
    invalid_cases: || elementwise::no_indices(|v| v[0].abs()),
};

impl Var {
    /// Every element without its sign; the slope at 0 is 0.
    #[track_caller]
    pub fn abs(&self) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).abs());
        self.elementwise(
            &[],
            operation.with_vjp(|context| {
                vec![context.if_needed(0, || context.upstream() * context.input(0).sign())]
            }),
        )
    }
}

//! `greater_equal`: 1 where a ≥ b, else 0; and `less_equal`, the same with the operands exchanged.
//!
//! Nothing is greater than or equal to NaN. Derivative: zero wherever it exists, and taken as zero at a tie, where y jumps.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "greater_equal",
    summary: "One where the first of two numbers is greater than or equal to the second, else zero.",
    formula: "y = a >= b ? 1 : 0",
    derivative: "da = 0, db = 0",
    cases: || elementwise::cases([(-2.0, 2.0); 2], |v| v[0].greater_equal(&v[1])),
    kinks: || {
        let ties = Tensor::from([-1.0, 0.0, 1.0]);
        vec![Kink {
            at: vec![ties.clone(), ties],
            record: |v| v[0].greater_equal(&v[1]),
            slopes: vec![Tensor::from([0.0; 3]), Tensor::from([0.0; 3])],
        }]
    },
    invalid_cases: || elementwise::no_other_shape(2, |v| v[0].greater_equal(&v[1])),
};

impl Var {
    /// 1 where this is greater than or equal to `other`, else 0. Both have the same shape; [`select`](Self::select) takes the result. No
    /// gradient flows through it.
    #[track_caller]
    pub fn greater_equal(&self, other: &Var) -> Var {
        let expr = Expr::select(Expr::input(0).ge(Expr::input(1)), 1.0, 0.0);
        self.elementwise(&[other], Elementwise::new(&ENTRY, expr))
    }

    /// 1 where this is less than or equal to `other`, else 0. No gradient flows through it.
    #[track_caller]
    pub fn less_equal(&self, other: &Var) -> Var {
        other.greater_equal(self)
    }
}

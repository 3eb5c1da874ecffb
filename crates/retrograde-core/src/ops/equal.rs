//! `equal`: 1 where a = b, else 0; and `not_equal`.
//!
//! Nothing is equal to NaN. Derivative: zero wherever it exists, and taken as zero at a tie, where y jumps.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "equal",
    summary: "One where two numbers are equal, else zero.",
    formula: "y = a == b ? 1 : 0",
    derivative: "da = 0, db = 0",
    cases: || elementwise::cases([(-2.0, 2.0); 2], |v| v[0].equal(&v[1])),
    kinks: || {
        let ties = Tensor::from([-1.0, 0.0, 1.0]);
        vec![Kink {
            at: vec![ties.clone(), ties],
            record: |v| v[0].equal(&v[1]),
            slopes: vec![Tensor::from([0.0; 3]), Tensor::from([0.0; 3])],
        }]
    },
    invalid_cases: || elementwise::no_other_shape(2, |v| v[0].equal(&v[1])),
};

impl Var {
    /// 1 where this is equal to `other`, else 0. Both have the same shape. No gradient flows through it.
    #[track_caller]
    pub fn equal(&self, other: &Var) -> Var {
        let expr = Expr::select(Expr::input(0).equals(Expr::input(1)), 1.0, 0.0);
        self.elementwise(&[other], Elementwise::new(&ENTRY, expr))
    }

    /// 1 where this is not equal to `other`, else 0: 1 where either is NaN. No gradient flows through it.
    #[track_caller]
    pub fn not_equal(&self, other: &Var) -> Var {
        1.0 - self.equal(other)
    }
}

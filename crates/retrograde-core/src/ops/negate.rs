//! `negate`: y = −x.
//!
//! Derivative: −1. Differentiable everywhere.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;
use std::ops::Neg;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "negate",
    summary: "Every number with its sign changed.",
    formula: "y = -x",
    derivative: "dx = -g",
    cases: || elementwise::cases_with_reference([(-2.0, 2.0)], |v| -&v[0], |v| 0.0 - &v[0]),
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| -&v[0]),
};

impl Neg for &Var {
    type Output = Var;
    #[track_caller]
    fn neg(self) -> Var {
        let operation = Elementwise::new(&ENTRY, -Expr::input(0));
        self.elementwise(
            &[],
            operation.with_vjp(|context| vec![context.if_needed(0, || -context.upstream())]),
        )
    }
}

impl Neg for Var {
    type Output = Var;
    #[track_caller]
    fn neg(self) -> Var {
        -&self
    }
}

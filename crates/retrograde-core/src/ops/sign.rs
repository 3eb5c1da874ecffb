//! `sign`: −1, 0 or 1 as x is negative, zero or positive.
//!
//! Derivative: zero wherever it exists, and taken as zero at x = 0, where y jumps. Zero keeps its sign and NaN stays NaN.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "sign",
    summary: "The sign of every number: -1, 0 or 1.",
    formula: "y = sign(x)",
    derivative: "dx = 0",
    cases: || elementwise::cases([(-2.0, 2.0)], |v| v[0].sign()),
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0, -0.0])],
            record: |v| v[0].sign(),
            slopes: vec![Tensor::from([0.0, 0.0])],
        }]
    },
    invalid_cases: || elementwise::no_indices(|v| v[0].sign()),
};

impl Var {
    /// −1, 0 or 1 as an element is negative, zero or positive. No gradient flows through it.
    #[track_caller]
    pub fn sign(&self) -> Var {
        self.elementwise(&[], Elementwise::new(&ENTRY, Expr::input(0).sign()))
    }
}

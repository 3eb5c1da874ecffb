//! `erf`: the error function, 2/√π times the integral of e^(−t²) from 0 to x.
//!
//! Derivative: 2/√π · e^(−x²). Differentiable everywhere; within 4 units in the last place.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "erf",
    summary: "The error function, which takes every number to one between -1 and 1.",
    formula: "y = erf(x)",
    derivative: "dx = g * 1.1283791670955126 * exp(-x * x)",
    cases: || elementwise::cases([(-3.0, 3.0)], |v| v[0].erf()),
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].erf()),
};

impl Var {
    /// The error function of every element: numbers between −1 and 1.
    #[track_caller]
    pub fn erf(&self) -> Var {
        self.elementwise(&[], Elementwise::new(&ENTRY, Expr::input(0).erf()))
    }
}

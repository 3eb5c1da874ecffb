//! `sin`: the sine of every element, an angle in radians.
//!
//! Derivative: cos x. Differentiable everywhere; within 1 unit in the last place up to 8192 in `f32` and 1,000,000 in `f64`, and
//! beyond that as exact as the standard library, which then computes it element by element.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "sin",
    summary: "The sine, of an angle in radians.",
    formula: "y = sin(x)",
    derivative: "dx = g * cos(x)",
    cases: || {
        let mut cases = elementwise::cases_with_reference([(-4.0, 4.0)], |v| v[0].sin(), |v| (std::f64::consts::FRAC_PI_2 - &v[0]).cos());
        cases.extend(elementwise::cases([(-900.0, 900.0)], |v| v[0].sin()));
        cases
    },
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].sin()),
};

impl Var {
    /// The sine of every element, an angle in radians.
    #[track_caller]
    pub fn sin(&self) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).sin());
        self.elementwise(
            &[],
            operation.with_vjp(|context| {
                vec![context.if_needed(0, || context.upstream() * context.input(0).cos())]
            }),
        )
    }
}

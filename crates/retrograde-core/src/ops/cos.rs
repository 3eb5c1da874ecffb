//! `cos`: the cosine of every element, an angle in radians.
//!
//! Derivative: −sin x. Differentiable everywhere; within 1 unit in the last place up to 8192 in `f32` and 1,000,000 in `f64`, and
//! beyond that as exact as the standard library, which then computes it element by element.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "cos",
    summary: "The cosine, of an angle in radians.",
    formula: "y = cos(x)",
    derivative: "dx = -g * sin(x)",
    cases: || {
        let mut cases = elementwise::cases_with_reference([(-4.0, 4.0)], |v| v[0].cos(), |v| (std::f64::consts::FRAC_PI_2 - &v[0]).sin());
        cases.extend(elementwise::cases([(-900.0, 900.0)], |v| v[0].cos()));
        cases
    },
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].cos()),
};

impl Var {
    /// The cosine of every element, an angle in radians.
    #[track_caller]
    pub fn cos(&self) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).cos());
        self.elementwise(
            &[],
            operation.with_vjp(|context| {
                vec![context.if_needed(0, || -(context.upstream() * context.input(0).sin()))]
            }),
        )
    }
}

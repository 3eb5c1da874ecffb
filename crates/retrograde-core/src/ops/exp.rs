//! `exp`: y = eˣ, element by element.
//!
//! Derivative: eˣ, which is the output: dx = g·y. Differentiable everywhere. Beyond the range of the numbers the result
//! is 0 or infinity; within 2 units in the last place.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "exp",
    summary: "e to the power of every number.",
    formula: "y = exp(x)",
    derivative: "dx = g * y",
    cases: || elementwise::cases([(-2.0, 2.0)], |v| v[0].exp()),
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].exp()),
};

impl Var {
    /// e to the power of every element.
    #[track_caller]
    pub fn exp(&self) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).exp());
        self.elementwise(
            &[],
            operation
                .with_vjp(|context| vec![context.if_needed(0, || context.upstream() * context.output())]),
        )
    }
}

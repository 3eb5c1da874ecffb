//! `tanh`: y = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ), the hyperbolic tangent, element by element.
//!
//! Derivative: 1 − y², from the output alone (LeCun et al., Efficient Backprop, 1998). Differentiable everywhere; within
//! 3 units in the last place.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "tanh",
    summary: "The hyperbolic tangent, which takes every number to one between -1 and 1.",
    formula: "y = (exp(x) - exp(-x)) / (exp(x) + exp(-x))",
    derivative: "dx = g * (1 - y * y)",
    cases: || {
        elementwise::cases_with_reference(
            [(-3.0, 3.0)],
            |v| v[0].tanh(),
            |v| 2.0 * (2.0 * &v[0]).sigmoid() - 1.0,
        )
    },
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].tanh()),
};

impl Var {
    /// The hyperbolic tangent of every element: numbers between −1 and 1.
    #[track_caller]
    pub fn tanh(&self) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).tanh());
        self.elementwise(
            &[],
            operation.with_vjp(|context| {
                let y = context.output();
                vec![context.if_needed(0, || context.upstream() * (1.0 - y * y))]
            }),
        )
    }
}

//! `mish`: y = x · tanh(log(1 + eˣ)).
//!
//! Derivative: tanh(s) + x · (1 − tanh²(s)) · sigmoid(x) for s = log(1 + eˣ). Differentiable everywhere; no power overflows, as in
//! [`softplus`](super::softplus). Misra (2019).

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "mish",
    summary: "x times the hyperbolic tangent of its softplus.",
    formula: "y = x * tanh(softplus(x))",
    derivative: "dx = g * tanh(softplus(x)) + g * x * (1 - tanh(softplus(x)) * tanh(softplus(x))) * sigmoid(x)",
    cases: || {
        elementwise::cases_with_reference([(-6.0, 6.0)], |v| v[0].mish(), |v| &v[0] * v[0].softplus().tanh())
    },
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].mish()),
};

impl Var {
    /// x · tanh(log(1 + eˣ)), element by element.
    #[track_caller]
    pub fn mish(&self) -> Var {
        let x = Expr::input(0);
        self.elementwise(&[], Elementwise::new(&ENTRY, &x * x.softplus().tanh()))
    }
}

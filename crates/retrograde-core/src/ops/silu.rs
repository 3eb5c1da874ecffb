//! `silu`: y = x · sigmoid(x), the sigmoid linear unit, also called swish.
//!
//! Derivative: sigmoid(x) + y(1 − sigmoid(x)). Differentiable everywhere. Hendrycks and Gimpel (2016); Elfwing, Uchibe and Doya
//! (2018).

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "silu",
    summary: "The sigmoid linear unit, also called swish: x times its sigmoid.",
    formula: "y = x * sigmoid(x)",
    derivative: "dx = g * sigmoid(x) + g * x * sigmoid(x) * (1 - sigmoid(x))",
    cases: || elementwise::cases_with_reference([(-6.0, 6.0)], |v| v[0].silu(), |v| &v[0] * v[0].sigmoid()),
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].silu()),
};

impl Var {
    /// x · sigmoid(x), element by element.
    #[track_caller]
    pub fn silu(&self) -> Var {
        let x = Expr::input(0);
        self.elementwise(&[], Elementwise::new(&ENTRY, &x * x.sigmoid()))
    }
}

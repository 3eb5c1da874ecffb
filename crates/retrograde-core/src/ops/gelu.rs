//! `gelu`: y = x · Φ(x), where Φ is the distribution function of the normal distribution: the Gaussian error linear unit.
//!
//! Φ(x) is (1 + erf(x/√2))/2, without an approximation; [`gelu_tanh`](super::gelu_tanh) is the usual one. Derivative: Φ(x) +
//! x · φ(x), where φ is the density. Differentiable everywhere. Far below 0, where 1 + erf cancels, the result has an absolute
//! error of a rounding of x. Hendrycks and Gimpel (2016).

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "gelu",
    summary: "The Gaussian error linear unit: x times the probability that a normal number is below x.",
    formula: "y = 0.5 * x * (1 + erf(x / sqrt(2)))",
    derivative: "dx = g * 0.5 * x * 1.1283791670955126 * exp(-x / sqrt(2) * x / sqrt(2)) / sqrt(2) + 0.5 * g * (1 + erf(x / sqrt(2)))",
    cases: || elementwise::cases([(-4.0, 4.0)], |v| v[0].gelu()),
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].gelu()),
};

impl Var {
    /// x · Φ(x), element by element, where Φ is the distribution function of the normal distribution.
    #[track_caller]
    pub fn gelu(&self) -> Var {
        let x = Expr::input(0);
        let erf = (&x / Expr::constant(2.0).sqrt()).erf();
        self.elementwise(&[], Elementwise::new(&ENTRY, 0.5 * x * (1.0 + erf)))
    }
}

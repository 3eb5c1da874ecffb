//! `gelu_tanh`: the approximation of [`gelu`](super::gelu) by tanh, as in GPT-2 and BERT.
//!
//! y = x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³))), which differs from `gelu` by less than 0.0005. Differentiable everywhere.
//! Hendrycks and Gimpel (2016).

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;
use std::f64::consts::FRAC_2_PI;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "gelu_tanh",
    summary: "The approximation of gelu by tanh.",
    formula: "y = 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ^ 3)))",
    derivative: "dx = 0.7978845608028654 * g * 0.5 * x * (1 - tanh(0.7978845608028654 * (x + 0.044715 * x ^ 3)) * tanh(0.7978845608028654 * (x + 0.044715 * x ^ 3))) + 0.044715 * 0.7978845608028654 * g * 0.5 * x * (1 - tanh(0.7978845608028654 * (x + 0.044715 * x ^ 3)) * tanh(0.7978845608028654 * (x + 0.044715 * x ^ 3))) * 3 * x ^ 2 + 0.5 * g * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x ^ 3)))",
    cases: || {
        elementwise::cases_with_reference(
            [(-4.0, 4.0)],
            |v| v[0].gelu_tanh(),
            |v| {
                let x = &v[0];
                0.5 * x * (1.0 + ((x + 0.044_715 * x * x * x) * FRAC_2_PI.sqrt()).tanh())
            },
        )
    },
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].gelu_tanh()),
};

impl Var {
    /// x/2 · (1 + tanh(√(2/π)(x + 0.044715 x³))), element by element: an approximation of [`gelu`](Self::gelu).
    #[track_caller]
    pub fn gelu_tanh(&self) -> Var {
        let x = Expr::input(0);
        let inner = FRAC_2_PI.sqrt() * (&x + 0.044_715 * x.power(3.0));
        self.elementwise(&[], Elementwise::new(&ENTRY, 0.5 * x * (1.0 + inner.tanh())))
    }
}

//! `elu`: y = x for x > 0, α(eˣ − 1) elsewhere: the exponential linear unit.
//!
//! Derivative: 1 for x > 0, α·eˣ for x < 0. If α is not 1 there is none at x = 0; the slope taken there is α, that of the negative
//! side, as in PyTorch. The power is taken of negative numbers alone, so that it never overflows. Clevert, Unterthiner and
//! Hochreiter (2016).

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "elu",
    summary: "The exponential linear unit: negative numbers approach -α.",
    formula: "y = x > 0 ? x : α * (exp(x > 0 ? 0 : x) - 1)",
    derivative: "dx = (x > 0 ? g : 0) + (x > 0 ? 0 : α * (x > 0 ? 0 : g) * exp(x > 0 ? 0 : x))",
    cases: || {
        elementwise::cases_with_reference(
            [(-2.0, 2.0)],
            |v| v[0].elu(0.7),
            |v| v[0].greater(&v[0].number(0.0)).select(&v[0], &(0.7 * (v[0].exp() - 1.0))),
        )
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0, -0.0])],
            record: |v| v[0].elu(0.5),
            slopes: vec![Tensor::from([0.5, 0.5])],
        }]
    },
    invalid_cases: || elementwise::no_indices(|v| v[0].elu(0.7)),
};

impl Var {
    /// x for x > 0 and `alpha` · (eˣ − 1) elsewhere, element by element; the slope at 0 is `alpha`.
    #[track_caller]
    pub fn elu(&self, alpha: f64) -> Var {
        let x = Expr::input(0);
        let power = Expr::select(x.gt(0.0), 0.0, &x).exp();
        let expr = Expr::select(x.gt(0.0), &x, alpha * (power - 1.0));
        self.elementwise(&[], Elementwise::new(&ENTRY, expr).with_numbers([("α", alpha)]))
    }
}

//! `leaky_relu`: y = x for x > 0, slope · x elsewhere.
//!
//! Derivative: 1 for x > 0, the slope for x < 0. There is none at x = 0; the slope taken there is that of the negative side, as
//! in PyTorch. Maas, Hannun and Ng (2013).

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "leaky_relu",
    summary: "The rectified linear unit with a slope for negative numbers.",
    formula: "y = x > 0 ? x : slope * x",
    derivative: "dx = (x > 0 ? g : 0) + slope * (x > 0 ? 0 : g)",
    cases: || {
        elementwise::cases_with_reference(
            [(-2.0, 2.0)],
            |v| v[0].leaky_relu(0.2),
            |v| v[0].maximum(&(&v[0] * 0.2)),
        )
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0, -0.0])],
            record: |v| v[0].leaky_relu(0.2),
            slopes: vec![Tensor::from([0.2, 0.2])],
        }]
    },
    invalid_cases: || elementwise::no_indices(|v| v[0].leaky_relu(0.2)),
};

impl Var {
    /// x for x > 0 and `slope` · x elsewhere, element by element; the slope at 0 is `slope`.
    #[track_caller]
    pub fn leaky_relu(&self, slope: f64) -> Var {
        let x = Expr::input(0);
        let expr = Expr::select(x.gt(0.0), &x, slope * &x);
        self.elementwise(&[], Elementwise::new(&ENTRY, expr).with_numbers([("slope", slope)]))
    }
}

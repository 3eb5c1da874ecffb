//! `clamp`: y = x, but not below one number and not above another; `clip` in NumPy.
//!
//! Derivative: 1 between the two, 0 beyond. There is none at the two numbers; the slope taken there is 0, as in
//! [`relu`](super::relu). NaN stays NaN. If the lower number is above the higher one, y is the higher one, as in NumPy.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "clamp",
    summary: "Every number, but none below or above two given ones.",
    formula: "y = min(max(x, low), high)",
    derivative: "dx = x > low ? (max(x, low) < high ? g : 0) : 0",
    cases: || {
        elementwise::cases_with_reference(
            [(-2.0, 2.0)],
            |v| v[0].clamp(-0.6, 0.9),
            |v| v[0].maximum(&v[0].number(-0.6)).minimum(&v[0].number(0.9)),
        )
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([-0.6, 0.9])],
            record: |v| v[0].clamp(-0.6, 0.9),
            slopes: vec![Tensor::from([0.0, 0.0])],
        }]
    },
    invalid_cases: || elementwise::no_indices(|v| v[0].clamp(-0.6, 0.9)),
};

impl Var {
    /// Every element, but `min` for those below and `max` for those above, which receive no gradient.
    #[track_caller]
    pub fn clamp(&self, min: f64, max: f64) -> Var {
        let expr = Expr::input(0).max(min).min(max);
        self.elementwise(&[], Elementwise::new(&ENTRY, expr).with_numbers([("low", min), ("high", max)]))
    }
}

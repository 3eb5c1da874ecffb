//! `relu`: y = max(x, 0).
//!
//! Derivative: 1 for x > 0, 0 for x < 0. There is none at x = 0; the slope taken there is 0, as in the book's
//! `mask = (x <= 0)` (chapter 5.5.1). NaN stays NaN. Nair and Hinton (2010).

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "relu",
    summary: "The rectified linear unit: negative numbers become zero.",
    formula: "y = max(x, 0)",
    derivative: "dx = x > 0 ? g : 0",
    cases: || elementwise::cases_with_reference([(-2.0, 2.0)], |v| v[0].relu(), |v| v[0].gate(&v[0])),
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0, -0.0])],
            record: |v| v[0].relu(),
            slopes: vec![Tensor::from([0.0, 0.0])],
        }]
    },
    invalid_cases: || elementwise::no_indices(|v| v[0].relu()),
};

impl Var {
    /// max(x, 0), element by element; the slope at 0 is 0.
    #[track_caller]
    pub fn relu(&self) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).max(0.0));
        self.elementwise(
            &[],
            operation
                .with_vjp(|context| vec![context.if_needed(0, || context.input(0).gate(context.upstream()))]),
        )
    }
}

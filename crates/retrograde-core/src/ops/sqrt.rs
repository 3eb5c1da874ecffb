//! `sqrt`: y = √x, element by element.
//!
//! Derivative: 1/(2√x) = 1/(2y). Defined for x ≥ 0, NaN below. At x = 0 the slope is infinite, and so is the gradient
//! for any upstream gradient but 0, for which it is NaN.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "sqrt",
    summary: "The square root of every number.",
    formula: "y = sqrt(x)",
    derivative: "dx = g / (2 * y)",
    cases: || elementwise::cases_with_reference([(0.1, 5.0)], |v| v[0].sqrt(), |v| v[0].powf(0.5)),
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0])],
            record: |v| v[0].sqrt(),
            slopes: vec![Tensor::from([f64::INFINITY])],
        }]
    },
    invalid_cases: || elementwise::no_indices(|v| v[0].sqrt()),
};

impl Var {
    /// The square root of every element; NaN below 0, and an infinite slope at 0.
    #[track_caller]
    pub fn sqrt(&self) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).sqrt());
        self.elementwise(
            &[],
            operation.with_vjp(|context| {
                vec![context.if_needed(0, || context.upstream() / (context.output() * 2.0))]
            }),
        )
    }
}

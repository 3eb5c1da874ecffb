//! `log`: y = log x, the natural logarithm, element by element.
//!
//! Derivative: 1/x. Defined for x > 0; at 0 it is minus infinity with an infinite slope, below it is NaN. Differentiable
//! wherever it is defined; within 2 units in the last place.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, InputSpec, OpCase, none};
use crate::graph::Var;
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "log",
    summary: "The natural logarithm of every number.",
    formula: "y = log(x)",
    derivative: "dx = g / x",
    cases: || {
        let mut cases = elementwise::cases([(0.1, 5.0)], |v| v[0].log());
        let inverse = OpCase::new([InputSpec::real([9])], |v| v[0].exp().log());
        cases.push(inverse.with_reference(|v| v[0].reshape([9])));
        cases
    },
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].log()),
};

impl Var {
    /// The natural logarithm of every element; minus infinity at 0 and NaN below.
    #[track_caller]
    pub fn log(&self) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).ln());
        self.elementwise(
            &[],
            operation
                .with_vjp(|context| vec![context.if_needed(0, || context.upstream() / context.input(0))]),
        )
    }
}

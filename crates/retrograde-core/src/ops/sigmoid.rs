//! `sigmoid`: y = 1/(1 + e⁻ˣ), the logistic function, element by element.
//!
//! Derivative: y(1 − y), from the output alone (the book's chapter 5.5.2). Differentiable everywhere. With p = e^−|x|,
//! which never overflows, it is 1/(1 + p) for x ≥ 0 and p/(1 + p) below: accurate at both ends.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, none};
use crate::graph::Var;
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "sigmoid",
    summary: "The logistic function, which takes every number to one between 0 and 1.",
    formula: "y = 1 / (1 + exp(-x))",
    derivative: "dx = g * y * (1 - y)",
    cases: || {
        elementwise::cases_with_reference([(-6.0, 6.0)], |v| v[0].sigmoid(), |v| 1.0 / (1.0 + (-&v[0]).exp()))
    },
    kinks: none,
    invalid_cases: || elementwise::no_indices(|v| v[0].sigmoid()),
};

impl Var {
    /// 1/(1 + e⁻ˣ), element by element: numbers between 0 and 1.
    #[track_caller]
    pub fn sigmoid(&self) -> Var {
        let operation = Elementwise::new(&ENTRY, Expr::input(0).sigmoid());
        self.elementwise(
            &[],
            operation.with_vjp(|context| {
                let y = context.output();
                vec![context.if_needed(0, || context.upstream() * (y * (1.0 - y)))]
            }),
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::{Graph, Result};

    #[test]
    fn both_ends_are_accurate() -> Result<()> {
        let x = [-740.0, -40.0, 0.0, 40.0, 800.0, f64::NEG_INFINITY, f64::INFINITY, f64::NAN];
        let y = Graph::new().constant(x).sigmoid().value()?;
        let relative = |i: usize| y.values()[i] / x[i].exp() - 1.0;
        assert!(relative(1).abs() < 1e-15 && y.values()[0] > 0.0, "{y}");
        assert_eq!(y.values()[2..7], [0.5, 1.0, 1.0, 0.0, 1.0]);
        assert!(y.values()[7].is_nan());
        Ok(())
    }
}

//! `sigmoid`: y = 1/(1 + e⁻ˣ), the logistic function, element by element.
//!
//! Derivative: y(1 − y), from the output alone (the book's chapter 5.5.2). Differentiable everywhere. With p = e^−|x|,
//! which never overflows, it is 1/(1 + p) for x ≥ 0 and p/(1 + p) below: accurate at both ends.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "sigmoid",
    summary: "The logistic function, which takes every number to one between 0 and 1.",
    formula: "y = 1 / (1 + exp(-x))",
    derivative: "dx = g * y * (1 - y)",
    cases: || {
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| {
                OpCase::new([InputSpec::between(shape, -6.0, 6.0)], |v| v[0].sigmoid())
                    .with_reference(|v| 1.0 / (1.0 + (-&v[0]).exp()))
            })
            .to_vec()
    },
    kinks: none,
    invalid_cases: || vec![InvalidCase { types: vec![Type::index([2])], record: |v| v[0].sigmoid(), mentions: &["indices"] }],
};

#[derive(Debug)]
struct Sigmoid;

impl Var {
    /// 1/(1 + e⁻ˣ), element by element: numbers between 0 and 1.
    #[track_caller]
    pub fn sigmoid(&self) -> Var {
        self.record(Sigmoid, &[], std::panic::Location::caller())
    }
}

impl Operation for Sigmoid {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).sigmoid())
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let y = context.output();
        vec![context.if_needed(0, || context.upstream() * (y * (1.0 - y)))]
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

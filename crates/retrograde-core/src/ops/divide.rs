//! `divide`: y = a / b, element by element.
//!
//! Derivative: ∂y/∂a = 1/b and ∂y/∂b = −a/b² = −y/b. Division by zero follows IEEE 754: infinity, or NaN for 0/0.

use super::entry::{Entry, Given, Refusal, Sample, none};
use super::rules;
use crate::graph::{Mismatch, Operation, Site, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "divide",
    summary: "The quotient of two tensors of the same shape, element by element.",
    formula: "y = a / b",
    derivative: "da = g / b, db = -g * y / b",
    samples: || {
        let record = |v: &[Var]| &v[0] / &v[1];
        let mut samples = [[].as_slice(), &[0], &[1], &[5, 7], &[2, 3, 4]]
            .map(|shape| Sample::new([Given::real(shape), Given::between(shape, 0.5, 2.0)], record))
            .to_vec();
        samples.push(Sample::new([Given::real([6]), Given::between([6], -2.0, -0.5)], record));
        samples
    },
    kinks: none,
    refusals: || {
        vec![Refusal {
            types: vec![Type::real([2, 3]), Type::real([3, 2])],
            record: |v| &v[0] / &v[1],
            says: &["[2, 3]", "[3, 2]", "same shape"],
        }]
    },
};

#[derive(Debug)]
struct Divide;

/// Behind the operator `/`.
#[track_caller]
pub(super) fn record(a: &Var, b: &Var) -> Var {
    a.record(Divide, &[b], std::panic::Location::caller())
}

impl Operation for Divide {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0) / Expr::input(1))
    }

    fn derivative(&self, site: &Site<'_>) -> Vec<Option<Var>> {
        let (b, y, upstream) = (site.input(1), site.output(), site.upstream());
        vec![site.when_wanted(0, || upstream / b), site.when_wanted(1, || -(upstream * y / b))]
    }

    fn passes_through(&self, uniform: &[Option<f64>]) -> Option<usize> {
        (uniform[1] == Some(1.0)).then_some(0)
    }
}

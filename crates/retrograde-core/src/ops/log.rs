//! `log`: y = log x, the natural logarithm, element by element.
//!
//! Derivative: 1/x. Defined for x > 0; at 0 it is minus infinity with an infinite slope, below it is NaN. Differentiable
//! wherever it is defined; within 2 units in the last place.

use super::entry::{Entry, Given, Refusal, Sample, none};
use super::rules;
use crate::graph::{Mismatch, Operation, Site, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "log",
    summary: "The natural logarithm of every number.",
    formula: "y = log(x)",
    derivative: "dx = g / x",
    samples: || {
        let mut samples = [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| Sample::new([Given::between(shape, 0.1, 5.0)], |v| v[0].log()))
            .to_vec();
        samples.push(Sample::new([Given::real([9])], |v| v[0].exp().log()).spelled(|v| v[0].reshape([9])));
        samples
    },
    kinks: none,
    refusals: || vec![Refusal { types: vec![Type::index([2])], record: |v| v[0].log(), says: &["indices"] }],
};

#[derive(Debug)]
struct Log;

impl Var {
    /// The natural logarithm of every element; minus infinity at 0 and NaN below.
    #[track_caller]
    pub fn log(&self) -> Var {
        self.record(Log, &[], std::panic::Location::caller())
    }
}

impl Operation for Log {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).ln())
    }

    fn derivative(&self, site: &Site<'_>) -> Vec<Option<Var>> {
        vec![site.when_wanted(0, || site.upstream() / site.input(0))]
    }
}

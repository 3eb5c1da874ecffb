//! `exp`: y = eˣ, element by element.
//!
//! Derivative: eˣ, which is the output: dx = g·y. Differentiable everywhere. Beyond the range of the numbers the result
//! is 0 or infinity; within 2 units in the last place.

use super::entry::{Entry, Given, Refusal, Sample, none};
use super::rules;
use crate::graph::{Mismatch, Operation, Site, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "exp",
    summary: "e to the power of every number.",
    formula: "y = exp(x)",
    derivative: "dx = g * y",
    samples: || {
        [[].as_slice(), &[0], &[1], &[5, 7]].map(|shape| Sample::new([Given::real(shape)], |v| v[0].exp())).to_vec()
    },
    kinks: none,
    refusals: || vec![Refusal { types: vec![Type::index([2])], record: |v| v[0].exp(), says: &["indices"] }],
};

#[derive(Debug)]
struct Exp;

impl Var {
    /// e to the power of every element.
    #[track_caller]
    pub fn exp(&self) -> Var {
        self.record(Exp, &[], std::panic::Location::caller())
    }
}

impl Operation for Exp {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).exp())
    }

    fn derivative(&self, site: &Site<'_>) -> Vec<Option<Var>> {
        vec![site.when_wanted(0, || site.upstream() * site.output())]
    }
}

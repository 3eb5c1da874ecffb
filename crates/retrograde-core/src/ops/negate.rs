//! `negate`: y = −x.
//!
//! Derivative: −1. Differentiable everywhere.

use super::entry::{Entry, Given, Refusal, Sample, none};
use super::rules;
use crate::graph::{Mismatch, Operation, Site, Type, Var};
use crate::kernel::{Expr, Form};
use std::ops::Neg;
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "negate",
    summary: "Every number with its sign changed.",
    formula: "y = -x",
    derivative: "dx = -g",
    samples: || {
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| Sample::new([Given::real(shape)], |v| -&v[0]).spelled(|v| 0.0 - &v[0]))
            .to_vec()
    },
    kinks: none,
    refusals: || vec![Refusal { types: vec![Type::index([2])], record: |v| -&v[0], says: &["indices"] }],
};

#[derive(Debug)]
struct Negate;

impl Neg for &Var {
    type Output = Var;
    #[track_caller]
    fn neg(self) -> Var {
        self.record(Negate, &[], std::panic::Location::caller())
    }
}

impl Neg for Var {
    type Output = Var;
    #[track_caller]
    fn neg(self) -> Var {
        -&self
    }
}

impl Operation for Negate {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(-Expr::input(0))
    }

    fn derivative(&self, site: &Site<'_>) -> Vec<Option<Var>> {
        vec![site.when_wanted(0, || -site.upstream())]
    }
}

//! `sqrt`: y = √x, element by element.
//!
//! Derivative: 1/(2√x) = 1/(2y). Defined for x ≥ 0, NaN below. At x = 0 the slope is infinite, and so is the gradient
//! for any upstream gradient but 0, for which it is NaN.

use super::entry::{Entry, Given, Kink, Refusal, Sample};
use super::rules;
use crate::graph::{Mismatch, Operation, Site, Tensor, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "sqrt",
    summary: "The square root of every number.",
    formula: "y = sqrt(x)",
    derivative: "dx = g / (2 * y)",
    samples: || {
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| {
                Sample::new([Given::between(shape, 0.1, 5.0)], |v| v[0].sqrt()).spelled(|v| v[0].powf(0.5))
            })
            .to_vec()
    },
    kinks: || {
        vec![Kink {
            at: vec![Tensor::from([0.0])],
            record: |v| v[0].sqrt(),
            slopes: vec![Tensor::from([f64::INFINITY])],
        }]
    },
    refusals: || vec![Refusal { types: vec![Type::index([2])], record: |v| v[0].sqrt(), says: &["indices"] }],
};

#[derive(Debug)]
struct Sqrt;

impl Var {
    /// The square root of every element; NaN below 0, and an infinite slope at 0.
    #[track_caller]
    pub fn sqrt(&self) -> Var {
        self.record(Sqrt, &[], std::panic::Location::caller())
    }
}

impl Operation for Sqrt {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).sqrt())
    }

    fn derivative(&self, site: &Site<'_>) -> Vec<Option<Var>> {
        vec![site.when_wanted(0, || site.upstream() / (site.output() * 2.0))]
    }
}

//! `weighted_sum`: y = α·a + β·b, element by element, for two numbers α and β: a running mean, a momentum.
//!
//! Derivative: ∂y/∂a = α, ∂y/∂b = β. Differentiable everywhere. Each product is rounded before they are added, so that the
//! result has the bits of its parts; where it is nearer to zero than the smallest normal number, it is zero, so that running
//! means that fade out do not slow the processor down.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "weighted_sum",
    summary: "The sum of two tensors of equal shape, each times a number.",
    formula: "y = α * a + β * b",
    derivative: "da = α * g, db = β * g",
    cases: || {
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| {
                OpCase::new([InputSpec::real(shape), InputSpec::real(shape)], |v| v[0].weighted_sum(0.9, &v[1], -0.1))
                    .with_reference(|v| 0.9 * &v[0] + -0.1 * &v[1])
            })
            .to_vec()
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2, 3]), Type::real([3])],
            record: |v| v[0].weighted_sum(1.0, &v[1], 1.0),
            mentions: &["[2, 3]", "[3]", ".broadcast([2, 3])"],
        }]
    },
};

#[derive(Debug)]
struct WeightedSum(f64, f64);

impl Var {
    /// `weight · self + other_weight · other`, element by element; both have the same shape.
    #[track_caller]
    pub fn weighted_sum(&self, weight: f64, other: &Var, other_weight: f64) -> Var {
        self.record(WeightedSum(weight, other_weight), &[other], std::panic::Location::caller())
    }
}

impl Operation for WeightedSum {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        let WeightedSum(alpha, beta) = self;
        format!("α = {alpha}, β = {beta}")
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise((self.0 * Expr::input(0) + self.1 * Expr::input(1)).flush())
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let WeightedSum(alpha, beta) = *self;
        vec![
            context.if_needed(0, || context.upstream() * alpha),
            context.if_needed(1, || context.upstream() * beta),
        ]
    }
}

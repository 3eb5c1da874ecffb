//! `weighted_sum`: y = α·a + β·b, element by element, for two numbers α and β: a running mean, a momentum.
//!
//! Derivative: ∂y/∂a = α, ∂y/∂b = β. Differentiable everywhere. Each product is rounded before they are added, so that the
//! result has the bits of its parts; where it is nearer to zero than the smallest normal number, it is zero, so that running
//! means that fade out do not slow the processor down.

use super::elementwise::Elementwise;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use crate::graph::{Type, Var};
use crate::kernel::Expr;

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

impl Var {
    /// `weight · self + other_weight · other`, element by element; both have the same shape.
    #[track_caller]
    pub fn weighted_sum(&self, weight: f64, other: &Var, other_weight: f64) -> Var {
        let expr = (weight * Expr::input(0) + other_weight * Expr::input(1)).flush();
        let operation = Elementwise::new(&ENTRY, expr);
        self.elementwise(&[other], operation.with_numbers([("α", weight), ("β", other_weight)]))
    }
}

//! `subtract`: y = a − b.
//!
//! Derivative: ∂y/∂a = 1 and ∂y/∂b = −1. Differentiable everywhere.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, InvalidCase, none};
use crate::graph::{Type, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "subtract",
    summary: "The difference of two tensors of the same shape, element by element.",
    formula: "y = a - b",
    derivative: "da = g, db = -g",
    cases: || elementwise::cases([(-2.0, 2.0); 2], |v| &v[0] - &v[1]),
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2]), Type::real([3, 2])],
            record: |v| &v[0] - &v[1],
            mentions: &["[2]", "[3, 2]", "first one by `.broadcast([3, 2])`"],
        }]
    },
};

/// Behind the operator `-`.
#[track_caller]
pub(super) fn record(a: &Var, b: &Var) -> Var {
    let operation = Elementwise::new(&ENTRY, Expr::input(0) - Expr::input(1));
    a.elementwise(
        &[b],
        operation.with_vjp(|context| {
            let upstream = context.upstream();
            vec![context.if_needed(0, || upstream.clone()), context.if_needed(1, || -upstream)]
        }),
    )
}

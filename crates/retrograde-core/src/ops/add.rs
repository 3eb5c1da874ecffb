//! `add`: y = a + b.
//!
//! Derivative: ∂y/∂a = ∂y/∂b = 1, so both inputs receive the upstream gradient as it is (the book's addition node,
//! chapter 5.3.1). Differentiable everywhere.

use super::elementwise::Elementwise;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use crate::graph::{Type, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "add",
    summary: "The sum of two tensors of the same shape, element by element.",
    formula: "y = a + b",
    derivative: "da = g, db = g",
    cases: || {
        let record = |v: &[Var]| &v[0] + &v[1];
        [[].as_slice(), &[0], &[1], &[5, 7], &[2, 3, 4]]
            .map(|shape| OpCase::new([InputSpec::real(shape), InputSpec::real(shape)], record))
            .to_vec()
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([3, 4]), Type::real([4])],
                record: |v| &v[0] + &v[1],
                mentions: &["[3, 4]", "[4]", ".broadcast([3, 4])"],
            },
            InvalidCase {
                types: vec![Type::real([3]), Type::index([3])],
                record: |v| &v[0] + &v[1],
                mentions: &["operand 2", "indices"],
            },
        ]
    },
};

/// Behind the operator `+`.
#[track_caller]
pub(super) fn record(a: &Var, b: &Var) -> Var {
    let operation = Elementwise::new(&ENTRY, Expr::input(0) + Expr::input(1));
    a.elementwise(
        &[b],
        operation.with_vjp(|context| {
            let same = || context.upstream().clone();
            vec![context.if_needed(0, same), context.if_needed(1, same)]
        }),
    )
}

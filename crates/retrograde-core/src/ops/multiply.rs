//! `multiply`: y = a · b, element by element.
//!
//! Derivative: ∂y/∂a = b and ∂y/∂b = a: each input receives the upstream gradient times the *other* input (the
//! book's multiplication node, chapter 5.3.2). Differentiable everywhere.

use super::elementwise::Elementwise;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use crate::graph::{Type, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "multiply",
    summary: "The product of two tensors of the same shape, element by element.",
    formula: "y = a * b",
    derivative: "da = g * b, db = g * a",
    cases: || {
        let record = |v: &[Var]| &v[0] * &v[1];
        let mut samples = [[].as_slice(), &[0], &[1], &[5, 7], &[2, 3, 4]]
            .map(|shape| OpCase::new([InputSpec::real(shape), InputSpec::real(shape)], record))
            .to_vec();
        // Paths that meet: the square.
        samples.push(OpCase::new([InputSpec::real([6])], |v| &v[0] * &v[0]));
        samples
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2, 3]), Type::real([3, 2])],
            record: |v| &v[0] * &v[1],
            mentions: &["[2, 3]", "[3, 2]", "same shape"],
        }]
    },
};

/// Behind the operator `*`.
#[track_caller]
pub(super) fn record(a: &Var, b: &Var) -> Var {
    let operation = Elementwise::new(&ENTRY, Expr::input(0) * Expr::input(1));
    let operation = operation.with_identity(|uniform| {
        let ones = uniform.iter().position(|&number| number == Some(1.0))?;
        Some(1 - ones)
    });
    a.elementwise(
        &[b],
        operation.with_vjp(|context| {
            let (a, b, upstream) = (context.input(0), context.input(1), context.upstream());
            vec![context.if_needed(0, || upstream * b), context.if_needed(1, || upstream * a)]
        }),
    )
}

//! `divide`: y = a / b, element by element.
//!
//! Derivative: ∂y/∂a = 1/b and ∂y/∂b = −a/b² = −y/b. Division by zero follows IEEE 754: infinity, or NaN for 0/0.

use super::elementwise::Elementwise;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use crate::graph::{Type, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "divide",
    summary: "The quotient of two tensors of the same shape, element by element.",
    formula: "y = a / b",
    derivative: "da = g / b, db = -g * y / b",
    cases: || {
        let record = |v: &[Var]| &v[0] / &v[1];
        let mut samples = [[].as_slice(), &[0], &[1], &[5, 7], &[2, 3, 4]]
            .map(|shape| OpCase::new([InputSpec::real(shape), InputSpec::between(shape, 0.5, 2.0)], record))
            .to_vec();
        samples.push(OpCase::new([InputSpec::real([6]), InputSpec::between([6], -2.0, -0.5)], record));
        samples
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([2, 3]), Type::real([3, 2])],
            record: |v| &v[0] / &v[1],
            mentions: &["[2, 3]", "[3, 2]", "same shape"],
        }]
    },
};

/// Behind the operator `/`.
#[track_caller]
pub(super) fn record(a: &Var, b: &Var) -> Var {
    let operation = Elementwise::new(&ENTRY, Expr::input(0) / Expr::input(1));
    let operation = operation.with_identity(|uniform| (uniform[1] == Some(1.0)).then_some(0));
    a.elementwise(
        &[b],
        operation.with_vjp(|context| {
            let (b, y, upstream) = (context.input(1), context.output(), context.upstream());
            vec![context.if_needed(0, || upstream / b), context.if_needed(1, || -(upstream * y / b))]
        }),
    )
}

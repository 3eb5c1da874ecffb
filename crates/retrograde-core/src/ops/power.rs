//! `power`: y = aᵇ, element by element, for an exponent that is a tensor or one number.
//!
//! Derivative: ∂y/∂a = b·aᵇ⁻¹ and ∂y/∂b = y·log a. The domain is that of IEEE 754: for a < 0 a real power exists only
//! at integers b, so y is NaN elsewhere and ∂y/∂b is NaN always; a⁰ is 1, also at a = 0.
//!
//! At a = 0: ∂y/∂a is 0 for b > 1, 1 for b = 1, infinite for 0 < b < 1, and 0 for b = 0, where y is 1 throughout;
//! ∂y/∂b is 0 for b ≥ 0, the limit of aᵇ·log a from above, as in PyTorch and JAX. With an exponent that is one
//! number there is no ∂y/∂b, so that x², x³, 1/x and so on have all their derivatives, for x ≤ 0 too.

use super::entry::{Entry, InputSpec, Kink, InvalidCase, OpCase};
use super::rules;
use crate::graph::{Mismatch, Operation, VjpContext, Tensor, Type, Var};
use crate::kernel::{Expr, Form};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "power",
    summary: "A tensor to the power of another of the same shape, or of a number.",
    formula: "y = a ^ b",
    derivative: "da = g * b * a ^ (b - 1), db = g * y * log(a)",
    cases: || {
        let record = |v: &[Var]| v[0].power(&v[1]);
        let reference = |v: &[Var]| (v[0].log() * &v[1]).exp();
        let mut samples = [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| {
                OpCase::new([InputSpec::between(shape, 0.2, 3.0), InputSpec::real(shape)], record).with_reference(reference)
            })
            .to_vec();
        let x = || [InputSpec::real([11])];
        samples.extend([
            OpCase::new(x(), |v| v[0].powf(2.0)).with_reference(|v| &v[0] * &v[0]),
            OpCase::new(x(), |v| v[0].powf(3.0)).with_reference(|v| &v[0] * &v[0] * &v[0]),
            OpCase::new(x(), |v| v[0].powf(4.0)).with_reference(|v| v[0].powf(2.0).powf(2.0)),
            OpCase::new(x(), |v| v[0].powf(1.0)).with_reference(|v| v[0].reshape([11])),
            OpCase::new(x(), |v| v[0].powf(0.0)).with_reference(|v| v[0].graph().full([11], 1.0)),
            // Squares at exactly 0 and below, where a formula with a logarithm would fail.
            OpCase::new([InputSpec::Exact(Tensor::from([0.0, -1.0, -2.5, 3.0]))], |v| v[0].powf(2.0)),
        ]);
        let positive = || [InputSpec::between([11], 0.3, 3.0)];
        samples.extend([
            OpCase::new(positive(), |v| v[0].powf(-1.0)).with_reference(|v| 1.0 / &v[0]),
            OpCase::new(positive(), |v| v[0].powf(-2.5)).with_reference(|v| (v[0].log() * -2.5).exp()),
            OpCase::new([InputSpec::between([5], -3.0, -0.3)], |v| v[0].powf(-3.0)).with_reference(|v| 1.0 / v[0].powf(3.0)),
        ]);
        samples
    },
    kinks: || {
        vec![
            Kink {
                at: vec![Tensor::from([0.0]), Tensor::from([0.0])],
                record: |v| v[0].power(&v[1]),
                slopes: vec![Tensor::from([0.0]), Tensor::from([0.0])],
            },
            Kink {
                at: vec![Tensor::from([0.0])],
                record: |v| v[0].powf(0.5),
                slopes: vec![Tensor::from([f64::INFINITY])],
            },
            // Below 0 there is a power at integers only.
            Kink {
                at: vec![Tensor::from([-1.0, -1.0]), Tensor::from([0.0, 1.0])],
                record: |v| v[0].power(&v[1]),
                slopes: vec![Tensor::from([0.0, 1.0]), Tensor::from([f64::NAN, f64::NAN])],
            },
        ]
    },
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([2, 3]), Type::real([3])],
                record: |v| v[0].power(&v[1]),
                mentions: &["[2, 3]", "[3]", ".broadcast([2, 3])"],
            },
            InvalidCase { types: vec![Type::index([3])], record: |v| v[0].powf(2.0), mentions: &["indices"] },
        ]
    },
};

#[derive(Debug)]
struct Power {
    /// One number for all elements; without it the second input holds the exponents.
    exponent: Option<f64>,
}

impl Var {
    /// This to the power of `exponent`, element by element; both have the same shape.
    #[track_caller]
    pub fn power(&self, exponent: &Var) -> Var {
        self.record(Power { exponent: None }, &[exponent], std::panic::Location::caller())
    }

    /// This to the power of one number, element by element. Squares are exact.
    #[track_caller]
    pub fn powf(&self, exponent: f64) -> Var {
        self.record(Power { exponent: Some(exponent) }, &[], std::panic::Location::caller())
    }
}

impl Operation for Power {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        self.exponent.map(|exponent| format!("of {exponent}")).unwrap_or_default()
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).power(self.exponent.map_or_else(|| Expr::input(1), Expr::constant)))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (a, upstream) = (context.input(0), context.upstream());
        match self.exponent {
            Some(0.0) => vec![None],
            Some(1.0) => vec![Some(upstream.clone())],
            Some(2.0) => vec![context.if_needed(0, || upstream * (a * 2.0))],
            Some(b) => vec![context.if_needed(0, || upstream * (a.powf(b - 1.0) * b))],
            None => {
                let b = context.input(1);
                // One where the number is 0, zero elsewhere.
                let vanishes = |x: &Var| x.equal(&x.number(0.0));
                vec![
                    // Where both are 0 the exponent b − 1 is lifted to 0: b·a⁰ is the 0 that is wanted there.
                    context.if_needed(0, || upstream * (b * a.power(&(b - 1.0 + vanishes(a) * vanishes(b))))),
                    // Where a is 0 it is lifted to 1: log 1 is the 0 that is wanted there.
                    context.if_needed(1, || upstream * (context.output() * (a + vanishes(a)).log())),
                ]
            }
        }
    }

    fn identity_of(&self, _: &[Option<f64>]) -> Option<usize> {
        (self.exponent == Some(1.0)).then_some(0)
    }
}

//! `softmax`: y = exp(x) / Σ exp(x), over one axis: probabilities.
//!
//! Each line along the axis is normalized separately. Subtracting its maximum does not change the result and prevents
//! overflow of exp (the book's chapter 3.5.2). The notebook's bug is to take the maximum and the sum over the whole batch.
//!
//! Derivative: ∂yᵢ/∂xⱼ = yᵢ(δᵢⱼ − yⱼ), so dx = y·(g − Σ g·y) with the sum over the axis. Differentiable everywhere.

use super::axis::Axis;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::normalization::Kind;
use crate::graph::{Type, Var, VjpContext};
use crate::kernel::Real;
use crate::kernel::softmax::Normalize;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "softmax",
    summary: "Probabilities that sum to one along an axis.",
    formula: "y[i] = exp(x[i]) / sum over j of exp(x[j])",
    derivative: "dx = y * (g - sum(g * y))",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([7])], |v| v[0].softmax(0)),
            OpCase::new([InputSpec::real([3, 10])], |v| v[0].softmax(1)),
            OpCase::new([InputSpec::real([3, 10])], |v| v[0].softmax(0)),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].softmax(1)),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].softmax(-1)).with_reference(|v| v[0].softmax(2)),
            OpCase::new([InputSpec::real([3, 1])], |v| v[0].softmax(1)),
            OpCase::new([InputSpec::real([1, 1])], |v| v[0].softmax(0)),
            OpCase::new([InputSpec::real([0, 4])], |v| v[0].softmax(1)),
            OpCase::new([InputSpec::between([2, 40], -30.0, 30.0)], |v| v[0].softmax(1)),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([3, 10])],
            record: |v| v[0].softmax(2),
            mentions: &["[3, 10]", "no axis 2"],
        }]
    },
};

#[derive(Debug, Clone, Copy)]
struct Softmax;

impl Var {
    /// Probabilities along `axis`: positive numbers that sum to one.
    #[track_caller]
    pub fn softmax(&self, axis: impl Into<Axis>) -> Var {
        self.normalize(Softmax, axis)
    }
}

impl Kind for Softmax {
    fn entry(&self) -> &'static Entry {
        &ENTRY
    }

    fn decomposition(&self, x: &Var, axis: usize) -> Var {
        let powers = x.exp();
        &powers / powers.sum([axis]).expand(&[axis], &powers.shape())
    }

    fn gradient(&self, context: &VjpContext<'_>, axis: usize) -> Var {
        let (y, upstream) = (context.output(), context.upstream());
        let total = (upstream * y).sum([axis]).expand(&[axis], &y.shape());
        y * (upstream - total)
    }
}

impl Normalize for Softmax {
    #[inline(always)]
    fn of_total<T: Real>(self, total: T) -> T {
        T::one() / total
    }

    #[inline(always)]
    fn element<T: Real>(self, _: T, power: T, factor: T) -> T {
        power * factor
    }
}

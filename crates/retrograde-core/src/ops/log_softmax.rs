//! `log_softmax`: y = x − log Σ exp(x), over one axis: the logarithms of probabilities, accurate also for tiny ones.
//!
//! Derivative: ∂yᵢ/∂xⱼ = δᵢⱼ − softmax(x)ⱼ, so dx = g − softmax(x)·Σ g with the sum over the axis; softmax(y) is
//! softmax(x), as both differ by a constant along the axis. Differentiable everywhere.

use super::axis::Axis;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::normalization::Kind;
use crate::graph::{Type, Var, VjpContext};
use crate::kernel::Real;
use crate::kernel::softmax::Normalize;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "log_softmax",
    summary: "The logarithms of the probabilities that softmax makes along an axis.",
    formula: "y[i] = x[i] - log(sum over j of exp(x[j]))",
    derivative: "dx = g - softmax(x) * sum(g)",
    cases: || {
        vec![
            OpCase::new([InputSpec::real([7])], |v| v[0].log_softmax(0)),
            OpCase::new([InputSpec::real([3, 10])], |v| v[0].log_softmax(1)),
            OpCase::new([InputSpec::real([3, 10])], |v| v[0].log_softmax(0)),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].log_softmax(1)),
            OpCase::new([InputSpec::real([2, 3, 4])], |v| v[0].log_softmax(-1)).with_reference(|v| v[0].log_softmax(2)),
            OpCase::new([InputSpec::real([3, 1])], |v| v[0].log_softmax(1)),
            OpCase::new([InputSpec::real([1, 1])], |v| v[0].log_softmax(0)),
            OpCase::new([InputSpec::real([0, 4])], |v| v[0].log_softmax(1)),
            OpCase::new([InputSpec::between([2, 40], -30.0, 30.0)], |v| v[0].log_softmax(1)),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([3, 10])],
            record: |v| v[0].log_softmax(2),
            mentions: &["[3, 10]", "no axis 2"],
        }]
    },
};

#[derive(Debug, Clone, Copy)]
struct LogSoftmax;

impl Var {
    /// Logarithms of probabilities along `axis`: their exponentials sum to one.
    #[track_caller]
    pub fn log_softmax(&self, axis: impl Into<Axis>) -> Var {
        self.normalize(LogSoftmax, axis)
    }
}

impl Kind for LogSoftmax {
    fn entry(&self) -> &'static Entry {
        &ENTRY
    }

    fn decomposition(&self, x: &Var, axis: usize) -> Var {
        x - x.exp().sum([axis]).log().expand(&[axis], &x.shape())
    }

    fn gradient(&self, context: &VjpContext<'_>, axis: usize) -> Var {
        let (y, upstream) = (context.output(), context.upstream());
        let total = upstream.sum([axis]).expand(&[axis], &y.shape());
        upstream - y.softmax(axis) * total
    }
}

impl Normalize for LogSoftmax {
    #[inline(always)]
    fn of_total<T: Real>(self, total: T) -> T {
        total.ln()
    }

    #[inline(always)]
    fn element<T: Real>(self, x: T, _: T, log_sum: T) -> T {
        x - log_sum
    }
}

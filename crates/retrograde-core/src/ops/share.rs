//! `share`: y = c where a > b, c/2 where a = b, 0 where a < b: the part of c that falls to the larger of two.
//!
//! The derivatives of [`maximum`](super::maximum), [`minimum`](super::minimum) and [`max`](super::max) are made of it.
//! It selects rather than multiplies, so that an infinite c stays out of where it does not belong. NaN where a or b is
//! NaN. Derivative: with respect to c the same share of the upstream gradient; with respect to a and b zero wherever it
//! exists, and taken as zero at a tie, where y jumps.

use super::entry::{Entry, Given, Kink, Refusal, Sample};
use super::rules;
use crate::graph::{Mismatch, Operation, Site, Tensor, Type, Var};
use crate::kernel::{Form, Pointwise, Real, map};
use std::sync::Arc;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "share",
    summary: "A value where the first of two is larger, half of it at a tie, and zero elsewhere.",
    formula: "y = a > b ? c : a == b ? c / 2 : 0",
    derivative: "da = 0, db = 0, dc = share(a, b, g)",
    samples: || {
        let spelling = |v: &[Var]| (0.5 + 0.5 * v[0].compare(&v[1])) * &v[2];
        let record = |v: &[Var]| v[0].share(&v[1], &v[2]);
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| Sample::new([(); 3].map(|()| Given::real(shape)), record).spelled(spelling))
            .to_vec()
    },
    kinks: || {
        let ties = Tensor::from([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]);
        vec![Kink {
            at: vec![ties.clone(), ties, Tensor::from([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])],
            record: |v| v[0].share(&v[1], &v[2]),
            slopes: vec![Tensor::zeros([6]), Tensor::zeros([6]), Tensor::full([6], 0.5)],
        }]
    },
    refusals: || {
        vec![Refusal {
            types: vec![Type::real([2, 3]), Type::real([2, 3]), Type::real([2])],
            record: |v| v[0].share(&v[1], &v[2]),
            says: &["[2, 3]", "[2]"],
        }]
    },
};

#[derive(Debug)]
struct Share;

impl Var {
    /// `value` where this is larger than `other`, half of it where they tie, and 0 where this is smaller. All three have
    /// the same shape.
    #[track_caller]
    pub fn share(&self, other: &Var, value: &Var) -> Var {
        self.record(Share, &[other, value], std::panic::Location::caller())
    }
}

impl Operation for Share {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::same_shapes(inputs)
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Pointwise(self)
    }

    fn derivative(&self, site: &Site<'_>) -> Vec<Option<Var>> {
        vec![None, None, site.when_wanted(2, || site.input(0).share(site.input(1), site.upstream()))]
    }
}

impl<T: Real> Pointwise<T> for Share {
    fn map(&self, inputs: &[&[T]], output: &mut [T]) {
        let half = T::of(0.5);
        map::ternary(inputs[0], inputs[1], inputs[2], output, |a, b, c| {
            let equal = if a == b { c * half } else { T::nan() };
            let larger = if a > b { c } else { equal };
            if a < b { T::zero() } else { larger }
        });
    }
}

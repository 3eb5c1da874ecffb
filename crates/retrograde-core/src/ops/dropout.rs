//! `dropout`: each element is zero with a probability, the rate, and is divided by 1 − rate otherwise.
//!
//! So the expectation of y is x. Which elements are zero is decided by uniform random numbers ([`random_uniform`](super::random_uniform)),
//! in the same pass over memory. Derivative: that of the elements that are kept. Srivastava et al. (2014).

use super::elementwise::Elementwise;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::random::RandomKey;
use crate::graph::{Mismatch, Type, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "dropout",
    summary: "Each number is zero with a probability, and scaled so that the expectation is the number; b is uniform.",
    formula: "y = b >= rate ? scale * a : 0",
    derivative: "da = scale * (b >= rate ? g : 0), db = 0",
    cases: || {
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| {
                OpCase::new([InputSpec::real(shape), InputSpec::index([2], 9)], |v| {
                    v[0].dropout(0.2, &RandomKey::new(3, &v[1]))
                })
            })
            .to_vec()
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([3]), Type::index([2])],
            record: |v| v[0].dropout(1.5, &RandomKey::new(3, &v[1])),
            mentions: &["1.5", "from 0 to 1"],
        }]
    },
};

impl Var {
    /// Each element is zero with the probability `rate`, and divided by `1 - rate` otherwise, as the random numbers of `key` say.
    #[track_caller]
    pub fn dropout(&self, rate: f64, key: &RandomKey) -> Var {
        let uniform = self.graph().random_uniform(self.shape_or_scalar(), key);
        let problem = (!(0.0..=1.0).contains(&rate))
            .then(|| Mismatch::new(format!("the rate {rate} is no probability"), "give a rate from 0 to 1"));
        // At a rate of 1 nothing is kept.
        let scale = if rate < 1.0 { 1.0 / (1.0 - rate) } else { 0.0 };
        let expr = Expr::select(Expr::input(1).ge(rate), scale * Expr::input(0), 0.0);
        let operation = Elementwise::new(&ENTRY, expr).with_numbers([("rate", rate), ("scale", scale)]);
        self.elementwise(&[&uniform], operation.refused(problem))
    }
}

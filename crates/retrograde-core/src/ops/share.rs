//! `share`: y = c where a > b, c/2 where a = b, 0 where a < b: the part of c that falls to the larger of two.
//!
//! The derivatives of [`maximum`](super::maximum), [`minimum`](super::minimum) and [`max`](super::max) are made of it.
//! It selects rather than multiplies, so that an infinite c stays out of where it does not belong. NaN where a or b is
//! NaN. Derivative: with respect to c the same share of the upstream gradient; with respect to a and b zero wherever it
//! exists, and taken as zero at a tie, where y jumps.

use super::elementwise::{self, Elementwise};
use super::entry::{Entry, Kink};
use crate::graph::{Tensor, Var};
use crate::kernel::Expr;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "share",
    summary: "A value where the first of two is larger, half of it at a tie, and zero elsewhere.",
    formula: "y = a > b ? c : a == b ? c / 2 : a < b ? 0 : NaN",
    derivative: "da = 0, db = 0, dc = (a > b ? g : 0) + (a == b ? (a > b ? 0 : g) : 0) / 2",
    cases: || {
        let reference = |v: &[Var]| (0.5 + 0.5 * (&v[0] - &v[1]).sign()) * &v[2];
        elementwise::cases_with_reference([(-2.0, 2.0); 3], |v| v[0].share(&v[1], &v[2]), reference)
    },
    kinks: || {
        let ties = Tensor::from([-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]);
        vec![Kink {
            at: vec![ties.clone(), ties, Tensor::from([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])],
            record: |v| v[0].share(&v[1], &v[2]),
            slopes: vec![Tensor::from([0.0; 6]), Tensor::from([0.0; 6]), Tensor::from([0.5; 6])],
        }]
    },
    invalid_cases: || elementwise::no_other_shape(3, |v| v[0].share(&v[1], &v[2])),
};

impl Var {
    /// `value` where this is larger than `other`, half of it where they tie, and 0 where this is smaller. All three have
    /// the same shape.
    #[track_caller]
    pub fn share(&self, other: &Var, value: &Var) -> Var {
        let (a, b, c) = (Expr::input(0), Expr::input(1), Expr::input(2));
        let tied = Expr::select(a.equals(&b), &c / 2.0, Expr::select(a.lt(&b), 0.0, f64::NAN));
        let operation = Elementwise::new(&ENTRY, Expr::select(a.gt(b), c, tied));
        self.elementwise(
            &[other, value],
            operation.with_vjp(|context| {
                let [a, b] = [0, 1].map(|input| context.input(input));
                vec![None, None, context.if_needed(2, || a.share(b, context.upstream()))]
            }),
        )
    }
}

//! `max_pool2d_gather`: the elements of images where the windows of other images have their largest element.
//!
//! The gradient of [`max_pool2d_gradient`](super::max_pool2d_gradient) by its second operand. a and b: images `[n, c,
//! h, w]`, y: `[n, c, oh, ow]`. Of equal elements of a the first counts, line by line. Derivative: with respect to b,
//! [`max_pool2d_gradient`](super::max_pool2d_gradient) of the upstream gradient; with respect to a zero wherever it
//! exists, and taken as zero at a tie, where y jumps.

use super::entry::{Entry, InputSpec, InvalidCase, Kink, OpCase};
use super::max_pool2d::images;
use super::pooling::{Pool, Pool2dOptions};
use crate::graph::{Type, Var};
use crate::kernel::pool::Pooling;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "max_pool2d_gather",
    summary: "The elements of images where windows of other images have their largest element.",
    formula: "y[p] = b[first largest of a in window p]",
    derivative: "da = 0, db = max_pool2d_gradient(a, g)",
    cases: || {
        let of = |x: [usize; 4], record| OpCase::new([InputSpec::real(x), InputSpec::real(x)], record);
        vec![
            of([1, 1, 1, 1], |v| v[0].max_pool2d_gather(&v[1], Pool2dOptions::new([1, 1]))),
            of([2, 3, 4, 5], |v| v[0].max_pool2d_gather(&v[1], Pool2dOptions::new([2, 2]))),
            OpCase::new([InputSpec::real([1, 2, 3, 4])], |v| v[0].max_pool2d_gather(&v[0], Pool2dOptions::new([2, 2])))
                .with_reference(|v| v[0].max_pool2d(Pool2dOptions::new([2, 2]))),
            of([1, 2, 5, 4], |v| {
                let options = Pool2dOptions { stride: [2, 1], padding: [1, 1], ..Pool2dOptions::new([3, 2]) };
                v[0].max_pool2d_gather(&v[1], options)
            }),
            of([0, 2, 3, 3], |v| v[0].max_pool2d_gather(&v[1], Pool2dOptions::new([2, 2]))),
        ]
    },
    kinks: || {
        vec![Kink {
            at: vec![images([1, 1, 1, 2], &[1.0, 1.0]), images([1, 1, 1, 2], &[0.5, 2.0])],
            record: |v| v[0].max_pool2d_gather(&v[1], Pool2dOptions::new([1, 2])),
            slopes: vec![images([1, 1, 1, 2], &[0.0, 0.0]), images([1, 1, 1, 2], &[1.0, 0.0])],
        }]
    },
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([1, 1, 4, 4]), Type::real([1, 1, 2, 2])],
            record: |v| v[0].max_pool2d_gather(&v[1], Pool2dOptions::new([2, 2])),
            mentions: &["[1, 1, 2, 2]", "[1, 1, 4, 4]"],
        }]
    },
};

impl Var {
    /// The elements of `other` where the windows of these images have their first largest element.
    #[track_caller]
    pub(crate) fn max_pool2d_gather(&self, other: &Var, options: Pool2dOptions) -> Var {
        let pool = Pool::new(Pooling::MaxGather, &self.shape_or_scalar(), options);
        self.record(pool, &[other], std::panic::Location::caller())
    }
}

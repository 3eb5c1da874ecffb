//! `max_pool2d_gradient`: each element of a pooled batch, added where its window of the images has its largest element.
//!
//! The gradient of [`max_pool2d`](super::max_pool2d), and of [`max_pool2d_gather`](super::max_pool2d_gather) by its
//! second operand. a: images `[n, c, h, w]`, b: `[n, c, oh, ow]`, y: `[n, c, h, w]`. Of equal elements the first
//! counts, line by line. Derivative: with respect to b, [`max_pool2d_gather`](super::max_pool2d_gather) of the
//! upstream gradient; with respect to a zero wherever it exists, and taken as zero at a tie, where y jumps.

use super::entry::{Entry, InputSpec, InvalidCase, Kink, OpCase};
use super::max_pool2d::images;
use super::pooling::{Pool, Pool2dOptions};
use crate::graph::{Type, Var};
use crate::kernel::pool::Pooling;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "max_pool2d_gradient",
    summary: "Elements added where windows of images have their largest element.",
    formula: "y[q] = sum over p with q == first largest of a in window p of b[p]",
    derivative: "da = 0, db = max_pool2d_gather(a, g)",
    cases: || {
        let of = |x: [usize; 4], g: [usize; 4], record| OpCase::new([InputSpec::real(x), InputSpec::real(g)], record);
        vec![
            of([1, 1, 1, 1], [1, 1, 1, 1], |v| v[0].max_pool2d_gradient(&v[1], Pool2dOptions::new([1, 1]))),
            of([2, 3, 4, 5], [2, 3, 2, 2], |v| v[0].max_pool2d_gradient(&v[1], Pool2dOptions::new([2, 2]))),
            of([1, 2, 5, 4], [1, 2, 3, 5], |v| {
                let options = Pool2dOptions { stride: [2, 1], padding: [1, 1], ..Pool2dOptions::new([3, 2]) };
                v[0].max_pool2d_gradient(&v[1], options)
            }),
            of([0, 2, 3, 3], [0, 2, 1, 1], |v| v[0].max_pool2d_gradient(&v[1], Pool2dOptions::new([2, 2]))),
        ]
    },
    kinks: || {
        vec![Kink {
            // Of three windows the middle one has a tie.
            at: vec![images([1, 1, 1, 2], &[1.0, 1.0]), images([1, 1, 1, 3], &[0.5, 2.0, -1.0])],
            record: |v| {
                let options = Pool2dOptions { stride: [1, 1], padding: [0, 1], ..Pool2dOptions::new([1, 2]) };
                let weight = v[0].graph().constant(images([1, 1, 1, 2], &[1.0, 3.0]));
                v[0].max_pool2d_gradient(&v[1], options) * weight
            },
            slopes: vec![images([1, 1, 1, 2], &[0.0, 0.0]), images([1, 1, 1, 3], &[1.0, 1.0, 3.0])],
        }]
    },
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([1, 1, 4, 4]), Type::real([1, 1, 2, 3])],
            record: |v| v[0].max_pool2d_gradient(&v[1], Pool2dOptions::new([2, 2])),
            mentions: &["[1, 1, 2, 3]", "[1, 1, 2, 2]"],
        }]
    },
};

impl Var {
    /// The elements of `pooled`, each added where the window of these images has its first largest element.
    #[track_caller]
    pub(crate) fn max_pool2d_gradient(&self, pooled: &Var, options: Pool2dOptions) -> Var {
        let pool = Pool::new(Pooling::MaxScatter, &self.shape_or_scalar(), options);
        self.record(pool, &[pooled], std::panic::Location::caller())
    }
}

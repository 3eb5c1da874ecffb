//! `avg_pool2d_gradient`: the gradient of [`avg_pool2d`](super::avg_pool2d).
//!
//! x: `[n, c, oh, ow]`, y: `[n, c, h, w]`: each element, divided by the size of a window, is added to all elements of
//! its window. Derivative: [`avg_pool2d`](super::avg_pool2d) of the upstream gradient. Differentiable everywhere.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::pooling::{Pool, Pool2dOptions};
use crate::graph::{Shape, Type, Var};
use crate::kernel::pool::Pooling;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "avg_pool2d_gradient",
    summary: "Elements added to the windows of images of which they are the means.",
    formula: "y[q] = (1/size) * sum over p with q in window p of x[p]",
    derivative: "dx = avg_pool2d(g)",
    cases: || {
        let of = |x: [usize; 4], record| OpCase::new([InputSpec::real(x)], record);
        vec![
            of([1, 1, 1, 1], |v| v[0].avg_pool2d_gradient([1, 1, 1, 1], Pool2dOptions::new([1, 1]))),
            of([2, 3, 2, 2], |v| v[0].avg_pool2d_gradient([2, 3, 5, 4], Pool2dOptions::new([2, 2]))),
            of([1, 2, 3, 5], |v| {
                let options = Pool2dOptions { stride: [2, 1], padding: [1, 1], ..Pool2dOptions::new([3, 2]) };
                v[0].avg_pool2d_gradient([1, 2, 5, 4], options)
            }),
            of([0, 2, 1, 1], |v| v[0].avg_pool2d_gradient([0, 2, 3, 3], Pool2dOptions::new([2, 2]))),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::real([1, 1, 2, 3])],
            record: |v| v[0].avg_pool2d_gradient([1, 1, 4, 4], Pool2dOptions::new([2, 2])),
            mentions: &["[1, 1, 2, 3]", "[1, 1, 2, 2]"],
        }]
    },
};

impl Var {
    /// The gradient of the means of windows, by images of the shape `images`.
    #[track_caller]
    pub(crate) fn avg_pool2d_gradient(&self, images: impl Into<Shape>, options: Pool2dOptions) -> Var {
        let pool = Pool::new(Pooling::MeanScatter, &images.into(), options);
        self.record(pool, &[], std::panic::Location::caller())
    }
}

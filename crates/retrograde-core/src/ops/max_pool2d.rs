//! `max_pool2d`: the largest element of each window of a batch of images, as PyTorch's `max_pool2d`; the book's
//! chapter 7.
//!
//! x: `[n, c, h, w]`, y: `[n, c, oh, ow]` with `oh = (h + 2 · padding − kh) / stride + 1`, rounded down. Windows may
//! overlap. Elements beyond an image are smaller than all others. The result is NaN if an element is. Derivative: the
//! upstream gradient goes to the largest element of the window; of equal ones to the first, line by line, as in
//! PyTorch ([`max_pool2d_gradient`](super::max_pool2d_gradient)).

use super::entry::{Entry, InputSpec, InvalidCase, Kink, OpCase};
use super::pooling::{Pool, Pool2dOptions};
use crate::graph::{Tensor, Type, Var};
use crate::kernel::pool::Pooling;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "max_pool2d",
    summary: "The largest element of each window of a batch of images.",
    formula: "y[p] = max over i of x[stride · p + i − padding]",
    derivative: "dx = max_pool2d_gradient(x, g)",
    cases: || {
        let of = |x: [usize; 4], record| OpCase::new([InputSpec::real(x)], record);
        vec![
            of([1, 1, 1, 1], |v| v[0].max_pool2d(Pool2dOptions::new([1, 1]))),
            of([2, 3, 4, 5], |v| v[0].max_pool2d(Pool2dOptions::new([2, 2]))),
            of([2, 1, 3, 4], |v| v[0].max_pool2d(Pool2dOptions::new([1, 2]))).with_reference(|v| {
                let [left, right] = [0, 1].map(|j| v[0].reshape([2, 1, 3, 2, 2]).slice(4, j..=j));
                left.maximum(&right).reshape([2, 1, 3, 2])
            }),
            of([1, 2, 5, 4], |v| {
                v[0].max_pool2d(Pool2dOptions { stride: [2, 1], padding: [1, 1], ..Pool2dOptions::new([3, 2]) })
            }),
            of([1, 1, 4, 9], |v| v[0].max_pool2d(Pool2dOptions { stride: [1, 3], ..Pool2dOptions::new([2, 2]) })),
            of([0, 2, 3, 3], |v| v[0].max_pool2d(Pool2dOptions::new([2, 2]))),
        ]
    },
    kinks: || {
        vec![Kink {
            at: vec![images([1, 1, 2, 4], &[1.0, 3.0, -1.0, -1.0, 3.0, 2.0, -1.0, -1.0])],
            record: |v| v[0].max_pool2d(Pool2dOptions::new([2, 2])),
            slopes: vec![images([1, 1, 2, 4], &[0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0])],
        }]
    },
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([3, 4, 5])],
                record: |v| v[0].max_pool2d(Pool2dOptions::new([2, 2])),
                mentions: &["[3, 4, 5]", "3 axes", "[images, channels, height, width]"],
            },
            InvalidCase {
                types: vec![Type::real([1, 1, 4, 1])],
                record: |v| v[0].max_pool2d(Pool2dOptions::new([2, 2])),
                mentions: &["[1, 1, 4, 1]", "width 2"],
            },
            InvalidCase {
                types: vec![Type::real([1, 1, 4, 4])],
                record: |v| v[0].max_pool2d(Pool2dOptions { padding: [2, 0], ..Pool2dOptions::new([3, 3]) }),
                mentions: &["padding [2, 0]", "[3, 3]", "at most half"],
            },
            InvalidCase {
                types: vec![Type::real([1, 1, 4, 4])],
                record: |v| v[0].max_pool2d(Pool2dOptions::new([0, 2])),
                mentions: &["[0, 2]", "at least 1"],
            },
            InvalidCase {
                types: vec![Type::real([1, 1, 4, 4])],
                record: |v| {
                    v[0].max_pool2d(Pool2dOptions { padding: [usize::MAX / 2; 2], ..Pool2dOptions::new([usize::MAX; 2]) })
                },
                mentions: &["longer than the address space"],
            },
        ]
    },
};

/// A batch of images of these values.
pub(super) fn images(shape: [usize; 4], values: &[f64]) -> Tensor {
    Tensor::new(shape, values.to_vec()).expect("as many values as elements")
}

impl Var {
    /// The largest element of each window of these images `[n, c, h, w]`: `[n, c, oh, ow]`, as PyTorch's
    /// `max_pool2d`. Of equal ones, the first has the gradient.
    ///
    /// ```
    /// use retrograde::Graph;
    /// use retrograde::ops::Pool2dOptions;
    ///
    /// let images = Graph::new().input("images", [100, 30, 24, 24]);
    /// assert_eq!(*images.max_pool2d(Pool2dOptions::new([2, 2])).shape(), [100, 30, 12, 12]);
    /// ```
    #[track_caller]
    pub fn max_pool2d(&self, options: Pool2dOptions) -> Var {
        let pool = Pool::new(Pooling::Max, &self.shape_or_scalar(), options);
        self.record(pool, &[], std::panic::Location::caller())
    }
}

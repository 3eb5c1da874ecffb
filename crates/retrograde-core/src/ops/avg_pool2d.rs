//! `avg_pool2d`: the mean of each window of a batch of images, as PyTorch's `avg_pool2d`.
//!
//! x: `[n, c, h, w]`, y: `[n, c, oh, ow]` with `oh = (h + 2 · padding − kh) / stride + 1`, rounded down. Windows may
//! overlap. Elements beyond an image are zeros, and count. Derivative: the upstream gradient, divided by the size of
//! a window, is added to all elements of the window ([`avg_pool2d_gradient`](super::avg_pool2d_gradient)).
//! Differentiable everywhere. The mean of whole images is `mean` over the axes 2 and 3.

use super::convolution::Conv2dOptions;
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::pooling::{Pool, Pool2dOptions};
use crate::graph::{Type, Var};
use crate::kernel::pool::Pooling;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "avg_pool2d",
    summary: "The mean of each window of a batch of images.",
    formula: "y[p] = (1/size) * sum over i of x[stride · p + i − padding]",
    derivative: "dx = avg_pool2d_gradient(g)",
    cases: || {
        let of = |x: [usize; 4], record| OpCase::new([InputSpec::real(x)], record);
        vec![
            of([1, 1, 1, 1], |v| v[0].avg_pool2d(Pool2dOptions::new([1, 1]))),
            of([2, 3, 4, 6], |v| v[0].avg_pool2d(Pool2dOptions::new([2, 3])))
                .with_reference(|v| v[0].reshape([2, 3, 2, 2, 2, 3]).mean([3, 5])),
            of([1, 2, 5, 4], |v| {
                v[0].avg_pool2d(Pool2dOptions { stride: [2, 1], padding: [1, 1], ..Pool2dOptions::new([3, 2]) })
            })
            .with_reference(|v| {
                // The convolution of each channel with a kernel of equal numbers.
                let kernel = v[0].graph().full([2, 1, 3, 2], 1.0 / 6.0);
                v[0].conv2d(&kernel, Conv2dOptions { stride: [2, 1], padding: [1, 1], groups: 2, ..Conv2dOptions::default() })
            }),
            of([1, 1, 4, 9], |v| v[0].avg_pool2d(Pool2dOptions { stride: [1, 3], ..Pool2dOptions::new([2, 2]) })),
            of([0, 2, 3, 3], |v| v[0].avg_pool2d(Pool2dOptions::new([2, 2]))),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([1, 1, 4, 1])],
                record: |v| v[0].avg_pool2d(Pool2dOptions::new([2, 2])),
                mentions: &["[1, 1, 4, 1]", "width 2"],
            },
            InvalidCase {
                types: vec![Type::index([1, 1, 4, 4])],
                record: |v| v[0].avg_pool2d(Pool2dOptions::new([2, 2])),
                mentions: &["indices"],
            },
        ]
    },
};

impl Var {
    /// The mean of each window of these images `[n, c, h, w]`: `[n, c, oh, ow]`, as PyTorch's `avg_pool2d`. Zeros
    /// beyond an image count.
    ///
    /// ```
    /// use retrograde::Graph;
    /// use retrograde::ops::Pool2dOptions;
    ///
    /// let images = Graph::new().input("images", [8, 64, 14, 14]);
    /// let options = Pool2dOptions { stride: [2, 2], padding: [1, 1], ..Pool2dOptions::new([3, 3]) };
    /// assert_eq!(*images.avg_pool2d(options).shape(), [8, 64, 7, 7]);
    /// ```
    #[track_caller]
    pub fn avg_pool2d(&self, options: Pool2dOptions) -> Var {
        let pool = Pool::new(Pooling::Mean, &self.shape_or_scalar(), options);
        self.record(pool, &[], std::panic::Location::caller())
    }
}

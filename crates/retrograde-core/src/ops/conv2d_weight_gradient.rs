//! `conv2d_weight_gradient`: the gradient of [`conv2d`](super::conv2d) by its weight, which gradients of convolutions
//! record.
//!
//! x: `[n, c, h, w]`, the gradient of the output: `[n, o, oh, ow]`, y: `[o, c / groups, kh, kw]`. Derivative: with g
//! the upstream gradient, the gradient by x is [`conv_transpose2d`](super::conv_transpose2d) of the second operand
//! with g, that by the second operand [`conv2d`](super::conv2d) of x with g. Differentiable everywhere.
//!
//! It is summed over blocks of images, whose sums are combined in a tree: on any number of threads it has the same
//! bits.

use super::convolution::{Conv2dOptions, Product};
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use crate::graph::{Type, Var};

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "conv2d_weight_gradient",
    summary: "The gradient of a convolution by its weight.",
    formula: "y[o, c, i] = sum over n, p of a[n, c, stride · p + dilation · i − padding] · b[n, o, p]",
    derivative: "da = conv_transpose2d(b, g), db = conv2d(a, g)",
    cases: || {
        let of = |x: [usize; 4], y: [usize; 4], record| OpCase::new([InputSpec::real(x), InputSpec::real(y)], record);
        vec![
            of([1, 1, 1, 1], [1, 1, 1, 1], |v| v[0].conv2d_weight_gradient(&v[1], [1, 1], Conv2dOptions::default())),
            of([2, 3, 4, 5], [2, 4, 2, 4], |v| v[0].conv2d_weight_gradient(&v[1], [3, 2], Conv2dOptions::default()))
                .with_reference(|v| {
                    // Channels and images exchanged, the gradient is the kernel of a convolution.
                    let exchanged = |v: &Var| v.transpose([1, 0, 2, 3]);
                    exchanged(&exchanged(&v[0]).conv2d(&exchanged(&v[1]), Conv2dOptions::default()))
                }),
            of([35, 1, 3, 3], [35, 2, 2, 2], |v| v[0].conv2d_weight_gradient(&v[1], [2, 2], Conv2dOptions::default())),
            of([1, 4, 7, 6], [1, 2, 4, 2], |v| {
                let options = Conv2dOptions { stride: [2, 3], padding: [1, 0], groups: 2, ..Conv2dOptions::default() };
                v[0].conv2d_weight_gradient(&v[1], [3, 2], options)
            }),
            of([2, 1, 6, 5], [2, 1, 3, 3], |v| {
                let options = Conv2dOptions { dilation: [3, 2], ..Conv2dOptions::default() };
                v[0].conv2d_weight_gradient(&v[1], [2, 2], options)
            }),
            of([0, 1, 3, 3], [0, 1, 2, 2], |v| v[0].conv2d_weight_gradient(&v[1], [2, 2], Conv2dOptions::default())),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([2, 3, 4, 5]), Type::real([2, 4, 4, 4])],
                record: |v| v[0].conv2d_weight_gradient(&v[1], [3, 2], Conv2dOptions::default()),
                mentions: &["[2, 4, 4, 4]", "[2, 4, 2, 4]"],
            },
            InvalidCase {
                types: vec![Type::real([2, 3, 4, 5]), Type::real([2, 4])],
                record: |v| v[0].conv2d_weight_gradient(&v[1], [3, 2], Conv2dOptions::default()),
                mentions: &["[2, 4]", "2 axes"],
            },
        ]
    },
};

impl Var {
    /// The gradient by the weight of the convolution of these images, given that of the output. `kernel` is the
    /// height and width of a window.
    #[track_caller]
    pub(crate) fn conv2d_weight_gradient(&self, gradient: &Var, kernel: [usize; 2], options: Conv2dOptions) -> Var {
        let product = Product::weight(&self.shape_or_scalar(), &gradient.shape_or_scalar(), kernel, options);
        self.record(product, &[gradient], std::panic::Location::caller())
    }
}

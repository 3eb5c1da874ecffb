//! `conv2d`: the cross-correlation of a batch of images with filters, as PyTorch's `conv2d`; the book's chapter 7.
//!
//! x: `[n, c, h, w]`, weight: `[o, c / groups, kh, kw]`, y: `[n, o, oh, ow]` with `oh = (h + 2 · padding − dilation ·
//! (kh − 1) − 1) / stride + 1`, rounded down, and `ow` likewise. Derivative: with g the upstream gradient, dx is the
//! transposed convolution [`conv_transpose2d`](super::conv_transpose2d) of g, and dw is
//! [`conv2d_weight_gradient`](super::conv2d_weight_gradient). Differentiable everywhere.
//!
//! Each element is summed over the channels, then the lines, then the columns of its window, in this order.

use super::convolution::{Conv2dOptions, Product};
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use crate::graph::{Type, Var};

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "conv2d",
    summary: "The convolution of a batch of images with filters.",
    formula: "y[n, o, p] = sum over c, i of x[n, c, stride · p + dilation · i − padding] · w[o, c, i]",
    derivative: "dx = conv_transpose2d(g, w), dw = conv2d_weight_gradient(x, g)",
    cases: || {
        let of = |x: [usize; 4], w: [usize; 4], record| OpCase::new([InputSpec::real(x), InputSpec::real(w)], record);
        vec![
            of([1, 1, 1, 1], [1, 1, 1, 1], |v| v[0].conv2d(&v[1], Conv2dOptions::default())),
            of([2, 3, 4, 5], [4, 3, 3, 2], |v| v[0].conv2d(&v[1], Conv2dOptions::default()))
                .with_reference(|v| {
                    // By slices of the images: for each place of the window, [n, c, oh, ow] to [n · oh · ow, c], times [c, o].
                    let (x, w) = (v[0].shape(), v[1].shape());
                    let (height, width) = (x[2] - w[2] + 1, x[3] - w[3] + 1);
                    let at = |(i, j): (usize, usize)| {
                        let window = v[0].slice(2, i..i + height).slice(3, j..j + width).transpose([0, 2, 3, 1]);
                        let weight = v[1].slice(2, i..=i).slice(3, j..=j).reshape([w[0], w[1]]);
                        window.reshape([x[0] * height * width, w[1]]).matmul_t(&weight)
                    };
                    let places = (0..w[2]).flat_map(|i| (0..w[3]).map(move |j| (i, j)));
                    let sum = places.map(at).reduce(|a, b| a + b).expect("a window has elements");
                    sum.reshape([x[0], height, width, w[0]]).transpose([0, 3, 1, 2])
                }),
            of([2, 3, 4, 5], [4, 3, 3, 2], |v| {
                v[0].conv2d(&v[1], Conv2dOptions { padding: [1, 2], ..Conv2dOptions::default() })
            }),
            of([1, 2, 7, 6], [2, 2, 2, 3], |v| {
                v[0].conv2d(&v[1], Conv2dOptions { stride: [2, 3], padding: [0, 1], ..Conv2dOptions::default() })
            }),
            of([1, 4, 6, 5], [6, 2, 2, 3], |v| {
                v[0].conv2d(&v[1], Conv2dOptions { dilation: [3, 2], groups: 2, ..Conv2dOptions::default() })
            }),
            of([0, 2, 3, 3], [2, 2, 2, 2], |v| v[0].conv2d(&v[1], Conv2dOptions::default())),
            of([2, 0, 3, 3], [2, 0, 2, 2], |v| v[0].conv2d(&v[1], Conv2dOptions::default())),
            of([2, 2, 3, 3], [0, 2, 2, 2], |v| v[0].conv2d(&v[1], Conv2dOptions::default())),
            of([1, 2, 0, 1], [2, 2, 2, 2], |v| {
                v[0].conv2d(&v[1], Conv2dOptions { padding: [1, 1], ..Conv2dOptions::default() })
            }),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([100, 784]), Type::real([30, 1, 5, 5])],
                record: |v| v[0].conv2d(&v[1], Conv2dOptions::default()),
                mentions: &["[100, 784]", "2 axes", "[images, channels, height, width]"],
            },
            InvalidCase {
                types: vec![Type::real([100, 3, 28, 28]), Type::real([30, 1, 5, 5])],
                record: |v| v[0].conv2d(&v[1], Conv2dOptions::default()),
                mentions: &["[100, 3, 28, 28]", "[30, 1, 5, 5]", "[30, 3, 5, 5]"],
            },
            InvalidCase {
                types: vec![Type::real([1, 4, 8, 8]), Type::real([3, 2, 3, 3])],
                record: |v| v[0].conv2d(&v[1], Conv2dOptions { groups: 2, ..Conv2dOptions::default() }),
                mentions: &["4 channels", "3 filters", "2 groups"],
            },
            InvalidCase {
                types: vec![Type::real([1, 1, 3, 8]), Type::real([1, 1, 5, 5])],
                record: |v| v[0].conv2d(&v[1], Conv2dOptions::default()),
                mentions: &["height 5", "[1, 1, 3, 8]", "[1, 1, 5, 5]", "padding"],
            },
            InvalidCase {
                types: vec![Type::real([1, 1, 3, 3]), Type::real([1, 1, 2, 2])],
                record: |v| v[0].conv2d(&v[1], Conv2dOptions { stride: [0, 1], ..Conv2dOptions::default() }),
                mentions: &["stride [0, 1]", "at least 1"],
            },
            InvalidCase {
                types: vec![Type::real([1, 1, 3, 3]), Type::real([1, 1, 2, 2])],
                record: |v| v[0].conv2d(&v[1], Conv2dOptions { padding: [usize::MAX; 2], ..Conv2dOptions::default() }),
                mentions: &["padding", "longer than the address space"],
            },
            InvalidCase {
                types: vec![Type::real([1, 1, 3, 3]), Type::real([1, 1, 3, 3])],
                record: |v| v[0].conv2d(&v[1], Conv2dOptions { dilation: [usize::MAX; 2], ..Conv2dOptions::default() }),
                mentions: &["dilation", "longer than the address space"],
            },
            InvalidCase {
                types: vec![Type::index([1, 1, 3, 3]), Type::real([1, 1, 3, 3])],
                record: |v| v[0].conv2d(&v[1], Conv2dOptions::default()),
                mentions: &["indices"],
            },
        ]
    },
};

impl Var {
    /// The convolution (cross-correlation) of these images `[n, c, h, w]` with the filters of `weight`, `[o, c /
    /// groups, kh, kw]`: `[n, o, oh, ow]`, as PyTorch's `conv2d`.
    ///
    /// ```
    /// use retrograde::ops::Conv2dOptions;
    /// use retrograde::{Graph, Tensor};
    ///
    /// let graph = Graph::new();
    /// let images = graph.input("images", [100, 1, 28, 28]);
    /// let weight = graph.parameter("weight", Tensor::zeros([30, 1, 5, 5])?);
    /// let options = Conv2dOptions { padding: [2, 2], ..Conv2dOptions::default() };
    /// assert_eq!(*images.conv2d(&weight, options).shape(), [100, 30, 28, 28]);
    /// # Ok::<(), retrograde::Error>(())
    /// ```
    #[track_caller]
    pub fn conv2d(&self, weight: &Var, options: Conv2dOptions) -> Var {
        let product = Product::output(&self.shape_or_scalar(), &weight.shape_or_scalar(), options);
        self.record(product, &[weight], std::panic::Location::caller())
    }
}

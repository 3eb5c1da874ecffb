//! `conv_transpose2d`: the transposed convolution, as PyTorch's `conv_transpose2d`: the gradient of
//! [`conv2d`](super::conv2d) by its images.
//!
//! x: `[n, o, h, w]`, weight: `[o, c / groups, kh, kw]`, y: `[n, c, oh, ow]` with `oh = (h − 1) · stride − 2 ·
//! padding + dilation · (kh − 1) + output padding + 1`, and `ow` likewise. Each element of x is multiplied by its
//! filter and added to its window of y. Derivative: with g the upstream gradient, dx is the [`conv2d`](super::conv2d)
//! of g, and dw is [`conv2d_weight_gradient`](super::conv2d_weight_gradient) of g and x. Differentiable everywhere.
//!
//! The output padding is below the stride. PyTorch also takes one that is below the dilation only: its last lines are
//! zero.

use super::convolution::{Conv2dOptions, Product};
use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use crate::graph::{Type, Var};

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "conv_transpose2d",
    summary: "The transposed convolution: the gradient of a convolution by its images.",
    formula: "y[n, c, q] = sum over o, i, p with q == stride · p + dilation · i − padding of x[n, o, p] · w[o, c, i]",
    derivative: "dx = conv2d(g, w), dw = conv2d_weight_gradient(g, x)",
    cases: || {
        let of = |x: [usize; 4], w: [usize; 4], record| OpCase::new([InputSpec::real(x), InputSpec::real(w)], record);
        vec![
            of([1, 1, 1, 1], [1, 1, 1, 1], |v| v[0].conv_transpose2d(&v[1], Conv2dOptions::default(), [0, 0])),
            of([2, 3, 2, 4], [3, 2, 3, 2], |v| v[0].conv_transpose2d(&v[1], Conv2dOptions::default(), [0, 0]))
                .with_reference(|v| {
                    // The convolution of x, with zeros around it, and the kernel turned by half a turn.
                    let w = v[1].shape();
                    let turned = |axis: usize, v: &Var| {
                        let lines: Vec<Var> = (0..w[axis]).rev().map(|i| v.slice(axis, i..=i)).collect();
                        lines[0].concat(&lines[1..].iter().collect::<Vec<_>>(), axis)
                    };
                    let weight = turned(3, &turned(2, &v[1])).transpose([1, 0, 2, 3]);
                    v[0].conv2d(&weight, Conv2dOptions { padding: [w[2] - 1, w[3] - 1], ..Conv2dOptions::default() })
                }),
            of([1, 3, 3, 2], [3, 2, 3, 3], |v| {
                let options = Conv2dOptions { stride: [2, 3], padding: [1, 0], ..Conv2dOptions::default() };
                v[0].conv_transpose2d(&v[1], options, [1, 2])
            }),
            of([2, 4, 3, 2], [4, 3, 2, 3], |v| {
                let options = Conv2dOptions { padding: [1, 2], dilation: [3, 2], groups: 2, ..Conv2dOptions::default() };
                v[0].conv_transpose2d(&v[1], options, [0, 0])
            }),
            of([0, 2, 3, 3], [2, 2, 2, 2], |v| v[0].conv_transpose2d(&v[1], Conv2dOptions::default(), [0, 0])),
            of([2, 0, 3, 3], [0, 2, 2, 2], |v| v[0].conv_transpose2d(&v[1], Conv2dOptions::default(), [0, 0])),
        ]
    },
    kinks: none,
    invalid_cases: || {
        vec![
            InvalidCase {
                types: vec![Type::real([1, 3, 4, 4]), Type::real([2, 3, 3, 3])],
                record: |v| v[0].conv_transpose2d(&v[1], Conv2dOptions::default(), [0, 0]),
                mentions: &["[1, 3, 4, 4]", "[1, 2, 4, 4]"],
            },
            InvalidCase {
                types: vec![Type::real([1, 3, 4, 4]), Type::real([3, 3, 3, 3])],
                record: |v| v[0].conv_transpose2d(&v[1], Conv2dOptions::default(), [0, 1]),
                mentions: &["output padding of 1", "below the stride"],
            },
            InvalidCase {
                types: vec![Type::real([1, 3, 1, 1]), Type::real([3, 3, 3, 3])],
                record: |v| {
                    let options = Conv2dOptions { padding: [2, 2], ..Conv2dOptions::default() };
                    v[0].conv_transpose2d(&v[1], options, [0, 0])
                },
                mentions: &["[1, 3, 1, 1]", "padding 2", "at most 1"],
            },
            InvalidCase {
                types: vec![Type::real([1, 3, 0, 1]), Type::real([3, 3, 3, 3])],
                record: |v| v[0].conv_transpose2d(&v[1], Conv2dOptions::default(), [0, 0]),
                mentions: &["[1, 3, 0, 1]", "at least one", "height"],
            },
            InvalidCase {
                types: vec![Type::real([1, 3, 4, 4]), Type::real([3, 3, 3, 3])],
                record: |v| {
                    let options = Conv2dOptions { stride: [usize::MAX; 2], ..Conv2dOptions::default() };
                    v[0].conv_transpose2d(&v[1], options, [0, 0])
                },
                mentions: &["longer than the address space"],
            },
        ]
    },
};

impl Var {
    /// The transposed convolution of these images `[n, o, h, w]` with `weight`, `[o, c / groups, kh, kw]`: `[n, c,
    /// oh, ow]`, as PyTorch's `conv_transpose2d`. `output_padding`, below the stride, adds lines below and columns to
    /// the right: of the sizes that a convolution of this stride makes equal, it chooses one.
    ///
    /// ```
    /// use retrograde::ops::Conv2dOptions;
    /// use retrograde::{Graph, Tensor};
    ///
    /// let graph = Graph::new();
    /// let images = graph.input("images", [8, 16, 7, 7]);
    /// let weight = graph.parameter("weight", Tensor::zeros([16, 3, 3, 3])?);
    /// let options = Conv2dOptions { stride: [2, 2], padding: [1, 1], ..Conv2dOptions::default() };
    /// assert_eq!(*images.conv_transpose2d(&weight, options, [1, 1]).shape(), [8, 3, 14, 14]);
    /// # Ok::<(), retrograde::Error>(())
    /// ```
    #[track_caller]
    pub fn conv_transpose2d(&self, weight: &Var, options: Conv2dOptions, output_padding: [usize; 2]) -> Var {
        let (shape, of_weight) = (self.shape_or_scalar(), weight.shape_or_scalar());
        let product = Product::images(&shape, &of_weight, options, output_padding);
        self.record(product, &[weight], std::panic::Location::caller())
    }
}

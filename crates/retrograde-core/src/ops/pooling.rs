//! What the poolings and their gradients have in common: their options, the shape rule, and how they are recorded.
//!
//! The gradient of a pooling is linear in the upstream gradient, and the gradient of that is the pooling again: of
//! the mean itself, of the maximum its choice ([`max_pool2d_gather`](super::max_pool2d_gather)). Gradients of any
//! order consist of these.

use super::convolution::shapes::{images, windows};
use super::rules;
use super::{avg_pool2d, avg_pool2d_gradient, max_pool2d, max_pool2d_gather, max_pool2d_gradient};
use crate::graph::{Mismatch, Operation, Shape, Type, Var, VjpContext};
use crate::kernel::Form;
use crate::kernel::pool::{PoolKernel, Pooling, Windows};
use std::panic::Location;
use std::sync::Arc;

/// The options of a two-dimensional pooling, as in PyTorch. Pairs are (height, width).
///
/// ```
/// use retrograde::ops::Pool2dOptions;
///
/// let halves = Pool2dOptions::new([2, 2]);
/// assert_eq!((halves.stride, halves.padding), ([2, 2], [0, 0]));
/// let overlapping = Pool2dOptions { stride: [2, 2], padding: [1, 1], ..Pool2dOptions::new([3, 3]) };
/// assert_eq!(overlapping.kernel, [3, 3]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool2dOptions {
    /// The height and width of a window, at least 1.
    pub kernel: [usize; 2],
    /// The distance between two windows, at least 1. By default the size of a window.
    pub stride: [usize; 2],
    /// How far windows reach beyond each side of an image: at most half their size. By default 0.
    pub padding: [usize; 2],
}

impl Pool2dOptions {
    /// Windows of this height and width, side by side.
    pub fn new(kernel: [usize; 2]) -> Self {
        Pool2dOptions { kernel, stride: kernel, padding: [0; 2] }
    }
}

/// A pooling or its gradient.
#[derive(Debug, Clone)]
pub(super) struct Pool {
    pooling: Pooling,
    options: Pool2dOptions,
    images: Shape,
    windows: Result<Windows, Mismatch>,
}

impl Pool {
    /// For images of this shape `[n, c, h, w]`.
    pub(super) fn new(pooling: Pooling, images: &Shape, options: Pool2dOptions) -> Self {
        Pool { pooling, options, images: images.clone(), windows: windows_of(images, &options) }
    }

    /// The shape of a pooled batch of images.
    fn pooled(&self, windows: &Windows) -> Shape {
        [self.images[0], self.images[1], windows.output[0], windows.output[1]].into()
    }
}

/// The windows of images.
fn windows_of(shape: &Shape, options: &Pool2dOptions) -> Result<Windows, Mismatch> {
    let Pool2dOptions { kernel, stride, padding } = *options;
    let [images, channels, height, width] = images(shape)?;
    if kernel.contains(&0) || stride.contains(&0) {
        let problem = format!("windows of {kernel:?} with the stride {stride:?}");
        return Err(Mismatch::new(problem, "give windows and strides of at least 1"));
    }
    if (0..2).any(|axis| padding[axis] > kernel[axis] / 2) {
        let problem = format!("the padding {padding:?} of windows of {kernel:?}: some would have no element");
        return Err(Mismatch::new(problem, "give a padding of at most half of the window"));
    }
    let image = [height, width];
    let output = windows(image, padding, stride, |axis| Some(kernel[axis])).map_err(
        |Mismatch { problem, help }| Mismatch { problem: format!("{problem}: images {shape}"), help },
    )?;
    Ok(Windows { planes: images.saturating_mul(channels), image, output, kernel, stride, padding })
}

impl Operation for Pool {
    fn name(&self) -> &'static str {
        match self.pooling {
            Pooling::Max => max_pool2d::ENTRY.name,
            Pooling::MaxScatter => max_pool2d_gradient::ENTRY.name,
            Pooling::MaxGather => max_pool2d_gather::ENTRY.name,
            Pooling::Mean => avg_pool2d::ENTRY.name,
            Pooling::MeanScatter => avg_pool2d_gradient::ENTRY.name,
        }
    }

    fn attributes(&self) -> String {
        let Pool2dOptions { kernel, stride, padding } = self.options;
        let mut shown = vec![format!("{kernel:?}")];
        shown.extend((stride != kernel).then(|| format!("stride {stride:?}")));
        shown.extend((padding != [0; 2]).then(|| format!("padding {padding:?}")));
        shown.join(", ")
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        rules::all_real(inputs)?;
        let windows = self.windows.clone()?;
        let (images, pooled) = (&self.images, &self.pooled(&windows));
        let (expected, output) = match self.pooling {
            Pooling::Max | Pooling::Mean => (vec![images], pooled),
            Pooling::MaxScatter => (vec![images, pooled], images),
            Pooling::MaxGather => (vec![images, images], pooled),
            Pooling::MeanScatter => (vec![pooled], images),
        };
        for (input, expected) in inputs.iter().zip(expected) {
            if input.shape != *expected {
                let problem = format!("an operand has the shape {}, and not {expected}", input.shape);
                return Err(Mismatch::new(problem, format!("give an operand of the shape {expected}")));
            }
        }
        Ok(Type::real(output))
    }

    fn form(self: Arc<Self>) -> Form {
        let windows = self.windows.clone().expect("`infer` has accepted the shapes");
        Form::rows(Arc::new(PoolKernel { pooling: self.pooling, windows }))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let of = |pooling: Pooling, operands: &[&Var]| {
            operands[0].record(Pool { pooling, ..self.clone() }, &operands[1..], Location::caller())
        };
        let (x, g) = (context.input(0), context.upstream());
        match self.pooling {
            Pooling::Max => vec![context.if_needed(0, || of(Pooling::MaxScatter, &[x, g]))],
            Pooling::MaxScatter => vec![None, context.if_needed(1, || of(Pooling::MaxGather, &[x, g]))],
            Pooling::MaxGather => vec![None, context.if_needed(1, || of(Pooling::MaxScatter, &[x, g]))],
            Pooling::Mean => vec![context.if_needed(0, || of(Pooling::MeanScatter, &[g]))],
            Pooling::MeanScatter => vec![context.if_needed(0, || of(Pooling::Mean, &[g]))],
        }
    }
}

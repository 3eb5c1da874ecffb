//! Pooling: the largest elements and the means of windows of images, and their gradients.
//!
//! A block of lines of the output is computed in two passes: down the windows, where the loops run along whole lines
//! of the image, and along them. Where windows fill lines, the lines of a block are one to the second pass. Strides 1
//! and 2 are known to the compiler.

mod max;
mod mean;
mod two_by_two;

use super::simd::{Body, InstructionSet, dispatch};
use super::{Call, Reads, Real, Rows, RowsKernel};
use std::ops::Range;

/// About so many elements of the lines of a block stay in the first-level cache.
const BLOCK: usize = 2048;

/// The windows of planes: of all channels of all images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Windows {
    /// The number of planes.
    pub(crate) planes: usize,
    /// Height and width of a plane.
    pub(crate) image: [usize; 2],
    /// Height and width of the output.
    pub(crate) output: [usize; 2],
    /// Height and width of a window.
    pub(crate) kernel: [usize; 2],
    /// The distance of two windows.
    pub(crate) stride: [usize; 2],
    /// How far windows reach beyond each side of a plane: at most half their size, so that each has an element.
    pub(crate) padding: [usize; 2],
}

/// What is computed. Planes of images and planes of outputs are operands or the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pooling {
    /// The largest element of each window of the images; NaN if an element is.
    Max,
    /// Of images and an output: the elements of the output, each added where the window of the images has its first
    /// largest element.
    MaxScatter,
    /// Of images and other images: the element of the others where the window of the images has its first largest
    /// element.
    MaxGather,
    /// The mean of each window of the images; elements beyond them are zeros.
    Mean,
    /// Of an output: its elements, divided by the size of a window and added to all elements of their windows.
    MeanScatter,
}

/// A row kernel; a row is one plane.
#[derive(Debug)]
pub(crate) struct PoolKernel {
    pub(crate) pooling: Pooling,
    pub(crate) windows: Windows,
}

impl Windows {
    /// The lines of a plane that the windows in line `y` of the output have.
    #[inline(always)]
    fn lines(&self, y: usize) -> Range<usize> {
        let (top, above) = (y * self.stride[0], self.padding[0]);
        top.saturating_sub(above)..(top + self.kernel[0]).min(self.image[0] + above) - above
    }

    /// The positions in a line of the output whose windows have column `j` within the plane, and that column of the
    /// first one in a line of the plane.
    #[inline(always)]
    fn column<const S: usize>(&self, j: usize) -> (Range<usize>, usize) {
        let (stride, left) = (self.stride::<S>(), self.padding[1]);
        let first = left.saturating_sub(j).div_ceil(stride);
        let end = (self.image[1] + left).saturating_sub(j).div_ceil(stride).min(self.output[1]);
        (first..end.max(first), first * stride + j - left)
    }

    /// The distance of windows in a line, which is `S` unless that is 0.
    #[inline(always)]
    fn stride<const S: usize>(&self) -> usize {
        if S > 0 { S } else { self.stride[1] }
    }

    /// How many lines of the output are a block.
    fn block(&self) -> usize {
        (BLOCK / self.image[1].max(1)).clamp(1, self.output[0])
    }

    /// Whether windows side by side fill the lines of a plane.
    fn fill_lines(&self) -> bool {
        self.kernel[1] == self.stride[1]
            && self.output[1] * self.stride[1] == self.image[1]
            && self.padding[1] == 0
    }

    /// The scratch memory for a block of lines of a plane.
    fn scratch(&self) -> usize {
        self.block().saturating_mul(self.image[1])
    }

    /// Joins the elements of the windows in some lines of the output, from line `first` on. Scratch memory as
    /// [`scratch`](Self::scratch) says.
    #[inline(always)]
    fn join<T: Real, const S: usize>(
        &self,
        x: &[T],
        first: usize,
        to: &mut [T],
        scratch: &mut [T],
        (start, join): (T, impl Fn(T, T) -> T + Copy),
    ) {
        let ([_, width], line) = (self.image, self.output[1]);
        let lines = to.len() / line;
        let down = &mut scratch[..lines * width];
        for (y, down) in down.chunks_exact_mut(width.max(1)).enumerate() {
            down.fill(start);
            for from in self.lines(first + y) {
                let from = &x[from * width..][..width];
                down.iter_mut().zip(from).for_each(|(to, &x)| *to = join(*to, x));
            }
        }
        to.fill(start);
        for j in 0..self.kernel[1] {
            let (positions, column) = self.column::<S>(j);
            if self.fill_lines() {
                join_strided::<T, S>(to, &down[j..], self.stride::<S>(), join);
            } else if !positions.is_empty() {
                for (to, down) in to.chunks_exact_mut(line).zip(down.chunks_exact(width)) {
                    join_strided::<T, S>(
                        &mut to[positions.clone()],
                        &down[column..],
                        self.stride::<S>(),
                        join,
                    );
                }
            }
        }
    }
}

/// Joins each element with one of `from`, in which they are `stride` apart.
#[inline(always)]
fn join_strided<T: Real, const S: usize>(to: &mut [T], from: &[T], stride: usize, join: impl Fn(T, T) -> T) {
    if S == 0 {
        to.iter_mut().zip(from.iter().step_by(stride)).for_each(|(to, &x)| *to = join(*to, x));
        return;
    }
    // All but the last have as many elements behind them.
    if let Some((last, rest)) = to.split_last_mut() {
        *last = join(*last, from[rest.len() * S]);
        rest.iter_mut().zip(from.chunks_exact(S.max(1))).for_each(|(to, x)| *to = join(*to, x[0]));
    }
}

impl RowsKernel for PoolKernel {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.windows.planes
    }

    fn reads(&self, input: usize, inputs: &[&[usize]], _: &[usize]) -> Reads {
        Reads::by_row(inputs[input], self.windows.planes)
    }

    fn flops(&self, _: &[&[usize]], _: &[usize]) -> usize {
        let Windows { planes, output, kernel, .. } = self.windows;
        [planes, output[0], output[1], kernel[0], kernel[1]]
            .iter()
            .fold(1, |flops, &n| n.saturating_mul(flops))
    }

    fn preferred_block_rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        // Small planes together, so that an epilogue is worth its beginning.
        let plane = output.iter().rev().take(2).product::<usize>();
        (BLOCK * 4 / plane.max(1)).clamp(1, self.windows.planes.max(1))
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        let lines = self.windows.block().saturating_mul(self.windows.output[1]);
        self.windows.scratch().saturating_add(lines.saturating_mul(2))
    }
}

impl<T: Real> Rows<T> for PoolKernel {
    fn evaluate(&self, call: Call<'_, T>) {
        let &PoolKernel { pooling, windows } = self;
        let first = call.inputs.get(0).real();
        let second = if call.inputs.len() > 1 { call.inputs.get(1).real() } else { &[] };
        let planes = Planes {
            pooling,
            windows,
            operands: [first, second],
            to: call.output.real(),
            scratch: call.scratch,
        };
        match windows.stride[1] {
            1 => dispatch(Strided::<T, 1>(planes)),
            2 => dispatch(Strided::<T, 2>(planes)),
            _ => dispatch(Strided::<T, 0>(planes)),
        }
    }
}

struct Planes<'a, T> {
    pooling: Pooling,
    windows: Windows,
    operands: [&'a [T]; 2],
    to: &'a mut [T],
    scratch: &'a mut [T],
}

/// Planes whose windows are `S` apart in a line; 0 if the stride is not known to the compiler.
struct Strided<'a, T, const S: usize>(Planes<'a, T>);

impl<T: Real, const S: usize> Body for Strided<'_, T, S> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Planes { pooling, windows, operands: [first, second], to, scratch } = self.0;
        let [image, output] = [windows.image, windows.output].map(|[height, width]| (height * width).max(1));
        let is_pooled = matches!(pooling, Pooling::Max | Pooling::MaxGather | Pooling::Mean);
        let firsts = first.chunks_exact(if pooling == Pooling::MeanScatter { output } else { image });
        let mut seconds = second.chunks_exact(if pooling == Pooling::MaxScatter { output } else { image });
        for (x, to) in firsts.zip(to.chunks_exact_mut(if is_pooled { output } else { image })) {
            let second = seconds.next().unwrap_or_default();
            match pooling {
                Pooling::Max => max::largest::<T, S>(&windows, x, to, scratch),
                Pooling::MaxScatter if two_by_two::fits(&windows) => {
                    two_by_two::scatter::<T, I>(&windows, (x, second), to, scratch);
                }
                Pooling::MaxScatter => max::scatter::<T, S>(&windows, (x, second), to, scratch),
                Pooling::MaxGather => max::gather::<T, S>(&windows, (x, second), to, scratch),
                Pooling::Mean => mean::mean::<T, S>(&windows, x, to, scratch),
                Pooling::MeanScatter => mean::scatter::<T, S>(&windows, x, to, scratch),
            }
        }
    }
}

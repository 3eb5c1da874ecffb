//! Convolutions of batches of images, and their two gradients.
//!
//! A window of an image is a column of a matrix: its rows are the places of the kernel, its columns the positions of
//! the output (Chellapilla, Puri and Simard, 2006: im2col; the book's chapter 7.4). The three products of a
//! convolution are matrix products with that matrix, which is never in memory as a whole:
//!
//! | product | is | how |
//! | --- | --- | --- |
//! | [`Forward`] | weight · columns | the right operand's panels are gathered from the image, each where it is needed |
//! | [`ByInput`] | weightᵀ · gradient, scattered | some columns at a time, which are added to the places of their windows |
//! | [`ByWeight`] | gradient · columnsᵀ | as forward, the panels turned; summed over blocks of images, and over these in a tree |
//!
//! Where gathering costs more than it earns, [windows are read in place](direct). The others run in the tiles of [`matmul`](super::matmul). An image with padding is copied into a frame of zeros first,
//! so that windows need no bounds.

mod by_input;
mod by_weight;
mod columns;
mod direct;
mod forward;

pub(crate) use by_input::ByInput;
pub(crate) use by_weight::ByWeight;
pub(crate) use forward::Forward;

use super::Real;
use columns::Windows;
use std::ops::Range;

/// So many elements of an output stay in the second-level cache for an epilogue.
const BLOCK: usize = 64 * 1024;

/// A convolution: the lengths of its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// The images of the batch.
    pub(crate) images: usize,
    /// The groups of channels, each with filters of its own.
    pub(crate) groups: usize,
    /// The channels of a group.
    pub(crate) channels: usize,
    /// The filters of a group.
    pub(crate) filters: usize,
    /// Height and width of an image.
    pub(crate) image: [usize; 2],
    /// Height and width of the kernel.
    pub(crate) kernel: [usize; 2],
    /// Height and width of the output.
    pub(crate) output: [usize; 2],
    /// The distance of two windows.
    pub(crate) stride: [usize; 2],
    /// The zeros on each side of an image.
    pub(crate) padding: [usize; 2],
    /// The distance of two elements of a window.
    pub(crate) dilation: [usize; 2],
}

/// Rows of an output in one image and one group.
struct Run {
    /// The image, counted from that of the first row.
    image: usize,
    group: usize,
    /// The filters or channels of the group.
    members: Range<usize>,
}

/// The product, at most `usize::MAX`: an operand without elements may have axes of any length.
fn times(lengths: &[usize]) -> usize {
    lengths.iter().fold(1, |product: usize, &length| product.saturating_mul(length))
}

impl Geometry {
    /// The positions of the output, for each filter.
    fn positions(&self) -> usize {
        times(&self.output)
    }

    /// The elements of a channel of an image.
    fn plane(&self) -> usize {
        times(&self.image)
    }

    /// The elements of a filter: the rows of the matrix of columns.
    fn places(&self) -> usize {
        times(&[self.channels, self.kernel[0], self.kernel[1]])
    }

    fn all_channels(&self) -> usize {
        times(&[self.groups, self.channels])
    }

    fn all_filters(&self) -> usize {
        times(&[self.groups, self.filters])
    }

    /// The elements of an image.
    fn image_elements(&self) -> usize {
        times(&[self.all_channels(), self.plane()])
    }

    /// The elements of the output of an image.
    fn output_elements(&self) -> usize {
        times(&[self.all_filters(), self.positions()])
    }

    /// The elements of the weight.
    fn weight_elements(&self) -> usize {
        times(&[self.all_filters(), self.places()])
    }

    /// The flops of each of the three products.
    fn flops(&self) -> usize {
        times(&[2, self.images, self.output_elements(), self.places()])
    }

    /// The windows of images in their frames of zeros.
    fn windows(&self) -> Windows {
        let padded =
            std::array::from_fn(|axis| self.image[axis].saturating_add(self.padding[axis].saturating_mul(2)));
        Windows {
            kernel: self.kernel,
            stride: self.stride,
            dilation: self.dilation,
            padded,
            output: self.output,
        }
    }

    /// The scratch memory of so many channels in their frames of zeros, in numbers.
    fn framed_scratch(&self, channels: usize) -> usize {
        if self.padding == [0; 2] { 0 } else { times(&[channels, self.windows().plane()]) }
    }

    /// The channels of a group of an image in frames of zeros, which are in scratch memory unless there is no padding.
    fn framed<'a, T: Real>(&self, channels: &'a [T], scratch: &'a mut [T]) -> &'a [T] {
        if self.padding == [0; 2] {
            return channels;
        }
        let framed = &mut scratch[..self.channels * self.windows().plane()];
        framed.fill(T::zero());
        for (to, from) in self.lines(framed).zip(channels.chunks_exact(self.image[1].max(1))) {
            to.copy_from_slice(from);
        }
        framed
    }

    /// Copies channels out of their frames.
    fn unframe<T: Real>(&self, framed: &mut [T], channels: &mut [T]) {
        for (from, to) in self.lines(framed).zip(channels.chunks_exact_mut(self.image[1].max(1))) {
            to.copy_from_slice(from);
        }
    }

    /// The lines of images within their frames.
    fn lines<'a, T>(&self, framed: &'a mut [T]) -> impl Iterator<Item = &'a mut [T]> {
        let ([height, width], [above, left], windows) = (self.image, self.padding, self.windows());
        framed.chunks_exact_mut(windows.plane()).flat_map(move |plane| {
            let lines = plane.chunks_exact_mut(windows.padded[1]).skip(above).take(height);
            lines.map(move |line| &mut line[left..left + width])
        })
    }

    /// The preferred number of rows of a block, of the output or of the images: `of_image` rows of so many elements
    /// are an image, fewer than `fewest` take longer. Whole images, unless they are large.
    fn preferred_rows(&self, of_image: usize, elements: usize, fewest: usize) -> usize {
        let image = times(&[of_image, elements]).max(1);
        if image > BLOCK {
            of_image.min((BLOCK / elements.max(1)).max(fewest))
        } else {
            of_image * (BLOCK / 4).div_ceil(image).min(self.images.max(1))
        }
    }

    /// Some rows of an output `[images, groups, members, …]`, cut where a group ends.
    fn runs(&self, rows: Range<usize>, members: usize) -> impl Iterator<Item = Run> + use<> {
        let (groups, first_image) = (self.groups, rows.start / (self.groups * members).max(1));
        let mut row = rows.start;
        std::iter::from_fn(move || {
            let (group, member) = (row / members.max(1), row % members.max(1));
            let count = (members - member).min(rows.end.saturating_sub(row));
            row += count;
            let run = Run {
                image: group / groups - first_image,
                group: group % groups,
                members: member..member + count,
            };
            (count > 0).then_some(run)
        })
    }
}

//! The matrix of the windows of an image: gathered from it in pieces, or added to it.

use crate::kernel::matmul::{DEPTH, Matrix, Panel, RightOperand, WIDEST, turn};
use crate::kernel::simd::{Body, InstructionSet, Real, Vector, dispatch};
use std::ops::Range;

/// The windows of channels of one size, each in its frame of zeros. Row (channel, i, j) of the matrix has the
/// elements at place (i, j) of the windows, column (y, x) the window at that position of the output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    pub(super) kernel: [usize; 2],
    pub(super) stride: [usize; 2],
    pub(super) dilation: [usize; 2],
    /// Height and width of an image in its frame.
    pub(super) padded: [usize; 2],
    pub(super) output: [usize; 2],
}

/// Neighboring positions in one line of the output.
#[derive(Debug, Clone, Copy)]
struct Segment {
    /// The first position, counted from the first of a range.
    at: usize,
    length: usize,
    /// The first element of its window at place (0, 0).
    start: usize,
}

impl Windows {
    /// The elements of a channel in its frame; at most `usize::MAX`.
    pub(super) fn plane(&self) -> usize {
        self.padded[0].saturating_mul(self.padded[1])
    }

    /// The places of a kernel.
    pub(super) fn places(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }

    /// The element of the window at position 0 that is in a row of the matrix.
    #[inline(always)]
    pub(super) fn offset(&self, row: usize) -> usize {
        let [height, width] = self.kernel;
        let (channel, i, j) = (row / (height * width), row / width % height, row % width);
        channel * self.plane() + i * self.dilation[0] * self.padded[1] + j * self.dilation[1]
    }

    #[inline(always)]
    fn segments(self, positions: Range<usize>) -> impl Iterator<Item = Segment> {
        let (line, below) = (self.output[1], self.stride[0] * self.padded[1]);
        // Where a line of windows continues the one above, all positions are one line.
        let whole = line * self.stride[1] == below;
        let mut position = positions.start;
        std::iter::from_fn(move || {
            let (y, x) = (position / line.max(1), position % line.max(1));
            let left = positions.end - position;
            let length = if whole { left } else { left.min(line - x) };
            let segment =
                Segment { at: position - positions.start, length, start: y * below + x * self.stride[1] };
            position += length;
            (length > 0).then_some(segment)
        })
    }
}

/// The most rows of the matrix whose offsets are known at a time.
pub(super) const ROWS: usize = DEPTH;

/// The matrix of the windows of one image, as the right operand of a product.
pub(super) struct Columns<'a, T> {
    windows: Windows,
    image: &'a [T],
    offsets: Offsets,
}

/// The offsets of some rows of the matrix.
struct Offsets {
    rows: Range<usize>,
    offsets: [usize; ROWS],
}

impl Offsets {
    fn new() -> Self {
        Offsets { rows: 0..0, offsets: [0; ROWS] }
    }

    /// The offsets of at most [`ROWS`] rows.
    fn of(&mut self, windows: &Windows, rows: Range<usize>) -> &[usize] {
        if self.rows != rows {
            self.offsets.iter_mut().zip(rows.clone()).for_each(|(to, row)| *to = windows.offset(row));
            self.rows = rows;
        }
        &self.offsets[..self.rows.len()]
    }
}

impl<T> Columns<'_, T> {
    /// The scratch memory of a panel, in numbers.
    pub(super) const SCRATCH: usize = DEPTH * WIDEST;
}

impl<'a, T: Real> Columns<'a, T> {
    /// The windows of an image in its frame.
    pub(super) fn new(windows: Windows, image: &'a [T]) -> Self {
        Columns { windows, image, offsets: Offsets::new() }
    }

    /// Some rows at some positions, row by row.
    fn gather(&mut self, rows: Range<usize>, positions: Range<usize>, to: &mut [T]) {
        let offsets = self.offsets.of(&self.windows, rows);
        dispatch(Gather { windows: self.windows, from: self.image, offsets, positions, to });
    }
}

impl<T: Real> RightOperand<T> for Columns<'_, T> {
    fn scratch(&self) -> usize {
        Self::SCRATCH
    }

    fn panel<'s>(
        &'s mut self,
        (depth, steps): (usize, usize),
        (column, left): (usize, usize),
        _: usize,
        lanes: usize,
        scratch: &'s mut [T],
    ) -> (usize, Panel<'s, T>) {
        let columns = left.min(2 * lanes);
        let values = &mut scratch[..steps * columns];
        self.gather(depth..depth + steps, column..column + columns, values);
        (columns, Panel { values, row: columns })
    }
}

/// The transpose of the matrix, as the right operand of a product.
pub(super) struct Turned<'a, T>(pub(super) Columns<'a, T>);

impl<T> Turned<'_, T> {
    /// The scratch memory of a panel, in numbers.
    pub(super) const SCRATCH: usize = 2 * DEPTH * WIDEST;
}

impl<T: Real> RightOperand<T> for Turned<'_, T> {
    fn scratch(&self) -> usize {
        Self::SCRATCH
    }

    fn panel<'s>(
        &'s mut self,
        (depth, steps): (usize, usize),
        (column, left): (usize, usize),
        _: usize,
        lanes: usize,
        scratch: &'s mut [T],
    ) -> (usize, Panel<'s, T>) {
        let columns = left.min(2 * lanes);
        let (gathered, values) = scratch.split_at_mut(steps * columns);
        let values = &mut values[..steps * columns];
        self.0.gather(column..column + columns, depth..depth + steps, gathered);
        turn(Matrix { values: gathered, row: 1, column: steps }, columns, values);
        (columns, Panel { values, row: columns })
    }
}

struct Gather<'a, T> {
    windows: Windows,
    from: &'a [T],
    offsets: &'a [usize],
    positions: Range<usize>,
    /// A line of the positions for each offset.
    to: &'a mut [T],
}

/// The element of a segment that is furthest in its image, for a row of the matrix with this offset.
#[inline(always)]
fn furthest(segment: &Segment, offset: usize, stride: usize) -> usize {
    offset + segment.start + (segment.length - 1) * stride
}

impl<T: Real> Body for Gather<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Gather { windows, from, offsets, positions, to } = self;
        let (lanes, width, stride) = (T::Register::<I>::LANES, positions.len(), windows.stride[1]);
        assert_eq!(to.len(), offsets.len() * width, "a line for each offset");
        let largest = offsets.iter().copied().max().unwrap_or(0);
        for segment in windows.segments(positions) {
            assert!(furthest(&segment, largest, stride) < from.len(), "a window outside of its image");
            let Segment { at, length, start } = segment;
            if stride != 1 {
                for (line, &offset) in to.chunks_exact_mut(width).zip(offsets) {
                    let from = from[offset + start..].iter().step_by(stride);
                    line[at..at + length].iter_mut().zip(from).for_each(|(to, &from)| *to = from);
                }
                continue;
            }
            for first in (0..length).step_by(lanes) {
                let count = lanes.min(length - first);
                let mut line = to.as_mut_ptr().wrapping_add(at + first);
                for &offset in offsets {
                    let from = from.as_ptr().wrapping_add(offset + start + first);
                    // SAFETY: `dispatch` has found the processor to have the instruction set `I`. The segment lies
                    // within the image at each offset, as asserted, and within each of as many lines.
                    unsafe {
                        if count == lanes {
                            T::Register::<I>::load(from).store(line);
                        } else {
                            T::Register::<I>::load_part(from, count).store_part(line, count);
                        }
                    }
                    line = line.wrapping_add(width);
                }
            }
        }
    }
}

/// Adds rows of the matrix at some positions, row by row in `from`, to the places of their windows. At most [`ROWS`]
/// rows.
pub(super) fn scatter<T: Real>(
    windows: Windows,
    from: &[T],
    rows: Range<usize>,
    positions: Range<usize>,
    to: &mut [T],
) {
    let mut offsets = Offsets::new();
    dispatch(Scatter { windows, from, offsets: offsets.of(&windows, rows), positions, to });
}

struct Scatter<'a, T> {
    windows: Windows,
    /// A line of the positions for each offset.
    from: &'a [T],
    offsets: &'a [usize],
    positions: Range<usize>,
    to: &'a mut [T],
}

impl<T: Real> Body for Scatter<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let Scatter { windows, from, offsets, positions, to } = self;
        let (lanes, width, stride) = (T::Register::<I>::LANES, positions.len(), windows.stride[1]);
        let places = windows.places();
        assert_eq!(from.len(), offsets.len() * width, "a line for each offset");
        let largest = offsets.iter().copied().max().unwrap_or(0);
        for segment in windows.segments(positions) {
            assert!(furthest(&segment, largest, stride) < to.len(), "a window outside of its image");
            let Segment { at, length, start } = segment;
            if stride != 1 {
                for (line, &offset) in from.chunks_exact(width).zip(offsets) {
                    let to = to[offset + start..].iter_mut().step_by(stride);
                    line[at..at + length].iter().zip(to).for_each(|(&from, to)| *to += from);
                }
                continue;
            }
            for first in (0..length).step_by(lanes) {
                let count = lanes.min(length - first);
                // One channel after the other, and down before right: what was written is not read again before it
                // has arrived in the cache.
                for place in (0..windows.kernel[1]).flat_map(|j| (j..places).step_by(windows.kernel[1])) {
                    for row in (place..offsets.len()).step_by(places) {
                        let from = from.as_ptr().wrapping_add(row * width + at + first);
                        let to = to.as_mut_ptr().wrapping_add(offsets[row] + start + first);
                        // SAFETY: `dispatch` has found the processor to have the instruction set `I`. The segment
                        // lies within the image at each offset, as asserted, and within each of as many lines.
                        unsafe {
                            if count == lanes {
                                T::Register::<I>::load(to).add(T::Register::<I>::load(from)).store(to);
                            } else {
                                let sum = T::Register::<I>::load_part(to, count);
                                sum.add(T::Register::<I>::load_part(from, count)).store_part(to, count);
                            }
                        }
                    }
                }
            }
        }
    }
}

//! The gradient of a convolution by its images, which is the transposed convolution.

use super::Geometry;
use super::columns::{ROWS, scatter};
use crate::kernel::matmul::{self, Matrix, product};
use crate::kernel::{Call, Reads, Real, Rows, RowsKernel};
use std::ops::Range;

/// The columns that are computed at a time: with [`ROWS`] rows they stay in the second-level cache.
const COLUMNS: usize = 128;

/// The gradient `[images, channels, height, width]` from the gradient of the output and the weight. A row of it is
/// one channel of one image.
#[derive(Debug)]
pub(crate) struct ByInput(pub(crate) Geometry);

impl ByInput {
    /// The channels that are computed at a time: equally many each time, of whose columns there are at most [`ROWS`]
    /// rows, if one channel has not more.
    fn channels(&self) -> usize {
        let channels = self.0.channels.max(1);
        let most = (ROWS / self.0.windows().places().max(1)).clamp(1, channels);
        channels.div_ceil(channels.div_ceil(most))
    }

    /// The elements of the columns that are computed at a time.
    fn columns(&self) -> usize {
        let places = self.channels().saturating_mul(self.0.windows().places());
        places.saturating_mul(COLUMNS.min(self.0.positions()))
    }

    /// Adds the gradients of some channels of a group to `planes`, which are in their frames. `weight` begins with
    /// the first filter of the group, `gradient` has the gradients of the outputs of its filters.
    fn add<T: Real>(
        &self,
        (gradient, weight): (&[T], &[T]),
        channels: Range<usize>,
        planes: &mut [T],
        scratch: &mut [T],
    ) {
        let (geometry, windows) = (&self.0, self.0.windows());
        let (places, positions) = (geometry.places(), geometry.positions());
        let rows = channels.len() * windows.places();
        let (columns, scratch) = scratch.split_at_mut(self.columns());
        let filters =
            Matrix { values: weight, row: 1, column: places }.from(channels.start * windows.places(), 0);
        let gradient = Matrix { values: gradient, row: positions, column: 1 };
        for first in (0..positions).step_by(COLUMNS) {
            let count = COLUMNS.min(positions - first);
            let columns = &mut columns[..rows * count];
            let shape = (places, geometry.filters, count);
            product(filters, gradient.from(0, first), shape, rows, columns, scratch);
            for (block, columns) in columns.chunks(ROWS * count).enumerate() {
                let rows = block * ROWS..block * ROWS + columns.len() / count;
                scatter(windows, columns, rows, first..first + count, planes);
            }
        }
    }
}

impl RowsKernel for ByInput {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.images.saturating_mul(self.0.all_channels())
    }

    fn reads(&self, input: usize, _: &[&[usize]], _: &[usize]) -> Reads {
        if input == 0 { Reads::blocks(self.0.all_channels(), self.0.output_elements()) } else { Reads::ALL }
    }

    fn flops(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.flops()
    }

    fn preferred_block_rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.preferred_rows(self.0.all_channels(), self.0.plane(), self.channels())
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        let rows = self.channels().saturating_mul(self.0.windows().places());
        let of_product = |columns| matmul::scratch(rows, self.0.filters, columns);
        let product = of_product(COLUMNS).max(of_product(self.0.positions() % COLUMNS));
        let framed = self.0.framed_scratch(self.channels());
        framed.saturating_add(self.columns()).saturating_add(product)
    }
}

impl<T: Real> Rows<T> for ByInput {
    fn evaluate(&self, call: Call<'_, T>) {
        let (geometry, windows, mut output) = (&self.0, self.0.windows(), call.output.real());
        let (gradient, weight) = (call.inputs.get(0).real(), call.inputs.get(1).real());
        let of_group = geometry.filters * geometry.positions();
        let (framed, scratch) = call.scratch.split_at_mut(geometry.framed_scratch(self.channels()));
        output.fill(T::zero());
        for run in geometry.runs(call.rows, geometry.channels) {
            let gradient = &gradient[(run.image * geometry.groups + run.group) * of_group..][..of_group];
            let weight = &weight[run.group * geometry.filters * geometry.places()..];
            for first in run.members.clone().step_by(self.channels()) {
                let channels = first..run.members.end.min(first + self.channels());
                let (planes, rest) = output.split_at_mut(channels.len() * geometry.plane());
                output = rest;
                if geometry.padding == [0; 2] {
                    self.add((gradient, weight), channels, planes, scratch);
                    continue;
                }
                let framed = &mut framed[..channels.len() * windows.plane()];
                framed.fill(T::zero());
                self.add((gradient, weight), channels, framed, scratch);
                geometry.unframe(framed, planes);
            }
        }
    }
}

//! The convolution itself.

use super::Geometry;
use super::columns::Columns;
use super::direct;
use crate::kernel::matmul::{Matrix, blocks_scratch, product_of_blocks};
use crate::kernel::{Call, Reads, Real, Rows, RowsKernel};

/// Fewer filters at a time are not worth the windows that are gathered for them.
const FEWEST_FILTERS: usize = 96;

/// The output `[images, filters, height, width]` from images `[images, channels, height, width]` and a weight
/// `[filters, channels of a group, height, width]`. A row of it is one filter of one image.
#[derive(Debug)]
pub(crate) struct Forward(pub(crate) Geometry);

impl RowsKernel for Forward {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.images.saturating_mul(self.0.all_filters())
    }

    fn reads(&self, input: usize, _: &[&[usize]], _: &[usize]) -> Reads {
        if input == 0 { Reads::blocks(self.0.all_filters(), self.0.image_elements()) } else { Reads::ALL }
    }

    fn flops(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.flops()
    }

    fn preferred_block_rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.preferred_rows(self.0.all_filters(), self.0.positions(), FEWEST_FILTERS)
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        let Geometry { filters, channels, .. } = self.0;
        let product = if self.0.windows().suit_lines(filters) {
            direct::lines_scratch(filters, self.0.places())
        } else {
            blocks_scratch(filters, self.0.places(), self.0.positions(), Columns::<f32>::SCRATCH)
        };
        self.0.framed_scratch(channels).saturating_add(product)
    }
}

impl<T: Real> Rows<T> for Forward {
    fn evaluate(&self, call: Call<'_, T>) {
        let (geometry, mut output) = (&self.0, call.output.real());
        let (x, weight) = (call.inputs.get(0).real(), call.inputs.get(1).real());
        let (channels, places) = (geometry.channels * geometry.plane(), geometry.places());
        let (framed, scratch) = call.scratch.split_at_mut(geometry.framed_scratch(geometry.channels));
        for run in geometry.runs(call.rows, geometry.filters) {
            let image = &x[(run.image * geometry.groups + run.group) * channels..][..channels];
            let image = geometry.framed(image, framed);
            let (c, rest) = output.split_at_mut(run.members.len() * geometry.positions());
            output = rest;
            if geometry.windows().suit_lines(geometry.filters) {
                let first = (run.group * geometry.filters + run.members.start) * places;
                let weight = &weight[first..first + run.members.len() * places];
                direct::lines(geometry.windows(), image, weight, c, scratch);
                continue;
            }
            let columns = Columns::new(geometry.windows(), image);
            let filters = Matrix { values: weight, row: places, column: 1 }
                .from(run.group * geometry.filters + run.members.start, 0);
            product_of_blocks(filters, columns, (places, geometry.positions()), false, c, scratch);
        }
    }
}

//! The gradient of a convolution by its weight.

use super::Geometry;
use super::columns::{Columns, Turned};
use super::direct::{Sums, sums_scratch};
use crate::kernel::matmul::{Matrix, blocks_scratch, product_of_blocks};
use crate::kernel::reduce::{Join, OverAxes, Tree, power_of_two, tree_scratch};
use crate::kernel::{Call, Reads, Real, Rows, RowsKernel, Stages};
use std::ops::Range;
use std::sync::Arc;

/// About as many blocks of images are summed apart: enough for eight threads.
const BLOCKS: usize = 16;

/// The gradient `[filters, channels of a group, height, width]` from the images and the gradient of the output. A row
/// of it is one filter.
///
/// It is summed over blocks of images, whose sums a tree combines. In a block, the images come in order.
#[derive(Debug, Clone)]
pub(crate) struct ByWeight(pub(crate) Geometry);

impl ByWeight {
    /// The images of a block: a power of two, so that the blocks of halves of a batch are blocks of the batch. The
    /// sums of all blocks take no more memory than the operands.
    fn block(&self) -> usize {
        let Geometry { images, .. } = self.0;
        let of_image = self.0.image_elements().saturating_add(self.0.output_elements());
        let mut block = power_of_two(images / BLOCKS);
        while block < images
            && images.div_ceil(block).saturating_mul(self.0.weight_elements())
                > images.saturating_mul(of_image)
        {
            block *= 2;
        }
        block
    }

    fn blocks(&self) -> usize {
        self.0.images.div_ceil(self.block())
    }

    /// The elements of both operands in a block.
    fn operands_of_block(&self) -> [usize; 2] {
        [self.0.image_elements(), self.0.output_elements()]
            .map(|elements| elements.saturating_mul(self.block()))
    }

    /// The parts of both operands in a block.
    fn block_of<'a, T>(&self, operands: [&'a [T]; 2], block: usize) -> [&'a [T]; 2] {
        let lengths = self.operands_of_block();
        std::array::from_fn(|input| {
            let end = operands[input].len();
            &operands[input][(block * lengths[input]).min(end)..((block + 1) * lengths[input]).min(end)]
        })
    }

    /// The sum over these images for some filters.
    fn sum<T: Real>(
        &self,
        [x, gradient]: [&[T]; 2],
        filters: Range<usize>,
        mut to: &mut [T],
        scratch: &mut [T],
    ) {
        let geometry = &self.0;
        let (channels, places) = (geometry.channels * geometry.plane(), geometry.places());
        let (positions, images) = (geometry.positions(), gradient.len() / geometry.output_elements().max(1));
        let (framed, scratch) = scratch.split_at_mut(geometry.framed_scratch(geometry.channels));
        to.fill(T::zero());
        for run in geometry.runs(filters, geometry.filters) {
            let (c, rest) = to.split_at_mut(run.members.len() * places);
            to = rest;
            let groups = (0..images).map(|image| image * geometry.groups + run.group);
            if geometry.windows().suit_sums(geometry.filters, places) {
                let mut sums = Sums::new(geometry.windows(), run.members.len(), places, scratch);
                for group in groups {
                    let x = geometry.framed(&x[group * channels..][..channels], framed);
                    let first = (group * geometry.filters + run.members.start) * positions;
                    sums.add(x, &gradient[first..first + run.members.len() * positions]);
                }
                sums.finish(c);
                continue;
            }
            for group in groups {
                let x = geometry.framed(&x[group * channels..][..channels], framed);
                let columns = Turned(Columns::new(geometry.windows(), x));
                let gradient = Matrix { values: gradient, row: positions, column: 1 }
                    .from(group * geometry.filters + run.members.start, 0);
                product_of_blocks(gradient, columns, (positions, places), true, c, scratch);
            }
        }
    }

    /// The scratch memory of [`sum`](Self::sum).
    fn scratch_of_sum(&self) -> usize {
        let Geometry { channels, filters, .. } = self.0;
        let (positions, places) = (self.0.positions(), self.0.places());
        let product = if self.0.windows().suit_sums(filters, places) {
            sums_scratch(filters, places)
        } else {
            blocks_scratch(filters, positions, places, Turned::<f32>::SCRATCH)
        };
        self.0.framed_scratch(channels).saturating_add(product)
    }
}

impl RowsKernel for ByWeight {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.all_filters()
    }

    fn flops(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.flops()
    }

    fn stages(&self, _: &[&[usize]], _: &[usize]) -> Option<Stages> {
        let (blocks, elements) = (self.blocks(), self.0.weight_elements());
        (blocks > 1).then(|| Stages {
            shape: vec![blocks, elements],
            first: Arc::new(Blocks(self.clone())).into(),
            second: Arc::new(OverAxes::of_blocks(blocks, elements)).into(),
        })
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        tree_scratch(self.blocks(), self.0.weight_elements()).saturating_add(self.scratch_of_sum())
    }
}

impl<T: Real> Rows<T> for ByWeight {
    fn evaluate(&self, call: Call<'_, T>) {
        let operands = [0, 1].map(|input| call.inputs.get(input).real());
        let output = call.output.real();
        if self.blocks() < 2 {
            return self.sum(operands, call.rows, output, call.scratch);
        }
        let (of_tree, scratch) = call.scratch.split_at_mut(tree_scratch(self.blocks(), output.len()));
        let mut tree = Tree::new(Join::Sum, output.len(), of_tree);
        for block in 0..self.blocks() {
            self.sum(self.block_of(operands, block), call.rows.clone(), tree.next(), scratch);
            tree.push();
        }
        output.copy_from_slice(tree.finish());
    }
}

/// The first stage: the sums of blocks of images, one in a row.
#[derive(Debug)]
struct Blocks(ByWeight);

impl RowsKernel for Blocks {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.blocks()
    }

    fn reads(&self, input: usize, _: &[&[usize]], _: &[usize]) -> Reads {
        Reads::blocks(1, self.0.operands_of_block()[input])
    }

    fn flops(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.0.flops()
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.scratch_of_sum()
    }
}

impl<T: Real> Rows<T> for Blocks {
    fn evaluate(&self, call: Call<'_, T>) {
        // The operands begin with the first block of these rows.
        let operands = [0, 1].map(|input| call.inputs.get(input).real());
        let (elements, filters) = (self.0.0.weight_elements(), self.0.0.all_filters());
        for (block, output) in call.output.real().chunks_exact_mut(elements.max(1)).enumerate() {
            self.0.sum(self.0.block_of(operands, block), 0..filters, output, call.scratch);
        }
    }
}

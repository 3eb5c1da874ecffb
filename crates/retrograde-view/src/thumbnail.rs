//! Chooses the picture of a tensor: images as images, the weights of a first layer as one picture per unit, and others with
//! a cell for each element.

use super::heat_map::{HeatMap, Shades};
use super::trace::{NodeKind, Trace, Value};
use retrograde_core::graph::Tensor;

/// Larger tensors have no picture.
const MOST: usize = 1 << 18;
/// The smallest side of tensors that are recognized as images.
const SMALLEST_IMAGE: usize = 8;
/// A vector longer than this is wrapped.
const LONGEST_ROW: usize = 128;
/// The largest size of a matrix cell.
const CELL: f64 = 7.0;
/// The largest thumbnail.
const LARGEST: [f64; 2] = [116.0, 46.0];
/// The number of images or units of a thumbnail, and the number side by side.
const FEW: [usize; 2] = [10, 5];

/// The kinds of pictures of a trace: of each node, for its value and its gradient alike.
#[derive(Debug)]
pub(super) struct Thumbnails {
    kinds: Vec<Kind>,
}

/// The meaning of the elements of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A row for each image with this side length.
    Images(usize),
    /// A column for each unit, with a weight for each pixel of an image with this side length.
    Units(usize),
    /// Other numbers.
    Numbers,
}

/// A picture with its size on the screen.
#[derive(Debug)]
pub(super) struct Thumbnail {
    pub(super) picture: HeatMap,
    pub(super) size: [f64; 2],
}

impl Thumbnails {
    pub(super) fn new(trace: &Trace) -> Self {
        let nodes = trace.nodes();
        let mut kinds: Vec<Kind> = (0..nodes.len()).map(|node| image(trace, node)).collect();
        for node in nodes {
            let operands: Vec<usize> = node.inputs.iter().map(|&edge| trace.edges()[edge].from).collect();
            if let [images, weights] = operands[..]
                && let Kind::Images(side) = kinds[images]
                && let [rows, _] = nodes[weights].value.shape()[..]
                && rows == side * side
                && nodes[weights].is_leaf()
            {
                kinds[weights] = Kind::Units(side);
            }
        }
        Thumbnails { kinds }
    }

    pub(super) fn kind(&self, node: usize) -> Kind {
        self.kinds[node]
    }

    /// The picture of all elements of a node's value, or of its gradient.
    pub(super) fn picture(&self, node: usize, tensor: &Tensor, is_gradient: bool) -> Option<HeatMap> {
        self.first(node, tensor, is_gradient, [usize::MAX, 10])
    }

    /// A small picture of the first images or units.
    pub(super) fn thumbnail(&self, node: usize, tensor: &Tensor, is_gradient: bool) -> Option<Thumbnail> {
        let picture = self.first(node, tensor, is_gradient, FEW)?;
        let [width, height] = [picture.width() as f64, picture.height() as f64];
        let size = match self.kind(node) {
            Kind::Numbers => [0, 1].map(|axis| ([width, height][axis] * CELL).clamp(CELL, LARGEST[axis])),
            Kind::Images(_) | Kind::Units(_) => {
                let scale = (LARGEST[0] / width).min(1.25 * LARGEST[1] / height).min(1.5);
                [width * scale, height * scale]
            }
        };
        Some(Thumbnail { picture, size })
    }

    fn first(
        &self,
        node: usize,
        tensor: &Tensor,
        is_gradient: bool,
        [count, across]: [usize; 2],
    ) -> Option<HeatMap> {
        let values = tensor.values();
        if !(2..=MOST).contains(&values.len()) {
            return None;
        }
        let signed = Shades::signed_for(values);
        let shape = &tensor.shape()[..];
        Some(match self.kinds[node] {
            Kind::Images(side) => {
                let shades = if is_gradient { signed } else { Shades::gray(0.0, 1.0) };
                let shown = values.len().min(count.saturating_mul(side * side));
                HeatMap::images(&values[..shown], [side, side], across, shades)
            }
            Kind::Units(side) => {
                let units = shape[1];
                let pixels = side * side;
                let unit = |unit: usize| (0..pixels).map(move |pixel| values[pixel * units + unit]);
                let images: Vec<f64> = (0..units.min(count)).flat_map(unit).collect();
                HeatMap::images(&images, [side, side], across, signed)
            }
            Kind::Numbers => {
                let last = shape.last().copied().unwrap_or(1);
                let wraps = shape.len() == 1 && last > LONGEST_ROW;
                HeatMap::matrix(values, if wraps { LONGEST_ROW / 2 } else { last }, signed)
            }
        })
    }
}

/// Whether a node is an input of rows of square images with values from 0 to 1.
fn image(trace: &Trace, node: usize) -> Kind {
    let node = &trace.nodes()[node];
    let given = matches!(node.what, NodeKind::Leaf("input" | "constant"));
    if let (true, Value::Real(tensor), [_, pixels]) = (given, &node.value, &node.value.shape()[..]) {
        let side = pixels.isqrt();
        let is_square = side >= SMALLEST_IMAGE && side * side == *pixels;
        if is_square && tensor.values().iter().all(|x| (0.0..=1.0).contains(x)) {
            return Kind::Images(side);
        }
    }
    Kind::Numbers
}

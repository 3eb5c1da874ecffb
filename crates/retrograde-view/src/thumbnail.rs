//! Chooses the picture of a tensor: images as images, the weights of a first layer as one picture per unit, tensors of four
//! axes (feature maps, filters, attention) as one tile for each of their matrices, and others with a cell for each element.

use super::heat_map::{HeatMap, Shades};
use super::trace::{NodeKind, Trace, TracedNode, Value};
use retrograde_core::graph::Tensor;

/// A picture has no more elements. Larger tensors have one of their first tiles, or none.
const MOST: usize = 1 << 18;
/// The smallest side of tensors that are recognized as images.
const SMALLEST_IMAGE: usize = 8;
/// A vector longer than this is wrapped.
const LONGEST_ROW: usize = 128;
/// The largest size of a matrix cell.
const CELL: f64 = 7.0;
/// The largest thumbnail.
const LARGEST: [f64; 2] = [116.0, 46.0];
/// The number of tiles of a thumbnail, and the number side by side.
const FEW: [usize; 2] = [10, 5];
/// The number of tiles side by side, and the largest number of channels that are kept side by side.
const ACROSS: [usize; 2] = [10, 32];
/// Tiles smaller than this are enlarged to it, if there is room.
const TILE: f64 = 24.0;

/// The kinds of pictures of a trace: of each node, for its value and its gradient alike.
#[derive(Debug)]
pub(super) struct Thumbnails {
    kinds: Vec<Kind>,
}

/// The meaning of the elements of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A row for each image of these rows and columns, with values from 0 to 1.
    Images([usize; 2]),
    /// A column for each unit, with a weight for each pixel of an image of these rows and columns.
    Units([usize; 2]),
    /// Matrices of these rows and columns, the last two axes: feature maps, filters, attention.
    Tiles([usize; 2]),
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
        let mut kinds: Vec<Kind> = Vec::with_capacity(nodes.len());
        for node in nodes {
            let operands: Vec<usize> = node.inputs.iter().map(|&edge| trace.edges()[edge].from).collect();
            let kind = match operands[..] {
                [images] if is_the_same(kinds[images], &nodes[images].value, &node.value) => kinds[images],
                _ => kind(node),
            };
            kinds.push(kind);
            if let [images, weights] = operands[..]
                && let Kind::Images(tile @ [height, width]) = kinds[images]
                && let [rows, _] = nodes[weights].value.shape()[..]
                && rows == height * width
                && nodes[weights].is_leaf()
            {
                kinds[weights] = Kind::Units(tile);
            }
        }
        Thumbnails { kinds }
    }

    pub(super) fn kind(&self, node: usize) -> Kind {
        self.kinds[node]
    }

    /// A small picture of the first tiles.
    pub(super) fn thumbnail(&self, node: usize, tensor: &Tensor, is_gradient: bool) -> Option<Thumbnail> {
        self.kinds[node].thumbnail(tensor, is_gradient)
    }
}

impl Kind {
    /// The kind of a value that is no leaf.
    pub(super) fn of_shape(shape: &[usize]) -> Self {
        match *shape {
            [_, _, .., height, width] if height * width > 1 => Kind::Tiles([height, width]),
            _ => Kind::Numbers,
        }
    }

    /// The picture of all elements of a value of this kind, or of its gradient.
    pub(super) fn picture(self, tensor: &Tensor, is_gradient: bool) -> Option<HeatMap> {
        self.first(tensor, is_gradient, [usize::MAX, ACROSS[0]])
    }

    /// A small picture of the first tiles.
    pub(super) fn thumbnail(self, tensor: &Tensor, is_gradient: bool) -> Option<Thumbnail> {
        let picture = self.first(tensor, is_gradient, FEW)?;
        let [width, height] = [picture.width() as f64, picture.height() as f64];
        let size = match self {
            Kind::Numbers => [0, 1].map(|axis| ([width, height][axis] * CELL).clamp(CELL, LARGEST[axis])),
            Kind::Images(tile) | Kind::Units(tile) | Kind::Tiles(tile) => {
                let most = (TILE / tile[0].max(tile[1]) as f64).max(1.5);
                let scale = (LARGEST[0] / width).min(1.25 * LARGEST[1] / height).min(most);
                [width * scale, height * scale]
            }
        };
        Some(Thumbnail { picture, size })
    }

    fn first(self, tensor: &Tensor, is_gradient: bool, [count, across]: [usize; 2]) -> Option<HeatMap> {
        let values = tensor.values();
        let is_tiled = matches!(self, Kind::Images(_) | Kind::Tiles(_));
        if values.len() < 2 || (values.len() > MOST && !is_tiled) {
            return None;
        }
        let signed = Shades::signed_for(values);
        let shape = &tensor.shape()[..];
        Some(match self {
            Kind::Images(tile) | Kind::Tiles(tile) => {
                let is_gray = matches!(self, Kind::Images(_)) && !is_gradient;
                let shades = if is_gray { Shades::gray(0.0, 1.0) } else { signed };
                let size = tile[0] * tile[1];
                let shown = values.len().min(count.min((MOST / size).max(1)).saturating_mul(size));
                let channels = if let [.., channels, _, _] = *shape { channels } else { 1 };
                HeatMap::images(&values[..shown], tile, side_by_side(channels, across), shades)
            }
            Kind::Units(tile) => {
                let units = shape[1];
                let pixels = tile[0] * tile[1];
                let unit = |unit: usize| (0..pixels).map(move |pixel| values[pixel * units + unit]);
                let images: Vec<f64> = (0..units.min(count)).flat_map(unit).collect();
                HeatMap::images(&images, tile, across, signed)
            }
            Kind::Numbers => {
                let last = shape.last().copied().unwrap_or(1);
                let wraps = shape.len() == 1 && last > LONGEST_ROW;
                HeatMap::matrix(values, if wraps { LONGEST_ROW / 2 } else { last }, signed)
            }
        })
    }
}

/// The number of tiles side by side: whole images of so many channels, if they fit.
fn side_by_side(channels: usize, across: usize) -> usize {
    match channels {
        0 => across,
        _ if channels <= across => across - across % channels,
        // A thumbnail has no room for them.
        _ if across == ACROSS[0] && channels <= ACROSS[1] => channels,
        _ => across,
    }
}

/// Whether a value has the numbers of images, in their order: it is their reshape.
fn is_the_same(kind: Kind, images: &Value, value: &Value) -> bool {
    let (Kind::Images(_), Value::Real(images), Value::Real(value)) = (kind, images, value) else {
        return false;
    };
    images.shape() != value.shape() && images.values() == value.values()
}

fn kind(node: &TracedNode) -> Kind {
    let Value::Real(tensor) = &node.value else { return Kind::Numbers };
    let is_image = || {
        let is_given = matches!(node.what, NodeKind::Leaf("input" | "constant"));
        is_given && tensor.values().iter().all(|x| (0.0..=1.0).contains(x))
    };
    match tensor.shape()[..] {
        // Rows of square images.
        [_, pixels] => {
            let side = pixels.isqrt();
            let is_square = side >= SMALLEST_IMAGE && side * side == pixels;
            if is_square && is_image() { Kind::Images([side, side]) } else { Kind::Numbers }
        }
        [_, _, .., height, width] if height * width > 1 => {
            let is_large = height.min(width) >= SMALLEST_IMAGE;
            if is_large && is_image() {
                Kind::Images([height, width])
            } else {
                Kind::of_shape(tensor.shape())
            }
        }
        _ => Kind::Numbers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Explain, Tracer};
    use retrograde_base::Result;
    use retrograde_core::graph::Graph;
    use retrograde_core::ops::Conv2dOptions;

    fn numbers(count: usize, of: fn(f64) -> f64) -> Vec<f64> {
        (0..count).map(|at| of(at as f64)).collect()
    }

    /// The picture is that of the expected tiles, pixel by pixel, for the value and the gradient of a node.
    fn expect(trace: &Trace, label: &str, [rows, columns]: [usize; 2], across: usize, is_gray: bool) {
        let shown = Thumbnails::new(trace);
        let at = trace.nodes().iter().position(|node| node.label == label).expect("a node of this label");
        let node = &trace.nodes()[at];
        let Value::Real(value) = &node.value else { panic!("{label} is real") };
        let gradient = node.gradient.as_ref();
        for (tensor, is_gradient) in std::iter::once((value, false)).chain(gradient.map(|one| (one, true))) {
            let largest = tensor.values().iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            assert!(largest > 0.0, "{label} has numbers other than 0");
            let is_gray = is_gray && !is_gradient;
            let shades = if is_gray { Shades::gray(0.0, 1.0) } else { Shades::signed(largest) };
            let expected = HeatMap::images(tensor.values(), [rows, columns], across, shades);
            let found = shown.kind(at).picture(tensor, is_gradient).expect("a picture");
            assert_eq!([found.width(), found.height()], [expected.width(), expected.height()], "{label}");
            assert!(found.png() == expected.png(), "the pixels of {label}, gradient: {is_gradient}");
            assert!(shown.thumbnail(at, tensor, is_gradient).is_some(), "{label}");
        }
    }

    #[test]
    fn feature_maps_filters_and_images_are_tiles() -> Result<()> {
        let graph = Graph::new();
        let x = graph.input("x", [2, 81]);
        let images = x.reshape([2, 1, 9, 9]).named("images");
        let filters = graph.parameter("filters", Tensor::new([3, 1, 3, 2], numbers(18, f64::sin))?);
        let maps = images.conv2d(&filters, Conv2dOptions::default()).named("maps");
        let loss = (&maps * &maps).sum_all().named("loss");
        let trace = Tracer::new(&loss).set(&x, &numbers(162, |at| at.sin().abs())).trace()?;
        expect(&trace, "x", [9, 9], 10, true);
        expect(&trace, "images", [9, 9], 10, true);
        // One channel: ten filters side by side; three channels: three images.
        expect(&trace, "filters", [3, 2], 10, false);
        expect(&trace, "maps", [7, 8], 9, false);
        Ok(())
    }

    #[test]
    fn attention_weights_are_a_tile_for_each_head() -> Result<()> {
        let graph = Graph::new();
        let queries = graph.parameter("queries", Tensor::new([2, 3, 4, 5], numbers(120, f64::sin))?);
        let keys = graph.parameter("keys", Tensor::new([2, 3, 4, 5], numbers(120, f64::cos))?);
        let attention = queries.matmul_t(&keys).softmax(3).named("attention");
        let trace = (&attention * &attention).sum_all().trace()?;
        expect(&trace, "attention", [4, 4], 9, false);
        expect(&trace, "queries", [4, 5], 9, false);
        Ok(())
    }

    /// Feature maps of a whole batch are larger than any picture: the first ones are shown.
    #[test]
    fn of_a_large_value_the_first_tiles_are_shown() -> Result<()> {
        let graph = Graph::new();
        let [side, channels] = [32, 20];
        let size = side * side;
        let count = 2 * MOST;
        let maps = Tensor::new(
            [count / size / channels, channels, side, side],
            numbers(count / size / channels * channels * size, f64::sin),
        )?;
        let maps = graph.parameter("maps", maps);
        let trace = (&maps * &maps).sum_all().trace()?;
        let shown = Thumbnails::new(&trace);
        let Value::Real(value) = &trace.nodes()[0].value else { panic!("maps are real") };
        let picture = shown.kind(0).picture(value, false).expect("a picture");
        let first = &value.values()[..MOST / size * size];
        let largest = value.values().iter().fold(0.0_f64, |most, x| most.max(x.abs()));
        assert!(
            picture.png() == HeatMap::images(first, [side, side], channels, Shades::signed(largest)).png()
        );
        let small = shown.thumbnail(0, value, false).expect("a thumbnail").picture;
        assert_eq!([small.width(), small.height()], [5 * 33 - 1, 2 * 33 - 1]);
        Ok(())
    }

    #[test]
    fn channels_stand_side_by_side() {
        for (channels, picture, thumbnail) in [
            (0, 10, 5),
            (1, 10, 5),
            (3, 9, 3),
            (4, 8, 4),
            (6, 6, 5),
            (10, 10, 5),
            (16, 16, 5),
            (32, 32, 5),
            (33, 10, 5),
        ] {
            assert_eq!(
                [ACROSS[0], FEW[1]].map(|across| side_by_side(channels, across)),
                [picture, thumbnail]
            );
        }
    }
}

//! The output of a head: the weighted means of the values.

use super::blocks::{Mask, powers};
use super::{Geometry, QUERIES, Sample, Scratch, Slots, columns, gathered, times, turned};
use crate::kernel::Real;
use crate::kernel::matmul::product;

/// The scratch memory of [`head`].
pub(super) fn scratch(geometry: &Geometry) -> usize {
    let Geometry { positions, width, .. } = *geometry;
    let numbers = [
        times(&[2, positions, width]),
        times(&[2, QUERIES, width]),
        times(&[QUERIES, positions]),
        geometry.scratch_of_products(),
    ];
    numbers.into_iter().fold(0, usize::saturating_add)
}

pub(super) fn head<T: Real>(
    geometry: &Geometry,
    sample: Sample<'_, T>,
    head: usize,
    mut to: Slots<'_, T>,
    scratch: &mut [T],
) {
    let Geometry { positions, width, causal, .. } = *geometry;
    let mut scratch = Scratch(scratch);
    let [queries, keys, values] = [0, 1, 2].map(|part| geometry.part(sample.x, head, part));
    let keys = gathered(keys, width, scratch.take(positions * width));
    let values = gathered(values, width, scratch.take(positions * width));
    let block = scratch.take(QUERIES * width);
    let means = scratch.take(QUERIES * width);
    let scores = scratch.take(QUERIES * positions);
    for first in (0..positions).step_by(QUERIES) {
        let rows = QUERIES.min(positions - first);
        let count = geometry.keys(first + rows);
        let (scores, means) = (&mut scores[..count * QUERIES], &mut means[..rows * width]);
        let queries = turned(queries.from(first, 0), rows, block);
        product(keys, queries, (count, width, QUERIES), count, scores, scratch.0);
        let mask = Mask { causal: causal.then_some(first), padding: sample.padding };
        let factors = powers(scores, mask, geometry.scale());
        product(columns(scores), values, (rows, count, width), rows, means, scratch.0);
        for (row, (mean, factor)) in means.chunks_exact(width).zip(factors).enumerate() {
            let to = to.at(first + row, 0, width);
            to.iter_mut().zip(mean).for_each(|(to, &mean)| *to = mean * factor);
        }
    }
}

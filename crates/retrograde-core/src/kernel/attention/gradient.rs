//! The gradient of the queries, keys and values of a head.
//!
//! With weights P = softmax(scale · Q·Kᵀ) and G the gradient of the output P·V: dV = Pᵀ·G, dP = G·Vᵀ,
//! dS = scale · P∘(dP − Σ P∘dP) with the sum over each row, dQ = dS·K, dK = dSᵀ·Q. dK and dV are summed over the blocks of queries.

use super::blocks::{Mask, gradients, powers};
use super::{Geometry, QUERIES, Sample, Scratch, Slots, columns, dense, gathered, times, turned};
use crate::kernel::Real;
use crate::kernel::matmul::{Matrix, add_product, product};

/// The scratch memory of [`head`].
pub(super) fn scratch(geometry: &Geometry) -> usize {
    let Geometry { positions, width, .. } = *geometry;
    let numbers = [
        times(&[4, positions, width]),
        times(&[2, QUERIES, width]),
        times(&[2, QUERIES, positions]),
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
    let upstream = Matrix { values: &sample.gradient[head * width..], row: geometry.all(), column: 1 };
    let keys = gathered(keys, width, scratch.take(positions * width));
    let values = gathered(values, width, scratch.take(positions * width));
    let to_keys = scratch.take(positions * width);
    let to_values = scratch.take(positions * width);
    let block = scratch.take(QUERIES * width);
    let to_queries = scratch.take(QUERIES * width);
    let weights = scratch.take(QUERIES * positions);
    let to_scores = scratch.take(QUERIES * positions);
    to_keys.fill(T::zero());
    to_values.fill(T::zero());
    for first in (0..positions).step_by(QUERIES) {
        let rows = QUERIES.min(positions - first);
        let count = geometry.keys(first + rows);
        let (queries, upstream) = (queries.from(first, 0), upstream.from(first, 0));
        let (weights, to_scores) = (&mut weights[..count * QUERIES], &mut to_scores[..count * QUERIES]);
        let (to_keys, to_values) = (&mut to_keys[..count * width], &mut to_values[..count * width]);
        let to_queries = &mut to_queries[..rows * width];
        product(keys, turned(queries, rows, block), (count, width, QUERIES), count, weights, scratch.0);
        product(values, turned(upstream, rows, block), (count, width, QUERIES), count, to_scores, scratch.0);
        let mask = Mask { causal: causal.then_some(first), padding: sample.padding };
        let factors = powers(weights, mask, geometry.scale());
        gradients(weights, to_scores, sample.padding, geometry.scale(), &factors);
        add_product(dense(weights, QUERIES), upstream, (rows, width), to_values, scratch.0);
        add_product(dense(to_scores, QUERIES), queries, (rows, width), to_keys, scratch.0);
        product(columns(to_scores), keys, (rows, count, width), rows, to_queries, scratch.0);
        for (row, gradient) in to_queries.chunks_exact(width).enumerate() {
            to.at(first + row, 0, width).copy_from_slice(gradient);
        }
    }
    let both = to_keys.chunks_exact(width).zip(to_values.chunks_exact(width));
    for (position, (to_keys, to_values)) in both.enumerate() {
        to.at(position, 1, width).copy_from_slice(to_keys);
        to.at(position, 2, width).copy_from_slice(to_values);
    }
}

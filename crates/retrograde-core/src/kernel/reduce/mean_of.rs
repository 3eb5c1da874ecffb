//! Means of terms that a row kernel computes, as losses are.

use super::over_axes::OverAxes;
use crate::kernel::{Call, Output, Real, Rows, RowsKernel, Stages};
use std::sync::Arc;

/// The mean of `count` elements, of which `terms` computes sums of equally many, `sums` of them. In one stage, they lie in
/// scratch memory.
#[derive(Debug)]
pub(crate) struct MeanOf<K> {
    terms: Arc<K>,
    sums: [usize; 1],
    mean: OverAxes,
}

impl<K> MeanOf<K> {
    /// The mean of `count` elements.
    pub(crate) fn new(terms: K, sums: usize, count: usize) -> Self {
        MeanOf { terms: Arc::new(terms), sums: [sums], mean: OverAxes::mean(sums, count as f64) }
    }
}

impl<K: RowsKernel + 'static> RowsKernel for MeanOf<K> {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        1
    }

    fn flops(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        self.terms.flops(inputs, &self.sums)
    }

    fn scratch(&self, inputs: &[&[usize]], output: &[usize]) -> usize {
        let of_mean = self.mean.scratch(&[&self.sums], output);
        self.sums[0] + of_mean.max(self.terms.scratch(inputs, &self.sums))
    }

    fn stages(&self, _: &[&[usize]], _: &[usize]) -> Option<Stages> {
        let second = Arc::new(self.mean.clone()).into();
        Some(Stages { shape: self.sums.to_vec(), first: Arc::clone(&self.terms).into(), second })
    }
}

impl<K: Rows<T>, T: Real> Rows<T> for MeanOf<K> {
    fn evaluate(&self, Call { inputs, output, scratch, .. }: Call<'_, T>) {
        let rows = 0..self.sums[0];
        let (sums, scratch) = scratch.split_at_mut(rows.end);
        let to = Output::Real(&mut *sums);
        self.terms.evaluate(Call { inputs, shape: &self.sums, rows, output: to, scratch: &mut *scratch });
        self.mean.reduce(sums, 0..1, output.real(), scratch);
    }
}

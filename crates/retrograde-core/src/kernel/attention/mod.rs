//! Self-attention with several heads, and its gradient, without the matrix of scores.
//!
//! The scores of a block of queries are made in scratch memory, used, and overwritten by those of the next block; the gradient
//! makes them again (Rabe and Staats, 2021; Dao et al., 2022, arXiv 2205.14135). So memory grows with the positions,
//! and not with their square. A block has whole rows of scores: of 32 queries and 1,024 keys they are 128 KiB of `f32`, within the
//! second-level cache, and need no running maximum (Milakov and Gimelshein, 2018). In causal attention a block ends at its last
//! query, which spares nearly half of the products.
//!
//! Queries, keys and values lie beside each other in memory, head by head, as one product makes them. A head reads its columns of it
//! through strides, and writes its columns of the output.
//!
//! A row of the output is one sample. Where these are too few for the threads, a first stage computes one head in a row, and a second
//! one puts the heads beside each other. Either way a head is computed as a whole, so that the bits are the same.

mod blocks;
mod gradient;
mod output;

use super::matmul::{Matrix, scratch, turn_apart};
use super::{Call, Reads, Real, Rows, RowsKernel, Stages};
use std::sync::Arc;

/// The queries of a block.
const QUERIES: usize = 32;

/// The lengths of self-attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) samples: usize,
    pub(crate) positions: usize,
    pub(crate) heads: usize,
    /// The numbers of a position in one head.
    pub(crate) width: usize,
    /// Whether a position attends to no later ones.
    pub(crate) causal: bool,
    /// Whether there is an operand that tells which positions are padding.
    pub(crate) padded: bool,
}

/// What is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attention {
    /// What each position attends to.
    Output(Geometry),
    /// The gradient of queries, keys and values.
    Gradient(Geometry),
}

/// The product, at most `usize::MAX`.
fn times(lengths: &[usize]) -> usize {
    lengths.iter().fold(1, |product: usize, &length| product.saturating_mul(length))
}

impl Geometry {
    /// The numbers of a position in all heads.
    fn all(&self) -> usize {
        times(&[self.heads, self.width])
    }

    /// The keys that some queries of a block attend to, up to this one.
    fn keys(&self, end: usize) -> usize {
        if self.causal { end } else { self.positions }
    }

    /// 1/√width, by which scores are multiplied.
    fn scale<T: Real>(&self) -> T {
        T::of(1.0 / (self.width.max(1) as f64).sqrt())
    }

    /// The scratch memory of the products of a block.
    fn scratch_of_products(&self) -> usize {
        let (keys, width) = (self.positions, self.width);
        [(keys, width, QUERIES), (QUERIES, keys, width), (keys, QUERIES, width)]
            .map(|(m, k, n)| scratch(m, k, n))
            .into_iter()
            .fold(0, usize::max)
    }

    /// The queries, keys or values of a head, given those of a sample.
    fn part<'a, T>(&self, sample: &'a [T], head: usize, part: usize) -> Matrix<'a, T> {
        let values = &sample[part * self.all() + head * self.width..];
        Matrix { values, row: 3 * self.all(), column: 1 }
    }
}

/// A matrix of consecutive rows.
fn dense<T>(values: &[T], width: usize) -> Matrix<'_, T> {
    Matrix { values, row: width, column: 1 }
}

/// The columns of a block of scores as rows: one for each query.
fn columns<T>(scores: &[T]) -> Matrix<'_, T> {
    Matrix { values: scores, row: 1, column: QUERIES }
}

/// A matrix `[positions, width]` copied to consecutive rows.
fn gathered<'a, T: Copy>(from: Matrix<'_, T>, width: usize, to: &'a mut [T]) -> Matrix<'a, T> {
    for (row, to) in to.chunks_exact_mut(width).enumerate() {
        to.copy_from_slice(&from.values[row * from.row..][..width]);
    }
    dense(to, width)
}

/// The first rows of a matrix as columns of a block, and zeros for those that are not there: a block is always as wide.
fn turned<'a, T: Real>(from: Matrix<'_, T>, rows: usize, to: &'a mut [T]) -> Matrix<'a, T> {
    if rows < QUERIES {
        to.fill(T::zero());
    }
    turn_apart(Matrix { row: 1, column: from.row, ..from }, rows, QUERIES, to);
    dense(to, QUERIES)
}

/// The operands of one sample.
#[derive(Clone, Copy)]
struct Sample<'a, T> {
    /// Queries, keys and values, `[positions, 3, heads, width]`.
    x: &'a [T],
    /// Not 0 where a position is padding; empty for no padding.
    padding: &'a [T],
    /// The gradient of the output, `[positions, heads, width]`; empty for the output itself.
    gradient: &'a [T],
}

/// The memory of a head in an output: its parts are rows of `width` numbers.
struct Slots<'a, T> {
    memory: &'a mut [T],
    /// The numbers of a position.
    line: usize,
    /// Where in them the first part of the head begins.
    first: usize,
    /// The distance of its parts.
    apart: usize,
}

impl<T: Real> Slots<'_, T> {
    /// The memory of one part of a head at a position.
    fn at(&mut self, position: usize, part: usize, width: usize) -> &mut [T] {
        &mut self.memory[position * self.line + self.first + part * self.apart..][..width]
    }
}

impl Attention {
    fn geometry(&self) -> &Geometry {
        let (Attention::Output(geometry) | Attention::Gradient(geometry)) = self;
        geometry
    }

    /// The parts of the output: one, or the gradients of queries, keys and values.
    fn parts(&self) -> usize {
        match self {
            Attention::Output(_) => 1,
            Attention::Gradient(_) => 3,
        }
    }

    /// The numbers of an input in one sample.
    fn of_sample(&self, input: usize) -> usize {
        let geometry = self.geometry();
        let numbers = match input {
            0 => geometry.all().saturating_mul(3),
            1 if geometry.padded => 1,
            _ => geometry.all(),
        };
        numbers.saturating_mul(geometry.positions)
    }

    /// The operands of the samples of a call.
    fn operands<'a, T: Real>(&self, call: &Call<'a, T>) -> [&'a [T]; 3] {
        let padded = self.geometry().padded;
        let input = |index: usize| call.inputs.get(index).real();
        [
            input(0),
            if padded { input(1) } else { &[] },
            if matches!(self, Attention::Gradient(_)) { input(1 + usize::from(padded)) } else { &[] },
        ]
    }

    /// One of the samples of a call.
    fn sample<'a, T>(&self, [x, padding, gradient]: [&'a [T]; 3], sample: usize) -> Sample<'a, T> {
        let Geometry { positions, .. } = *self.geometry();
        let all = self.geometry().all();
        let part = |values: &'a [T], length: usize| {
            if values.is_empty() { values } else { &values[sample * length..][..length] }
        };
        Sample {
            x: part(x, positions * 3 * all),
            padding: part(padding, positions),
            gradient: part(gradient, positions * all),
        }
    }

    fn head<T: Real>(&self, sample: Sample<'_, T>, head: usize, to: Slots<'_, T>, scratch: &mut [T]) {
        match self {
            Attention::Output(geometry) => output::head(geometry, sample, head, to, scratch),
            Attention::Gradient(geometry) => gradient::head(geometry, sample, head, to, scratch),
        }
    }

    fn flops_of_all(&self) -> usize {
        let Geometry { samples, positions, causal, .. } = *self.geometry();
        let products = match self {
            Attention::Output(_) => 2,
            Attention::Gradient(_) => 5,
        };
        let pairs = times(&[samples, positions, positions]) / if causal { 2 } else { 1 };
        times(&[2 * products, pairs, self.geometry().all()])
    }

    fn scratch_of_head(&self) -> usize {
        match self {
            Attention::Output(geometry) => output::scratch(geometry),
            Attention::Gradient(geometry) => gradient::scratch(geometry),
        }
    }
}

/// All heads of a sample are one row.
impl RowsKernel for Attention {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.geometry().samples
    }

    fn flops(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.flops_of_all()
    }

    fn reads(&self, input: usize, _: &[&[usize]], _: &[usize]) -> Reads {
        Reads::blocks(1, self.of_sample(input))
    }

    fn stages(&self, _: &[&[usize]], _: &[usize]) -> Option<Stages> {
        let &Geometry { samples, positions, heads, width, .. } = self.geometry();
        (heads > 1).then(|| Stages {
            shape: vec![samples * heads, positions, self.parts() * width],
            first: Arc::new(Heads(*self)).into(),
            second: Arc::new(Joined(*self)).into(),
        })
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.scratch_of_head()
    }
}

impl<T: Real> Rows<T> for Attention {
    fn evaluate(&self, call: Call<'_, T>) {
        let operands = self.operands(&call);
        let &Geometry { positions, heads, width, .. } = self.geometry();
        let line = self.parts() * heads * width;
        for (sample, memory) in call.output.real().chunks_exact_mut(positions * line).enumerate() {
            for head in 0..heads {
                let to = Slots { memory: &mut *memory, line, first: head * width, apart: heads * width };
                self.head(self.sample(operands, sample), head, to, call.scratch);
            }
        }
    }
}

/// The first stage: a head of a sample is one row.
#[derive(Debug)]
struct Heads(Attention);

impl RowsKernel for Heads {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        let geometry = self.0.geometry();
        geometry.samples * geometry.heads
    }

    fn flops(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.flops_of_all()
    }

    fn reads(&self, input: usize, _: &[&[usize]], _: &[usize]) -> Reads {
        Reads::blocks(self.0.geometry().heads, self.0.of_sample(input))
    }

    fn scratch(&self, _: &[&[usize]], _: &[usize]) -> usize {
        self.0.scratch_of_head()
    }
}

impl<T: Real> Rows<T> for Heads {
    fn evaluate(&self, call: Call<'_, T>) {
        let operands = self.0.operands(&call);
        let &Geometry { positions, heads, width, .. } = self.0.geometry();
        let line = self.0.parts() * width;
        // The operands begin with the sample of the first row.
        let first = call.rows.start / heads * heads;
        let rows = call.rows.clone().zip(call.output.real().chunks_exact_mut(positions * line));
        for (row, memory) in rows {
            let to = Slots { memory, line, first: 0, apart: width };
            let sample = self.0.sample(operands, (row - first) / heads);
            self.0.head(sample, row % heads, to, call.scratch);
        }
    }
}

/// The second stage: the heads of each position beside each other, part by part.
#[derive(Debug)]
struct Joined(Attention);

impl RowsKernel for Joined {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        let geometry = self.0.geometry();
        geometry.samples * geometry.positions
    }

    fn reads(&self, _: usize, inputs: &[&[usize]], _: &[usize]) -> Reads {
        let geometry = self.0.geometry();
        Reads::blocks(geometry.positions, times(inputs[0]) / geometry.samples.max(1))
    }
}

impl<T: Real> Rows<T> for Joined {
    fn evaluate(&self, call: Call<'_, T>) {
        let &Geometry { positions, heads, width, .. } = self.0.geometry();
        let (from, parts) = (call.inputs.get(0).real(), self.0.parts());
        // The input begins with the sample of the first row.
        let first = call.rows.start / positions * positions;
        let rows = call.rows.clone().zip(call.output.real().chunks_exact_mut(parts * heads * width));
        for (row, to) in rows {
            let (sample, position) = ((row - first) / positions, row % positions);
            for (slot, to) in to.chunks_exact_mut(width).enumerate() {
                let (part, head) = (slot / heads, slot % heads);
                let at = ((sample * heads + head) * positions + position) * parts + part;
                to.copy_from_slice(&from[at * width..][..width]);
            }
        }
    }
}

/// Scratch memory that is not taken yet.
struct Scratch<'a, T>(&'a mut [T]);

impl<'a, T> Scratch<'a, T> {
    /// The next `count` numbers.
    fn take(&mut self, count: usize) -> &'a mut [T] {
        let (taken, rest) = std::mem::take(&mut self.0).split_at_mut(count);
        self.0 = rest;
        taken
    }
}

//! Loss and accuracy of a model on a whole set.

use super::classification::Classification;
use crate::data::{LabeledImages, MAX_PIXEL};
use crate::nn::{Mode, Model, Recorded};
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Var};
use retrograde_core::kernel::{Real, Threads};
use retrograde_core::plan::{Plan, PlanLayout, Planner};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The loss and accuracy of a model on a set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The mean cross entropy, in nats.
    #[serde(with = "retrograde_base::number")]
    pub loss: f64,
    /// The fraction of rows whose largest logit is that of the label.
    #[serde(with = "retrograde_base::number")]
    pub accuracy: f64,
}

/// Rows per run: their activations fit into the second-level cache.
const CHUNK: usize = 500;

/// The compiled evaluation of a model on a set, for changing parameters.
#[derive(Debug)]
pub struct Evaluator<T: Real> {
    /// Plans for chunks of [`CHUNK`] rows and for the remainder.
    chunks: Vec<Chunk<Plan<T>>>,
    labels: Arc<[u32]>,
    rows: Vec<u32>,
}

/// An evaluation whose plans have no memory yet.
pub(super) struct EvaluatorLayout<T: Real> {
    chunks: Vec<Chunk<PlanLayout<T>>>,
    labels: Arc<[u32]>,
}

/// A number of rows, and their plan.
#[derive(Debug)]
struct Chunk<P> {
    plan: P,
    size: usize,
    rows: Var,
    parameters: Vec<Var>,
    loss: Var,
    logits: Var,
}

impl<T: Real> Evaluator<T> {
    /// Records and compiles the evaluation of `model` on `data`.
    pub fn new(model: &impl Model, data: &LabeledImages, threads: &Threads) -> Result<Self> {
        EvaluatorLayout::new(model, data, threads)?.allocate()
    }

    /// Loss and accuracy for these values of the model's parameters and buffers, in their order.
    ///
    /// # Errors
    /// [`Error::Invalid`](retrograde_base::Error::Invalid) if a parameter has another length.
    pub fn evaluate(&mut self, parameters: &[&[T]]) -> Result<Evaluation> {
        self.run(parameters, |_, _, _| {})
    }

    /// Loss and accuracy, and the predictions.
    pub fn classify(&mut self, parameters: &[&[T]]) -> Result<(Evaluation, Classification)> {
        let mut found = Classification::new(self.classes());
        let evaluation =
            self.run(parameters, |image, label, logits| found.add(image, label as usize, logits))?;
        found.finish();
        Ok((evaluation, found))
    }

    fn classes(&self) -> usize {
        self.chunks[0].logits.shape()[1]
    }

    /// Evaluates all chunks, and calls `visit` with the index, label and logits of each row.
    fn run(&mut self, parameters: &[&[T]], mut visit: impl FnMut(usize, u32, &[T])) -> Result<Evaluation> {
        for chunk in &mut self.chunks {
            for (var, values) in chunk.parameters.iter().zip(parameters) {
                chunk.plan.set(var, values)?;
            }
        }
        let (mut loss, mut correct, mut done) = (0.0, 0, 0);
        while done < self.rows.len() {
            let left = self.rows.len() - done;
            // The last plan is for the remainder.
            let index = if left < self.chunks[0].size { self.chunks.len() - 1 } else { 0 };
            let chunk = &mut self.chunks[index];
            let range = done..done + chunk.size;
            chunk.plan.set_indices(&chunk.rows, &self.rows[range.clone()])?;
            chunk.plan.run()?;
            loss += chunk.plan.scalar(&chunk.loss)? * chunk.size as f64;
            let logits = chunk.plan.read(&chunk.logits)?;
            let labels = &self.labels[range];
            for (row, &label) in logits.chunks_exact(logits.len() / labels.len()).zip(labels) {
                correct += usize::from(argmax(row) == label as usize);
                visit(done, label, row);
                done += 1;
            }
        }
        let count = self.rows.len() as f64;
        Ok(Evaluation { loss: loss / count, accuracy: correct as f64 / count })
    }
}

impl<T: Real> EvaluatorLayout<T> {
    pub(super) fn new(model: &impl Model, data: &LabeledImages, threads: &Threads) -> Result<Self> {
        let (chunk, rest) = (CHUNK.min(data.len()), data.len() % CHUNK);
        let mut chunks = vec![Chunk::new(model, data, chunk, threads)?];
        if rest > 0 && rest != chunk {
            chunks.push(Chunk::new(model, data, rest, threads)?);
        }
        Ok(EvaluatorLayout { chunks, labels: data.labels().clone() })
    }

    /// The bytes of memory of each plan.
    pub(super) fn memory(&self) -> impl Iterator<Item = usize> {
        self.chunks.iter().map(|chunk| chunk.plan.memory())
    }

    pub(super) fn allocate(self) -> Result<Evaluator<T>> {
        let rows = (0..self.labels.len() as u32).collect();
        let chunks = self.chunks.into_iter().map(Chunk::allocate).collect::<Result<_>>()?;
        Ok(Evaluator { chunks, labels: self.labels, rows })
    }
}

impl<T: Real> Chunk<PlanLayout<T>> {
    fn new(model: &impl Model, data: &LabeledImages, size: usize, threads: &Threads) -> Result<Self> {
        let graph = Graph::new();
        let rows = graph.index_input("rows", [size]);
        let (x, labels) = record_batch(&graph, data, &rows);
        let Recorded { output: logits, values: parameters, .. } = model.record(&x, Mode::Evaluate);
        let loss = logits.softmax_with_loss(&labels);
        let plan = Planner::new(&graph)
            .fetch(&loss)
            .fetch(&logits)
            .fetch_all(&parameters)
            .threads(threads.clone())
            .lay_out()?;
        Ok(Chunk { plan, size, rows, parameters, loss, logits })
    }

    fn allocate(self) -> Result<Chunk<Plan<T>>> {
        let Chunk { plan, size, rows, parameters, loss, logits } = self;
        Ok(Chunk { plan: plan.allocate()?, size, rows, parameters, loss, logits })
    }
}

/// Records a batch: the images at `rows` as rows of values in [0, 1], and their labels.
pub(super) fn record_batch(graph: &Graph, data: &LabeledImages, rows: &Var) -> (Var, Var) {
    let (count, width) = (data.len(), data.row_len());
    let images = graph.bytes("images", [count, width], data.images(), 1.0 / MAX_PIXEL);
    let labels = graph.indices("labels", [count], data.labels().clone());
    (images.gather_rows(rows).named("x"), labels.gather_rows(rows).named("t"))
}

/// The index of the largest value; the first of equal ones.
pub(super) fn argmax<T: Real>(row: &[T]) -> usize {
    (1..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}

//! Loss and accuracy on a whole set.

use super::classification::Classification;
use crate::data::{PIXEL_SCALE, Samples};
use crate::nn::Model;
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Var};
use retrograde_core::kernel::{Real, Threads};
use retrograde_core::plan::{Plan, Planner};
use serde::{Deserialize, Serialize};

/// How well a model does on a set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The mean cross entropy, in nats.
    #[serde(with = "retrograde_base::number")]
    pub loss: f64,
    /// The share of rows whose largest logit is that of their label.
    #[serde(with = "retrograde_base::number")]
    pub accuracy: f64,
}

/// How many rows go through the network at a time: their activations stay in the second-level cache.
const CHUNK: usize = 500;

/// A model made ready to be evaluated on a set, again and again as its parameters change.
#[derive(Debug)]
pub struct Evaluator<T: Real> {
    /// Plans for chunks of [`CHUNK`] rows and, if they do not come out even, for what is left.
    plans: Vec<Chunk<T>>,
    labels: std::sync::Arc<[u32]>,
    rows: Vec<u32>,
}

#[derive(Debug)]
struct Chunk<T: Real> {
    plan: Plan<T>,
    size: usize,
    rows: Var,
    parameters: Vec<Var>,
    loss: Var,
    logits: Var,
}

impl<T: Real> Evaluator<T> {
    /// Records and compiles the evaluation of `model` on `samples`.
    pub fn new(model: &impl Model, samples: &Samples, threads: &Threads) -> Result<Self> {
        let (chunk, rest) = (CHUNK.min(samples.len()), samples.len() % CHUNK);
        let mut plans = vec![Chunk::new(model, samples, chunk, threads)?];
        if rest > 0 && rest != chunk {
            plans.push(Chunk::new(model, samples, rest, threads)?);
        }
        Ok(Evaluator { plans, labels: samples.labels().clone(), rows: (0..samples.len() as u32).collect() })
    }

    /// Loss and accuracy with the given values of the model's parameters, in their order.
    pub fn evaluate(&mut self, parameters: &[&[T]]) -> Result<Evaluation> {
        self.run(parameters, |_, _, _| {})
    }

    /// The same, and what becomes of each image.
    pub fn classify(&mut self, parameters: &[&[T]]) -> Result<(Evaluation, Classification)> {
        let mut found = Classification::new(self.classes());
        let evaluation =
            self.run(parameters, |image, label, logits| found.add(image, label as usize, logits))?;
        found.finish();
        Ok((evaluation, found))
    }

    fn classes(&self) -> usize {
        self.plans[0].logits.shape()[1]
    }

    /// Evaluates, and shows each row's number, label and logits to `each`.
    fn run(&mut self, parameters: &[&[T]], mut each: impl FnMut(usize, u32, &[T])) -> Result<Evaluation> {
        for chunk in &mut self.plans {
            for (var, values) in chunk.parameters.iter().zip(parameters) {
                chunk.plan.set(var, values)?;
            }
        }
        let (mut loss, mut right, mut done) = (0.0, 0, 0);
        while done < self.rows.len() {
            let left = self.rows.len() - done;
            // The last plan is for the rows that are left over; the first for all before.
            let number = if left < self.plans[0].size { self.plans.len() - 1 } else { 0 };
            let chunk = &mut self.plans[number];
            let range = done..done + chunk.size;
            chunk.plan.set_indices(&chunk.rows, &self.rows[range.clone()])?;
            chunk.plan.run()?;
            loss += chunk.plan.scalar(&chunk.loss)? * chunk.size as f64;
            let logits = chunk.plan.read(&chunk.logits)?;
            let labels = &self.labels[range];
            for (row, &label) in logits.chunks_exact(logits.len() / labels.len()).zip(labels) {
                right += usize::from(largest(row) == label as usize);
                each(done, label, row);
                done += 1;
            }
        }
        let count = self.rows.len() as f64;
        Ok(Evaluation { loss: loss / count, accuracy: right as f64 / count })
    }
}

impl<T: Real> Chunk<T> {
    fn new(model: &impl Model, samples: &Samples, size: usize, threads: &Threads) -> Result<Self> {
        let graph = Graph::new();
        let rows = graph.index_input("rows", [size]);
        let (x, labels) = batch(&graph, samples, &rows, None);
        let parameters = model.parameters().record(&graph);
        let logits = model.record(&x, &parameters);
        let loss = logits.softmax_with_loss(&labels);
        let plan = Planner::new(&graph)
            .want(&loss)
            .want(&logits)
            .want_all(&parameters)
            .threads(threads.clone())
            .compile()?;
        Ok(Chunk { plan, size, rows, parameters, loss, logits })
    }
}

/// Records the batch of the given rows: images as rows of numbers in [0, 1], and labels. Rows that are known to be
/// gathered next are asked for ahead of time.
pub(super) fn batch(graph: &Graph, samples: &Samples, rows: &Var, next: Option<&Var>) -> (Var, Var) {
    let (count, width) = (samples.len(), samples.row_len());
    let images = graph.bytes("images", [count, width], samples.images(), 1.0 / PIXEL_SCALE);
    let labels = graph.indices("labels", [count], samples.labels().clone());
    let x = match next {
        Some(next) => images.gather_rows_prefetching(rows, next),
        None => images.gather_rows(rows),
    };
    (x.named("x"), labels.gather_rows(rows).named("t"))
}

/// The place of the largest number; the first of equal ones.
pub(super) fn largest<T: Real>(row: &[T]) -> usize {
    (1..row.len()).fold(0, |best, i| if row[i] > row[best] { i } else { best })
}

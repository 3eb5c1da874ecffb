//! Loss and scores of a model on a whole set.

use super::batch::Batch;
use super::classification::Classification;
use super::loss::Loss;
use super::scores::{RowTarget, Scores, Scoring, argmax};
use crate::data::{Samples, Targets};
use crate::nn::{Mode, Model, Recorded};
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Var};
use retrograde_core::kernel::{Real, Threads};
use retrograde_core::plan::{Plan, PlanLayout, Planner};
use serde::{Deserialize, Serialize};

/// The loss and the scores of a model on a set. A task has some of the scores.
///
/// | score | task |
/// | --- | --- |
/// | accuracy | classification, multi-label classification |
/// | top-k accuracy | classification, with [`Trainer::top_k`](super::Trainer::top_k) |
/// | AUC | classification of two classes, multi-label classification |
/// | R², mean absolute error | regression |
/// | accuracy, perplexity | next token |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// The mean loss of the rows, weighted as in training.
    #[serde(with = "retrograde_base::number")]
    pub loss: f64,
    /// The fraction of rows whose largest logit is that of the label; of the labels of all rows that are on the right side of
    /// one half in a multi-label classification.
    #[serde(default, with = "retrograde_base::number::optional", skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// The fraction of rows whose label has one of the k largest logits.
    #[serde(default, with = "retrograde_base::number::optional", skip_serializing_if = "Option::is_none")]
    pub top_k_accuracy: Option<f64>,
    /// The area under the ROC curve of the second of two classes, or its mean over labels. None if a set has one class alone.
    #[serde(default, with = "retrograde_base::number::optional", skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// e to the loss: among so many equally probable tokens the model guesses the next one.
    #[serde(default, with = "retrograde_base::number::optional", skip_serializing_if = "Option::is_none")]
    pub perplexity: Option<f64>,
    /// The coefficient of determination, 1 at best: its mean over the outputs.
    #[serde(default, with = "retrograde_base::number::optional", skip_serializing_if = "Option::is_none")]
    pub r2: Option<f64>,
    /// The mean absolute error: of a table in the unit of its target.
    #[serde(default, with = "retrograde_base::number::optional", skip_serializing_if = "Option::is_none")]
    pub mean_absolute_error: Option<f64>,
}

impl Evaluation {
    /// A loss without scores.
    pub fn of_loss(loss: f64) -> Self {
        let (accuracy, top_k_accuracy, auc, perplexity) = (None, None, None, None);
        Evaluation { loss, accuracy, top_k_accuracy, auc, perplexity, r2: None, mean_absolute_error: None }
    }

    /// The score that tells most of the task: accuracy, or R².
    pub fn main_score(&self) -> Option<f64> {
        self.accuracy.or(self.r2)
    }

    /// All scores with their names, as in files: `accuracy`, `top_k_accuracy`, `auc`, `perplexity`, `r2`, `mean_absolute_error`.
    pub fn scores(&self) -> impl Iterator<Item = (&'static str, f64)> + use<> {
        let all = [
            ("accuracy", self.accuracy),
            ("top_k_accuracy", self.top_k_accuracy),
            ("auc", self.auc),
            ("perplexity", self.perplexity),
            ("r2", self.r2),
            ("mean_absolute_error", self.mean_absolute_error),
        ];
        all.into_iter().filter_map(|(name, score)| Some((name, score?)))
    }
}

/// The outputs of a model with a row for each prediction: of tokens all positions of all rows.
pub(super) fn of_predictions(output: &Var, samples: &Samples) -> Var {
    match output.shape_or_scalar()[..] {
        [rows, positions, outputs] if positions == samples.targets().positions() => {
            output.reshape([rows * positions, outputs])
        }
        _ => output.clone(),
    }
}

/// Predictions per run: their activations fit into the second-level cache.
const CHUNK: usize = 500;

/// The compiled evaluation of a model on a set, for changing parameters.
#[derive(Debug)]
pub struct Evaluator<T: Real> {
    /// Plans for chunks of about [`CHUNK`] predictions and for the remainder.
    chunks: Vec<Chunk<Plan<T>>>,
    samples: Samples,
    scoring: Scoring,
    /// The rows of a chunk.
    rows: Vec<u32>,
}

/// An evaluation whose plans have no memory yet.
pub(super) struct EvaluatorLayout<T: Real> {
    chunks: Vec<Chunk<PlanLayout<T>>>,
    samples: Samples,
    scoring: Scoring,
}

/// A number of rows, and their plan.
#[derive(Debug)]
struct Chunk<P> {
    plan: P,
    size: usize,
    batch: Batch,
    parameters: Vec<Var>,
    loss: Var,
    outputs: Var,
}

impl<T: Real> Evaluator<T> {
    /// Records and compiles the evaluation of `model` on `samples` with a loss.
    pub fn new(model: &impl Model, samples: &Samples, loss: &Loss, threads: &Threads) -> Result<Self> {
        let scoring = Scoring { loss: loss.clone(), top: None, unit: 1.0 };
        EvaluatorLayout::new(model, samples, &scoring, threads)?.allocate()
    }

    /// Loss and scores for these values of the model's parameters and buffers, in their order.
    ///
    /// # Errors
    /// [`Error::Invalid`](retrograde_base::Error::Invalid) if a parameter has another length.
    pub fn evaluate(&mut self, parameters: &[&[T]]) -> Result<Evaluation> {
        self.run(parameters, |_, _, _| {})
    }

    /// Loss and scores, and the predictions of a classification.
    pub fn classify(&mut self, parameters: &[&[T]]) -> Result<(Evaluation, Option<Classification>)> {
        let of_rows = self.samples.targets().positions() == 1;
        if !(of_rows && matches!(self.scoring.loss, Loss::CrossEntropy(_))) {
            return Ok((self.evaluate(parameters)?, None));
        }
        let mut found = Classification::new(self.samples.outputs());
        let evaluation = self.run(parameters, |row, target, logits| {
            let label = match target {
                RowTarget::Class(label) => label as usize,
                RowTarget::Reals(probabilities) => argmax(probabilities),
            };
            found.add(row, label, logits);
        })?;
        found.finish();
        Ok((evaluation, Some(found)))
    }

    /// Evaluates all chunks, and calls `visit` with the index, target and outputs of each row.
    fn run(
        &mut self,
        parameters: &[&[T]],
        mut visit: impl FnMut(usize, RowTarget<'_>, &[T]),
    ) -> Result<Evaluation> {
        for chunk in &mut self.chunks {
            for (var, values) in chunk.parameters.iter().zip(parameters) {
                chunk.plan.set(var, values)?;
            }
        }
        let (samples, loss) = (&self.samples, &self.scoring.loss);
        let mut scores = Scores::new(&self.scoring, samples.outputs());
        let (mut loss_sum, mut weight_sum, mut done) = (0.0, 0.0, 0);
        let all = samples.len();
        while done < all {
            let left = all - done;
            // The last plan is for the remainder.
            let index = if left < self.chunks[0].size { self.chunks.len() - 1 } else { 0 };
            let chunk = &mut self.chunks[index];
            let count = chunk.size;
            let set_rows = |rows: &mut Vec<u32>, first: usize| {
                rows.clear();
                rows.extend((first..first + count).map(|row| row as u32));
            };
            set_rows(&mut self.rows, done);
            chunk.batch.set(&mut chunk.plan, samples, &self.rows, 0)?;
            let weight = loss.weight_of(samples, &self.rows, 0);
            if done + 2 * count <= all {
                set_rows(&mut self.rows, done + count);
                chunk.batch.read_ahead::<T>(samples, &self.rows);
            }
            chunk.plan.run()?;
            let outputs = chunk.plan.read(&chunk.outputs)?;
            let positions = samples.targets().positions();
            for (at, outputs) in outputs.chunks_exact(samples.outputs()).enumerate() {
                let (row, position) = (done + at / positions, at % positions);
                let target = match samples.targets() {
                    Targets::Classes { labels, .. } => RowTarget::Class(labels[row]),
                    Targets::Reals(matrix) => RowTarget::Reals(matrix.row(row).unwrap_or_default()),
                    Targets::NextTokens { windows, .. } => {
                        RowTarget::Class(windows.next_tokens(row, 0)[position])
                    }
                };
                scores.add(outputs, target);
                visit(row, target, outputs);
            }
            done += chunk.size;
            // The loss of a chunk is a mean. Without any weight it is 0, and has no part.
            loss_sum += chunk.plan.scalar(&chunk.loss)? * weight;
            weight_sum += weight;
        }
        let loss = if weight_sum > 0.0 { loss_sum / weight_sum } else { 0.0 };
        let of_tokens = matches!(samples.targets(), Targets::NextTokens { .. });
        Ok(Evaluation { perplexity: of_tokens.then(|| loss.exp()), ..scores.finish(loss) })
    }
}

impl<T: Real> EvaluatorLayout<T> {
    pub(super) fn new(
        model: &impl Model,
        samples: &Samples,
        scoring: &Scoring,
        threads: &Threads,
    ) -> Result<Self> {
        let chunk = (CHUNK / samples.targets().positions()).clamp(1, samples.len());
        let rest = samples.len() % chunk;
        let mut chunks = vec![Chunk::new(model, samples, &scoring.loss, chunk, threads)?];
        if rest > 0 {
            chunks.push(Chunk::new(model, samples, &scoring.loss, rest, threads)?);
        }
        Ok(EvaluatorLayout { chunks, samples: samples.clone(), scoring: scoring.clone() })
    }

    /// The bytes of memory of each plan.
    pub(super) fn memory(&self) -> impl Iterator<Item = usize> {
        self.chunks.iter().map(|chunk| chunk.plan.memory())
    }

    pub(super) fn allocate(self) -> Result<Evaluator<T>> {
        let EvaluatorLayout { chunks, samples, scoring } = self;
        let rows = Vec::with_capacity(chunks[0].size);
        let chunks = chunks.into_iter().map(Chunk::allocate).collect::<Result<_>>()?;
        Ok(Evaluator { chunks, samples, scoring, rows })
    }
}

impl<T: Real> Chunk<PlanLayout<T>> {
    fn new(
        model: &impl Model,
        samples: &Samples,
        loss: &Loss,
        size: usize,
        threads: &Threads,
    ) -> Result<Self> {
        let graph = Graph::new();
        let batch = Batch::record(&graph, samples, size, false);
        let Recorded { output, values: parameters, .. } = model.record(&batch.x, Mode::Evaluate);
        let outputs = of_predictions(&output, samples);
        let loss = loss.record(&outputs, &batch.targets, batch.weights.as_ref());
        let plan = Planner::new(&graph)
            .fetch(&loss)
            .fetch(&outputs)
            .fetch_all(&parameters)
            .threads(threads.clone())
            .lay_out()?;
        Ok(Chunk { plan, size, batch, parameters, loss, outputs })
    }

    fn allocate(self) -> Result<Chunk<Plan<T>>> {
        let Chunk { plan, size, batch, parameters, loss, outputs } = self;
        Ok(Chunk { plan: plan.allocate()?, size, batch, parameters, loss, outputs })
    }
}

//! Losses: what a training makes small.

mod binary_cross_entropy;
mod cross_entropy;
mod errors;
mod text;
mod weights;

use super::batch::record_constants;
use super::evaluate::of_predictions;
use crate::data::{Dataset, Samples, Targets, Task};
use crate::nn::{Mode, Model};
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Graph, Var};
use serde::{Deserialize, Serialize};

pub use binary_cross_entropy::BinaryCrossEntropy;
pub use cross_entropy::CrossEntropy;

/// The loss of a training: a scalar of the outputs of a network and their targets. Each loss takes a weight for each row.
///
/// As text and in checkpoints: `cross-entropy`, `cross-entropy+smoothing:0.1`, `huber:1` and so on.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::train::{CrossEntropy, Loss};
/// use retrograde::{Graph, Tensor};
///
/// let graph = Graph::new();
/// let logits = graph.parameter("logits", Tensor::new([2, 3], vec![2.0, 1.0, 0.0, 0.0, 0.0, 3.0])?);
/// let labels = graph.indices("labels", [2], vec![0, 2]);
/// let smooth = Loss::from(CrossEntropy { label_smoothing: 0.1, ..CrossEntropy::default() });
/// let loss = smooth.record(&logits, &labels, None);
/// assert!(loss.value()?.scalar()? > Loss::default().record(&logits, &labels, None).value()?.scalar()?);
/// assert_eq!(smooth.to_string(), "cross-entropy+smoothing:0.1");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
#[non_exhaustive]
pub enum Loss {
    /// For one of several classes: softmax cross entropy.
    CrossEntropy(CrossEntropy),
    /// For any number of labels that are true or not: binary cross entropy with logits.
    BinaryCrossEntropy(BinaryCrossEntropy),
    /// For real numbers: the mean of the squared differences.
    SquaredError,
    /// For real numbers: the mean of the absolute differences, which outliers pull less. Where output and target are equal, the
    /// slope is 0.
    AbsoluteError,
    /// For real numbers: half the square of differences up to δ, and δ · (|difference| - δ / 2) beyond. Huber, *Robust
    /// Estimation of a Location Parameter*, 1964.
    Huber {
        /// The difference from which on the loss is a line.
        delta: f64,
    },
}

impl Default for Loss {
    /// Cross entropy without options.
    fn default() -> Self {
        Loss::CrossEntropy(CrossEntropy::default())
    }
}

impl From<CrossEntropy> for Loss {
    fn from(options: CrossEntropy) -> Self {
        Loss::CrossEntropy(options)
    }
}

impl From<BinaryCrossEntropy> for Loss {
    fn from(options: BinaryCrossEntropy) -> Self {
        Loss::BinaryCrossEntropy(options)
    }
}

impl Loss {
    /// Checks the options that do not depend on the data.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an option out of its range.
    pub fn check(&self) -> Result<()> {
        match self {
            Loss::CrossEntropy(options) => options.check(),
            Loss::BinaryCrossEntropy(options) => options.check(),
            Loss::Huber { delta } if !(delta.is_finite() && *delta > 0.0) => {
                let problem = format!("{delta} is out of range");
                Err(Error::invalid("delta of the Huber loss", problem, "give a finite number above 0"))
            }
            Loss::Huber { .. } | Loss::SquaredError | Loss::AbsoluteError => Ok(()),
        }
    }

    /// The loss of a task: cross entropy for a classification and for the next token, binary cross entropy for a multi-label one, the squared error for
    /// a regression.
    pub fn of_task(task: Task) -> Self {
        match task {
            Task::Classification | Task::NextToken => Loss::default(),
            Task::MultiLabel => Loss::BinaryCrossEntropy(BinaryCrossEntropy::default()),
            Task::Regression => Loss::SquaredError,
        }
    }

    /// Checks that it is a loss for the task of a data set, and that its options fit the number of classes.
    pub(super) fn check_for(&self, data: &Dataset) -> Result<()> {
        let task = match self {
            Loss::CrossEntropy(_) if data.task() == Task::NextToken => Task::NextToken,
            Loss::CrossEntropy(_) => Task::Classification,
            Loss::BinaryCrossEntropy(_) => Task::MultiLabel,
            Loss::SquaredError | Loss::AbsoluteError | Loss::Huber { .. } => Task::Regression,
        };
        if task != data.task() {
            let problem =
                format!("{self} is for a {task}, the task of `{}` is a {}", data.name(), data.task());
            let help = format!("use {}, or another task", Loss::of_task(data.task()));
            return Err(Error::invalid("loss", problem, help));
        }
        let (outputs, has_labels) = (data.train().outputs(), data.train().targets().are_indices());
        match self {
            Loss::CrossEntropy(options) => options.check_for(outputs, has_labels),
            Loss::BinaryCrossEntropy(options) => options.check_for(outputs),
            Loss::SquaredError | Loss::AbsoluteError | Loss::Huber { .. } => Ok(()),
        }
    }

    /// Records the loss of a model on all rows of samples, which are constants of the graph: to draw it, or to check it.
    ///
    /// # Errors
    /// The errors of recording, for example of a model that takes other rows.
    pub fn of_model(&self, graph: &Graph, model: &impl Model, samples: &Samples, mode: Mode) -> Result<Var> {
        let (x, targets, weights) = record_constants(graph, samples)?;
        let output = of_predictions(&model.record(&x, mode).output, samples);
        self.record(&output, &targets, weights.as_ref()).named("loss").checked()
    }

    /// Records the loss of a batch: a scalar.
    ///
    /// | loss | output | targets |
    /// | --- | --- | --- |
    /// | cross entropy | logits `[rows, classes]` | class indices `[rows]`, or probabilities `[rows, classes]` |
    /// | binary cross entropy | logits `[rows, outputs]` | numbers from 0 to 1 `[rows, outputs]` |
    /// | others | `[rows, outputs]` | `[rows, outputs]` |
    ///
    /// With weights `[rows]`, at least 0, it is the weighted mean of the rows; 0 if all weights are 0.
    ///
    /// Shapes that do not fit, and options that do not fit the number of classes, become an error node.
    #[track_caller]
    pub fn record(&self, output: &Var, targets: &Var, weights: Option<&Var>) -> Var {
        match self {
            Loss::CrossEntropy(options) => options.record(output, targets, weights),
            Loss::BinaryCrossEntropy(options) => options.record(output, targets, weights),
            Loss::SquaredError => errors::squared(output, targets, weights),
            Loss::AbsoluteError => errors::absolute(output, targets, weights),
            Loss::Huber { delta } => errors::huber(output, targets, *delta, weights),
        }
    }

    /// The weight of these rows in a mean: what the loss of a batch of them is divided by. Windows of tokens have moved by
    /// `shift` tokens.
    pub(super) fn weight_of(&self, samples: &Samples, rows: &[u32], shift: usize) -> f64 {
        let label_weight = |label: u32| match self {
            Loss::CrossEntropy(options) => options.label_weight(label),
            _ => 1.0,
        };
        let weight = |&row: &u32| {
            let row = row as usize;
            let of_targets = match samples.targets() {
                Targets::Classes { labels, .. } => label_weight(labels[row]),
                Targets::Reals(_) => 1.0,
                Targets::NextTokens { windows, .. } => {
                    windows.next_tokens(row, shift).iter().map(|&token| label_weight(token)).sum()
                }
            };
            of_targets * samples.weights().map_or(1.0, |weights| weights[row])
        };
        rows.iter().map(weight).sum()
    }
}

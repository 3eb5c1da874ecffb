//! Softmax cross entropy, of class indices or of rows of probabilities.

use super::weights::divided;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Kind, Tensor, Var};
use std::fmt;

/// The softmax cross entropy of logits, in nats: `-Σⱼ t[j] · log softmax(x)[j]` of each row. Its fields are the options of
/// PyTorch's `CrossEntropyLoss`, with the same numbers.
///
/// With labels, the loss is the mean of the rows, each weighted by the class weight of its label. With rows of probabilities,
/// it is their plain mean.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CrossEntropy {
    /// The share ε of the probability that all classes get in equal parts, at least 0 and below 1: the label has 1 - ε + ε / classes.
    /// Szegedy et al., *Rethinking the Inception Architecture*, 2016.
    pub label_smoothing: f64,
    /// The label of rows that do not count, for example of padding.
    pub ignore_index: Option<u32>,
    /// The weight of each class, for example of rare ones.
    pub class_weights: Option<Vec<f64>>,
}

impl CrossEntropy {
    pub(super) fn is_plain(&self) -> bool {
        *self == CrossEntropy::default()
    }

    pub(super) fn check(&self) -> Result<()> {
        if !(0.0..1.0).contains(&self.label_smoothing) {
            let problem = format!("{} is out of range", self.label_smoothing);
            return Err(Error::invalid("label smoothing", problem, "give a number from 0 to below 1"));
        }
        let Some(weights) = &self.class_weights else { return Ok(()) };
        if let Some(weight) = weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
            let problem = format!("{weight} is out of range");
            return Err(Error::invalid("class weights", problem, "give finite numbers >= 0"));
        }
        if weights.iter().all(|weight| *weight == 0.0) {
            let help = "give at least one class a weight above 0";
            return Err(Error::invalid("class weights", "they are all 0", help));
        }
        Ok(())
    }

    /// Checks that the options fit a number of classes, and rows of labels or of probabilities.
    pub(super) fn check_for(&self, classes: usize, has_labels: bool) -> Result<()> {
        if let Some(weights) = self.class_weights.as_ref().filter(|weights| weights.len() != classes) {
            let problem = format!("{} weights for {classes} classes", weights.len());
            return Err(Error::invalid("class weights", problem, "give one for each class"));
        }
        match self.ignore_index {
            Some(_) if !has_labels => {
                let problem = "the targets are rows of probabilities, which have no index to ignore";
                Err(Error::invalid(
                    "ignored label",
                    problem,
                    "give class indices, or rows with a weight of 0",
                ))
            }
            Some(index) if index as usize >= classes => {
                let problem = format!("{index} is out of range for {classes} classes");
                Err(Error::invalid("ignored label", problem, "give one of the classes"))
            }
            _ => Ok(()),
        }
    }

    /// The weight of a row with this label, without its sample weight.
    pub(super) fn label_weight(&self, label: u32) -> f64 {
        if self.ignore_index == Some(label) {
            return 0.0;
        }
        self.class_weights.as_ref().and_then(|weights| weights.get(label as usize)).copied().unwrap_or(1.0)
    }

    /// All options are weights of a row's probabilities: the loss is `softmax_with_loss` of the weighted rows, divided by the sum
    /// of the weights instead of their number.
    pub(super) fn record(&self, logits: &Var, targets: &Var, sample_weights: Option<&Var>) -> Var {
        let (shape, has_labels) = (logits.shape_or_scalar(), targets.kind() == Kind::Index);
        let [rows, classes] = shape[..] else { return logits.softmax_with_loss(targets) };
        if (self.is_plain() && sample_weights.is_none()) || logits.is_error() || targets.is_error() {
            return logits.softmax_with_loss(targets);
        }
        if let Err(error) = self.check_for(classes, has_labels) {
            return logits.graph().error_node(error);
        }
        let graph = logits.graph();
        let column = |values: Vec<f64>| graph.constant(Tensor::from(values)).reshape([classes, 1]);
        let as_row = |values: Vec<f64>| graph.constant(Tensor::from(values)).broadcast([rows, classes]);
        let over_classes = |column: &Var| column.broadcast([rows, classes]);
        let class_weights = self.class_weights.clone().unwrap_or_else(|| vec![1.0; classes]);
        let weight_of_rows = sample_weights.map(|weights| weights.reshape([rows, 1]));
        let weighted = |column: Var| match &weight_of_rows {
            Some(weights) => column * weights,
            None => column,
        };
        let smoothing = self.label_smoothing;
        let share = smoothing / classes as f64;
        let (mut probabilities, total) = if has_labels {
            let label_weights = (0..classes as u32).map(|label| self.label_weight(label)).collect();
            let of_label = weighted(column(label_weights).gather_rows(targets));
            let hot = targets.one_hot(classes) * over_classes(&of_label) * (1.0 - smoothing);
            (hot, of_label.sum_all())
        } else {
            let smoothed = targets * (1.0 - smoothing) + share;
            let of_rows = weighted(graph.full([rows, 1], 1.0));
            (smoothed * as_row(class_weights.clone()) * over_classes(&of_rows), of_rows.sum_all())
        };
        if has_labels && smoothing > 0.0 {
            let is_kept = |label| f64::from(u8::from(self.ignore_index != Some(label)));
            let kept = weighted(column((0..classes as u32).map(is_kept).collect()).gather_rows(targets));
            probabilities = probabilities + over_classes(&kept) * as_row(class_weights) * share;
        }
        divided(logits.softmax_with_loss(&probabilities) * rows as f64, &total)
    }
}

impl fmt::Display for CrossEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cross-entropy")?;
        if self.label_smoothing != 0.0 {
            write!(f, "+smoothing:{}", self.label_smoothing)?;
        }
        if let Some(index) = self.ignore_index {
            write!(f, "+ignore:{index}")?;
        }
        match &self.class_weights {
            Some(weights) => write!(f, "+weights:{}", super::text::list(weights)),
            None => Ok(()),
        }
    }
}

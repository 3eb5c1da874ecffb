//! Binary cross entropy with logits: each output is a yes or no of its own.

use super::weights::weighted_mean;
use retrograde_base::error::{Error, Result};
use retrograde_core::graph::{Tensor, Var};
use std::fmt;

/// The binary cross entropy of logits and targets from 0 to 1: the mean of `(1 - t) · x + (1 + (p - 1) · t) · softplus(-x)`, where p is the
/// positive weight. PyTorch's `BCEWithLogitsLoss`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BinaryCrossEntropy {
    /// The weight of positive targets, for each output or one for all. Above 1 it favours recall over precision.
    pub positive_weights: Option<Vec<f64>>,
}

impl BinaryCrossEntropy {
    pub(super) fn check(&self) -> Result<()> {
        let Some(weights) = &self.positive_weights else { return Ok(()) };
        match weights.iter().find(|weight| !(weight.is_finite() && **weight > 0.0)) {
            Some(weight) => {
                let problem = format!("{weight} is out of range");
                Err(Error::invalid("positive weights", problem, "give finite numbers above 0"))
            }
            None if weights.is_empty() => {
                Err(Error::invalid("positive weights", "there are none", "give one, or one for each output"))
            }
            None => Ok(()),
        }
    }

    /// Checks that there is a weight for each output, or one for all.
    pub(super) fn check_for(&self, outputs: usize) -> Result<()> {
        match &self.positive_weights {
            Some(weights) if weights.len() != 1 && weights.len() != outputs => {
                let problem = format!("{} weights for {outputs} outputs", weights.len());
                Err(Error::invalid("positive weights", problem, "give one, or one for each output"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn record(&self, logits: &Var, targets: &Var, sample_weights: Option<&Var>) -> Var {
        let shape = logits.shape_or_scalar();
        if let Err(error) = self.check_for(shape.last().copied().unwrap_or(1)) {
            return logits.graph().error_node(error);
        }
        // softplus(x) - t·x is the same without weights, with two operations less.
        let elements = match &self.positive_weights {
            None => logits.softplus() - targets * logits,
            Some(weights) => {
                let weights = match weights[..] {
                    [weight] => logits.graph().full(shape, weight),
                    _ => logits.graph().constant(Tensor::from(weights.clone())).broadcast(shape),
                };
                let positive = (weights - 1.0) * targets + 1.0;
                logits - targets * logits + positive * (-logits).softplus()
            }
        };
        weighted_mean(&elements, sample_weights)
    }
}

impl fmt::Display for BinaryCrossEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("binary-cross-entropy")?;
        match &self.positive_weights {
            Some(weights) => write!(f, "+positive:{}", super::text::list(weights)),
            None => Ok(()),
        }
    }
}

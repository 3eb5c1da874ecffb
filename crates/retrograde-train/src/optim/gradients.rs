//! What is done to gradients before an update rule sees them: clipping, and weight decay as part of the loss.

use super::{Optimizer, Update};
use retrograde_core::graph::{Graph, Var};

/// A rule that sees the gradients with all their numbers together no longer than a bound: where the norm over all
/// parameters is larger, all are made smaller by the same factor. Pascanu, Mikolov and Bengio (2013), as PyTorch's
/// `clip_grad_norm_`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipNorm<O> {
    largest: f64,
    rule: O,
}

impl<O: Optimizer> ClipNorm<O> {
    /// `rule`, with gradients whose norm is at most `largest`.
    pub fn new(largest: f64, rule: O) -> Self {
        ClipNorm { largest, rule }
    }
}

impl<O: Optimizer> Optimizer for ClipNorm<O> {
    fn description(&self) -> String {
        format!("{}, clipped to {}", self.rule.description(), self.largest)
    }

    fn learning_rate(&self) -> f64 {
        self.rule.learning_rate()
    }

    fn record(
        &self,
        graph: &Graph,
        learning_rate: &Var,
        parameters: &[Var],
        gradients: &[Var],
    ) -> Vec<Update> {
        // PyTorch adds this to the norm, lest it divide by zero.
        const EPSILON: f64 = 1e-6;
        let squares = gradients.iter().map(|gradient| (gradient * gradient).sum_all());
        let Some(total) = squares.reduce(|sum, squares| sum + squares) else {
            return self.rule.record(graph, learning_rate, parameters, gradients);
        };
        let factor = (self.largest / (total.sqrt() + EPSILON)).minimum(&graph.constant(1.0));
        let clipped: Vec<Var> = gradients.iter().map(|gradient| super::scaled(&factor, gradient)).collect();
        self.rule.record(graph, learning_rate, parameters, &clipped)
    }
}

/// A rule that sees the gradient of the loss plus ½·λ·Σw²: g + λ·w. For Adam, [`Adam::with_decay`](super::Adam::with_decay)
/// is usually meant instead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightDecay<O> {
    decay: f64,
    rule: O,
}

impl<O: Optimizer> WeightDecay<O> {
    /// `rule`, with the weight decay λ.
    pub fn new(decay: f64, rule: O) -> Self {
        WeightDecay { decay, rule }
    }
}

impl<O: Optimizer> Optimizer for WeightDecay<O> {
    fn description(&self) -> String {
        format!("{}, weight decay {}", self.rule.description(), self.decay)
    }

    fn learning_rate(&self) -> f64 {
        self.rule.learning_rate()
    }

    fn record(
        &self,
        graph: &Graph,
        learning_rate: &Var,
        parameters: &[Var],
        gradients: &[Var],
    ) -> Vec<Update> {
        let decayed: Vec<Var> = parameters.iter().zip(gradients).map(|(w, g)| g + self.decay * w).collect();
        self.rule.record(graph, learning_rate, parameters, &decayed)
    }
}

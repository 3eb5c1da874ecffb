//! Transformations of gradients before an optimizer: clipping, and weight decay as part of the loss.

use super::{Optimizer, Update};
use retrograde_core::graph::{Graph, Var};

/// An optimizer with a bound on the global gradient norm: if the norm over all parameters is larger, all gradients are
/// scaled by the same factor. Pascanu, Mikolov and Bengio (2013), as PyTorch's `clip_grad_norm_`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipNorm<O> {
    max_norm: f64,
    inner: O,
}

impl<O: Optimizer> ClipNorm<O> {
    /// `inner` with gradients clipped to the norm `max_norm`.
    pub fn new(max_norm: f64, inner: O) -> Self {
        ClipNorm { max_norm, inner }
    }
}

impl<O: Optimizer> Optimizer for ClipNorm<O> {
    fn description(&self) -> String {
        format!("{}, clipped to {}", self.inner.description(), self.max_norm)
    }

    fn learning_rate(&self) -> f64 {
        self.inner.learning_rate()
    }

    fn record(
        &self,
        graph: &Graph,
        learning_rate: &Var,
        parameters: &[Var],
        gradients: &[Var],
    ) -> Vec<Update> {
        // As in PyTorch, to avoid a division by zero.
        const EPSILON: f64 = 1e-6;
        let squares = gradients.iter().map(|gradient| (gradient * gradient).sum_all());
        let Some(total) = squares.reduce(|sum, squares| sum + squares) else {
            return self.inner.record(graph, learning_rate, parameters, gradients);
        };
        let factor = (self.max_norm / (total.sqrt() + EPSILON)).minimum(&graph.constant(1.0));
        let clipped: Vec<Var> = gradients.iter().map(|gradient| super::scaled(&factor, gradient)).collect();
        self.inner.record(graph, learning_rate, parameters, &clipped)
    }
}

/// An optimizer of the loss plus ½·λ·Σw², whose gradient is g + λ·w. For Adam, use
/// [`Adam::with_decay`](super::Adam::with_decay).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightDecay<O> {
    decay: f64,
    inner: O,
}

impl<O: Optimizer> WeightDecay<O> {
    /// `inner` with the weight decay λ.
    pub fn new(decay: f64, inner: O) -> Self {
        WeightDecay { decay, inner }
    }
}

impl<O: Optimizer> Optimizer for WeightDecay<O> {
    fn description(&self) -> String {
        format!("{}, weight decay {}", self.inner.description(), self.decay)
    }

    fn learning_rate(&self) -> f64 {
        self.inner.learning_rate()
    }

    fn record(
        &self,
        graph: &Graph,
        learning_rate: &Var,
        parameters: &[Var],
        gradients: &[Var],
    ) -> Vec<Update> {
        let decayed: Vec<Var> = parameters.iter().zip(gradients).map(|(w, g)| g + self.decay * w).collect();
        self.inner.record(graph, learning_rate, parameters, &decayed)
    }
}

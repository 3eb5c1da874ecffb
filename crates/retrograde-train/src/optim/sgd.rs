//! Stochastic gradient descent.

use super::{Optimizer, Update, scaled};
use retrograde_core::graph::{Graph, Var};

/// Stochastic gradient descent: w ← w − η·g. Robbins and Monro (1951); the book's chapter 6.1.2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sgd {
    learning_rate: f64,
}

impl Sgd {
    /// With the learning rate η.
    pub fn new(learning_rate: f64) -> Self {
        Sgd { learning_rate }
    }
}

impl Optimizer for Sgd {
    fn description(&self) -> String {
        "sgd".into()
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn record(&self, _: &Graph, learning_rate: &Var, parameters: &[Var], gradients: &[Var]) -> Vec<Update> {
        let step = |(w, g): (&Var, &Var)| Update::new(w, w - scaled(learning_rate, g));
        parameters.iter().zip(gradients).map(step).collect()
    }
}

//! `RMSProp`.

use super::{Optimizer, Update, scaled, zero_state};
use retrograde_core::graph::{Graph, Var};

/// ε by default.
const DEFAULT_EPSILON: f64 = 1e-8;

/// `RMSProp`: h ← α·h + (1 − α)·g², w ← w − η·g / (√h + ε). `AdaGrad` with a decaying mean. Tieleman and Hinton
/// (2012), in the form of PyTorch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RmsProp {
    learning_rate: f64,
    decay: f64,
    epsilon: f64,
}

impl RmsProp {
    /// With the learning rate η, usually 0.01; α is 0.99 and ε 1e-8.
    pub fn new(learning_rate: f64) -> Self {
        RmsProp { learning_rate, decay: 0.99, epsilon: DEFAULT_EPSILON }
    }

    /// With another α.
    pub fn decay(mut self, decay: f64) -> Self {
        self.decay = decay;
        self
    }

    /// With another ε, which is added to the root: finite and not negative.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Optimizer for RmsProp {
    fn description(&self) -> String {
        match self.epsilon {
            DEFAULT_EPSILON => format!("rmsprop {}", self.decay),
            epsilon => format!("rmsprop {} {epsilon}", self.decay),
        }
    }

    fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    fn record(
        &self,
        graph: &Graph,
        learning_rate: &Var,
        parameters: &[Var],
        gradients: &[Var],
    ) -> Vec<Update> {
        let mut updates = Vec::new();
        for (parameter, gradient) in parameters.iter().zip(gradients) {
            let squares = zero_state(graph, "squares", parameter);
            let new_squares = squares.weighted_sum(self.decay, &(gradient * gradient), 1.0 - self.decay);
            let step = gradient / (new_squares.sqrt() + self.epsilon);
            updates.push(Update::new(parameter, parameter - scaled(learning_rate, &step)));
            updates.push(Update::new(&squares, new_squares));
        }
        updates
    }
}

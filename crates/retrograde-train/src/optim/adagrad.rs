//! `AdaGrad`.

use super::{Optimizer, Update, scaled, zero_state};
use retrograde_core::graph::{Graph, Var};

/// ε by default.
const DEFAULT_EPSILON: f64 = 1e-10;

/// `AdaGrad`: h ← h + g², w ← w − η·g / (√h + ε). Each element has its own learning rate, which decreases with its past
/// gradients. Duchi, Hazan and Singer (2011); the book's chapter 6.1.5.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaGrad {
    learning_rate: f64,
    epsilon: f64,
}

impl AdaGrad {
    /// With the learning rate η, usually 0.01; ε is 1e-10.
    pub fn new(learning_rate: f64) -> Self {
        AdaGrad { learning_rate, epsilon: DEFAULT_EPSILON }
    }

    /// With another ε, which is added to the root: finite and not negative.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Optimizer for AdaGrad {
    fn description(&self) -> String {
        match self.epsilon {
            DEFAULT_EPSILON => "adagrad".into(),
            epsilon => format!("adagrad {epsilon}"),
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
            let new_squares = &squares + gradient * gradient;
            let step = gradient / (new_squares.sqrt() + self.epsilon);
            updates.push(Update::new(parameter, parameter - scaled(learning_rate, &step)));
            updates.push(Update::new(&squares, new_squares));
        }
        updates
    }
}

//! Gradient descent with momentum.

use super::{Optimizer, Update, scaled, zero_state};
use retrograde_core::graph::{Graph, Var};

/// Gradient descent with momentum: v ← μ·v + g, w ← w − η·v; or Nesterov's: w ← w − η·(g + μ·v). Polyak (1964);
/// Nesterov (1983), in the form of Sutskever et al. (2013) and of PyTorch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Momentum {
    learning_rate: f64,
    decay: f64,
    nesterov: bool,
}

impl Momentum {
    /// With the learning rate η and the momentum μ, usually 0.9.
    pub fn new(learning_rate: f64, momentum: f64) -> Self {
        Momentum { learning_rate, decay: momentum, nesterov: false }
    }

    /// Nesterov's form, with a look-ahead.
    pub fn nesterov(learning_rate: f64, momentum: f64) -> Self {
        Momentum { nesterov: true, ..Self::new(learning_rate, momentum) }
    }
}

impl Optimizer for Momentum {
    fn description(&self) -> String {
        format!("{} {}", if self.nesterov { "nesterov" } else { "momentum" }, self.decay)
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
            let velocity = zero_state(graph, "velocity", parameter);
            let new_velocity = velocity.weighted_sum(self.decay, gradient, 1.0);
            let step =
                if self.nesterov { gradient + self.decay * &new_velocity } else { new_velocity.clone() };
            updates.push(Update::new(parameter, parameter - scaled(learning_rate, &step)));
            updates.push(Update::new(&velocity, new_velocity));
        }
        updates
    }
}

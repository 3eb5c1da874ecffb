//! Adam, and `AdamW`.

use super::{Optimizer, Update, scaled, zero_state};
use retrograde_core::graph::{Graph, Var};

/// Adam: m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², w ← w − η·m̂ / (√v̂ + ε), where m̂ = m/(1 − β₁ᵗ) and
/// v̂ = v/(1 − β₂ᵗ) correct the bias of the initial zeros. Kingma and Ba (2015). With a weight decay it is `AdamW`, which
/// first subtracts η·λ·w from the weights: Loshchilov and Hutter (2019).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    learning_rate: f64,
    betas: (f64, f64),
    epsilon: f64,
    weight_decay: f64,
}

impl Adam {
    /// With the learning rate η, usually 0.001; β₁ is 0.9, β₂ 0.999, ε 1e-8.
    pub fn new(learning_rate: f64) -> Self {
        Adam { learning_rate, betas: (0.9, 0.999), epsilon: 1e-8, weight_decay: 0.0 }
    }

    /// `AdamW`: with the weight decay λ, usually 0.01.
    pub fn with_decay(learning_rate: f64, weight_decay: f64) -> Self {
        Adam { weight_decay, ..Self::new(learning_rate) }
    }

    /// With other β₁ and β₂.
    pub fn betas(mut self, first: f64, second: f64) -> Self {
        self.betas = (first, second);
        self
    }

    /// With another ε, which is added to the root: finite and not negative.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

/// The bias correction 1 − βᵗ of step t, and its update. The recurrence q ← β·q + (1 − β) equals the power of β, without
/// cancellation while βᵗ is near one.
fn correction(graph: &Graph, name: &str, beta: f64) -> (Var, Update) {
    let old = graph.state(name, 0.0);
    let new = beta * &old + (1.0 - beta);
    (new.clone(), Update::new(&old, new))
}

impl Optimizer for Adam {
    fn description(&self) -> String {
        let Adam { betas: (first, second), epsilon, weight_decay, .. } = self;
        match *weight_decay {
            0.0 => format!("adam {first} {second} {epsilon}"),
            decay => format!("adamw {first} {second} {epsilon} {decay}"),
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
        let (first, second) = self.betas;
        let (first_correction, first_update) = correction(graph, "first_correction", first);
        let (second_correction, second_update) = correction(graph, "second_correction", second);
        // η·m̂ / (√v̂ + ε) equals η·c/(1 − β₁ᵗ) · m / (√v + ε·c) with c = √(1 − β₂ᵗ): scalar factors are computed once.
        let root = second_correction.sqrt();
        let rate = learning_rate * &root / first_correction;
        let epsilon = self.epsilon * root;
        let mut updates = vec![first_update, second_update];
        for (parameter, gradient) in parameters.iter().zip(gradients) {
            let mean = zero_state(graph, "mean", parameter);
            let squares = zero_state(graph, "squares", parameter);
            let new_mean = mean.weighted_sum(first, gradient, 1.0 - first);
            let new_squares = squares.weighted_sum(second, &(gradient * gradient), 1.0 - second);
            let step = &new_mean / (new_squares.sqrt() + epsilon.broadcast(parameter.shape_or_scalar()));
            let decayed = match self.weight_decay {
                0.0 => parameter.clone(),
                decay => parameter * (1.0 - decay * learning_rate).broadcast(parameter.shape_or_scalar()),
            };
            updates.push(Update::new(parameter, decayed - scaled(&rate, &step)));
            updates.push(Update::new(&mean, new_mean));
            updates.push(Update::new(&squares, new_squares));
        }
        updates
    }
}

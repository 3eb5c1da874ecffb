//! `AdaGrad` (Saito, section 6.1.5; Duchi, Hazan and Singer, 2011).

use ndarray::{ArrayViewMutD, Zip};

use super::{Optimizer, State};
use crate::Tensor;
use retrograde_base::Result;

/// A learning rate for each number, which decreases with its past gradients.
///
/// ```text
/// h ← h + dw²
/// w ← w − η · dw / (√h + ε)
/// ```
///
/// ε is 1e-7 in the book, 1e-10 in PyTorch and the engine.
#[derive(Debug, Clone)]
pub struct AdaGrad {
    learning_rate: f64,
    epsilon: f64,
    h: State,
}

impl AdaGrad {
    /// With the learning rate η, such as 0.01.
    pub fn new(learning_rate: f64) -> Self {
        AdaGrad { learning_rate, epsilon: 1e-7, h: State::default() }
    }

    /// With another ε.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Optimizer for AdaGrad {
    fn step(&mut self, name: &str, w: ArrayViewMutD<'_, f64>, dw: &Tensor) -> Result<()> {
        let (rate, epsilon) = (self.learning_rate, self.epsilon);
        Zip::from(w).and(self.h.of(name, dw)?).and(dw).for_each(|w, h, &dw| {
            *h += dw * dw;
            *w -= rate * dw / (h.sqrt() + epsilon);
        });
        Ok(())
    }
}

//! `RMSprop` (named in Saito, section 6.1.5; Tieleman and Hinton, 2012).

use ndarray::{ArrayViewMutD, Zip};

use super::{Optimizer, State};
use crate::Tensor;
use retrograde_base::Result;

/// [`AdaGrad`](super::AdaGrad) that forgets: a decaying mean of the squares in place of their sum, so that the steps do not
/// become 0.
///
/// ```text
/// h ← ρ · h + (1 − ρ) · dw²
/// w ← w − η · dw / (√h + ε)
/// ```
///
/// ρ is 0.99. ε is 1e-7 in the book, 1e-8 in PyTorch and the engine.
#[derive(Debug, Clone)]
pub struct RmsProp {
    learning_rate: f64,
    decay: f64,
    epsilon: f64,
    h: State,
}

impl RmsProp {
    /// With the learning rate η, such as 0.01.
    pub fn new(learning_rate: f64) -> Self {
        RmsProp { learning_rate, decay: 0.99, epsilon: 1e-7, h: State::default() }
    }

    /// With another ρ, from 0 to 1.
    pub fn decay(mut self, decay: f64) -> Self {
        self.decay = decay;
        self
    }

    /// With another ε.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Optimizer for RmsProp {
    fn step(&mut self, name: &str, w: ArrayViewMutD<'_, f64>, dw: &Tensor) -> Result<()> {
        let RmsProp { learning_rate, decay, epsilon, .. } = *self;
        Zip::from(w).and(self.h.of(name, dw)?).and(dw).for_each(|w, h, &dw| {
            *h = decay * *h + (1.0 - decay) * dw * dw;
            *w -= learning_rate * dw / (h.sqrt() + epsilon);
        });
        Ok(())
    }
}

//! Gradient descent with momentum (Saito, section 6.1.4; Polyak, 1964).

use ndarray::ArrayViewMutD;

use super::{Optimizer, State};
use crate::Tensor;
use retrograde_base::Result;

/// Gradient descent with momentum: gradients accumulate in a velocity, which decays.
///
/// ```text
/// v ← α · v − η · dw
/// w ← w + v
/// ```
///
/// PyTorch and the engine keep `v/(−η)`, which gives the same steps as long as η does not change.
#[derive(Debug, Clone)]
pub struct Momentum {
    learning_rate: f64,
    alpha: f64,
    v: State,
}

impl Momentum {
    /// With the learning rate η, such as 0.01, and the momentum α 0.9.
    pub fn new(learning_rate: f64) -> Self {
        Momentum { learning_rate, alpha: 0.9, v: State::default() }
    }

    /// With another α, from 0 to 1.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.alpha = momentum;
        self
    }
}

impl Optimizer for Momentum {
    fn step(&mut self, name: &str, mut w: ArrayViewMutD<'_, f64>, dw: &Tensor) -> Result<()> {
        let v = self.v.of(name, dw)?;
        *v *= self.alpha;
        v.scaled_add(-self.learning_rate, dw);
        w += &*v;
        Ok(())
    }
}

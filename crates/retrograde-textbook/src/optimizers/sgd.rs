//! Stochastic gradient descent (Saito, section 6.1.2).

use ndarray::ArrayViewMutD;

use super::Optimizer;
use crate::Tensor;
use retrograde_base::Result;

/// Stochastic gradient descent: a step against the gradient.
///
/// ```text
/// w ← w − η · dw
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Sgd {
    learning_rate: f64,
}

impl Sgd {
    /// With the learning rate η; the book's default is 0.01.
    pub fn new(learning_rate: f64) -> Self {
        Sgd { learning_rate }
    }
}

impl Optimizer for Sgd {
    fn step(&mut self, _: &str, mut w: ArrayViewMutD<'_, f64>, dw: &Tensor) -> Result<()> {
        w.scaled_add(-self.learning_rate, dw);
        Ok(())
    }
}

//! Nesterov's accelerated gradient (in the book's code beside section 6.1; Nesterov, 1983).

use ndarray::ArrayViewMutD;

use super::{Optimizer, State};
use crate::Tensor;
use retrograde_base::Result;

/// Momentum whose gradient is taken where the velocity leads to.
///
/// ```text
/// v ← α · v − η · dw
/// w ← w + α · v − η · dw       with the new v
/// ```
///
/// The derivation (Bengio, Boulanger-Lewandowski and Pascanu, 2012): the rule is `v ← α·v − η·∇(u + α·v)`, `u ← u + v`, and the
/// gradient is not taken at `u`. In `w = u + α·v` it is: the new `w` is `u + v + α·v`, that is `w − α·v_old + v + α·v`, and
/// `v − α·v_old` is `−η·dw`. The book's code has the same with `v_old`: `w + α²·v_old − (1 + α)·η·dw`.
#[derive(Debug, Clone)]
pub struct Nesterov {
    learning_rate: f64,
    momentum: f64,
    v: State,
}

impl Nesterov {
    /// With the learning rate η, such as 0.01, and the momentum α 0.9.
    pub fn new(learning_rate: f64) -> Self {
        Nesterov { learning_rate, momentum: 0.9, v: State::default() }
    }

    /// With another α, from 0 to 1.
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }
}

impl Optimizer for Nesterov {
    fn step(&mut self, name: &str, mut w: ArrayViewMutD<'_, f64>, dw: &Tensor) -> Result<()> {
        let v = self.v.of(name, dw)?;
        *v *= self.momentum;
        v.scaled_add(-self.learning_rate, dw);
        w.scaled_add(self.momentum, v);
        w.scaled_add(-self.learning_rate, dw);
        Ok(())
    }
}

//! Adam (Saito, section 6.1.6; Kingma and Ba, 2015).

use ndarray::{ArrayViewMutD, Zip};

use super::{Optimizer, State};
use crate::Tensor;
use retrograde_base::Result;

/// A decaying mean of the gradients, divided by the root of a decaying mean of their squares.
///
/// ```text
/// m ← β₁ · m + (1 − β₁) · dw        the mean
/// v ← β₂ · v + (1 − β₂) · dw²       the mean of the squares
/// w ← w − η · √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε)       in step t = 1, 2, …
/// ```
///
/// Both means begin with 0, and are too small by the factors 1 − β₁ᵗ and 1 − β₂ᵗ: the factor beside η corrects that. β₁ is 0.9, β₂ 0.999
/// and ε 1e-7.
///
/// The paper's algorithm 1, PyTorch and the engine add ε to the corrected root, `√(v / (1 − β₂ᵗ))`, which makes a difference while
/// gradients are about as small as ε: see [`corrected_epsilon`](Adam::corrected_epsilon).
#[derive(Debug, Clone)]
pub struct Adam {
    learning_rate: f64,
    betas: (f64, f64),
    epsilon: f64,
    corrects_epsilon: bool,
    t: i32,
    m: State,
    v: State,
}

impl Adam {
    /// With the learning rate η, such as 0.001.
    pub fn new(learning_rate: f64) -> Self {
        Adam {
            learning_rate,
            betas: (0.9, 0.999),
            epsilon: 1e-7,
            corrects_epsilon: false,
            t: 0,
            m: State::default(),
            v: State::default(),
        }
    }

    /// With other β₁ and β₂, both from 0 to 1.
    pub fn betas(mut self, first: f64, second: f64) -> Self {
        self.betas = (first, second);
        self
    }

    /// With another ε, which is added to √v.
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        (self.epsilon, self.corrects_epsilon) = (epsilon, false);
        self
    }

    /// With another ε, which is added to √(v / (1 − β₂ᵗ)); PyTorch's and the engine's is 1e-8.
    pub fn corrected_epsilon(mut self, epsilon: f64) -> Self {
        (self.epsilon, self.corrects_epsilon) = (epsilon, true);
        self
    }
}

impl Optimizer for Adam {
    fn begin(&mut self) {
        // Both powers are 0 long before the largest step.
        self.t = self.t.saturating_add(1);
    }

    fn step(&mut self, name: &str, w: ArrayViewMutD<'_, f64>, dw: &Tensor) -> Result<()> {
        let (beta1, beta2) = self.betas;
        let root = (1.0 - beta2.powi(self.t)).sqrt();
        let rate = self.learning_rate * root / (1.0 - beta1.powi(self.t));
        let epsilon = if self.corrects_epsilon { self.epsilon * root } else { self.epsilon };
        let (m, v) = (self.m.of(name, dw)?, self.v.of(name, dw)?);
        Zip::from(w).and(m).and(v).and(dw).for_each(|w, m, v, &dw| {
            *m += (1.0 - beta1) * (dw - *m);
            *v += (1.0 - beta2) * (dw * dw - *v);
            *w -= rate * *m / (v.sqrt() + epsilon);
        });
        Ok(())
    }
}

//! Dropout.

use crate::nn::{Context, Mode, Module};
use retrograde_core::graph::Var;
use serde::{Deserialize, Serialize};

/// In training each number is zero with a probability, the rate, and divided by 1 − rate otherwise; in evaluation the output is the
/// input. Srivastava et al. (2014), the book's chapter 6.4.3; PyTorch's `nn.Dropout`.
///
/// The random numbers are a function of the training's seed and step: the same on any number of threads and after a resume.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    rate: f64,
}

impl Dropout {
    /// Dropout with this rate, from 0 to 1.
    pub fn new(rate: f64) -> Self {
        Dropout { rate }
    }
}

impl Module for Dropout {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        match context.mode() {
            Mode::Train => x.dropout(self.rate, &context.random_key()),
            Mode::Evaluate => x.clone(),
        }
    }
}

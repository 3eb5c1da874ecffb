//! A module whose input is added to its output.

use crate::nn::{Context, Module};
use retrograde_core::graph::Var;

/// `x + module(x)`, for a module whose output has the shape of its input. He et al. (2016).
///
/// Parameters: those of the module, without a prefix.
#[derive(Debug)]
pub struct Residual {
    module: Box<dyn Module>,
}

impl Residual {
    /// A connection around `module`.
    pub fn new(module: impl Module + 'static) -> Self {
        Residual { module: Box::new(module) }
    }
}

impl Module for Residual {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        x + self.module.forward(context, x)
    }
}

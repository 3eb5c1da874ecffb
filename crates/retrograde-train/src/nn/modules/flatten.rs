//! All axes of a row as one.

use crate::nn::{Context, Module};
use retrograde_core::graph::Var;
use serde::{Deserialize, Serialize};

/// All axes behind the first as one: `[rows, a, b, …]` gives `[rows, a·b·…]`. PyTorch's `nn.Flatten`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flatten {}

impl Flatten {
    /// The module.
    pub fn new() -> Self {
        Flatten {}
    }
}

impl Module for Flatten {
    fn forward(&self, _: &Context, x: &Var) -> Var {
        let shape = x.shape_or_scalar();
        let rows = shape.first().copied().unwrap_or(1);
        x.reshape([rows, shape.iter().skip(1).product()])
    }
}

//! The embedding of indices.

use crate::nn::{Context, Init, Module};
use retrograde_core::graph::Var;
use serde::{Deserialize, Serialize};

/// A row of a table for each index: indices `[…]` give `[…, width]`. PyTorch's `nn.Embedding`.
///
/// Parameters: `weight`, `[count, width]`, initially normal with the standard deviation 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    count: usize,
    width: usize,
    #[serde(default = "standard_normal")]
    init: Init,
}

fn standard_normal() -> Init {
    Init::Normal(1.0)
}

impl Embedding {
    /// A table of `count` rows of `width` numbers. Indices must be below `count`.
    pub fn new(count: usize, width: usize) -> Self {
        Embedding { count, width, init: standard_normal() }
    }

    /// The distribution of the initial table.
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }
}

impl Module for Embedding {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let shape = x.shape_or_scalar();
        let weight = context.parameter("weight", [self.count, self.width], self.init.for_fan_in(self.width));
        let rows = weight.gather_rows(&x.reshape([shape.elements()]));
        rows.reshape([&shape[..], &[self.width]].concat())
    }
}

//! The embedding of positions.

use crate::nn::{Context, Init, Module};
use retrograde_core::graph::Var;
use serde::{Deserialize, Serialize};

/// A learned row of a table added at each position: `[rows, positions, width]` gives the same shape. Without it attention does not
/// know the order of positions. Gehring et al. (2017).
///
/// Parameters: `weight`, `[positions, width]`, initially normal with the standard deviation 0.02.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionEmbedding {
    #[serde(default = "small")]
    init: Init,
}

fn small() -> Init {
    Init::Normal(0.02)
}

impl Default for PositionEmbedding {
    fn default() -> Self {
        Self::new()
    }
}

impl PositionEmbedding {
    /// A row for each position of the input.
    pub fn new() -> Self {
        PositionEmbedding { init: small() }
    }

    /// The distribution of the initial table.
    #[must_use]
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }
}

impl Module for PositionEmbedding {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let &[rows, positions, width] = &x.shape_or_scalar()[..] else {
            // Not three axes: the reshape says so.
            return x.reshape([0, 0, 0]);
        };
        let table = context.parameter("weight", [positions, width], self.init.for_fan_in(width));
        x + table.broadcast([rows, positions, width])
    }
}

//! Multi-head attention.

use super::Linear;
use crate::nn::{Context, Init, Module};
use retrograde_core::graph::{Tensor, Var};
use serde::{Deserialize, Serialize};

/// Self-attention with several heads: `[rows, positions, width]` gives the same shape. Each head attends to all positions, or
/// in causal attention to no later ones. Vaswani et al. (2017).
///
/// Parameters: of `in_proj`, `weight` `[width, 3·width]` and `bias` `[3·width]`: queries, keys and values beside each other, each
/// head by head; of `out_proj`, `weight` `[width, width]` and `bias` `[width]`. The weights are those of PyTorch's
/// `nn.MultiheadAttention`, transposed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MultiHeadAttention {
    heads: usize,
    #[serde(default)]
    causal: bool,
    #[serde(default = "lecun")]
    init: Init,
}

fn lecun() -> Init {
    Init::LeCun
}

/// Added to the scores of later positions: their weight is then 0 in either precision, and no row is without a finite score.
const MASKED: f64 = -1e30;

impl MultiHeadAttention {
    /// So many heads, which must divide the width.
    pub fn new(heads: usize) -> Self {
        MultiHeadAttention { heads, causal: false, init: lecun() }
    }

    /// Whether a position attends to itself and earlier positions only.
    #[must_use]
    pub fn causal(mut self, causal: bool) -> Self {
        self.causal = causal;
        self
    }

    /// The distribution of the initial weights.
    #[must_use]
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }
}

impl Module for MultiHeadAttention {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let graph = context.graph();
        let &[rows, positions, width] = &x.shape_or_scalar()[..] else {
            // Not three axes: the reshape says so.
            return x.reshape([0, 0, 0]);
        };
        let heads = self.heads;
        let projected = context.call("in_proj", &Linear::new(3 * width).init(self.init), x);
        // Queries, keys and values, each [rows, heads, positions, width of a head].
        let split =
            projected.reshape([rows, positions, 3, heads, width / heads.max(1)]).transpose([2, 0, 3, 1, 4]);
        let part = |index: usize| {
            split.slice(0, index..=index).reshape([rows, heads, positions, width / heads.max(1)])
        };
        let [queries, keys, values] = [part(0), part(1), part(2)];
        let scale = 1.0 / ((width / heads.max(1)).max(1) as f64).sqrt();
        let mut scores = scale * queries.matmul_t(&keys);
        if self.causal {
            let mask = Tensor::from_fn([positions, positions], |element| {
                if element % positions > element / positions { MASKED } else { 0.0 }
            });
            scores = match mask {
                Ok(mask) => scores + graph.constant(mask).broadcast([rows, heads, positions, positions]),
                Err(error) => graph.error_node(error),
            };
        }
        let attended = scores.softmax(3).matmul(&values);
        let joined = attended.transpose([0, 2, 1, 3]).reshape([rows, positions, width]);
        context.call("out_proj", &Linear::new(width).init(self.init), &joined)
    }
}

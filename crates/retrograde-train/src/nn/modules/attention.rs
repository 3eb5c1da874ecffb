//! Multi-head attention.

use super::{Linear, linear::affine_over_last};
use crate::nn::{Context, Init, Module};
use retrograde_core::graph::{Tensor, Var};
use serde::{Deserialize, Serialize};

/// Self-attention with several heads: `[rows, positions, width]` gives the same shape. Each head attends to all positions, or
/// in causal attention to no later ones. Vaswani et al. (2017).
///
/// No position attends to padding: that of an [`Embedding`](super::Embedding) before it, or of
/// [`forward_padded`](Self::forward_padded). PyTorch's `nn.MultiheadAttention` with `key_padding_mask`.
///
/// Parameters, with PyTorch's names, the weights transposed: `in_proj_weight`, `[width, 3·width]`, and `in_proj_bias`, `[3·width]`:
/// queries, keys and values beside each other, each head by head; `out_proj.weight`, `[width, width]`, and `out_proj.bias`, `[width]`.
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

/// Added to the scores of padding: its weight is then 0 in either precision. A row of nothing but padding has finite scores.
const PADDED: f64 = -1e30;

/// Added to the scores of later positions. It exceeds [`PADDED`], so that a position with nothing but padding before it does not see
/// later ones either.
const LATER: f64 = -2e30;

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

    /// As [`forward`](Module::forward), and no position attends to padding: `padding` is `[rows, positions]`, 1 where a position is
    /// padding and 0 elsewhere, as PyTorch's `key_padding_mask`. The output of a row of nothing but padding is a mean of its
    /// values, where PyTorch's is NaN.
    pub fn forward_padded(&self, context: &Context, x: &Var, padding: &Var) -> Var {
        self.attend(context, x, Some(padding))
    }

    fn attend(&self, context: &Context, x: &Var, padding: Option<&Var>) -> Var {
        let graph = context.graph();
        let &[rows, positions, width] = &x.shape_or_scalar()[..] else {
            // Not three axes: the reshape says so.
            return x.reshape([0, 0, 0]);
        };
        let heads = self.heads;
        let weight =
            context.product_weight("in_proj_weight", [width, 3 * width], self.init.for_fan_in(width));
        let projected =
            affine_over_last(x, &weight, Some(&context.parameter("in_proj_bias", [3 * width], 0.0)));
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
                if element % positions > element / positions { LATER } else { 0.0 }
            });
            scores = match mask {
                Ok(mask) => scores + graph.constant(mask).broadcast([rows, heads, positions, positions]),
                Err(error) => graph.error_node(error),
            };
        }
        if let Some(padding) = padding {
            let mask = (padding * PADDED).reshape([rows, 1, 1, positions]);
            scores = scores + mask.broadcast([rows, heads, positions, positions]);
        }
        let attended = scores.softmax(3).matmul(&values);
        let joined = attended.transpose([0, 2, 1, 3]).reshape([rows, positions, width]);
        context.call("out_proj", &Linear::new(width).init(self.init), &joined)
    }
}

impl Module for MultiHeadAttention {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        self.attend(context, x, context.padding().as_ref())
    }
}

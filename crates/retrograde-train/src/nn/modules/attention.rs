//! Multi-head attention.

use super::{Linear, linear::affine_over_last};
use crate::nn::{Context, Init, Module};
use retrograde_core::graph::Var;
use retrograde_core::ops::AttentionOptions;
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
        let &[_, _, width] = &x.shape_or_scalar()[..] else {
            // Not three axes: the reshape says so.
            return x.reshape([0, 0, 0]);
        };
        let weight =
            context.product_weight("in_proj_weight", [width, 3 * width], self.init.for_fan_in(width));
        let projected =
            affine_over_last(x, &weight, Some(&context.parameter("in_proj_bias", [3 * width], 0.0)));
        let options = AttentionOptions { heads: self.heads, causal: self.causal };
        let attended = match padding {
            Some(padding) => projected.self_attention_padded(padding, options),
            None => projected.self_attention(options),
        };
        context.call("out_proj", &Linear::new(width).init(self.init), &attended)
    }
}

impl Module for MultiHeadAttention {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        self.attend(context, x, context.padding().as_ref())
    }
}

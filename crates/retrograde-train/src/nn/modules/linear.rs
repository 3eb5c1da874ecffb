//! The affine (linear) layer.

use crate::nn::{Context, Init, Module};
use retrograde_core::graph::Var;
use serde::{Deserialize, Serialize};

/// An affine layer, `x · weight + bias`, over the last axis: `[…, inputs]` gives `[…, outputs]`. The number of inputs is that of
/// the first `x`. The book's chapter 5.6 calls it `Affine`, PyTorch `nn.Linear`.
///
/// Parameters: `weight`, `[inputs, outputs]`, which is PyTorch's transposed; `bias`, `[outputs]`, initially zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    outputs: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "he")]
    init: Init,
}

pub(super) fn yes() -> bool {
    true
}

pub(super) fn he() -> Init {
    Init::He
}

impl Linear {
    /// A layer with so many outputs and a bias, whose initial weights are [`Init::He`].
    pub fn new(outputs: usize) -> Self {
        Linear { outputs, bias: true, init: Init::He }
    }

    /// Whether it has a bias.
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }

    /// The distribution of the initial weights.
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }
}

impl Module for Linear {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let shape = x.shape_or_scalar();
        let inputs = shape.last().copied().unwrap_or(0);
        let weight = context.product_weight("weight", [inputs, self.outputs], self.init.for_fan_in(inputs));
        let bias = self.bias.then(|| context.parameter("bias", [self.outputs], 0.0));
        affine_over_last(x, &weight, bias.as_ref())
    }
}

/// An affine layer over the last axis of `x`. The rows of all leading axes are those of one matrix.
pub(super) fn affine_over_last(x: &Var, weight: &Var, bias: Option<&Var>) -> Var {
    let shape = x.shape_or_scalar();
    let inputs = shape.last().copied().unwrap_or(0);
    let flat =
        if shape.rank() > 2 { x.reshape([shape.elements() / inputs.max(1), inputs]) } else { x.clone() };
    let y = match bias {
        Some(bias) => affine(&flat, weight, bias),
        None => flat.matmul(weight),
    };
    let outputs = y.shape_or_scalar().last().copied().unwrap_or(0);
    if shape.rank() > 2 { y.reshape([&shape[..shape.rank() - 1], &[outputs]].concat()) } else { y }
}

/// Records an affine (linear) layer, `x · weight + bias`, with the bias added to each row. `x`: `[rows, inputs]`,
/// `weight`: `[inputs, outputs]`, `bias`: `[outputs]`.
///
/// The book's chapter 5.6.
#[track_caller]
pub fn affine(x: &Var, weight: &Var, bias: &Var) -> Var {
    let product = x.matmul(weight);
    let shape = product.shape_or_scalar();
    product + bias.broadcast(shape)
}

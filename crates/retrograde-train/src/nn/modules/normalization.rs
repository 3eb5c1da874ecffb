//! Normalizations: of each feature over the batch, and of each row over its features.

use super::along;
use crate::nn::{Context, Mode, Module};
use retrograde_base::error::Error;
use retrograde_core::graph::{Graph, Shape, Var};
use serde::{Deserialize, Serialize};

/// ε by default. It is added to variances, so that features that do not vary are not divided by zero.
fn default_epsilon() -> f64 {
    1e-5
}

/// √(variance + ε). An error node if ε is negative or not finite.
fn deviation(graph: &Graph, variance: &Var, epsilon: f64) -> Var {
    if epsilon.is_finite() && epsilon >= 0.0 {
        return (variance + epsilon).sqrt();
    }
    let problem = format!("{epsilon} is out of range");
    graph.error_node(Error::invalid(
        "epsilon of a normalization",
        problem,
        "give a number >= 0, such as 1e-5",
    ))
}

/// Mean and variance of `x` over some axes, which keep the length 1. The variance divides by the number of elements.
fn moments(x: &Var, axes: &[usize]) -> (Var, Var) {
    (x.mean_keepdims(axes), x.var_keepdims(axes, 0.0))
}

/// (x − mean) / deviation.
fn normalized(x: &Var, mean: &Var, deviation: &Var) -> Var {
    let shape = x.shape_or_scalar();
    (x - mean.broadcast(&shape)) / deviation.broadcast(&shape)
}

/// `x` times the parameter `weight` plus the parameter `bias`, both along one axis.
fn scaled(context: &Context, x: &Var, axis: usize) -> Var {
    let shape = x.shape_or_scalar();
    let features = shape.get(axis).copied().unwrap_or(1);
    let weight = context.parameter("weight", [features], 1.0);
    let bias = context.parameter("bias", [features], 0.0);
    x * along(&weight, axis, &shape) + along(&bias, axis, &shape)
}

/// Batch normalization: each feature or channel, axis 1, has mean 0 and variance 1 over the batch and all positions, and is then
/// scaled. In evaluation the running mean and variance of the training are used. `[rows, features, …]`. Ioffe and Szegedy
/// (2015), the book's chapter 6.3; PyTorch's `BatchNorm1d`, `BatchNorm2d` with their defaults.
///
/// Parameters: `weight` (γ), initially 1, and `bias` (β), initially 0, both `[features]`. Buffers: `running_mean`, `running_var`,
/// `[features]`, and `num_batches_tracked`, the number of training steps. The running variance is that of the sample, which divides
/// by the number of elements less one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BatchNorm {
    momentum: f64,
    epsilon: f64,
}

impl Default for BatchNorm {
    fn default() -> Self {
        BatchNorm { momentum: 0.1, epsilon: default_epsilon() }
    }
}

impl BatchNorm {
    /// The module, with the momentum 0.1 and ε = 1e-5.
    pub fn new() -> Self {
        Self::default()
    }

    /// The weight of a new batch in the running statistics, between 0 and 1.
    #[must_use]
    pub fn momentum(mut self, momentum: f64) -> Self {
        self.momentum = momentum;
        self
    }

    /// ε, which is added to the variances: finite and not negative.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Module for BatchNorm {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let shape = x.shape_or_scalar();
        let features = shape.get(1).copied().unwrap_or(1);
        let running_mean = context.buffer("running_mean", [features], 0.0);
        let running_var = context.buffer("running_var", [features], 1.0);
        let batches = context.count("num_batches_tracked");
        context.update(&batches, &(&batches + 1.0));
        let (mean, variance) = match context.mode() {
            Mode::Train => {
                let axes: Vec<usize> = (0..shape.rank()).filter(|&axis| axis != 1).collect();
                let (mean, variance) = moments(x, &axes);
                let count = (shape.elements() / features.max(1)) as f64;
                let unbiased = &variance * (count / (count - 1.0).max(1.0));
                for (buffer, value) in [(&running_mean, &mean), (&running_var, &unbiased)] {
                    let value = value.reshape([features]);
                    context.update(buffer, &buffer.weighted_sum(1.0 - self.momentum, &value, self.momentum));
                }
                (mean, variance)
            }
            Mode::Evaluate => {
                let mut kept = vec![1; shape.rank()];
                if let Some(length) = kept.get_mut(1) {
                    *length = features;
                }
                (running_mean.reshape(kept.clone()), running_var.reshape(kept))
            }
        };
        let deviation = deviation(context.graph(), &variance, self.epsilon);
        scaled(context, &normalized(x, &mean, &deviation), 1)
    }
}

/// Layer normalization: each row of the last axis has mean 0 and variance 1, and is then scaled. `[…, features]`. Ba, Kiros and
/// Hinton (2016); PyTorch's `nn.LayerNorm(features)`.
///
/// Parameters: `weight`, initially 1, and `bias`, initially 0, both `[features]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LayerNorm {
    epsilon: f64,
}

impl Default for LayerNorm {
    fn default() -> Self {
        LayerNorm { epsilon: default_epsilon() }
    }
}

impl LayerNorm {
    /// The module, with ε = 1e-5.
    pub fn new() -> Self {
        Self::default()
    }

    /// ε, which is added to the variances: finite and not negative.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Module for LayerNorm {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let last = x.shape_or_scalar().rank().saturating_sub(1);
        let (mean, variance) = moments(x, &[last]);
        let deviation = deviation(context.graph(), &variance, self.epsilon);
        scaled(context, &normalized(x, &mean, &deviation), last)
    }
}

/// Each row of the last axis divided by its root mean square, and then scaled. `[…, features]`. Zhang and Sennrich (2019);
/// PyTorch's `nn.RMSNorm(features, eps=1e-5)`, whose own default is the rounding unit of the type of `x`.
///
/// Parameters: `weight`, `[features]`, initially 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RmsNorm {
    epsilon: f64,
}

impl Default for RmsNorm {
    fn default() -> Self {
        RmsNorm { epsilon: default_epsilon() }
    }
}

impl RmsNorm {
    /// The module, with ε = 1e-5.
    pub fn new() -> Self {
        Self::default()
    }

    /// ε, which is added to the mean squares: finite and not negative.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Module for RmsNorm {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let shape = x.shape_or_scalar();
        let last = shape.rank().saturating_sub(1);
        let weight = context.parameter("weight", [shape.last().copied().unwrap_or(1)], 1.0);
        let root = deviation(context.graph(), &(x * x).mean_keepdims([last]), self.epsilon);
        x / root.broadcast(&shape) * along(&weight, last, &shape)
    }
}

/// Group normalization: the channels, axis 1, are divided into groups of neighbours; each group of each row has mean 0 and
/// variance 1, and each channel is then scaled. `[rows, channels, …]`. Wu and He (2018); PyTorch's `nn.GroupNorm`.
///
/// Parameters: `weight`, initially 1, and `bias`, initially 0, both `[channels]`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupNorm {
    groups: usize,
    #[serde(default = "default_epsilon")]
    epsilon: f64,
}

impl GroupNorm {
    /// So many groups, which must divide the number of channels, with ε = 1e-5.
    pub fn new(groups: usize) -> Self {
        GroupNorm { groups, epsilon: default_epsilon() }
    }

    /// ε, which is added to the variances: finite and not negative.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }
}

impl Module for GroupNorm {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let shape = x.shape_or_scalar();
        let rows = shape.first().copied().unwrap_or(1);
        // A number of groups that does not divide the channels is an error of this reshape.
        let width = shape.get(1).copied().unwrap_or(1) / self.groups.max(1);
        let width = width * shape.iter().skip(2).product::<usize>();
        let grouped = x.reshape(Shape::from([rows, self.groups, width]));
        let (mean, variance) = moments(&grouped, &[2]);
        let deviation = deviation(context.graph(), &variance, self.epsilon);
        scaled(context, &normalized(&grouped, &mean, &deviation).reshape(&shape), 1)
    }
}

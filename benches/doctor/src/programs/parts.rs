//! What programs are made of, in few words.

use retrograde::Result;
use retrograde::data::Matrix;
use retrograde::diagnose::{
    Block, Distribution, Formula, Function, Initialization, Loss, Network, Reduction, Rows, Training,
};
use retrograde::nn::{Activation, Conv2d, Dropout, Flatten, Layer, Linear, MaxPool2d};
use retrograde::optim::{OptimizerConfig, OptimizerKind};

pub const SIGMOID: Option<Function> = Some(Function::Elementwise(Activation::Sigmoid));
pub const TANH: Option<Function> = Some(Function::Elementwise(Activation::Tanh));
pub const RELU: Option<Function> = Some(Function::Elementwise(Activation::Relu));
pub const ELU: Option<Function> = Some(Function::Elementwise(Activation::Elu));
pub const SOFTMAX: Option<Function> = Some(Function::Softmax);

/// Gradient descent.
pub fn sgd(learning_rate: f64) -> OptimizerConfig {
    with_rate(OptimizerKind::Sgd, learning_rate)
}

/// Gradient descent with momentum.
pub fn momentum(learning_rate: f64, momentum: f64) -> OptimizerConfig {
    OptimizerConfig { momentum: Some(momentum), ..with_rate(OptimizerKind::Momentum, learning_rate) }
}

/// Nesterov's momentum. Keras's decay of the rate by 1e-6 a step, which many programs copy, changes it by less than a hundredth here and
/// is left out.
pub fn nesterov(learning_rate: f64, momentum: f64) -> OptimizerConfig {
    OptimizerConfig { momentum: Some(momentum), ..with_rate(OptimizerKind::Nesterov, learning_rate) }
}

/// Adam.
pub fn adam(learning_rate: f64) -> OptimizerConfig {
    with_rate(OptimizerKind::Adam, learning_rate)
}

/// Keras's RMSProp, whose decay is 0.9.
pub fn rmsprop(learning_rate: f64) -> OptimizerConfig {
    OptimizerConfig { decay: Some(0.9), ..with_rate(OptimizerKind::RmsProp, learning_rate) }
}

fn with_rate(kind: OptimizerKind, learning_rate: f64) -> OptimizerConfig {
    OptimizerConfig { learning_rate, ..OptimizerConfig::default_for(kind) }
}

/// The mean of squared errors.
pub fn squared() -> Loss {
    Formula::SquaredError.into()
}

/// The sum of squared errors.
pub fn squared_sum() -> Loss {
    squared().reduced(Reduction::Sum)
}

/// Keras's categorical cross entropy of probabilities.
pub fn cross_entropy() -> Loss {
    Formula::KERAS_CROSS_ENTROPY.into()
}

/// Keras's binary cross entropy of probabilities.
pub fn binary_cross_entropy() -> Loss {
    Formula::KERAS_BINARY_CROSS_ENTROPY.into()
}

/// Cross entropy of the softmax of logits.
pub fn softmax_cross_entropy() -> Loss {
    Formula::SoftmaxCrossEntropy.into()
}

/// Keras's `random_normal` and `random_uniform`.
pub fn keras_normal() -> Initialization {
    Initialization::with(Distribution::Normal(0.0, 0.05))
}

/// Uniform between ± 0.05.
pub fn keras_uniform() -> Initialization {
    Initialization::with(Distribution::Uniform(-0.05, 0.05))
}

/// Weights and biases of one distribution.
pub fn all_of(distribution: Distribution) -> Initialization {
    Initialization { biases: distribution.clone(), ..Initialization::with(distribution) }
}

/// TensorFlow's truncated normal: cut at two deviations, it has 0.88 of the deviation, and is drawn as a normal with that here.
pub fn truncated(deviation: f64) -> Distribution {
    Distribution::Normal(0.0, 0.88 * deviation)
}

/// A fully connected layer.
pub fn linear(width: usize) -> Block {
    Layer::Linear(Linear::new(width)).into()
}

/// A fully connected layer without a bias.
pub fn linear_without_bias(width: usize) -> Block {
    Layer::Linear(Linear::new(width).bias(false)).into()
}

/// Dropout.
pub fn dropout(rate: f64) -> Block {
    Layer::Dropout(Dropout::new(rate)).into()
}

/// A convolution of stride 1 without padding.
pub fn conv(channels: usize, kernel: usize) -> Block {
    Layer::Conv2d(Conv2d::new(channels, kernel)).into()
}

/// A convolution that keeps the size of an image.
pub fn conv_same(channels: usize, kernel: usize) -> Block {
    Layer::Conv2d(Conv2d::new(channels, kernel).padding(kernel / 2)).into()
}

/// The largest of 2 × 2.
pub fn pool() -> Block {
    Layer::MaxPool2d(MaxPool2d::new(2)).into()
}

/// An image as a row.
pub fn flatten() -> Block {
    Layer::Flatten(Flatten::new()).into()
}

/// The block of an activation.
pub fn function(function: Option<Function>) -> Block {
    function.map_or_else(flatten, Block::Function)
}

/// A training with the held-out rows.
pub fn with_held_out(
    (train, held_out): (Rows, Rows),
    network: Network,
    loss: Loss,
    optimizer: OptimizerConfig,
) -> Training {
    Training { held_out: Some(held_out), ..Training::new(train, network, loss, optimizer) }
}

/// At most the first `count` rows.
pub fn first(rows: &Rows, count: usize) -> Result<Rows> {
    let count = count.min(rows.len());
    let width = |matrix: &Matrix| count * matrix.shape()[1];
    let part = |matrix: &Matrix| Matrix::new(count, matrix.values()[..width(matrix)].to_vec());
    Rows::new(part(rows.x())?, part(rows.targets())?)
}

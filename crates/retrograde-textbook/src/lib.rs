//! The notebook's classes written by hand, for learning backpropagation, and correct.
//!
//! This crate follows chapters 4 to 8 of Saito, *Deep Learning from Scratch* (O'Reilly Japan), and a learner's notebook on
//! it. Each layer is one file with `forward`, `backward` and the derivation. It is the engine's reference implementation:
//! it imports nothing of the engine, shares no code with it, computes in `f64` with `ndarray`, and the two must agree to
//! rounding.
//!
//! | item | description |
//! | --- | --- |
//! | [`MulLayer`], [`AddLayer`] | the book's apple example: one product, one sum |
//! | [`Relu`], [`Sigmoid`], [`Affine`] | the layers of a network |
//! | [`softmax`], [`log_softmax`], [`cross_entropy_error`], [`SoftmaxWithLoss`] | from logits to a loss |
//! | [`numerical_gradient`], [`numerical_gradient_within`] | slopes by central differences |
//! | [`TwoLayerNet`], [`Network`] | a sequence of layers with a loss at the end |
//! | [`Optimizer`]: [`Sgd`], [`Momentum`], [`Nesterov`], [`AdaGrad`], [`RmsProp`], [`Adam`] | how gradients change parameters (6.1) |
//! | [`WeightInit`] | the deviation of initial weights: given, Xavier, He (6.2) |
//! | [`BatchNormalization`] | columns with mean 0 and variance 1, and running statistics (6.3) |
//! | [`Penalty`], [`WeightDecay`] | terms of the loss that depend on the parameters alone (6.4.2) |
//! | [`Dropout`] | numbers that are dropped in training (6.4.3) |
//! | [`MultiLayerNet`], [`MultiLayerNetExtend`] | the networks of chapter 6 |
//! | [`Window`], [`im2col`], [`col2im`] | images as a matrix of windows, and back (7.4.2) |
//! | [`Convolution`], [`Pooling`], [`Flatten`] | the layers of images (7.4.3, 7.4.4) |
//! | [`SimpleConvNet`], [`DeepConvNet`] | the networks of chapters 7 and 8 |
//! | [`Layer`], [`LossLayer`] | the traits of a layer of your own, to use in a network and to check |
//! | [`Parameter`], [`SharedParameter`] | a layer's parameter with its gradient; one array that several layers hold |
//!
//! Where the book or the notebook is wrong, the layer's documentation says how this one differs. In short:
//!
//! - **softmax works on each row.** The notebook takes the maximum and the sum over the whole batch. That one line is why
//!   its `b2` is off by 0.0667 and its accuracy stays at a tenth.
//! - **`SoftmaxWithLoss::backward` multiplies by `dout`**, which the book ignores.
//! - **`Relu::backward` does not change `dout`.** The book's writes zeros into it, which are visible to all other users of
//!   that array. The signature of [`Layer::backward`] prevents that.
//! - **The cross entropy has no 1e-7.** It uses [`log_softmax`], which needs no epsilon.
//! - **`BatchNormalization` has a backward for evaluation**, and **`Pooling` never takes the padding for the maximum**, which the
//!   book fills with zeros.
//! - **Class indices and one-hot rows are two variants of [`Labels`]**; the book guesses by comparing sizes.
//!
//! A gradient is named after its variable: `dw` is ∂loss/∂w and has the shape of `w`; `dout` is the upstream gradient, that
//! of the loss with respect to a layer's output. Shapes are beside each signature: `N` rows in a batch, `D` numbers in a
//! row, `C` classes; `[..., D]` is any number of leading axes, including none, so that one row works like a batch.
//!
//! ```
//! use retrograde::textbook::MulLayer;
//!
//! let (mut apples, mut tax) = (MulLayer::new(), MulLayer::new());
//! let price = tax.forward(apples.forward(100.0, 2.0), 1.1);
//! let (dsum, dtax) = tax.backward(1.0)?;
//! let (dapple, dcount) = apples.backward(dsum)?;
//! assert_eq!(price, 220.00000000000003);
//! assert_eq!((dtax, dapple, dcount), (200.0, 2.2, 110.00000000000001));
//! # Ok::<(), retrograde::Error>(())
//! ```

mod add_layer;
mod affine;
mod batch_normalization;
mod convolution;
mod cross_entropy;
mod deep_conv_net;
mod dropout;
mod flatten;
mod gradients;
mod im2col;
mod labels;
mod layer;
mod mul_layer;
mod multi_layer_net;
mod multi_layer_net_extend;
mod network;
mod numerical_gradient;
mod optimizers;
mod pair;
mod penalty;
mod pooling;
mod relu;
mod sigmoid;
mod simple_conv_net;
mod softmax;
mod softmax_with_loss;
mod two_layer_net;
mod weight_init;
mod window;

pub use add_layer::AddLayer;
pub use affine::Affine;
pub use batch_normalization::BatchNormalization;
pub use convolution::Convolution;
pub use cross_entropy::cross_entropy_error;
pub use deep_conv_net::DeepConvNet;
pub use dropout::Dropout;
pub use flatten::Flatten;
pub use gradients::Gradients;
pub use im2col::{col2im, im2col};
pub use labels::Labels;
pub use layer::{Layer, LossLayer, Parameter, SharedParameter, remembered};
pub use mul_layer::MulLayer;
pub use multi_layer_net::{Activation, MultiLayerNet};
pub use multi_layer_net_extend::MultiLayerNetExtend;
pub use network::Network;
pub use numerical_gradient::{STEP, numerical_gradient, numerical_gradient_within};
pub use optimizers::{AdaGrad, Adam, Momentum, Nesterov, Optimizer, RmsProp, Sgd};
pub use penalty::{Penalty, WeightDecay};
pub use pooling::Pooling;
pub use relu::Relu;
pub use sigmoid::Sigmoid;
pub use simple_conv_net::SimpleConvNet;
pub use softmax::{log_softmax, softmax};
pub use softmax_with_loss::SoftmaxWithLoss;
pub use two_layer_net::TwoLayerNet;
pub use weight_init::WeightInit;
pub use window::Window;

/// The crate of the arrays, so that a program has the same version.
pub use ndarray;

/// An array of any number of axes, in `f64`: the type of all values of a hand-written network.
pub type Tensor = ndarray::ArrayD<f64>;

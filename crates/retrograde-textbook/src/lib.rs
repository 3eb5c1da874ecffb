//! The notebook's classes written by hand, for learning backpropagation, and correct.
//!
//! This crate follows chapters 4 and 5 of Saito, *Deep Learning from Scratch* (O'Reilly Japan), and a learner's notebook on
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
//! | [`Penalty`], [`WeightDecay`] | terms of the loss that depend on the parameters alone |
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
mod cross_entropy;
mod gradients;
mod labels;
mod layer;
mod mul_layer;
mod network;
mod numerical_gradient;
mod pair;
mod penalty;
mod relu;
mod sigmoid;
mod softmax;
mod softmax_with_loss;
mod two_layer_net;

pub use add_layer::AddLayer;
pub use affine::Affine;
pub use cross_entropy::cross_entropy_error;
pub use gradients::Gradients;
pub use labels::Labels;
pub use layer::{Layer, LossLayer, Parameter, SharedParameter, remembered};
pub use mul_layer::MulLayer;
pub use network::Network;
pub use numerical_gradient::{STEP, numerical_gradient, numerical_gradient_within};
pub use penalty::{Penalty, WeightDecay};
pub use relu::Relu;
pub use sigmoid::Sigmoid;
pub use softmax::{log_softmax, softmax};
pub use softmax_with_loss::SoftmaxWithLoss;
pub use two_layer_net::TwoLayerNet;

/// The crate of the arrays, so that a program has the same version.
pub use ndarray;

/// An array of any number of axes, in `f64`: the type of all values of a hand-written network.
pub type Tensor = ndarray::ArrayD<f64>;

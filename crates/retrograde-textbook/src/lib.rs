//! The notebook's own classes, by hand: what a learner writes to understand backpropagation, done right.
//!
//! This module follows chapters 4 and 5 of Saito, *Deep Learning from Scratch* (O'Reilly Japan), and a learner's notebook
//! on it. Each layer is one file in which `forward` stands beside `backward` and the derivative is written out. It is
//! the engine's reference implementation: it imports nothing of the engine, shares no code with it, computes in `f64` over
//! `ndarray`, and the two must agree to rounding.
//!
//! | here | what it is |
//! | --- | --- |
//! | [`MulLayer`], [`AddLayer`] | the apples: one product, one sum |
//! | [`Relu`], [`Sigmoid`], [`Affine`] | what a network is made of |
//! | [`softmax`], [`log_softmax`], [`cross_entropy_error`], [`SoftmaxWithLoss`] | from logits to a loss |
//! | [`numerical_gradient`], [`numerical_gradient_within`] | slopes by moving each number a little |
//! | [`TwoLayerNet`], [`Network`] | layers in a row with a loss at the end |
//! | [`Penalty`], [`WeightDecay`] | what the parameters add to the loss |
//! | [`Layer`], [`LossLayer`] | what a layer of your own implements to stand in such a row and to be checked |
//! | [`Parameter`], [`SharedParameter`] | a layer's parameter with its gradient; one array that several layers hold |
//!
//! Where the book or the notebook goes wrong, the layer's own page says how and why this one differs. In short:
//!
//! - **softmax works on each row.** The notebook takes the maximum and the sum over the whole batch. That one line is
//!   why its `b2` is off by 0.0667 and why its accuracy stays at a tenth.
//! - **`SoftmaxWithLoss::backward` multiplies by `dout`**, which the book ignores.
//! - **`Relu::backward` leaves `dout` alone.** The book's writes zeros into it, and whoever else holds that array sees
//!   them. Here the signature of [`Layer::backward`] keeps it from that.
//! - **The cross entropy has no 1e-7.** It goes through [`log_softmax`], which needs no such crutch.
//! - **Class indices and one-hot rows are two variants of [`Labels`]**; the book guesses by counting elements.
//!
//! A gradient is named after what it is the gradient of: `dw` is ∂loss/∂w and has the shape of `w`; `dout` is what comes
//! from the right, the gradient of the loss with respect to a layer's output. Shapes stand beside each signature: `N`
//! rows in a batch, `D` numbers in a row, `C` classes; `[..., D]` is any number of leading axes, none included, so that
//! one row is as welcome as a batch.
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

/// An array of any number of axes, in `f64`: what flows along every edge of a hand-written network.
pub type Tensor = ndarray::ArrayD<f64>;

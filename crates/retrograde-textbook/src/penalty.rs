//! Terms of a loss that depend on the parameters alone: weight decay (Saito, section 6.4).

use super::Tensor;

/// A term that a [`Network`](super::Network) adds to its loss for each of its parameters, and its gradient to theirs.
///
/// ```
/// use ndarray::{Array1, Array2};
/// use retrograde::textbook::{Affine, Network, SoftmaxWithLoss, Tensor, WeightDecay};
///
/// let affine = || Affine::new(Array2::eye(2), Array1::zeros(2));
/// let (x, labels) = (Tensor::ones(vec![1, 2]), vec![0].into());
/// let mut plain = Network::new(SoftmaxWithLoss::new()).then(affine()?);
/// let mut decaying = Network::new(SoftmaxWithLoss::new()).then(affine()?).penalized(WeightDecay::new(0.1));
/// // ½ · 0.1 · (1 + 1)
/// assert!((decaying.loss(&x, &labels)? - plain.loss(&x, &labels)? - 0.1).abs() < 1e-12);
/// # Ok::<(), retrograde::Error>(())
/// ```
pub trait Penalty {
    /// The penalty of the parameter of this name (`affine1.w`) and value.
    fn loss(&self, name: &str, value: &Tensor) -> f64;

    /// The gradient of the penalty by the value, in its shape.
    fn gradient(&self, name: &str, value: &Tensor) -> Tensor;
}

/// ½ · λ · Σ w² for each weight w; biases, which have one axis, have no penalty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WeightDecay {
    lambda: f64,
}

impl WeightDecay {
    /// With this λ, such as 0.1 or 1e-4.
    pub fn new(lambda: f64) -> Self {
        WeightDecay { lambda }
    }
}

impl Penalty for WeightDecay {
    fn loss(&self, _: &str, value: &Tensor) -> f64 {
        if value.ndim() < 2 { 0.0 } else { 0.5 * self.lambda * value.iter().map(|w| w * w).sum::<f64>() }
    }

    fn gradient(&self, _: &str, value: &Tensor) -> Tensor {
        if value.ndim() < 2 { Tensor::zeros(value.raw_dim()) } else { value * self.lambda }
    }
}

//! The small convolutional network (Saito, section 7.5: `SimpleConvNet`).

use ndarray::Array1;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::{Affine, Convolution, Flatten, Network, Pooling, Relu, SoftmaxWithLoss, WeightInit, Window};
use retrograde_base::{Error, Result};

/// One convolution and two affine layers, as a description that [`build`](SimpleConvNet::build) makes a [`Network`] of.
///
/// ```text
/// x [N, C, H, W] → convolution1 → relu1 → pooling1 → flatten1 → affine1 → relu2 → affine2 → logits [N, 10] → SoftmaxWithLoss
/// ```
///
/// ```
/// use retrograde::textbook::{SimpleConvNet, Tensor};
///
/// let mut network = SimpleConvNet::new([1, 28, 28]).build()?;
/// assert_eq!(network.predict(&Tensor::zeros(vec![2, 1, 28, 28]))?.shape(), [2, 10]);
/// assert_eq!(network.parameter_mut("convolution1.w")?.shape(), [30, 1, 5, 5]);
/// assert_eq!(network.parameter_mut("affine1.w")?.shape(), [30 * 12 * 12, 100]);
/// # Ok::<(), retrograde::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a description does nothing until `build`"]
pub struct SimpleConvNet {
    input_dim: [usize; 3],
    filters: usize,
    window: Window,
    hidden_size: usize,
    output_size: usize,
    init: WeightInit,
    seed: u64,
}

impl SimpleConvNet {
    /// For images `[C, H, W]`, with the book's settings: 30 filters 5×5, the stride 1 and no padding, 100 hidden units, 10 outputs,
    /// weights of the deviation 0.01. The seed is 0.
    pub fn new(input_dim: [usize; 3]) -> Self {
        SimpleConvNet {
            input_dim,
            filters: 30,
            window: Window::new(5, 5),
            hidden_size: 100,
            output_size: 10,
            init: WeightInit::Std(0.01),
            seed: 0,
        }
    }

    /// With so many filters of this size, stride and padding: the book's `conv_param`.
    pub fn conv_param(self, filters: usize, window: Window) -> Self {
        SimpleConvNet { filters, window, ..self }
    }

    /// With so many hidden units.
    pub fn hidden_size(self, hidden_size: usize) -> Self {
        SimpleConvNet { hidden_size, ..self }
    }

    /// With so many outputs.
    pub fn output_size(self, output_size: usize) -> Self {
        SimpleConvNet { output_size, ..self }
    }

    /// With other initial weights.
    pub fn weight_init(self, init: WeightInit) -> Self {
        SimpleConvNet { init, ..self }
    }

    /// With another seed of the initial weights.
    pub fn seed(self, seed: u64) -> Self {
        SimpleConvNet { seed, ..self }
    }

    /// The network. An error for sizes of 0 or too many weights, for a deviation out of range, and for a filter or a pooling that
    /// does not fit the image.
    pub fn build(&self) -> Result<Network> {
        let [channels, height, width] = self.input_dim;
        let [fh, fw] = self.window.size();
        let pool = Window::new(2, 2).stride(2);
        let [ph, pw] = pool.output(self.window.output([height, width])?)?;
        let pooled = ph.checked_mul(pw).and_then(|size| size.checked_mul(self.filters)).ok_or_else(|| {
            Error::invalid("SimpleConvNet", "the image is too large", "pass a smaller image or fewer filters")
        })?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let (name, init) = ("SimpleConvNet", self.init);
        let inputs = channels.saturating_mul(fh).saturating_mul(fw);
        let w1 = init.draw(name, [self.filters, channels, fh, fw], inputs, &mut random)?;
        let w2 = init.draw(name, [pooled, self.hidden_size], pooled, &mut random)?;
        let w3 = init.draw(name, [self.hidden_size, self.output_size], self.hidden_size, &mut random)?;
        let convolution = Convolution::new(w1, Array1::zeros(self.filters))?
            .stride(self.window.distance())
            .pad(self.window.padding());
        Ok(Network::new(SoftmaxWithLoss::new())
            .then(convolution)
            .then(Relu::new())
            .then(Pooling::new(pool)?)
            .then(Flatten::new())
            .then(Affine::new(w2, Array1::zeros(self.hidden_size))?)
            .then(Relu::new())
            .then(Affine::new(w3, Array1::zeros(self.output_size))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    /// As the book's `gradient_check.py`.
    #[test]
    fn backpropagation_agrees_with_differences() -> Result<()> {
        let mut network = SimpleConvNet::new([1, 8, 8])
            .conv_param(3, Window::new(3, 3).pad(1))
            .hidden_size(6)
            .weight_init(WeightInit::He)
            .build()?;
        let x = Tensor::from_shape_fn(vec![2, 1, 8, 8], |at| {
            (1.0 + 5.7 * at[0] as f64 + 2.3 * at[2] as f64 + 0.9 * at[3] as f64).sin()
        });
        let labels = vec![3, 7].into();
        let gradients = network.gradient(&x, &labels)?;
        for (name, expected) in network.numerical_gradient(&x, &labels)? {
            let gradient = gradients.get(&name).unwrap();
            // See `STEP`; no rectifier and no maximum has a kink within a step of these numbers.
            assert!((gradient - expected).iter().all(|error| error.abs() <= 1e-9), "{name}");
        }
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        let net = || SimpleConvNet::new([1, 8, 8]);
        for net in [
            SimpleConvNet::new([0, 8, 8]),
            SimpleConvNet::new([1, 4, 8]),
            SimpleConvNet::new([1, 5, 5]),
            SimpleConvNet::new([1, usize::MAX, usize::MAX]),
            net().conv_param(0, Window::new(3, 3)),
            net().conv_param(3, Window::new(3, 3).stride(0)),
            net().hidden_size(0),
            net().output_size(usize::MAX),
            net().weight_init(WeightInit::Std(f64::NAN)),
        ] {
            assert!(net.build().is_err(), "{net:?}");
        }
    }
}

//! A network of any number of hidden layers (Saito, chapter 6: `MultiLayerNet`).

use ndarray::Array1;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::{Affine, Layer, Network, Relu, Sigmoid, SoftmaxWithLoss, WeightDecay, WeightInit};
use retrograde_base::{Error, Result};

/// The activation between two layers, and the initial weights that suit it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Activation {
    /// [`Relu`]; suited to [`WeightInit::He`].
    Relu,
    /// [`Sigmoid`]; suited to [`WeightInit::Xavier`].
    Sigmoid,
}

impl Activation {
    /// The layer.
    pub(super) fn layer(self) -> Box<dyn Layer> {
        match self {
            Activation::Relu => Box::new(Relu::new()),
            Activation::Sigmoid => Box::new(Sigmoid::new()),
        }
    }

    /// What the book calls `weight_init_std='relu'` or `'sigmoid'`.
    pub fn suited_init(self) -> WeightInit {
        match self {
            Activation::Relu => WeightInit::He,
            Activation::Sigmoid => WeightInit::Xavier,
        }
    }
}

/// A fully connected network, as a description that [`build`](MultiLayerNet::build) makes a [`Network`] of.
///
/// ```text
/// x [N, D] → affine1 → relu1 → affine2 → relu2 → … → affineL → logits [N, C] → SoftmaxWithLoss
/// ```
///
/// ```
/// use retrograde::textbook::{MultiLayerNet, Tensor};
///
/// // The book's network of figure 6-20.
/// let mut network = MultiLayerNet::new(784, &[100; 6], 10).weight_decay_lambda(0.1).build()?;
/// assert_eq!(network.parameter_names().len(), 14);
/// assert_eq!(network.predict(&Tensor::zeros(vec![2, 784]))?.shape(), [2, 10]);
/// # Ok::<(), retrograde::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a description does nothing until `build`"]
pub struct MultiLayerNet {
    /// The widths: inputs, hidden layers, outputs.
    sizes: Vec<usize>,
    activation: Activation,
    init: Option<WeightInit>,
    lambda: f64,
    seed: u64,
}

impl MultiLayerNet {
    /// With so many inputs, hidden units and outputs. The activation is relu, the initial weights suit it, there is no weight decay
    /// and the seed is 0.
    pub fn new(input_size: usize, hidden_sizes: &[usize], output_size: usize) -> Self {
        let sizes = [&[input_size], hidden_sizes, &[output_size]].concat();
        MultiLayerNet { sizes, activation: Activation::Relu, init: None, lambda: 0.0, seed: 0 }
    }

    /// With another activation.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.activation = activation;
        self
    }

    /// With these initial weights, in place of those that suit the activation.
    pub fn weight_init(mut self, init: WeightInit) -> Self {
        self.init = Some(init);
        self
    }

    /// With the weight decay λ: the loss has the term ½ · λ · Σ w² of all weights (section 6.4.2).
    pub fn weight_decay_lambda(mut self, lambda: f64) -> Self {
        self.lambda = lambda;
        self
    }

    /// With another seed of the initial weights.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The network. An error for a width of 0 or too many weights, for a deviation out of range, and for a λ that is negative
    /// or not finite.
    pub fn build(&self) -> Result<Network> {
        self.build_with(|network, _, _| Ok(network.then(self.activation.layer())))
    }

    /// The activation between two layers.
    pub(super) fn between(&self) -> Activation {
        self.activation
    }

    /// The number of hidden layers.
    pub(super) fn hidden_count(&self) -> usize {
        self.sizes.len() - 2
    }

    /// The network; `hidden` adds what follows each affine layer but the last. It gets the network so far, the index of the hidden
    /// layer, and its width.
    pub(super) fn build_with(
        &self,
        mut hidden: impl FnMut(Network, usize, usize) -> Result<Network>,
    ) -> Result<Network> {
        if !(self.lambda.is_finite() && self.lambda >= 0.0) {
            let problem = format!("it is {}", self.lambda);
            return Err(Error::invalid("weight_decay_lambda", problem, "pass a number ≥ 0, such as 0.1"));
        }
        let init = self.init.unwrap_or(self.activation.suited_init());
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let mut network = Network::new(SoftmaxWithLoss::new());
        for (index, pair) in self.sizes.windows(2).enumerate() {
            if index > 0 {
                network = hidden(network, index - 1, pair[0])?;
            }
            let w = init.draw("MultiLayerNet", [pair[0], pair[1]], pair[0], &mut random)?;
            network = network.then(Affine::new(w, Array1::zeros(pair[1]))?);
        }
        Ok(if self.lambda == 0.0 { network } else { network.penalized(WeightDecay::new(self.lambda)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tensor;

    #[test]
    fn layers_and_shapes_are_the_books() -> Result<()> {
        let mut network = MultiLayerNet::new(4, &[3, 5], 2).activation(Activation::Sigmoid).build()?;
        let names: Vec<_> = network.layers_mut().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(names, ["affine1", "sigmoid1", "affine2", "sigmoid2", "affine3"]);
        for (name, shape) in [("affine1.w", [4, 3]), ("affine2.w", [3, 5]), ("affine3.w", [5, 2])] {
            assert_eq!(network.parameter_mut(name)?.shape(), shape);
        }
        Ok(())
    }

    #[test]
    fn weights_suit_the_activation_unless_they_are_given() -> Result<()> {
        let deviation =
            |net: MultiLayerNet| -> Result<f64> { Ok(net.build()?.parameter_mut("affine2.w")?.std(0.0)) };
        let net = || MultiLayerNet::new(10, &[200, 200], 10);
        // 40,000 draws: a standard error of 1/283; five of them.
        for (net, expected) in [
            (net(), 0.1),
            (net().activation(Activation::Sigmoid), 0.005_f64.sqrt()),
            (net().weight_init(WeightInit::Std(0.01)), 0.01),
        ] {
            assert!((deviation(net)? / expected - 1.0).abs() <= 5.0 / 283.0);
        }
        Ok(())
    }

    #[test]
    fn weight_decay_is_half_lambda_times_the_squares_of_the_weights() -> Result<()> {
        let (x, labels) = (Tensor::ones(vec![2, 4]), vec![0, 1].into());
        let net = MultiLayerNet::new(4, &[3], 2);
        let (mut plain, mut decaying) = (net.build()?, net.weight_decay_lambda(0.1).build()?);
        let mut squares = 0.0;
        for name in ["affine1.w", "affine2.w"] {
            squares += plain.parameter_mut(name)?.iter().map(|w| w * w).sum::<f64>();
        }
        let difference = decaying.loss(&x, &labels)? - plain.loss(&x, &labels)?;
        assert!((difference - 0.05 * squares).abs() <= 1e-15);
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() {
        for net in [
            MultiLayerNet::new(0, &[3], 2),
            MultiLayerNet::new(4, &[0], 2),
            MultiLayerNet::new(4, &[3], usize::MAX),
            MultiLayerNet::new(4, &[3], 2).weight_init(WeightInit::Std(-1.0)),
            MultiLayerNet::new(4, &[3], 2).weight_decay_lambda(f64::NAN),
            MultiLayerNet::new(4, &[3], 2).weight_decay_lambda(-0.1),
        ] {
            assert!(net.build().is_err(), "{net:?}");
        }
    }
}

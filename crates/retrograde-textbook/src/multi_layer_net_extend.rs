//! The network of chapter 6 with batch normalization and dropout (Saito: `MultiLayerNetExtend`).

use ndarray::Array1;

use super::{Activation, BatchNormalization, Dropout, MultiLayerNet, Network, WeightInit};
use retrograde_base::{Error, Result};

/// A [`MultiLayerNet`] with batch normalization before each activation, with dropout after it, or with both.
///
/// ```text
/// x [N, D] → affine1 → batchnormalization1 → relu1 → dropout1 → … → affineL → logits [N, C] → SoftmaxWithLoss
/// ```
///
/// The gradient is that of the training: batch statistics and drawn masks. [`Network::accuracy`] evaluates; for a loss or
/// predictions of the evaluation, call [`Network::set_training`] with `false` before.
///
/// ```
/// use retrograde::textbook::MultiLayerNetExtend;
///
/// // The book's network of figure 6-18, and that of figure 6-23.
/// let mut normalized = MultiLayerNetExtend::new(784, &[100; 5], 10).use_batchnorm().build()?;
/// let mut dropped = MultiLayerNetExtend::new(784, &[100; 6], 10).use_dropout(0.2).build()?;
/// assert!(normalized.parameter_names().contains(&"batchnormalization5.gamma".to_owned()));
/// assert!(dropped.layers_mut().any(|(name, _)| name == "dropout6"));
/// # Ok::<(), retrograde::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a description does nothing until `build`"]
pub struct MultiLayerNetExtend {
    net: MultiLayerNet,
    dropout: Masks,
    batchnorm: Option<f64>,
    seed: u64,
}

/// Which dropout follows the activations.
#[derive(Debug, Clone)]
enum Masks {
    Without,
    Drawn { ratio: f64 },
    Given(Vec<Dropout>),
}

impl MultiLayerNetExtend {
    /// As [`MultiLayerNet::new`], without batch normalization and dropout.
    pub fn new(input_size: usize, hidden_sizes: &[usize], output_size: usize) -> Self {
        let net = MultiLayerNet::new(input_size, hidden_sizes, output_size);
        MultiLayerNetExtend { net, dropout: Masks::Without, batchnorm: None, seed: 0 }
    }

    /// With batch normalization before each activation, as [`BatchNormalization`] has it.
    pub fn use_batchnorm(self) -> Self {
        MultiLayerNetExtend { batchnorm: Some(10e-7), ..self }
    }

    /// With batch normalization whose ε is this one.
    pub fn use_batchnorm_with(self, epsilon: f64) -> Self {
        MultiLayerNetExtend { batchnorm: Some(epsilon), ..self }
    }

    /// With dropout of this ratio after each activation; 0.5 in the book's code, 0.2 in its figure.
    pub fn use_dropout(self, ratio: f64) -> Self {
        MultiLayerNetExtend { dropout: Masks::Drawn { ratio }, ..self }
    }

    /// With these dropout layers after the activations, one for each: for example with given masks.
    pub fn dropout_layers(self, layers: Vec<Dropout>) -> Self {
        MultiLayerNetExtend { dropout: Masks::Given(layers), ..self }
    }

    /// With another activation.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.net = self.net.activation(activation);
        self
    }

    /// With these initial weights, in place of those that suit the activation.
    pub fn weight_init(mut self, init: WeightInit) -> Self {
        self.net = self.net.weight_init(init);
        self
    }

    /// With the weight decay λ, as [`MultiLayerNet::weight_decay_lambda`].
    pub fn weight_decay_lambda(mut self, lambda: f64) -> Self {
        self.net = self.net.weight_decay_lambda(lambda);
        self
    }

    /// With another seed of the initial weights and of the masks.
    pub fn seed(mut self, seed: u64) -> Self {
        (self.net, self.seed) = (self.net.seed(seed), seed);
        self
    }

    /// The network. An error as of [`MultiLayerNet::build`], for a ratio that is no probability, and for another number of
    /// dropout layers than of hidden layers.
    pub fn build(&self) -> Result<Network> {
        let hidden = self.net.hidden_count();
        if let Masks::Given(layers) = &self.dropout
            && layers.len() != hidden
        {
            return Err(Error::invalid(
                "MultiLayerNetExtend",
                format!("there are {} dropout layers and {hidden} hidden layers", layers.len()),
                "pass one dropout layer for each hidden layer",
            ));
        }
        self.net.build_with(|mut network, index, width| {
            if let Some(epsilon) = self.batchnorm {
                let norm = BatchNormalization::new(Array1::ones(width), Array1::zeros(width))?;
                network = network.then(norm.epsilon(epsilon));
            }
            network = network.then(self.net.between().layer());
            Ok(match &self.dropout {
                Masks::Without => network,
                // Each layer has masks of its own.
                Masks::Drawn { ratio } => {
                    network.then(Dropout::new(*ratio, self.seed.wrapping_add(1 + index as u64))?)
                }
                Masks::Given(layers) => network.then(layers[index].clone()),
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tensor, numerical_gradient_within};

    #[test]
    fn the_order_of_the_layers_is_the_books() -> Result<()> {
        let net = MultiLayerNetExtend::new(4, &[3, 5], 2).use_batchnorm().use_dropout(0.2);
        let names: Vec<_> = net.build()?.layers_mut().map(|(name, _)| name.to_owned()).collect();
        let hidden = ["affine", "batchnormalization", "relu", "dropout"];
        let expected: Vec<_> =
            [1, 2].iter().flat_map(|index| hidden.map(|name| format!("{name}{index}"))).collect();
        assert_eq!(names[..8], expected);
        assert_eq!(names[8..], ["affine3"]);
        Ok(())
    }

    #[test]
    fn backward_through_all_of_it_is_the_slope_of_the_loss() -> Result<()> {
        let mask = |seed: usize| {
            Tensor::from_shape_fn(vec![6, 5], |at| f64::from(!(at[0] + seed * at[1]).is_multiple_of(3)))
        };
        let layers = vec![Dropout::with_mask(0.3, mask(1))?, Dropout::with_mask(0.3, mask(2))?];
        let mut network = MultiLayerNetExtend::new(4, &[5, 5], 3)
            .activation(Activation::Sigmoid)
            .use_batchnorm()
            .dropout_layers(layers)
            .weight_decay_lambda(0.01)
            .build()?;
        let x = Tensor::from_shape_fn(vec![6, 4], |at| (1.0 + 4.3 * at[0] as f64 + 1.1 * at[1] as f64).sin());
        let labels = vec![0, 1, 2, 0, 1, 2].into();
        for (name, gradient) in network.gradient(&x, &labels)? {
            let expected = numerical_gradient_within(
                &mut network,
                |network| network.parameter_mut(&name),
                |network| network.loss(&x, &labels),
            )?;
            // Slopes of a loss of about 1: see `STEP`. Batch normalization makes their third derivatives larger.
            assert!((gradient - expected).iter().all(|error| error.abs() <= 1e-8), "{name}");
        }
        Ok(())
    }

    #[test]
    fn accuracy_evaluates_and_the_training_goes_on() -> Result<()> {
        let mut network = MultiLayerNetExtend::new(4, &[50], 3).use_batchnorm().use_dropout(0.5).build()?;
        let x = Tensor::from_shape_fn(vec![6, 4], |at| (at[0] + at[1]) as f64);
        let labels = vec![0, 1, 2, 0, 1, 2].into();
        let first = network.loss(&x, &labels)?;
        assert_ne!(network.loss(&x, &labels)?, first, "masks are drawn");
        let accuracy = network.accuracy(&x, &labels)?;
        assert_eq!(network.accuracy(&x, &labels)?, accuracy);
        assert_ne!(network.loss(&x, &labels)?, network.loss(&x, &labels)?, "it trains again");
        network.set_training(false);
        assert_eq!(network.loss(&x, &labels)?, network.loss(&x, &labels)?);
        Ok(())
    }

    #[test]
    fn invalid_arguments_are_errors() -> Result<()> {
        let net = || MultiLayerNetExtend::new(4, &[5, 5], 3);
        assert!(net().use_dropout(1.5).build().is_err());
        assert!(net().weight_decay_lambda(f64::INFINITY).build().is_err());
        let message = net().dropout_layers(vec![Dropout::new(0.5, 0)?]).build().err().unwrap().to_string();
        assert!(message.contains("1 dropout layers and 2 hidden layers"), "{message}");
        Ok(())
    }
}

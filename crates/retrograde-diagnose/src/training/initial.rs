//! The initial values of parameters.

use rand::{Rng, SeedableRng};
use rand_distr::{Distribution as _, StandardNormal, StandardUniform};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_core::graph::Tensor;
use retrograde_train::nn::Parameters;

/// The distribution of initial values. With the fan-in and fan-out of a parameter: the inputs of one output, and the outputs of one input.
#[derive(Debug, Clone, PartialEq)]
pub enum Distribution {
    /// Uniform with the variance 2 / (fan-in + fan-out): Glorot and Bengio (2010), the default of Keras.
    Glorot,
    /// Normal with the variance 2 / fan-in: He et al. (2015).
    He,
    /// Normal with the variance 1 / fan-in: LeCun et al. (1998).
    LeCun,
    /// Uniform within ± 1 / √fan-in: the default of PyTorch's linear layers and convolutions.
    PyTorch,
    /// Uniform between two numbers.
    Uniform(f64, f64),
    /// Normal with a mean and a standard deviation.
    Normal(f64, f64),
    /// All equal.
    Constant(f64),
    /// These numbers, row by row; the last again where they are too few.
    Values(Vec<f64>),
}

/// The initial values of all parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Initialization {
    /// Of weights. None: what the layers say, which is [`Distribution::He`] unless set otherwise.
    pub weights: Option<Distribution>,
    /// Of biases.
    pub biases: Distribution,
    /// Of parameters by name, such as `0.weight`, instead.
    pub named: Vec<(String, Distribution)>,
}

impl Default for Initialization {
    /// Keras's: [`Distribution::Glorot`], and biases of zero.
    fn default() -> Self {
        Initialization::with(Distribution::Glorot)
    }
}

impl Initialization {
    /// Weights of one distribution, biases of zero.
    pub fn with(weights: Distribution) -> Self {
        Initialization { weights: Some(weights), biases: Distribution::Constant(0.0), named: Vec::new() }
    }

    /// PyTorch's: weights and biases uniform within ± 1 / √fan-in.
    pub fn pytorch() -> Self {
        Initialization { biases: Distribution::PyTorch, ..Self::with(Distribution::PyTorch) }
    }

    /// Adds the distribution of one parameter.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>, distribution: Distribution) -> Self {
        self.named.push((name.into(), distribution));
        self
    }

    /// Draws the values of weights (`….weight`) and biases (`….bias`). Scales and shifts of normalizations keep what they have.
    pub(crate) fn draw(&self, parameters: &mut Parameters, seed: u64) {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut fans = (1, 1);
        for (name, value) in parameters.iter_mut() {
            let is_weight = name.ends_with("weight") && value.shape().rank() >= 2;
            if is_weight {
                fans = fans_of(value);
            }
            let named = self.named.iter().rev().find(|(own, _)| own == name).map(|(_, values)| values);
            let distribution = match named {
                Some(_) => named,
                None if is_weight => self.weights.as_ref(),
                // A bias comes after its weight, and has its fan-in.
                None if name.ends_with("bias") => Some(&self.biases),
                None => None,
            };
            if let Some(distribution) = distribution {
                distribution.fill(value, fans, &mut random);
            }
        }
    }
}

/// The fan-in and fan-out of a weight: `[inputs, outputs]` of a product, `[outputs, inputs, …]` of a convolution.
fn fans_of(weight: &Tensor) -> (usize, usize) {
    match weight.shape()[..] {
        [inputs, outputs] => (inputs, outputs),
        [outputs, inputs, ref kernel @ ..] => {
            let size: usize = kernel.iter().product();
            (inputs * size, outputs * size)
        }
        _ => (1, 1),
    }
}

impl Distribution {
    fn fill(&self, value: &mut Tensor, (inputs, outputs): (usize, usize), random: &mut impl Rng) {
        let (inputs, outputs) = (inputs.max(1) as f64, outputs.max(1) as f64);
        let normal = |deviation: f64| (0.0, deviation, true);
        let (low, high, is_normal) = match self {
            Distribution::Glorot => {
                let limit = (6.0 / (inputs + outputs)).sqrt();
                (-limit, limit, false)
            }
            Distribution::He => normal((2.0 / inputs).sqrt()),
            Distribution::LeCun => normal((1.0 / inputs).sqrt()),
            Distribution::PyTorch => (-(1.0 / inputs).sqrt(), (1.0 / inputs).sqrt(), false),
            Distribution::Uniform(low, high) => (*low, *high, false),
            Distribution::Normal(mean, deviation) => (*mean, *deviation, true),
            Distribution::Constant(number) => return value.values_mut().fill(*number),
            Distribution::Values(numbers) => {
                let last = numbers.last().copied().unwrap_or(0.0);
                for (index, value) in value.values_mut().iter_mut().enumerate() {
                    *value = numbers.get(index).copied().unwrap_or(last);
                }
                return;
            }
        };
        for value in value.values_mut() {
            *value = if is_normal {
                let standard: f64 = StandardNormal.sample(random);
                low + high * standard
            } else {
                let uniform: f64 = StandardUniform.sample(random);
                low + (high - low) * uniform
            };
        }
    }
}

//! The multi-layer perceptron: affine layers with activations in between.

use super::pytorch::Layout;
use super::{Activation, Context, Init, Linear, MAX_FILE_BYTES, Model, ModelConfig, Parameters, from_bytes};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::error::{Error, Result};
use retrograde_base::files::read_bounded;
use retrograde_base::memory::must_fit;
use retrograde_core::graph::{Tensor, Var};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The most parameters of a model: one in `f64` has half of the [`MAX_FILE_BYTES`] of a file. A checkpoint has the optimizer's
/// states, too; one that would be larger is refused before the training starts.
const MAX_PARAMETERS: usize = 1 << 28;

/// The architecture of a multi-layer perceptron.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MlpConfig {
    /// The widths: inputs, hidden layers, outputs.
    pub sizes: Vec<usize>,
    /// The activation between two layers.
    pub activation: Activation,
}

/// A multi-layer perceptron; with one hidden layer the book's and the notebook's `TwoLayerNet`.
///
/// Its parameters are named `affine1.weight` (`[inputs, outputs]`), `affine1.bias` (`[outputs]`), `affine2.weight`
/// and so on.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::nn::{Activation, Init, Mlp, Model};
///
/// let net = Mlp::new([784, 50, 10]).activation(Activation::Relu).init(Init::Normal(0.01)).seed(0).build()?;
/// assert_eq!(net.parameters().count(), 784 * 50 + 50 + 50 * 10 + 10);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp {
    config: MlpConfig,
    parameters: Parameters,
}

/// A builder of an [`Mlp`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct MlpBuilder {
    config: MlpConfig,
    init: Init,
    seed: u64,
}

impl Mlp {
    /// A builder for these widths: inputs, hidden layers, outputs. The defaults are the notebook's: relu, normal weights of
    /// standard deviation 0.01, seed 0.
    #[allow(clippy::new_ret_no_self, reason = "the idiom is `Mlp::new(sizes)….build()?`")]
    pub fn new(sizes: impl Into<Vec<usize>>) -> MlpBuilder {
        let config = MlpConfig { sizes: sizes.into(), activation: Activation::Relu };
        MlpBuilder { config, init: Init::Normal(0.01), seed: 0 }
    }

    /// A builder for this architecture, with zero weights.
    pub fn from_config(config: MlpConfig) -> MlpBuilder {
        MlpBuilder { config, init: Init::Zero, seed: 0 }
    }

    /// Reads a network from a file written by [`save`](Model::save).
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, [`Error::Format`] if it is not a network.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_bounded(path, MAX_FILE_BYTES)?;
        let (found, note) = from_bytes(&bytes, path)?;
        let config =
            note.and_then(|note| serde_json::from_str::<MlpConfig>(&note).ok()).ok_or_else(|| {
                let help =
                    "give a file written by training, for example the `model.safetensors` of a run directory";
                Error::format(path, "its metadata does not describe a network", help)
            })?;
        let mut net = Mlp::from_config(config)
            .build()
            .map_err(|error| Error::format(path, error.to_string(), "give a file written by training"))?;
        net.parameters.assign(&found, path)?;
        Ok(net)
    }

    /// The widths and the activation.
    pub fn config(&self) -> &MlpConfig {
        &self.config
    }
}

impl MlpBuilder {
    /// The activation between two layers.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.config.activation = activation;
        self
    }

    /// The distribution of the initial weights.
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }

    /// The random seed of the weights.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Draws the weights.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are fewer than two widths, one is 0, or they are too large; [`Error::OutOfMemory`] if the
    /// system does not have the memory.
    pub fn build(self) -> Result<Mlp> {
        let sizes = &self.config.sizes;
        let what = "layer widths";
        if sizes.len() < 2 {
            let problem = format!("{sizes:?} has fewer than two");
            return Err(Error::invalid(
                what,
                problem,
                "give at least inputs and outputs, for example [784, 50, 10]",
            ));
        }
        if let Some(layer) = sizes.iter().position(|&size| size == 0) {
            let problem = format!("layer {layer} of {sizes:?} has the width 0");
            return Err(Error::invalid(what, problem, "give every layer at least one unit"));
        }
        let count = sizes.windows(2).try_fold(0_usize, |sum, pair| {
            pair[0].checked_mul(pair[1])?.checked_add(pair[1])?.checked_add(sum)
        });
        if count.is_none_or(|count| count > MAX_PARAMETERS) {
            let problem = format!("{sizes:?} has more than {MAX_PARAMETERS} parameters");
            return Err(Error::invalid(what, problem, "use narrower layers"));
        }
        let init = self.init.check()?;
        let bytes = count.unwrap_or(usize::MAX).saturating_mul(size_of::<f64>());
        must_fit("the network", bytes as u64, "use narrower layers")?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let mut parameters = Parameters::new();
        for (index, pair) in sizes.windows(2).enumerate() {
            let layer = format!("affine{}", index + 1);
            let weight = init.draw(pair[0], pair[1], &mut random)?;
            parameters.insert_with(format!("{layer}.weight"), weight, false, Layout::Transposed);
            parameters.insert(format!("{layer}.bias"), Tensor::zeros([pair[1]])?);
        }
        Ok(Mlp { config: self.config, parameters })
    }
}

impl Model for Mlp {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    fn forward(&self, context: &Context, x: &Var) -> Var {
        let MlpConfig { sizes, activation } = &self.config;
        let mut x = x.clone();
        for (index, pair) in sizes.windows(2).enumerate() {
            if index > 0 {
                x = context.scope(format!("{activation}{index}"), || activation.record(&x));
            }
            x = context.call(format!("affine{}", index + 1), &Linear::new(pair[1]), &x);
        }
        x
    }

    fn inputs(&self) -> usize {
        self.config.sizes[0]
    }

    fn config(&self) -> Option<ModelConfig> {
        Some(ModelConfig::Mlp(self.config.clone()))
    }

    fn description(&self) -> String {
        let sizes: Vec<String> = self.config.sizes.iter().map(usize::to_string).collect();
        format!("mlp {} {}", sizes.join("-"), self.config.activation)
    }
}

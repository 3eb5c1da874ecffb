//! A module with values for its parameters and buffers.

use super::{Context, Model, ModelConfig, Module, NetworkConfig, Parameters, Precision};
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Shape, Var};
use std::path::Path;

/// A [`Module`] with values for its parameters and buffers: a model that is trained, evaluated, checked and saved.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::Dataset;
/// use retrograde::nn::{Activation, BatchNorm, Linear, Network, Sequential};
/// use retrograde::optim::Adam;
/// use retrograde::train::Trainer;
///
/// let layers = Sequential::new()
///     .then(Linear::new(50))
///     .then(BatchNorm::new())
///     .then(Activation::Relu)
///     .then(Linear::new(10));
/// let mut network = Network::new(layers, [784]).seed(0).build()?;
/// let history = Trainer::new(Adam::new(0.001)).steps(300).fit(&mut network, &Dataset::embedded()?)?;
/// assert!(history.last().is_some_and(|epoch| epoch.held_out().accuracy > Some(0.8)));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Network<M> {
    module: M,
    input: Shape,
    parameters: Parameters,
}

/// A builder of a [`Network`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct NetworkBuilder<M> {
    module: M,
    input: Shape,
    of_indices: bool,
    seed: u64,
}

impl<M: Module> Network<M> {
    /// A builder of a network for rows of real numbers of this shape, for example `[1, 28, 28]`. The seed is 0.
    #[allow(clippy::new_ret_no_self, reason = "the idiom is `Network::new(module, shape)….build()?`")]
    pub fn new(module: M, input: impl Into<Shape>) -> NetworkBuilder<M> {
        NetworkBuilder { module, input: input.into(), of_indices: false, seed: 0 }
    }

    /// A builder of a network for rows of indices of this shape, for example the tokens of a text. The seed is 0.
    pub fn of_indices(module: M, input: impl Into<Shape>) -> NetworkBuilder<M> {
        NetworkBuilder { module, input: input.into(), of_indices: true, seed: 0 }
    }

    /// The module.
    pub fn module(&self) -> &M {
        &self.module
    }

    /// The shape of a row of its input.
    pub fn input(&self) -> &Shape {
        &self.input
    }

    /// Reads the values of its parameters and buffers from a safetensors file. On an error nothing changes.
    ///
    /// # Errors
    /// As [`Parameters::load`].
    pub fn load(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.parameters.load(path)
    }

    /// Writes its values to a file that PyTorch's `load_state_dict` takes.
    ///
    /// # Errors
    /// As [`Parameters::save_pytorch`].
    pub fn save_pytorch(&self, path: impl AsRef<Path>, precision: Precision) -> Result<()> {
        self.parameters.save_pytorch(path, precision)
    }

    /// Reads the values of its parameters and buffers from a file of PyTorch's `state_dict`. On an error nothing changes.
    ///
    /// # Errors
    /// As [`Parameters::load_pytorch`].
    pub fn load_pytorch(&mut self, path: impl AsRef<Path>) -> Result<()> {
        self.parameters.load_pytorch(path)
    }
}

impl<M: Module> NetworkBuilder<M> {
    /// The random seed of the initial values.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Draws the values: the module is recorded once, for a batch of two rows, and declares its parameters and buffers.
    ///
    /// # Errors
    /// The errors of recording, for example of a layer that does not fit the shape of its input, and
    /// [`Error::Invalid`](retrograde_base::Error::Invalid) where two modules declare a parameter of one name.
    pub fn build(self) -> Result<Network<M>> {
        let NetworkBuilder { module, input, of_indices, seed } = self;
        let graph = Graph::new();
        let shape = [&[2], &input[..]].concat();
        let x = if of_indices { graph.index_input("x", shape) } else { graph.input("x", shape) };
        let context = Context::initial(&graph, seed);
        module.forward(&context, &x).checked()?;
        Ok(Network { module, input, parameters: context.into_parameters() })
    }
}

impl<M: Module> Model for Network<M> {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    fn forward(&self, context: &Context, x: &Var) -> Var {
        // The rows of a data set are flat.
        let rows = x.shape_or_scalar().first().copied().unwrap_or(1);
        self.module.forward(context, &x.reshape([&[rows], &self.input[..]].concat()))
    }

    fn inputs(&self) -> usize {
        self.input.elements()
    }

    fn config(&self) -> Option<ModelConfig> {
        let layers = self.module.as_layers()?.clone();
        Some(ModelConfig::Network(NetworkConfig { input: self.input.to_vec(), layers }))
    }

    fn description(&self) -> String {
        format!("{:?} of {}", self.module, self.input)
    }
}

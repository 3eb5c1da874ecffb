//! The multi-layer perceptron: affine layers with an activation between two of them.

use super::{Activation, Init, LARGEST_FILE, Model, Parameters, Precision, affine, from_bytes, to_bytes};
use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::error::{Error, Result};
use retrograde_base::files::{read_bounded, write_whole};
use retrograde_core::graph::{Tensor, Var};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The most numbers that a model may have, so that its checkpoint can be read back, of 8 bytes a number (see
/// [`LARGEST_FILE`]); beyond, the widths are surely a mistake.
const MOST_PARAMETERS: usize = 1 << 28;

/// What tells one multi-layer perceptron from another, apart from its weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The widths: inputs, hidden layers, outputs.
    pub sizes: Vec<usize>,
    /// The function between two layers.
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
    layout: Layout,
    parameters: Parameters,
}

/// An [`Mlp`] to be built.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct MlpBuilder {
    layout: Layout,
    init: Init,
    seed: u64,
}

impl Mlp {
    /// A network with these widths: inputs, hidden layers, outputs. With relu, normal weights of deviation 0.01 and
    /// seed 0 unless said otherwise: the notebook's.
    #[allow(clippy::new_ret_no_self, reason = "`Mlp::new(sizes)….build()?` is how a network is made")]
    pub fn new(sizes: impl Into<Vec<usize>>) -> MlpBuilder {
        let layout = Layout { sizes: sizes.into(), activation: Activation::Relu };
        MlpBuilder { layout, init: Init::Normal(0.01), seed: 0 }
    }

    /// A network of this layout.
    pub fn from_layout(layout: Layout) -> MlpBuilder {
        MlpBuilder { layout, init: Init::Zero, seed: 0 }
    }

    /// Reads a network from a file written by [`save`](Model::save).
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_bounded(path, LARGEST_FILE)?;
        let (found, note) = from_bytes(&bytes, path)?;
        let layout = note.and_then(|note| serde_json::from_str::<Layout>(&note).ok()).ok_or_else(|| {
            let help = "give a file written by training, such as the `model.safetensors` of its folder";
            Error::format(path, "it does not say which network its tensors belong to", help)
        })?;
        let mut net = Mlp::from_layout(layout)
            .build()
            .map_err(|error| Error::format(path, error.to_string(), "give a file written by training"))?;
        net.parameters.take(&found, path)?;
        Ok(net)
    }

    /// The widths and the activation.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl MlpBuilder {
    /// The function between two layers.
    pub fn activation(mut self, activation: Activation) -> Self {
        self.layout.activation = activation;
        self
    }

    /// How the weights are drawn.
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }

    /// The seed from which they are drawn.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Draws the weights. Errors when there are fewer than two widths, when one is 0, or when they are enormous.
    pub fn build(self) -> Result<Mlp> {
        let sizes = &self.layout.sizes;
        let widths = || "the widths of a network's layers";
        if sizes.len() < 2 {
            let problem = format!("{sizes:?} are fewer than two");
            return Err(Error::invalid(
                widths(),
                problem,
                "give inputs and outputs at least, as in [784, 50, 10]",
            ));
        }
        if let Some(layer) = sizes.iter().position(|&size| size == 0) {
            let problem = format!("layer {layer} of {sizes:?} has the width 0");
            return Err(Error::invalid(widths(), problem, "give every layer one unit at least"));
        }
        let count = sizes.windows(2).try_fold(0_usize, |sum, pair| {
            pair[0].checked_mul(pair[1])?.checked_add(pair[1])?.checked_add(sum)
        });
        if count.is_none_or(|count| count > MOST_PARAMETERS) {
            let problem = format!("{sizes:?} make more than {MOST_PARAMETERS} parameters");
            return Err(Error::invalid(widths(), problem, "make the layers narrower"));
        }
        let init = self.init.check()?;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(self.seed);
        let mut parameters = Parameters::new();
        for (number, pair) in sizes.windows(2).enumerate() {
            let layer = format!("affine{}", number + 1);
            parameters.insert(format!("{layer}.weight"), init.draw(pair[0], pair[1], &mut random));
            parameters.insert(format!("{layer}.bias"), Tensor::zeros([pair[1]]));
        }
        Ok(Mlp { layout: self.layout, parameters })
    }
}

impl Model for Mlp {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn parameters_mut(&mut self) -> &mut Parameters {
        &mut self.parameters
    }

    fn record(&self, x: &Var, parameters: &[Var]) -> Var {
        let (graph, activation) = (x.graph(), self.layout.activation);
        let mut x = x.clone();
        for (number, pair) in parameters.chunks_exact(2).enumerate() {
            if number > 0 {
                x = graph.scope(&format!("{activation}{number}"), || activation.record(&x));
            }
            x = graph.scope(&format!("affine{}", number + 1), || affine(&x, &pair[0], &pair[1]));
        }
        x
    }

    fn description(&self) -> String {
        let sizes: Vec<String> = self.layout.sizes.iter().map(usize::to_string).collect();
        format!("mlp {} {}", sizes.join("-"), self.layout.activation)
    }

    fn save(&self, path: &Path, precision: Precision) -> Result<()> {
        let layout = serde_json::to_string(&self.layout)
            .map_err(|error| Error::invalid("a network's layout", error.to_string(), "give finite widths"))?;
        write_whole(path, &to_bytes(&self.parameters, precision, Some(&layout))?)
    }
}

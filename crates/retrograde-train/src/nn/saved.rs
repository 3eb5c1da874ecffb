//! Models as plain data, and in files.

use super::{Layers, MAX_FILE_BYTES, Mlp, MlpConfig, Model, Network, from_bytes};
use retrograde_base::error::{Error, Result};
use retrograde_base::files::read_bounded;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A network of [`Layers`] as plain data, as in a model file. Its layers have the fields of their structs, such as [`Linear`](super::Linear)'s.
///
/// ```toml
/// input = [1, 28, 28]
/// layers = [
///     { layer = "flatten" },
///     { layer = "linear", outputs = 50 },
///     { layer = "relu" },
///     { layer = "linear", outputs = 10 },
/// ]
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// The shape of a row of its input.
    pub input: Vec<usize>,
    /// Its layers, in order.
    pub layers: Layers,
}

/// The largest model file that is read.
const MAX_CONFIG_BYTES: u64 = 1 << 24;

impl NetworkConfig {
    /// Reads the description from a TOML file.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be read, [`Error::Format`] with its line if it does not describe a network.
    pub fn read(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let bytes = read_bounded(path, MAX_CONFIG_BYTES)?;
        let parsed = str::from_utf8(&bytes).map_err(|error| error.to_string());
        let parsed = parsed.and_then(|text| toml::from_str(text).map_err(|error| error.to_string()));
        let help = "give a file with `input = [SHAPE]` and `layers = [{ layer = \"NAME\", … }, …]`";
        parsed.map_err(|problem| {
            Error::format(path, format!("it does not describe a network: {problem}"), help)
        })
    }

    /// The network with initial values. Its input are indices if its first layer is an [`Embedding`](super::Embedding).
    ///
    /// # Errors
    /// As [`NetworkBuilder::build`](super::NetworkBuilder::build).
    pub fn build(&self, seed: u64) -> Result<Network<Layers>> {
        let (layers, input) = (self.layers.clone(), self.input.clone());
        let builder = if layers.takes_indices() {
            Network::of_indices(layers, input)
        } else {
            Network::new(layers, input)
        };
        builder.seed(seed).build()
    }
}

/// The architecture of a model as plain data, which its file stores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum ModelConfig {
    /// A multi-layer perceptron.
    Mlp(MlpConfig),
    /// A network of layers.
    Network(NetworkConfig),
}

/// Reads a model from a file written by [`Model::save`]. The file of a module of the program's own has no architecture: build
/// the network, then use [`Network::load`].
///
/// # Errors
/// [`Error::File`] if the file cannot be read, [`Error::Format`] if it is not a model.
pub fn load_model(path: impl AsRef<Path>) -> Result<Box<dyn Model>> {
    let path = path.as_ref();
    let (found, note) = from_bytes(&read_bounded(path, MAX_FILE_BYTES)?, path)?;
    let config = note.and_then(|note| serde_json::from_str(&note).ok()).ok_or_else(|| {
        let help = "give a file written by training, for example the `model.safetensors` of a run directory";
        Error::format(path, "its metadata does not describe a network", help)
    })?;
    let built = match config {
        ModelConfig::Mlp(config) => {
            Mlp::from_config(config).build().map(|net| Box::new(net) as Box<dyn Model>)
        }
        ModelConfig::Network(config) => config.build(0).map(|net| Box::new(net) as Box<dyn Model>),
    };
    let mut model =
        built.map_err(|error| Error::format(path, error.to_string(), "give a file written by training"))?;
    model.parameters_mut().assign(&found, path)?;
    Ok(model)
}

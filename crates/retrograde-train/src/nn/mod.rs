//! Modules, initial weights and models, which record themselves in a graph.
//!
//! A [`Module`] is the description of a part of a network. A [`Model`] owns the values of its [`Parameters`] as well: a
//! [`Network`] of any module, or an [`Mlp`]. Given a [`Context`] and a batch, it records its layers and returns its output.
//! One model can be recorded in several graphs: for training, for evaluation with larger batches, for a check or a drawing.

mod activation;
mod context;
mod gpt;
mod init;
mod mlp;
mod module;
mod modules;
mod network;
mod parameters;
mod pytorch;
mod saved;
mod tensors;

pub use activation::Activation;
pub use context::{Context, Mode};
pub use gpt::GptConfig;
pub use init::{Init, Initial};
pub use mlp::{Mlp, MlpBuilder, MlpConfig};
pub use module::Module;
pub use modules::*;
pub use network::{Network, NetworkBuilder};
pub use parameters::Parameters;
pub use saved::{ModelConfig, NetworkConfig, load_model};
pub use tensors::Precision;
pub(crate) use tensors::{DATA, MAX_FILE_BYTES, MODEL, from_bytes, metadata_of, to_bytes, to_bytes_with};

use retrograde_base::error::{Error, Result};
use retrograde_base::files::write_whole;
use retrograde_core::graph::{Leaf, Var};
use std::path::Path;

/// A recorded model.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Its output.
    pub output: Var,
    /// Its parameters, which are trained.
    pub parameters: Vec<Var>,
    /// Its parameters and buffers, in the order of [`Model::parameters`].
    pub values: Vec<Var>,
    /// In training, each buffer that changes, and its next value.
    pub updates: Vec<(Var, Var)>,
    /// The index input of the step, [`RandomKey::step_indices`](retrograde_core::ops::RandomKey::step_indices), if random numbers
    /// depend on it.
    pub step: Option<Var>,
}

impl Recorded {
    fn new(model: &(impl Model + ?Sized), context: &Context, values: Vec<Var>, x: &Var) -> Self {
        let output = model.forward(context, x);
        let is_parameter = |var: &&Var| matches!(var.node().leaf(), Some(Leaf::Parameter(_)));
        let parameters = values.iter().filter(is_parameter).cloned().collect();
        Recorded { output, parameters, values, updates: context.updates(), step: context.step() }
    }
}

/// A network with its parameters and buffers.
pub trait Model {
    /// The parameters and buffers, in a fixed order.
    fn parameters(&self) -> &Parameters;

    /// The parameters and buffers, mutable.
    fn parameters_mut(&mut self) -> &mut Parameters;

    /// Records the network for the batch `x`, whose first axis are its rows, and returns its output: for classes the logits,
    /// `[rows, classes]`. The context has the variables of [`parameters`](Self::parameters).
    fn forward(&self, context: &Context, x: &Var) -> Var;

    /// Records the network for `x`, with new variables for its parameters and buffers. Random numbers are the same at each run.
    #[track_caller]
    fn record(&self, x: &Var, mode: Mode) -> Recorded {
        let (context, values) = Context::new(x.graph(), mode, self.parameters());
        Recorded::new(self, &context, values, x)
    }

    /// Records the network for the training on batches `x`, with new variables for its parameters and buffers. Random numbers are
    /// a function of `seed` and of the input [`step`](Recorded::step).
    #[track_caller]
    fn record_steps(&self, x: &Var, seed: u64) -> Recorded {
        let (context, values) = Context::new(x.graph(), Mode::Train, self.parameters());
        Recorded::new(self, &context.with_steps(seed), values, x)
    }

    /// The numbers of a row of its input.
    fn inputs(&self) -> usize;

    /// The architecture as plain data, which a file of the model stores. None for a module of the program's own.
    fn config(&self) -> Option<ModelConfig> {
        None
    }

    /// The architecture in one line. A checkpoint can only be resumed by a model with an equal description.
    fn description(&self) -> String;

    /// Writes the model to a safetensors file, atomically.
    ///
    /// # Errors
    /// [`Error::File`] if the file cannot be written.
    fn save(&self, path: &Path, precision: Precision) -> Result<()> {
        let config = self.config().map(|config| serde_json::to_string(&config)).transpose();
        let config = config
            .map_err(|error| Error::invalid("network config", error.to_string(), "give finite widths"))?;
        let note = config.as_deref().unwrap_or(tensors::VALUES_ALONE);
        write_whole(path, &to_bytes(self.parameters().in_precision(precision), note)?)
    }
}

impl<M: Model + ?Sized> Model for Box<M> {
    fn parameters(&self) -> &Parameters {
        (**self).parameters()
    }

    fn parameters_mut(&mut self) -> &mut Parameters {
        (**self).parameters_mut()
    }

    fn forward(&self, context: &Context, x: &Var) -> Var {
        (**self).forward(context, x)
    }

    fn inputs(&self) -> usize {
        (**self).inputs()
    }

    fn config(&self) -> Option<ModelConfig> {
        (**self).config()
    }

    fn description(&self) -> String {
        (**self).description()
    }

    fn save(&self, path: &Path, precision: Precision) -> Result<()> {
        (**self).save(path, precision)
    }
}

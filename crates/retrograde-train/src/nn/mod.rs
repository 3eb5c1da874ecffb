//! Layers, initial weights and models, which record themselves in a graph.
//!
//! A model owns the values of its [`Parameters`]. Given the variables of the parameters and a batch, it records its layers
//! and returns the logits. One model can be recorded in several graphs: for training, for evaluation with larger batches,
//! for a check or a drawing.

mod activation;
mod init;
mod mlp;
mod parameters;
mod tensors;

pub use activation::Activation;
pub use init::Init;
pub use mlp::{Mlp, MlpBuilder, MlpConfig};
pub use parameters::Parameters;
pub use tensors::Precision;
pub(crate) use tensors::{MAX_FILE_BYTES, from_bytes, to_bytes};

use retrograde_base::error::Result;
use retrograde_core::graph::Var;
use std::path::Path;

/// A network with named parameters.
pub trait Model {
    /// The parameters, in a fixed order.
    fn parameters(&self) -> &Parameters;

    /// The parameters, mutable.
    fn parameters_mut(&mut self) -> &mut Parameters;

    /// Records the network for the rows `x`, `[rows, inputs]`, and returns the logits, `[rows, outputs]`. `parameters` are
    /// the variables of [`parameters`](Self::parameters), in their order.
    fn record(&self, x: &Var, parameters: &[Var]) -> Var;

    /// The architecture in one line. A checkpoint can only be resumed by a model with an equal description.
    fn description(&self) -> String;

    /// Writes the model to a safetensors file, atomically.
    ///
    /// # Errors
    /// [`Error::File`](retrograde_base::Error::File) if the file cannot be written.
    fn save(&self, path: &Path, precision: Precision) -> Result<()> {
        self.parameters().save(path, precision)
    }
}

/// Records an affine (linear) layer, `x · weight + bias`, with the bias added to each row. `x`: `[rows, inputs]`,
/// `weight`: `[inputs, outputs]`, `bias`: `[outputs]`.
///
/// The book's chapter 5.6.
#[track_caller]
pub fn affine(x: &Var, weight: &Var, bias: &Var) -> Var {
    let product = x.matmul(weight);
    let shape = product.shape_or_scalar();
    product + bias.broadcast(shape)
}

//! Layers, initial weights and models: functions that record graph.
//!
//! A model owns the values of its [`Parameters`] and knows how to record itself: given the parameters' variables and a
//! batch, it appends its layers and returns the logits. So the same model can be recorded in one graph for training, in
//! another for evaluation with larger batches, and in a third to be checked or drawn.

mod activation;
mod init;
mod mlp;
mod parameters;
mod tensors;

pub use activation::Activation;
pub use init::Init;
pub use mlp::{Layout, Mlp, MlpBuilder};
pub use parameters::Parameters;
pub use tensors::Precision;
pub(crate) use tensors::{LARGEST_FILE, from_bytes, to_bytes};

use retrograde_base::error::Result;
use retrograde_core::graph::Var;
use std::path::Path;

/// A network with named parameters.
pub trait Model {
    /// Its parameters, in a fixed order.
    fn parameters(&self) -> &Parameters;

    /// Its parameters, to be changed: by training, or by loading.
    fn parameters_mut(&mut self) -> &mut Parameters;

    /// Records the network on rows `x` and returns the logits, one row for each. `parameters` are the variables of
    /// [`parameters`](Self::parameters), in their order.
    fn record(&self, x: &Var, parameters: &[Var]) -> Var;

    /// What tells it from models of another make, in a line: a checkpoint of one is not taken for another's.
    fn description(&self) -> String;

    /// Writes it into a safetensors file, whole or not at all.
    fn save(&self, path: &Path, precision: Precision) -> Result<()> {
        self.parameters().save(path, precision)
    }
}

/// Records an affine layer, `x · weight + bias`, with the bias added to each row. `x`: `[rows, inputs]`, `weight`:
/// `[inputs, outputs]`, `bias`: `[outputs]`.
///
/// The book's chapter 5.6.
#[track_caller]
pub fn affine(x: &Var, weight: &Var, bias: &Var) -> Var {
    let product = x.matmul(weight);
    let shape = product.shape_or_scalar();
    product + bias.broadcast(shape)
}

//! Modules: parts of networks that record themselves in a graph.

use super::{Context, Layers};
use retrograde_core::graph::Var;
use std::fmt;

/// A part of a network: a layer, an activation, a block of layers, or a whole network.
///
/// A module is a description without values. It asks the [`Context`] for its parameters and buffers by name, so that one
/// module can be recorded in any graph, with any values, for training or for evaluation.
///
/// A program writes its own module like this:
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::Var;
/// use retrograde::nn::{Context, Linear, Model, Module, Network};
///
/// /// Two layers, and the input added to their output.
/// #[derive(Debug)]
/// struct Residual {
///     first: Linear,
///     second: Linear,
/// }
///
/// impl Module for Residual {
///     fn forward(&self, context: &Context, x: &Var) -> Var {
///         let hidden = context.call("first", &self.first, x).relu();
///         x + context.call("second", &self.second, &hidden)
///     }
/// }
///
/// let block = Residual { first: Linear::new(16), second: Linear::new(8) };
/// let network = Network::new(block, [8]).seed(0).build()?;
/// let names: Vec<&str> = network.parameters().iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["first.weight", "first.bias", "second.weight", "second.bias"]);
/// # Ok(())
/// # }
/// ```
///
/// Its [`Debug`](fmt::Debug) form is the description in checkpoints: a training is resumed only by a module with an equal one.
pub trait Module: fmt::Debug + Send + Sync {
    /// Records the module for the batch `x`, whose first axis are its rows, and returns its output.
    fn forward(&self, context: &Context, x: &Var) -> Var;

    /// The module as plain data, if that is what it is. Files of a network store it.
    fn as_layers(&self) -> Option<&Layers> {
        None
    }
}

impl<M: Module + ?Sized> Module for Box<M> {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        (**self).forward(context, x)
    }

    fn as_layers(&self) -> Option<&Layers> {
        (**self).as_layers()
    }
}

//! Modules one after the other.

use crate::nn::{Context, Module};
use retrograde_core::graph::Var;
use std::fmt;

/// Modules, each of which gets the output of the one before. PyTorch's `nn.Sequential`.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::nn::{Activation, Linear, Network, Sequential};
///
/// let network = Sequential::new().then(Linear::new(50)).then(Activation::Relu).named("head", Linear::new(10));
/// let network = Network::new(network, [784]).build()?;
/// assert_eq!(network.parameters().iter().map(|(name, _)| name).collect::<Vec<_>>(), [
///     "0.weight", "0.bias", "head.weight", "head.bias"
/// ]);
/// # use retrograde::nn::Model;
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct Sequential {
    modules: Vec<(String, Box<dyn Module>)>,
}

impl Sequential {
    /// No modules: the output is the input.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a module, which is named by its position, counted from 0.
    #[must_use]
    pub fn then(self, module: impl Module + 'static) -> Self {
        let name = self.modules.len().to_string();
        self.named(name, module)
    }

    /// Appends a module with a name, with which the names of its parameters begin.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>, module: impl Module + 'static) -> Self {
        self.modules.push((name.into(), Box::new(module)));
        self
    }
}

impl Module for Sequential {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        self.modules.iter().fold(x.clone(), |x, (name, module)| context.call(name, &**module, &x))
    }
}

impl fmt::Debug for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.modules.iter().map(|(name, module)| (name, module))).finish()
    }
}

//! Modules as plain data.

use super::{
    AvgPool2d, BatchNorm, Conv1d, Conv2d, ConvTranspose2d, Dropout, Embedding, Flatten, GlobalAvgPool,
    GlobalMaxPool, GroupNorm, Gru, LayerNorm, Linear, Lstm, MaxPool2d, MultiHeadAttention, PositionEmbedding,
    RmsNorm, Rnn,
};
use crate::nn::{Activation, Context, Module};
use retrograde_core::graph::Var;
use serde::{Deserialize, Serialize};

/// Declares a variant for each module and each activation.
macro_rules! layers {
    ($(#[$documentation:meta])* $($module:ident),*; $($activation:ident),* $(,)?) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "layer", rename_all = "snake_case")]
        #[non_exhaustive]
        #[allow(missing_docs, reason = "each variant is the module or the activation of its name")]
        pub enum Layer {
            $($module($module),)*
            $($activation,)*
            /// These layers, and their input added to their output.
            Residual {
                layers: Layers,
            },
        }

        impl Module for Layer {
            fn forward(&self, context: &Context, x: &Var) -> Var {
                match self {
                    $(Layer::$module(module) => module.forward(context, x),)*
                    $(Layer::$activation => Activation::$activation.forward(context, x),)*
                    Layer::Residual { layers } => x + layers.forward(context, x),
                }
            }
        }
    };
}

layers! {
    /// A module as plain data, as in a model file: `{ layer = "linear", outputs = 10 }`. The fields are those of the module's struct.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use retrograde::nn::{Layer, Layers, Network, Model};
    ///
    /// let layers: Layers = serde_json::from_str(
    ///     r#"[{"layer": "linear", "outputs": 50}, {"layer": "relu"}, {"layer": "linear", "outputs": 10}]"#,
    /// )?;
    /// assert_eq!(Network::new(layers, [784]).build()?.parameters().count(), 784 * 50 + 50 + 50 * 10 + 10);
    /// # Ok(())
    /// # }
    /// ```
    Linear, Conv1d, Conv2d, ConvTranspose2d, MaxPool2d, AvgPool2d, Embedding, Flatten, BatchNorm, LayerNorm, RmsNorm, GroupNorm, Dropout, GlobalAvgPool, GlobalMaxPool,
    MultiHeadAttention, PositionEmbedding, Rnn, Lstm, Gru;
    Relu, Sigmoid, Tanh, LeakyRelu, Elu, Gelu, GeluTanh, Silu, Mish, Softplus,
}

/// [`Layer`]s, each of which gets the output of the one before. The parameters of each are named by its position, counted from 0:
/// `2.weight`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Layers(pub Vec<Layer>);

impl Layers {
    /// Whether the input of the first layer are indices.
    pub fn takes_indices(&self) -> bool {
        matches!(self.0.first(), Some(Layer::Embedding(_)))
    }
}

impl Module for Layers {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let layers = self.0.iter().enumerate();
        layers.fold(x.clone(), |x, (index, layer)| context.call(index.to_string(), layer, &x))
    }

    fn as_layers(&self) -> Option<&Layers> {
        Some(self)
    }
}

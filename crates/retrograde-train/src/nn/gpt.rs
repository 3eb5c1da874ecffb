//! The network of a language model.

use super::{
    Dropout, Embedding, Init, Layer, LayerNorm, Layers, Linear, MultiHeadAttention, NetworkConfig,
    PositionEmbedding,
};

/// The sizes of a transformer with causal attention that predicts the next token: GPT-2's (Radford et al., 2019), with the
/// normalization before each part.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::nn::{GptConfig, Model};
///
/// let gpt = GptConfig { vocabulary: 65, context: 64, ..GptConfig::default() };
/// // nanoGPT's configuration for a CPU has about 800,000 parameters.
/// assert_eq!(gpt.network().build(0)?.parameters().count(), 818_241);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GptConfig {
    /// The number of different tokens.
    pub vocabulary: usize,
    /// The tokens that it sees.
    pub context: usize,
    /// Its blocks of attention and a perceptron.
    pub blocks: usize,
    /// The heads of attention.
    pub heads: usize,
    /// The numbers of a position.
    pub width: usize,
    /// The rate of dropout behind each part.
    pub dropout: f64,
}

impl Default for GptConfig {
    /// nanoGPT's configuration for a CPU: four blocks, four heads, width 128, context 64, no dropout; for the vocabulary of bytes.
    fn default() -> Self {
        GptConfig { vocabulary: 256, context: 64, blocks: 4, heads: 4, width: 128, dropout: 0.0 }
    }
}

impl GptConfig {
    /// The network: rows of `context` tokens give logits `[rows, context, vocabulary]`.
    pub fn network(&self) -> NetworkConfig {
        let GptConfig { vocabulary, context, blocks, heads, width, dropout } = *self;
        // GPT-2's; smaller where a block adds to its input, so that many blocks do not add up.
        let init = Init::Normal(0.02);
        let residual = Init::Normal(0.02 / (2.0 * blocks.max(1) as f64).sqrt());
        let part = |mut layers: Vec<Layer>| {
            layers.insert(0, Layer::LayerNorm(LayerNorm::new()));
            layers.extend((dropout > 0.0).then(|| Layer::Dropout(Dropout::new(dropout))));
            Layer::Residual { layers: Layers(layers) }
        };
        let attention =
            || part(vec![Layer::MultiHeadAttention(MultiHeadAttention::new(heads).causal(true).init(init))]);
        let perceptron = || {
            part(vec![
                Layer::Linear(Linear::new(4 * width).init(init)),
                Layer::Gelu,
                Layer::Linear(Linear::new(width).init(residual)),
            ])
        };
        let mut layers = vec![
            Layer::Embedding(Embedding::new(vocabulary, width).init(init)),
            Layer::PositionEmbedding(PositionEmbedding::new()),
        ];
        layers.extend((0..blocks).flat_map(|_| [attention(), perceptron()]));
        layers
            .extend([Layer::LayerNorm(LayerNorm::new()), Layer::Linear(Linear::new(vocabulary).init(init))]);
        NetworkConfig { input: vec![context], layers: Layers(layers) }
    }
}

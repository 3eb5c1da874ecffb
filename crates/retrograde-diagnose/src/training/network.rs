//! Networks as data: layers and activations in order.

use retrograde_base::Result;
use retrograde_core::graph::{Graph, Tensor, Var};
use retrograde_train::nn::{Activation, Context, Layer, Linear, ModelConfig, Module};
use std::fmt;

/// An activation, also where it is not one that a network should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// One of the library.
    Elementwise(Activation),
    /// eˣ / Σ eˣ over each row; of images over the channels.
    Softmax,
    /// eˣ / Σ eˣ over the rows of the batch, each output on its own: a wrong axis.
    SoftmaxOfColumns,
    /// eˣ / Σ eˣ over the whole batch: an axis that was forgotten.
    SoftmaxOfBatch,
    /// eˣ.
    Exp,
    /// x / (1 + |x|).
    Softsign,
    /// min(max(0.2 · x + 0.5, 0), 1).
    HardSigmoid,
    /// eˣ/ Σ eˣ over each row, computed as eˣ / Σ eˣ without subtracting the largest: overflows for large x.
    UnstableSoftmax,
}

impl From<Activation> for Function {
    fn from(activation: Activation) -> Self {
        Function::Elementwise(activation)
    }
}

impl Function {
    /// Whether each row sums to one, whatever the input.
    pub fn is_softmax(self) -> bool {
        matches!(self, Function::Softmax | Function::UnstableSoftmax)
    }

    /// Whether the output of a row depends on other rows of the batch.
    pub fn mixes_rows(self) -> bool {
        matches!(self, Function::SoftmaxOfColumns | Function::SoftmaxOfBatch)
    }

    /// The least and the greatest number that it gives.
    pub fn range(self) -> (f64, f64) {
        match self {
            Function::Elementwise(Activation::Sigmoid)
            | Function::Softmax
            | Function::SoftmaxOfColumns
            | Function::SoftmaxOfBatch
            | Function::UnstableSoftmax
            | Function::HardSigmoid => (0.0, 1.0),
            Function::Elementwise(Activation::Tanh) | Function::Softsign => (-1.0, 1.0),
            Function::Elementwise(Activation::Relu | Activation::Softplus) | Function::Exp => {
                (0.0, f64::INFINITY)
            }
            Function::Elementwise(Activation::Elu) => (-1.0, f64::INFINITY),
            Function::Elementwise(_) => (f64::NEG_INFINITY, f64::INFINITY),
        }
    }

    /// Its values for a tensor.
    ///
    /// # Errors
    /// Those of recording.
    pub(crate) fn value(self, x: &Tensor) -> Result<Tensor> {
        self.record(&Graph::new().constant(x.clone())).value()
    }

    fn record(self, x: &Var) -> Var {
        let shape = x.shape_or_scalar();
        match self {
            Function::Elementwise(activation) => activation.record(x),
            // Where images are `[height, width, channels]`, the last axis is that of the channels.
            Function::Softmax if shape.rank() == 4 => x.softmax(1),
            Function::Softmax => x.softmax(-1),
            Function::SoftmaxOfColumns => x.softmax(0),
            Function::SoftmaxOfBatch => x.reshape([shape.elements()]).softmax(0).reshape(shape),
            Function::Exp => x.exp(),
            Function::Softsign => x / (x.abs() + 1.0),
            Function::HardSigmoid => (x * 0.2 + 0.5).clamp(0.0, 1.0),
            Function::UnstableSoftmax => {
                let power = x.exp();
                &power / power.sum_keepdims(-1).broadcast(shape)
            }
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Function::Elementwise(activation) => write!(f, "{activation}"),
            Function::Softmax => f.write_str("softmax"),
            Function::SoftmaxOfColumns => f.write_str("softmax over the rows of the batch"),
            Function::SoftmaxOfBatch => f.write_str("softmax over the whole batch"),
            Function::Exp => f.write_str("exp"),
            Function::Softsign => f.write_str("softsign"),
            Function::HardSigmoid => f.write_str("hard sigmoid"),
            Function::UnstableSoftmax => f.write_str("softmax without subtracting the largest"),
        }
    }
}

/// A layer with parameters, or what is between two of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A layer of the library that is not an activation.
    Layer(Layer),
    /// An activation.
    Function(Function),
}

impl From<Layer> for Block {
    fn from(layer: Layer) -> Self {
        let activation = match layer {
            Layer::Relu => Activation::Relu,
            Layer::Sigmoid => Activation::Sigmoid,
            Layer::Tanh => Activation::Tanh,
            Layer::LeakyRelu => Activation::LeakyRelu,
            Layer::Elu => Activation::Elu,
            Layer::Gelu => Activation::Gelu,
            Layer::GeluTanh => Activation::GeluTanh,
            Layer::Silu => Activation::Silu,
            Layer::Mish => Activation::Mish,
            Layer::Softplus => Activation::Softplus,
            layer => return Block::Layer(layer),
        };
        Block::Function(activation.into())
    }
}

impl From<Function> for Block {
    fn from(function: Function) -> Self {
        Block::Function(function)
    }
}

impl From<Activation> for Block {
    fn from(activation: Activation) -> Self {
        Block::Function(activation.into())
    }
}

impl Block {
    /// Whether it has weights that multiply its input.
    pub fn has_weights(&self) -> bool {
        matches!(
            self,
            Block::Layer(
                Layer::Linear(_)
                    | Layer::Conv1d(_)
                    | Layer::Conv2d(_)
                    | Layer::ConvTranspose2d(_)
                    | Layer::Embedding(_)
                    | Layer::MultiHeadAttention(_)
                    | Layer::Rnn(_)
                    | Layer::Lstm(_)
                    | Layer::Gru(_)
                    | Layer::Residual { .. }
            )
        )
    }

    /// Whether it is a linear function of its input, in evaluation.
    pub fn is_linear(&self) -> bool {
        matches!(
            self,
            Block::Layer(
                Layer::Linear(_)
                    | Layer::Conv1d(_)
                    | Layer::Conv2d(_)
                    | Layer::ConvTranspose2d(_)
                    | Layer::AvgPool2d(_)
                    | Layer::GlobalAvgPool(_)
                    | Layer::Flatten(_)
                    | Layer::Dropout(_)
                    | Layer::BatchNorm(_)
            )
        )
    }
}

/// A network: the shape of a row of its input, and its blocks in order. The parameters of each block are named by its position, counted
/// from 0: `2.weight`.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// The shape of a row of the input.
    pub input: Vec<usize>,
    /// The blocks.
    pub blocks: Vec<Block>,
}

impl Network {
    /// A network of blocks.
    pub fn new(input: impl Into<Vec<usize>>, blocks: impl IntoIterator<Item = Block>) -> Self {
        Network { input: input.into(), blocks: blocks.into_iter().collect() }
    }

    /// A network of fully connected layers, each with its width and its activation, if it has one.
    ///
    /// ```
    /// use retrograde::diagnose::{Function, Network};
    /// use retrograde::nn::Activation;
    ///
    /// let network = Network::dense(2, [(4, Some(Activation::Sigmoid.into())), (1, Some(Function::Softmax))]);
    /// assert_eq!(network.to_string(), "2 → linear 4 → sigmoid → linear 1 → softmax");
    /// ```
    pub fn dense(inputs: usize, layers: impl IntoIterator<Item = (usize, Option<Function>)>) -> Self {
        let blocks = layers.into_iter().flat_map(|(width, function)| {
            let linear = Block::from(Layer::Linear(Linear::new(width)));
            [Some(linear), function.map(Block::Function)].into_iter().flatten()
        });
        Network::new([inputs], blocks)
    }

    /// The network of a model file.
    pub fn from_config(config: &ModelConfig) -> Option<Self> {
        match config {
            ModelConfig::Mlp(mlp) => {
                let (inputs, widths) = mlp.sizes.split_first()?;
                let last = widths.len().checked_sub(1)?;
                let layers = widths.iter().enumerate();
                Some(Network::dense(
                    *inputs,
                    layers.map(|(index, width)| (*width, (index < last).then(|| mlp.activation.into()))),
                ))
            }
            ModelConfig::Network(network) => {
                Some(Network::new(network.input.clone(), network.layers.0.iter().cloned().map(Block::from)))
            }
            _ => None,
        }
    }

    /// The numbers of a row of its input.
    pub fn inputs(&self) -> usize {
        self.input.iter().product()
    }

    /// The position of the last block with weights.
    pub fn last_weights(&self) -> Option<usize> {
        self.blocks.iter().rposition(Block::has_weights)
    }

    /// The activations behind the last weights.
    pub fn output_functions(&self) -> Vec<Function> {
        let start = self.last_weights().map_or(0, |position| position + 1);
        functions(&self.blocks[start..]).map(|(_, function)| function).collect()
    }

    /// The activations before the last weights, with their positions.
    pub fn hidden_functions(&self) -> Vec<(usize, Function)> {
        functions(&self.blocks[..self.last_weights().unwrap_or(0)]).collect()
    }

    /// The number of blocks with weights.
    pub fn depth(&self) -> usize {
        self.blocks.iter().filter(|block| block.has_weights()).count()
    }

    /// Whether all blocks before the output's activations are linear functions.
    pub fn is_linear(&self) -> bool {
        let end = self.last_weights().map_or(0, |position| position + 1);
        self.blocks[..end].iter().all(Block::is_linear)
    }

    /// The index of the input of the output's first activation, among the [values of the blocks](Self::record_all).
    pub(crate) fn logits(&self) -> usize {
        let start = self.last_weights().map_or(0, |position| position + 1);
        let first = self.blocks[start..].iter().position(|block| matches!(block, Block::Function(_)));
        first.map_or(self.blocks.len(), |first| start + first)
    }

    /// Records the network, and returns the value before each block and that behind the last.
    pub(crate) fn record_all(&self, context: &Context, x: &Var) -> Vec<Var> {
        let rows = x.shape_or_scalar().first().copied().unwrap_or(1);
        let mut values = vec![x.reshape([&[rows], &self.input[..]].concat())];
        for (index, block) in self.blocks.iter().enumerate() {
            let x = &values[index];
            let y = match block {
                Block::Layer(layer) => context.call(index.to_string(), layer, x),
                Block::Function(function) => context.scope(index.to_string(), || function.record(x)),
            };
            values.push(y);
        }
        values
    }
}

fn functions(blocks: &[Block]) -> impl Iterator<Item = (usize, Function)> {
    blocks.iter().enumerate().filter_map(|(index, block)| match block {
        Block::Function(function) => Some((index, *function)),
        Block::Layer(_) => None,
    })
}

impl Module for Network {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        self.record_all(context, x).pop().unwrap_or_else(|| x.clone())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let input: Vec<String> = self.input.iter().map(usize::to_string).collect();
        write!(f, "{}", input.join("×"))?;
        for block in &self.blocks {
            match block {
                Block::Function(function) => write!(f, " → {function}")?,
                Block::Layer(layer) => write!(f, " → {}", layer_words(layer))?,
            }
        }
        Ok(())
    }
}

/// A layer's name and its width, as its model file has them.
fn layer_words(layer: &Layer) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(layer) else { return "layer".into() };
    let word = |name: &str| fields.get(name).map(|value| value.to_string().trim_matches('"').to_owned());
    let name = word("layer").unwrap_or_else(|| "layer".into());
    let width = ["outputs", "channels", "units", "rate", "kernel"].into_iter().find_map(word);
    width.map_or(name.clone(), |width| format!("{name} {width}"))
}

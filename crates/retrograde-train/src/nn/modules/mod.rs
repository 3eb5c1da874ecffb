//! The modules of the library: one file each, or one for those that share their arithmetic.

mod attention;
mod convolution;
mod dropout;
mod embedding;
mod flatten;
mod layer;
mod linear;
mod normalization;
mod pair;
mod pooling;
mod position_embedding;
mod recurrent;
mod residual;
mod sequential;

pub use attention::MultiHeadAttention;
pub use convolution::{Conv1d, Conv2d, ConvTranspose2d};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use layer::{Layer, Layers};
pub use linear::{Linear, affine};
pub use normalization::{BatchNorm, GroupNorm, LayerNorm, RmsNorm};
pub use pair::Pair;
pub use pooling::{AvgPool2d, GlobalAvgPool, GlobalMaxPool, MaxPool2d};
pub use position_embedding::PositionEmbedding;
pub use recurrent::{Gru, Lstm, Rnn};
pub use residual::Residual;
pub use sequential::Sequential;

use retrograde_core::graph::{Shape, Var};

/// The vector `values` along one axis of `shape`, repeated along all others.
fn along(values: &Var, axis: usize, shape: &Shape) -> Var {
    let mut aligned = vec![1; shape.rank()];
    if let Some(length) = aligned.get_mut(axis) {
        *length = values.shape_or_scalar().elements();
    }
    values.reshape(aligned).broadcast(shape)
}

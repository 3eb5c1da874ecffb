//! The embedding of indices.

use crate::nn::{Context, Init, Module};
use retrograde_base::error::Error;
use retrograde_core::graph::{Tensor, Var};
use serde::{Deserialize, Serialize};

/// A row of a table for each index: indices `[…]` give `[…, width]`. PyTorch's `nn.Embedding`.
///
/// Parameters: `weight`, `[count, width]`, initially normal with the standard deviation 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    count: usize,
    width: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    padding: Option<usize>,
    #[serde(default = "standard_normal")]
    init: Init,
}

fn standard_normal() -> Init {
    Init::Normal(1.0)
}

impl Embedding {
    /// A table of `count` rows of `width` numbers. Indices must be below `count`.
    pub fn new(count: usize, width: usize) -> Self {
        Embedding { count, width, padding: None, init: standard_normal() }
    }

    /// The index that is padding: [`MultiHeadAttention`](super::MultiHeadAttention) behind this module does not attend to its
    /// positions. The row of the table is a parameter like the others, unlike with PyTorch's `padding_idx`.
    #[must_use]
    pub fn padding(mut self, index: usize) -> Self {
        self.padding = Some(index);
        self
    }

    /// The distribution of the initial table.
    #[must_use]
    pub fn init(mut self, init: Init) -> Self {
        self.init = init;
        self
    }
}

impl Embedding {
    /// 1 where an index is padding, and 0 elsewhere.
    fn mask(&self, context: &Context, indices: &Var, padding: usize) -> Var {
        let graph = context.graph();
        if padding >= self.count {
            let problem = format!("the index {padding} is not below the count {}", self.count);
            return graph.error_node(Error::invalid(
                "padding of an embedding",
                problem,
                "give an index of the table",
            ));
        }
        match Tensor::from_fn([self.count], |index| if index == padding { 1.0 } else { 0.0 }) {
            Ok(table) => graph.constant(table).gather_rows(indices),
            Err(error) => graph.error_node(error),
        }
    }
}

impl Module for Embedding {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let shape = x.shape_or_scalar();
        let weight = context.parameter("weight", [self.count, self.width], self.init.for_fan_in(self.width));
        let indices = x.reshape([shape.elements()]);
        if let Some(padding) = self.padding {
            let mask = self.mask(context, &indices, padding).reshape(&shape);
            if mask.is_error() {
                return mask;
            }
            context.set_padding(&mask);
        }
        let rows = weight.gather_rows(&indices);
        rows.reshape([&shape[..], &[self.width]].concat())
    }
}

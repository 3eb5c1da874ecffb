//! Pooling: one number for each window of an image, or for each channel.

use super::Pair;
use crate::nn::{Context, Module};
use retrograde_core::graph::Var;
use retrograde_core::ops::Pool2dOptions;
use serde::{Deserialize, Serialize};

macro_rules! pooling {
    ($(#[$documentation:meta])* $name:ident, $operation:ident) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            kernel: Pair,
            stride: Option<Pair>,
            padding: Option<Pair>,
        }

        impl $name {
            /// Windows of this height and width, side by side.
            pub fn new(kernel: impl Into<Pair>) -> Self {
                $name { kernel: kernel.into(), stride: None, padding: None }
            }

            /// The distance between two windows. Default: the size of a window.
            #[must_use]
            pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
                self.stride = Some(stride.into());
                self
            }

            /// What is added on each side of an image, at most half of a window. Default: nothing.
            #[must_use]
            pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
                self.padding = Some(padding.into());
                self
            }
        }

        impl Module for $name {
            fn forward(&self, _: &Context, x: &Var) -> Var {
                let Pair(kernel) = self.kernel;
                let Pair(stride) = self.stride.unwrap_or(self.kernel);
                let Pair(padding) = self.padding.unwrap_or(Pair([0, 0]));
                x.$operation(Pool2dOptions { kernel, stride, padding })
            }
        }
    };
}

pooling! {
    /// The largest number of each window: `[rows, channels, height, width]`. The book's chapter 7; PyTorch's `nn.MaxPool2d`.
    MaxPool2d, max_pool2d
}

pooling! {
    /// The mean of each window: `[rows, channels, height, width]`. PyTorch's `nn.AvgPool2d`.
    AvgPool2d, avg_pool2d
}

/// The mean of each channel: `[rows, channels, …]` gives `[rows, channels]`. Lin, Chen and Yan (2014).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlobalAvgPool {}

/// The largest number of each channel: `[rows, channels, …]` gives `[rows, channels]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GlobalMaxPool {}

/// The axes behind rows and channels.
fn positions(x: &Var) -> Vec<usize> {
    (2..x.shape_or_scalar().rank()).collect()
}

impl Module for GlobalAvgPool {
    fn forward(&self, _: &Context, x: &Var) -> Var {
        x.mean(positions(x))
    }
}

impl Module for GlobalMaxPool {
    fn forward(&self, _: &Context, x: &Var) -> Var {
        x.max(positions(x))
    }
}

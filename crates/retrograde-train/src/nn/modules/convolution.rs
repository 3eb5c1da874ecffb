//! Convolutions.

use super::linear::{he, yes};
use super::{Pair, along};
use crate::nn::{Context, Init, Module};
use retrograde_core::graph::Var;
use retrograde_core::ops::Conv2dOptions;
use serde::{Deserialize, Serialize};

fn one() -> usize {
    1
}

fn ones() -> Pair {
    Pair([1, 1])
}

fn zeros() -> Pair {
    Pair([0, 0])
}

/// Declares a convolution of images with its builder.
macro_rules! convolution {
    ($(#[$documentation:meta])* $name:ident { $($field:ident: $default:literal, $setter:literal;)* }) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            channels: usize,
            kernel: Pair,
            #[serde(default = "ones")]
            stride: Pair,
            #[serde(default = "zeros")]
            padding: Pair,
            #[serde(default = "ones")]
            dilation: Pair,
            #[serde(default = "one")]
            groups: usize,
            $(#[serde(default = $default)]
            $field: Pair,)*
            #[serde(default = "yes")]
            bias: bool,
            #[serde(default = "he")]
            init: Init,
        }

        impl $name {
            /// A layer with so many output channels, whose kernel has this height and width. Stride 1, no padding, a bias, and the
            /// initial weights [`Init::He`].
            pub fn new(channels: usize, kernel: impl Into<Pair>) -> Self {
                $name {
                    channels,
                    kernel: kernel.into(),
                    stride: ones(),
                    padding: zeros(),
                    dilation: ones(),
                    groups: 1,
                    $($field: zeros(),)*
                    bias: true,
                    init: Init::He,
                }
            }

            /// The distance between two positions of the kernel.
            #[must_use]
            pub fn stride(mut self, stride: impl Into<Pair>) -> Self {
                self.stride = stride.into();
                self
            }

            /// The zeros on each side of an image.
            #[must_use]
            pub fn padding(mut self, padding: impl Into<Pair>) -> Self {
                self.padding = padding.into();
                self
            }

            /// The distance between two elements of the kernel.
            #[must_use]
            pub fn dilation(mut self, dilation: impl Into<Pair>) -> Self {
                self.dilation = dilation.into();
                self
            }

            /// The number of groups of channels, which do not see each other.
            #[must_use]
            pub fn groups(mut self, groups: usize) -> Self {
                self.groups = groups;
                self
            }

            $(#[doc = $setter]
            #[must_use]
            pub fn $field(mut self, $field: impl Into<Pair>) -> Self {
                self.$field = $field.into();
                self
            })*

            /// Whether it has a bias.
            #[must_use]
            pub fn bias(mut self, bias: bool) -> Self {
                self.bias = bias;
                self
            }

            /// The distribution of the initial weights.
            #[must_use]
            pub fn init(mut self, init: Init) -> Self {
                self.init = init;
                self
            }

            fn options(&self) -> Conv2dOptions {
                let [Pair(stride), Pair(padding), Pair(dilation)] = [self.stride, self.padding, self.dilation];
                Conv2dOptions { stride, padding, dilation, groups: self.groups }
            }

            /// `y` with the bias of each channel added.
            fn biased(&self, context: &Context, y: Var) -> Var {
                if !self.bias {
                    return y;
                }
                let bias = context.parameter("bias", [self.channels], 0.0);
                let shape = y.shape_or_scalar();
                y + along(&bias, 1, &shape)
            }
        }
    };
}

convolution! {
    /// A convolution of images: `[rows, inputs, height, width]` gives `[rows, channels, …]`. The number of inputs is that of the first
    /// `x`. The book's chapter 7; PyTorch's `nn.Conv2d`.
    ///
    /// Parameters: `weight`, `[channels, inputs / groups, kernel height, kernel width]`, and `bias`, `[channels]`, initially zero.
    Conv2d {}
}

impl Module for Conv2d {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let inputs = x.shape_or_scalar().get(1).copied().unwrap_or(0) / self.groups.max(1);
        let Pair([height, width]) = self.kernel;
        let shape = [self.channels, inputs, height, width];
        let fan_in = inputs.saturating_mul(height).saturating_mul(width);
        let weight = context.parameter("weight", shape, self.init.for_fan_in(fan_in));
        self.biased(context, x.conv2d(&weight, self.options()))
    }
}

convolution! {
    /// A transposed convolution of images, which makes them larger: `[rows, inputs, height, width]` gives `[rows, channels, …]`.
    /// PyTorch's `nn.ConvTranspose2d`.
    ///
    /// Parameters: `weight`, `[inputs, channels / groups, kernel height, kernel width]`, and `bias`, `[channels]`, initially zero.
    ConvTranspose2d { output_padding: "zeros", "Lines below and columns to the right of the output, fewer than the stride."; }
}

impl Module for ConvTranspose2d {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let inputs = x.shape_or_scalar().get(1).copied().unwrap_or(0);
        let Pair([height, width]) = self.kernel;
        let outputs = self.channels / self.groups.max(1);
        // Each output sees as many inputs as an input has windows, divided by the stride.
        let fan_in = inputs.saturating_mul(height).saturating_mul(width) / self.groups.max(1);
        let weight =
            context.parameter("weight", [inputs, outputs, height, width], self.init.for_fan_in(fan_in));
        let Pair(output_padding) = self.output_padding;
        self.biased(context, x.conv_transpose2d(&weight, self.options(), output_padding))
    }
}

/// A convolution of sequences: `[rows, inputs, length]` gives `[rows, channels, …]`. PyTorch's `nn.Conv1d`.
///
/// Parameters: `weight`, `[channels, inputs / groups, kernel]`, and `bias`, `[channels]`, initially zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv1d {
    channels: usize,
    kernel: usize,
    #[serde(default = "one")]
    stride: usize,
    #[serde(default)]
    padding: usize,
    #[serde(default = "one")]
    dilation: usize,
    #[serde(default = "one")]
    groups: usize,
    #[serde(default = "yes")]
    bias: bool,
    #[serde(default = "he")]
    init: Init,
}

impl Conv1d {
    /// A layer with so many output channels and a kernel of this length. Stride 1, no padding, a bias, and the initial weights
    /// [`Init::He`].
    pub fn new(channels: usize, kernel: usize) -> Self {
        Conv1d { channels, kernel, stride: 1, padding: 0, dilation: 1, groups: 1, bias: true, init: Init::He }
    }

    /// The distance between two positions of the kernel.
    #[must_use]
    pub fn stride(mut self, stride: usize) -> Self {
        self.stride = stride;
        self
    }

    /// The zeros on each side of a sequence.
    #[must_use]
    pub fn padding(mut self, padding: usize) -> Self {
        self.padding = padding;
        self
    }

    /// The distance between two elements of the kernel.
    #[must_use]
    pub fn dilation(mut self, dilation: usize) -> Self {
        self.dilation = dilation;
        self
    }

    /// The number of groups of channels, which do not see each other.
    #[must_use]
    pub fn groups(mut self, groups: usize) -> Self {
        self.groups = groups;
        self
    }

    /// Whether it has a bias.
    #[must_use]
    pub fn bias(mut self, bias: bool) -> Self {
        self.bias = bias;
        self
    }
}

impl Module for Conv1d {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let &[rows, channels, length] = &x.shape_or_scalar()[..] else {
            // Not three axes: the convolution says so.
            return x.conv2d(x, Conv2dOptions::default());
        };
        let inputs = channels / self.groups.max(1);
        let fan_in = inputs.saturating_mul(self.kernel);
        let shape = [self.channels, inputs, self.kernel];
        let weight = context.parameter("weight", shape, self.init.for_fan_in(fan_in));
        let options = Conv2dOptions {
            stride: [1, self.stride],
            padding: [0, self.padding],
            dilation: [1, self.dilation],
            groups: self.groups,
        };
        // A sequence is an image of one line.
        let weight = weight.reshape([self.channels, inputs, 1, self.kernel]);
        let y = x.reshape([rows, channels, 1, length]).conv2d(&weight, options);
        let shape = y.shape_or_scalar();
        let y = y.reshape([&shape[..shape.rank().min(2)], &shape[shape.rank().min(3)..]].concat());
        if !self.bias {
            return y;
        }
        let shape = y.shape_or_scalar();
        y + along(&context.parameter("bias", [self.channels], 0.0), 1, &shape)
    }
}

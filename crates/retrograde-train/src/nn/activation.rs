//! Activation functions.

use super::{Context, Module};
use retrograde_base::error::Error;
use retrograde_core::graph::Var;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An activation function: nonlinear and elementwise, between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activation {
    /// max(x, 0).
    #[default]
    Relu,
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// x for x > 0, else 0.01 · x.
    LeakyRelu,
    /// x for x > 0, else eˣ − 1.
    Elu,
    /// x · Φ(x), with the normal distribution function Φ.
    Gelu,
    /// Gelu, approximated by a hyperbolic tangent.
    GeluTanh,
    /// x · sigmoid(x).
    Silu,
    /// x · tanh(softplus(x)).
    Mish,
    /// ln(1 + eˣ).
    Softplus,
}

impl Activation {
    /// All activations.
    pub const ALL: [Activation; 10] = [
        Activation::Relu,
        Activation::Sigmoid,
        Activation::Tanh,
        Activation::LeakyRelu,
        Activation::Elu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Silu,
        Activation::Mish,
        Activation::Softplus,
    ];

    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Relu => "relu",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::LeakyRelu => "leaky_relu",
            Activation::Elu => "elu",
            Activation::Gelu => "gelu",
            Activation::GeluTanh => "gelu_tanh",
            Activation::Silu => "silu",
            Activation::Mish => "mish",
            Activation::Softplus => "softplus",
        }
    }

    /// Records the activation of `x`.
    #[track_caller]
    pub fn record(self, x: &Var) -> Var {
        match self {
            Activation::Relu => x.relu(),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Tanh => x.tanh(),
            Activation::LeakyRelu => x.leaky_relu(0.01),
            Activation::Elu => x.elu(1.0),
            Activation::Gelu => x.gelu(),
            Activation::GeluTanh => x.gelu_tanh(),
            Activation::Silu => x.silu(),
            Activation::Mish => x.mish(),
            Activation::Softplus => x.softplus(),
        }
    }
}

impl Module for Activation {
    fn forward(&self, _: &Context, x: &Var) -> Var {
        self.record(x)
    }
}

impl fmt::Display for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Activation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|activation| activation.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|activation| activation.name()).collect();
            Error::invalid(
                "activation",
                format!("unknown value `{text}`"),
                format!("use one of {}", names.join(", ")),
            )
        })
    }
}

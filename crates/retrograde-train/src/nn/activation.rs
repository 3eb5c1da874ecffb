//! Activation functions.

use retrograde_base::error::Error;
use retrograde_core::graph::Var;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// An activation function: nonlinear and elementwise, between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(x, 0).
    #[default]
    Relu,
    /// 1 / (1 + e⁻ˣ).
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// All activations.
    pub const ALL: [Activation; 3] = [Activation::Relu, Activation::Sigmoid, Activation::Tanh];

    /// The name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Relu => "relu",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
        }
    }

    /// Records the activation of `x`.
    #[track_caller]
    pub fn record(self, x: &Var) -> Var {
        match self {
            Activation::Relu => x.relu(),
            Activation::Sigmoid => x.sigmoid(),
            Activation::Tanh => x.tanh(),
        }
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

//! The nonlinear functions between layers.

use crate::error::Error;
use crate::graph::Var;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A nonlinear function applied element by element between two layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(x, 0).
    #[default]
    Relu,
}

impl Activation {
    /// All of them.
    pub const ALL: [Activation; 1] = [Activation::Relu];

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Relu => "relu",
        }
    }

    /// Records it.
    #[track_caller]
    pub fn record(self, x: &Var) -> Var {
        match self {
            Activation::Relu => x.relu(),
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
            Error::invalid("an activation", format!("there is no `{text}`"), names.join(", "))
        })
    }
}

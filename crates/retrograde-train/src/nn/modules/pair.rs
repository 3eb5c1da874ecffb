//! Heights and widths.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A height and a width. One number is both; a model file has `3` or `[3, 5]`.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Lengths", into = "Lengths")]
pub struct Pair(pub [usize; 2]);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Lengths {
    Both(usize),
    Each([usize; 2]),
}

impl From<Lengths> for Pair {
    fn from(lengths: Lengths) -> Self {
        match lengths {
            Lengths::Both(length) => length.into(),
            Lengths::Each(lengths) => lengths.into(),
        }
    }
}

impl From<Pair> for Lengths {
    fn from(Pair([height, width]): Pair) -> Self {
        if height == width { Lengths::Both(height) } else { Lengths::Each([height, width]) }
    }
}

impl From<usize> for Pair {
    fn from(length: usize) -> Self {
        Pair([length; 2])
    }
}

impl From<[usize; 2]> for Pair {
    fn from(lengths: [usize; 2]) -> Self {
        Pair(lengths)
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Pair([height, width]) = self;
        write!(f, "{height}×{width}")
    }
}

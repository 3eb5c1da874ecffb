//! `random_normal`: independent normal random numbers of mean 0 and variance 1, made in the plan.
//!
//! They are a function of a [`RandomKey`] and of their place, by the transform of Box and Muller (1958) of
//! uniform ones. Indices, and so the key, have no gradient.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::random::{Random, RandomKey, cases, invalid_cases};
use crate::graph::{Graph, Shape, Type, Var};
use crate::kernel::random::Normal;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "random_normal",
    summary: "Independent normal random numbers of mean 0 and variance 1, a function of a seed, a stream and a step.",
    formula: "y[i] = normal(philox(seed, stream, x, i))",
    derivative: "none: indices have no gradient",
    cases: cases!(random_normal),
    kinks: none,
    invalid_cases: invalid_cases!(random_normal),
};

impl Graph {
    /// Independent normal random numbers of mean 0 and variance 1. They depend on the key and on their place alone, with the same
    /// bits on every processor; those in `f32` are the ones in `f64` up to the rounding of their uniform numbers. At most 2³³
    /// numbers, none beyond 6.7 standard deviations in `f32` and 8.7 in `f64`.
    ///
    /// For another mean and standard deviation: `deviation * x + mean`.
    #[track_caller]
    pub fn random_normal(&self, shape: impl Into<Shape>, key: &RandomKey) -> Var {
        Random::<Normal>::record(&ENTRY, self, shape.into(), key)
    }
}

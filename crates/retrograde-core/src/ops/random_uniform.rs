//! `random_uniform`: independent uniform random numbers from 0 to below 1, made in the plan.
//!
//! They are a function of a [`RandomKey`] and of their place. Indices, and so the key, have no gradient.

use super::entry::{Entry, InputSpec, InvalidCase, OpCase, none};
use super::random::{Random, RandomKey, cases, invalid_cases};
use crate::graph::{Graph, Shape, Type, Var};
use crate::kernel::random::Uniform;

/// The entry in the list.
pub static ENTRY: Entry = Entry {
    name: "random_uniform",
    summary: "Independent uniform random numbers from 0 to below 1, a function of a seed, a stream and a step.",
    formula: "y[i] = philox(seed, stream, x, i)",
    derivative: "none: indices have no gradient",
    cases: cases!(random_uniform),
    kinks: none,
    invalid_cases: invalid_cases!(random_uniform),
};

impl Graph {
    /// Independent uniform random numbers from 0 to below 1: multiples of 2⁻²⁴ in `f32` and of 2⁻⁵³ in `f64`, whose leading bits
    /// are the same. They depend on the key and on their place alone. At most 2³³ numbers.
    #[track_caller]
    pub fn random_uniform(&self, shape: impl Into<Shape>, key: &RandomKey) -> Var {
        Random::<Uniform>::record(&ENTRY, self, shape.into(), key)
    }

    /// Independent random ones and zeros: a one with this probability. A composition of
    /// [`random_uniform`](Self::random_uniform) and [`less`](Var::less).
    #[track_caller]
    pub fn random_bernoulli(&self, shape: impl Into<Shape>, probability: f64, key: &RandomKey) -> Var {
        let uniform = self.random_uniform(shape, key);
        uniform.less(&uniform.number(probability))
    }
}

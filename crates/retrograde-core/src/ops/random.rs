//! What the operations that make random numbers have in common.
//!
//! Their numbers are a function of a [`RandomKey`] and of their place: the same at every run with the same key, on every
//! processor and number of threads. The step of the key is an input, so that each step of a training has numbers of its own, and a
//! resumed one has those of the one that went through. The generator is Philox4x32-10 (Salmon et al., SC 2011). Indices, and so
//! the key, have no gradient.

use super::entry::Entry;
use super::gather_rows::indices_expected;
use crate::graph::{Graph, Kind, Mismatch, Operation, Shape, Type, Var, VjpContext};
use crate::kernel::random::{Distribution, Key, MOST_ELEMENTS};
use crate::kernel::{Call, Form, Real, Rows, RowsKernel};
use std::marker::PhantomData;
use std::sync::Arc;

/// What the numbers of a random operation depend on: a seed and a stream, which are fixed, and the step, an index input that is
/// set before each run.
///
/// Two operations with equal keys have equal numbers. Give each operation of a graph a [stream](Self::stream) of its own.
///
/// ```
/// use retrograde::ops::RandomKey;
/// use retrograde::{Graph, Planner};
///
/// let graph = Graph::new();
/// let step = graph.index_input("step", [2]);
/// let key = RandomKey::new(42, &step);
/// let x = graph.random_uniform([3], &key.stream(0));
/// let mut plan = Planner::new(&graph).fetch(&x).compile::<f32>()?;
/// let mut at = |step: u64| -> retrograde::Result<Vec<f32>> {
///     plan.set_indices(&key.step(), &RandomKey::step_indices(step))?;
///     plan.run()?;
///     Ok(plan.read(&x)?.to_vec())
/// };
/// assert_eq!(at(7)?, at(7)?);
/// assert_ne!(at(7)?, at(8)?);
/// # Ok::<(), retrograde::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct RandomKey {
    seed: u64,
    stream: u32,
    step: Var,
}

impl RandomKey {
    /// The key of stream 0. `step` are two indices, the low and the high 32 bits of the number of a step
    /// ([`step_indices`](Self::step_indices)), or one index of the shape `[]`.
    pub fn new(seed: u64, step: &Var) -> Self {
        RandomKey { seed, stream: 0, step: step.clone() }
    }

    /// The key of another stream of the same seed and step, with independent numbers.
    pub fn stream(&self, stream: u32) -> Self {
        RandomKey { stream, ..self.clone() }
    }

    /// The index input of the step.
    pub fn step(&self) -> Var {
        self.step.clone()
    }

    /// The indices of a step for an input of the shape `[2]`.
    pub fn step_indices(step: u64) -> [u32; 2] {
        [step as u32, (step >> 32) as u32]
    }
}

/// Random numbers of a distribution.
#[derive(Debug)]
pub(super) struct Random<D> {
    entry: &'static Entry,
    seed: u64,
    stream: u32,
    shape: Shape,
    distribution: PhantomData<D>,
}

impl<D: Distribution<f32> + Distribution<f64>> Random<D> {
    /// Records the operation of this entry.
    #[track_caller]
    pub(super) fn record(entry: &'static Entry, graph: &Graph, shape: Shape, key: &RandomKey) -> Var {
        let RandomKey { seed, stream, step } = key;
        let operation = Self { entry, seed: *seed, stream: *stream, shape, distribution: PhantomData };
        graph.apply(operation, &[step])
    }
}

/// The cases of an operation with these numbers: of several seeds, streams, shapes and forms of the step.
macro_rules! cases {
    ($method:ident) => {
        || {
            let step = |shape: &[usize]| [InputSpec::index(shape, 1000)];
            vec![
                OpCase::new(step(&[2]), |v| v[0].graph().$method([5, 7], &RandomKey::new(1, &v[0]))),
                OpCase::new(step(&[2]), |v| v[0].graph().$method([5, 7], &RandomKey::new(2, &v[0]))),
                OpCase::new(step(&[2]), |v| {
                    v[0].graph().$method([5, 7], &RandomKey::new(1, &v[0]).stream(1))
                }),
                OpCase::new(step(&[2]), |v| v[0].graph().$method([7, 5], &RandomKey::new(1, &v[0]))),
                OpCase::new(step(&[]), |v| v[0].graph().$method([2, 65], &RandomKey::new(1, &v[0]))),
                OpCase::new(step(&[]), |v| v[0].graph().$method([], &RandomKey::new(1, &v[0]))),
                OpCase::new(step(&[]), |v| v[0].graph().$method([3, 0], &RandomKey::new(1, &v[0]))),
            ]
        }
    };
}

/// The invalid cases likewise.
macro_rules! invalid_cases {
    ($method:ident) => {
        || {
            vec![
                InvalidCase {
                    types: vec![Type::real([])],
                    record: |v| v[0].graph().$method([3], &RandomKey::new(1, &v[0])),
                    mentions: &["the step", "indices"],
                },
                InvalidCase {
                    types: vec![Type::index([0])],
                    record: |v| v[0].graph().$method([3], &RandomKey::new(1, &v[0])),
                    mentions: &["[0]", "[2]"],
                },
                InvalidCase {
                    types: vec![Type::index([])],
                    record: |v| v[0].graph().$method([1 << 20, 1 << 20], &RandomKey::new(1, &v[0])),
                    mentions: &["[1048576, 1048576]", "stream"],
                },
            ]
        }
    };
}
pub(super) use {cases, invalid_cases};

impl<D: Distribution<f32> + Distribution<f64>> Operation for Random<D> {
    fn name(&self) -> &'static str {
        self.entry.name
    }

    fn attributes(&self) -> String {
        format!("{}, seed {}, stream {}", self.shape, self.seed, self.stream)
    }

    fn merge_key(&self) -> Option<String> {
        Some(format!("{} {} {}", self.shape, self.seed, self.stream))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        let step = &inputs[0];
        if step.kind != Kind::Index {
            return Err(indices_expected(step, "the step"));
        }
        if !matches!(step.shape[..], [] | [2]) {
            let problem = format!("the step has the shape {}", step.shape);
            return Err(Mismatch::new(
                problem,
                "give an index of the shape [], or its low and high half: [2]",
            ));
        }
        if self.shape.elements() as u64 > MOST_ELEMENTS {
            let problem = format!("a key has 2^33 random numbers, {} are more", self.shape);
            return Err(Mismatch::new(problem, "give each part of them a stream of its own"));
        }
        Ok(Type::real(self.shape.clone()))
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, _: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![None]
    }
}

impl<D: Distribution<f32> + Distribution<f64>> RowsKernel for Random<D> {
    /// Each number is a row.
    fn rows(&self, _: &[&[usize]], output: &[usize]) -> usize {
        output.iter().product()
    }

    fn flops(&self, _: &[&[usize]], output: &[usize]) -> usize {
        20 * output.iter().product::<usize>()
    }

    fn preferred_block_rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        1024
    }
}

impl<T: Real, D: Distribution<T>> Rows<T> for Random<D> {
    fn evaluate(&self, call: Call<'_, T>) {
        let step = call.inputs.get(0).index();
        let half = |at: usize| u64::from(step.get(at).copied().unwrap_or(0));
        let key = Key { seed: self.seed, stream: self.stream, step: half(0) | half(1) << 32 };
        key.fill::<T, D>(call.rows.start, call.output.real());
    }
}

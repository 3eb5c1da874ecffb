//! How a recording is made: beside the training, not in it.
//!
//! A sampled step is followed by a second plan, which runs forward and backward from the same parameters on the same
//! batch and keeps what the training's own plan never writes to memory: gradients and activations. So the training's
//! plan is the same with and without a recording, and so are its bits and the time of all other steps.

use super::evaluate::batch;
use super::recording::{Norms, Recording, Sample, Seen};
use super::session::Session;
use crate::data::Samples;
use crate::nn::Model;
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Kind, Leaf, Var};
use retrograde_core::kernel::{Real, Threads};
use retrograde_core::plan::{Plan, Planner};

/// The second plan.
#[derive(Debug)]
pub(super) struct Recorder<T: Real> {
    plan: Plan<T>,
    rows: Var,
    parameters: Vec<Var>,
    gradients: Vec<Var>,
    outputs: Vec<Var>,
    /// The step that is being recorded: its learning rate.
    learning_rate: f64,
}

impl<T: Real> Recorder<T> {
    /// Records and compiles it, and begins a recording.
    pub fn new(
        model: &impl Model,
        samples: &Samples,
        size: usize,
        threads: &Threads,
    ) -> Result<(Self, Recording)> {
        let graph = Graph::new();
        let rows = graph.index_input("rows", [size]);
        let (x, labels) = batch(&graph, samples, &rows, None);
        let parameters = model.parameters().record(&graph);
        let before = graph.len();
        let loss = model.record(&x, &parameters).softmax_with_loss(&labels);
        let layers = unit_layers(&graph, before, size);
        let gradients = loss.backward()?;
        let gradients = parameters.iter().map(|var| gradients.wrt(var)).collect::<Result<Vec<Var>>>()?;
        let outputs: Vec<Var> = layers.iter().map(|(_, var)| var.clone()).collect();
        let widths = outputs.iter().map(|var| var.shape().elements() / size.max(1)).collect();
        let names = parameters.iter().map(|var| var.node().label()).collect();
        let plan = Planner::new(&graph)
            .want_all(&parameters)
            .want_all(&gradients)
            .want_all(&outputs)
            .threads(threads.clone())
            .compile()?;
        let recording = Recording::new(names, layers.into_iter().map(|(name, _)| name).collect(), widths);
        let recorder = Recorder { plan, rows, parameters, gradients, outputs, learning_rate: 0.0 };
        Ok((recorder, recording))
    }

    /// Before a sampled step: remembers the parameters.
    pub fn before(&mut self, session: &mut Session<T>) -> Result<()> {
        self.learning_rate = session.learning_rate();
        for (number, var) in self.parameters.iter().enumerate() {
            self.plan.set(var, session.parameter(number)?)?;
        }
        Ok(())
    }

    /// After it: what its batch made of them, and how far they went.
    pub fn after(&mut self, session: &mut Session<T>, recording: &mut Recording) -> Result<()> {
        self.plan.set_indices(&self.rows, session.drawn())?;
        self.plan.run()?;
        let mut norms = Vec::with_capacity(self.parameters.len());
        for (number, (parameter, gradient)) in self.parameters.iter().zip(&self.gradients).enumerate() {
            let gradient = norm(self.plan.read(gradient)?);
            let old = self.plan.read(parameter)?;
            let weight = norm(old);
            let update = distance(old, session.parameter(number)?);
            norms.push(Norms { gradient, weight, update });
        }
        let step = session.steps();
        recording.push(Sample { step, learning_rate: self.learning_rate, norms });
        self.see(&mut recording.seen)?;
        recording.judge_units(step);
        Ok(())
    }

    /// Widens the range of each unit's outputs by those of this batch.
    fn see(&mut self, seen: &mut Seen) -> Result<()> {
        let mut from = 0;
        let mut images = 0;
        for (var, &width) in self.outputs.iter().zip(&seen.widths) {
            let units = from..from + width;
            let (low, high) = (&mut seen.low[units.clone()], &mut seen.high[units]);
            let values = self.plan.read(var)?;
            for row in values.chunks_exact(width.max(1)) {
                for ((low, high), value) in low.iter_mut().zip(high.iter_mut()).zip(row) {
                    let value = value.widen();
                    *low = low.min(value);
                    *high = high.max(value);
                }
            }
            images = values.len() / width.max(1);
            from += width;
        }
        seen.images += images as u64;
        Ok(())
    }
}

/// The layers without parameters: of each outermost scope that takes none, the last value with a row for each image. They
/// are what stands between two layers with parameters, such as activations.
fn unit_layers(graph: &Graph, before: usize, rows: usize) -> Vec<(String, Var)> {
    let mut layers: Vec<(String, Var, bool)> = Vec::new();
    for node in &graph.nodes()[before..] {
        let Some(scope) = node.scope.split('.').next().filter(|scope| !scope.is_empty()) else { continue };
        let trains = node.inputs.iter().any(|&input| {
            let leaf = graph.node(input);
            matches!(leaf.leaf(), Some(Leaf::Parameter(_)))
        });
        let shape = &node.value_type.shape;
        let is_output = node.value_type.kind == Kind::Real && shape.rank() == 2 && shape[0] == rows;
        match layers.iter_mut().find(|(name, ..)| name == scope) {
            Some((_, var, has_parameters)) => {
                if is_output {
                    *var = graph.var(node.id);
                }
                *has_parameters |= trains;
            }
            None if is_output => layers.push((scope.to_string(), graph.var(node.id), trains)),
            None => {}
        }
    }
    layers.into_iter().filter(|(_, _, trains)| !trains).map(|(name, var, _)| (name, var)).collect()
}

/// The root of the sum of the squares that `of` makes of each number. Eight sums side by side, as one alone would wait
/// for its own last addition.
fn root_of_squares<T: Real>(values: &[T], others: &[T], of: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let (eights, rest) = values.as_chunks::<8>();
    let (other_eights, other_rest) = others.as_chunks::<8>();
    for (eight, others) in eights.iter().zip(other_eights) {
        for ((sum, value), other) in sums.iter_mut().zip(eight).zip(others) {
            let number = of(value.widen(), other.widen());
            *sum += number * number;
        }
    }
    let rest = rest.iter().zip(other_rest).map(|(value, other)| of(value.widen(), other.widen()).powi(2));
    (sums.iter().sum::<f64>() + rest.sum::<f64>()).sqrt()
}

/// The Euclidean norm.
fn norm<T: Real>(values: &[T]) -> f64 {
    root_of_squares(values, values, |value, _| value)
}

/// The Euclidean distance.
fn distance<T: Real>(from: &[T], to: &[T]) -> f64 {
    root_of_squares(from, to, |from, to| to - from)
}

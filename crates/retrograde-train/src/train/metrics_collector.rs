//! The collection of metrics beside the training.
//!
//! After a sampled step, a second plan runs forward and backward with the parameters and the batch of that step. It keeps
//! the gradients and activations that the plan of the training does not store. The plan of the training, its results and
//! the time of all other steps are therefore the same with and without metrics.

use super::batch::Batch;
use super::evaluate::of_predictions;
use super::loss::Loss;
use super::metrics::{Norms, OutputRanges, StepStats, TrainingMetrics};
use super::session::Session;
use crate::data::Samples;
use crate::nn::{Model, Recorded};
use retrograde_base::error::Result;
use retrograde_core::graph::{Graph, Kind, Leaf, Var};
use retrograde_core::kernel::{Real, Threads};
use retrograde_core::ops::RandomKey;
use retrograde_core::plan::{Plan, Planner};

/// The plan that collects metrics.
#[derive(Debug)]
pub(super) struct MetricsCollector<T: Real> {
    plan: Plan<T>,
    samples: Samples,
    batch: Batch,
    parameters: Vec<Var>,
    gradients: Vec<Var>,
    /// The gradients of all batches of a step.
    sums: Vec<Vec<f64>>,
    outputs: Vec<Var>,
    /// The step, if random numbers depend on it.
    step: Option<Var>,
    /// The learning rate of the sampled step.
    learning_rate: f64,
}

impl<T: Real> MetricsCollector<T> {
    /// Records and compiles the plan, and returns it with empty metrics.
    pub fn new(
        model: &impl Model,
        samples: &Samples,
        loss: &Loss,
        batch: usize,
        seed: u64,
        threads: &Threads,
    ) -> Result<(Self, TrainingMetrics)> {
        let graph = Graph::new();
        let inputs = Batch::record(&graph, samples, batch, false);
        let before = graph.len();
        let Recorded { output, parameters, step, .. } = model.record_steps(&inputs.x, seed);
        let layers = unit_layers(&graph, before, batch);
        let loss = loss.record(&of_predictions(&output, samples), &inputs.targets, inputs.weights.as_ref());
        let gradients = loss.backward()?;
        let gradients = parameters.iter().map(|var| gradients.wrt(var)).collect::<Result<Vec<Var>>>()?;
        let outputs: Vec<Var> = layers.iter().map(|(_, var)| var.clone()).collect();
        let widths = outputs.iter().map(|var| var.shape().elements() / batch.max(1)).collect();
        let names = parameters.iter().map(|var| var.node().label()).collect();
        let plan = Planner::new(&graph)
            .fetch_all(&parameters)
            .fetch_all(&gradients)
            .fetch_all(&outputs)
            .threads(threads.clone())
            .compile()?;
        let metrics = TrainingMetrics::new(names, layers.into_iter().map(|(name, _)| name).collect(), widths);
        let collector = MetricsCollector {
            plan,
            samples: samples.clone(),
            batch: inputs,
            parameters,
            sums: gradients.iter().map(|gradient| vec![0.0; gradient.shape().elements()]).collect(),
            gradients,
            outputs,
            step,
            learning_rate: 0.0,
        };
        Ok((collector, metrics))
    }

    /// Copies the parameters before a sampled step.
    pub fn before_step(&mut self, session: &mut Session<T>) -> Result<()> {
        self.learning_rate = session.learning_rate();
        for (index, var) in self.parameters.iter().enumerate() {
            self.plan.set(var, session.parameter(index)?)?;
        }
        Ok(())
    }

    /// Collects the metrics after a sampled step.
    pub fn after_step(&mut self, session: &mut Session<T>, metrics: &mut TrainingMetrics) -> Result<()> {
        self.sums.iter_mut().for_each(|sum| sum.fill(0.0));
        let (batches, shift) = session.last_batches();
        for batch in batches {
            self.batch.set(&mut self.plan, &self.samples, batch.rows, shift)?;
            if let Some(step) = &self.step {
                self.plan.set_indices(step, &RandomKey::step_indices(session.last_run(&batch)))?;
            }
            self.plan.run()?;
            for (sum, gradient) in self.sums.iter_mut().zip(&self.gradients) {
                let gradient = self.plan.read(gradient)?;
                sum.iter_mut().zip(gradient).for_each(|(sum, value)| *sum += batch.share * value.widen());
            }
            self.update_ranges(&mut metrics.outputs)?;
        }
        let mut norms = Vec::with_capacity(self.parameters.len());
        for (index, (parameter, sum)) in self.parameters.iter().zip(&self.sums).enumerate() {
            let gradient = norm(sum);
            let old = self.plan.read(parameter)?;
            let weight = norm(old);
            let update = distance(old, session.parameter(index)?);
            norms.push(Norms { gradient, weight, update });
        }
        let step = session.steps();
        metrics.push(StepStats { step, learning_rate: self.learning_rate, norms });
        metrics.measure_dead_units(step);
        Ok(())
    }

    /// Extends the range of each unit by its outputs for this batch.
    fn update_ranges(&mut self, ranges: &mut OutputRanges) -> Result<()> {
        let mut from = 0;
        let mut images = 0;
        for (var, &width) in self.outputs.iter().zip(&ranges.widths) {
            let units = from..from + width;
            let (low, high) = (&mut ranges.low[units.clone()], &mut ranges.high[units]);
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
        ranges.images += images as u64;
        Ok(())
    }
}

/// The layers without parameters, for example activations: the last value with a row for each image of each outermost scope
/// without parameters.
fn unit_layers(graph: &Graph, before: usize, rows: usize) -> Vec<(String, Var)> {
    let mut layers: Vec<(String, Var, bool)> = Vec::new();
    for node in &graph.nodes()[before..] {
        let Some(scope) = node.scope.split('.').next().filter(|scope| !scope.is_empty()) else { continue };
        let has_parameter = node.inputs.iter().any(|&input| {
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
                *has_parameters |= has_parameter;
            }
            None if is_output => layers.push((scope.to_string(), graph.var(node.id), has_parameter)),
            None => {}
        }
    }
    layers
        .into_iter()
        .filter(|(_, _, has_parameters)| !has_parameters)
        .map(|(name, var, _)| (name, var))
        .collect()
}

/// The root of the sum of squares of `map`. Eight partial sums hide the latency of additions.
fn root_sum_squares<T: Real>(values: &[T], others: &[T], map: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sums = [0.0; 8];
    let (eights, rest) = values.as_chunks::<8>();
    let (other_eights, other_rest) = others.as_chunks::<8>();
    for (eight, others) in eights.iter().zip(other_eights) {
        for ((sum, value), other) in sums.iter_mut().zip(eight).zip(others) {
            let value = map(value.widen(), other.widen());
            *sum += value * value;
        }
    }
    let rest = rest.iter().zip(other_rest).map(|(value, other)| map(value.widen(), other.widen()).powi(2));
    (sums.iter().sum::<f64>() + rest.sum::<f64>()).sqrt()
}

/// The Euclidean norm.
fn norm<T: Real>(values: &[T]) -> f64 {
    root_sum_squares(values, values, |value, _| value)
}

/// The Euclidean distance.
fn distance<T: Real>(from: &[T], to: &[T]) -> f64 {
    root_sum_squares(from, to, |from, to| to - from)
}

//! Metrics of a training beside its losses.

use super::classification::Classification;
use crate::nn::Parameters;
use retrograde_core::graph::Tensor;
use serde::{Deserialize, Serialize};

/// The metrics of a training that [collects](super::Trainer::collect_metrics) them, for sampled steps: those of
/// [`EARLY`](Self::EARLY), then every [`every`](Self::every)th.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainingMetrics {
    /// The sampling interval in steps.
    pub every: u64,
    /// The parameters' names, in the model's order.
    pub parameters: Vec<String>,
    /// The sampled steps.
    pub steps: Vec<StepStats>,
    /// The names of the layers in [`units`](Self::units): the scopes of the model without parameters.
    pub layers: Vec<String>,
    /// The fractions of dead units.
    pub units: Vec<DeadUnits>,
    /// The predictions of the last evaluation for the test set.
    pub classification: Option<Classification>,
    /// The outputs of the units since the last of `units`.
    pub(super) outputs: OutputRanges,
}

/// The statistics of a sampled step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepStats {
    /// The step, counted from 1.
    pub step: u64,
    /// The learning rate of the step.
    pub learning_rate: f64,
    /// The norms of each parameter.
    pub norms: Vec<Norms>,
}

/// Euclidean norms of a parameter at a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Norms {
    /// The norm of the gradient of the batch's loss.
    pub gradient: f64,
    /// The norm of the values before the update.
    pub weight: f64,
    /// The norm of the change by the update.
    pub update: f64,
}

impl Norms {
    /// The norm of the update relative to the values; about 1e-3 is healthy. `None` if all values are zero.
    ///
    /// Source: the course notes of CS231n, "Ratio of weights:updates".
    pub fn update_ratio(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.update / self.weight)
    }
}

/// The fractions of dead units of each layer.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadUnits {
    /// The last step of the examined batches.
    pub step: u64,
    /// The number of examined images.
    pub images: u64,
    /// For each layer the fraction of units whose output was the same for all images: with relu, zero.
    pub fractions: Vec<f64>,
}

/// The smallest and the largest output of each unit, layer by layer.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct OutputRanges {
    /// The widths of the layers.
    pub widths: Vec<usize>,
    pub low: Vec<f64>,
    pub high: Vec<f64>,
    pub images: u64,
}

/// The most sampled steps. Beyond, every second one is dropped, which bounds the memory of long trainings.
const MAX_STEPS: usize = 600;

/// Images per measurement of dead units: a unit that reacts to one image of a hundred is missed once in 150.
const MIN_IMAGES: u64 = 500;

impl TrainingMetrics {
    /// The early steps that are sampled in addition.
    pub const EARLY: [u64; 6] = [1, 2, 5, 10, 20, 50];

    /// No metrics yet.
    pub(super) fn new(parameters: Vec<String>, layers: Vec<String>, widths: Vec<usize>) -> Self {
        let mut outputs = OutputRanges { widths, ..OutputRanges::default() };
        outputs.clear();
        TrainingMetrics {
            every: 100,
            parameters,
            steps: Vec::new(),
            layers,
            units: Vec::new(),
            classification: None,
            outputs,
        }
    }

    /// Whether both are metrics of the same network.
    pub(super) fn is_compatible(&self, other: &TrainingMetrics) -> bool {
        self.parameters == other.parameters
            && self.layers == other.layers
            && self.outputs.widths == other.outputs.widths
    }

    /// Whether this step is sampled.
    pub(super) fn is_due(&self, step: u64) -> bool {
        step.is_multiple_of(self.every) || Self::EARLY.contains(&step)
    }

    /// Adds a sampled step.
    pub(super) fn push(&mut self, step: StepStats) {
        self.steps.push(step);
        if self.steps.len() > MAX_STEPS {
            self.every *= 2;
            let every = self.every;
            self.steps.retain(|stats| stats.step.is_multiple_of(every) || Self::EARLY.contains(&stats.step));
        }
    }

    /// Measures dead units if there are enough images.
    pub(super) fn measure_dead_units(&mut self, step: u64) {
        if self.outputs.images < MIN_IMAGES {
            return;
        }
        let mut from = 0;
        let mut fractions = Vec::new();
        for &width in &self.outputs.widths {
            let units = from..from + width;
            let (low, high) = (&self.outputs.low[units.clone()], &self.outputs.high[units]);
            let dead = low.iter().zip(high).filter(|(low, high)| low == high).count();
            fractions.push(dead as f64 / width.max(1) as f64);
            from += width;
        }
        self.units.push(DeadUnits { step, images: self.outputs.images, fractions });
        self.outputs.clear();
        if self.units.len() > MAX_STEPS {
            let mut index = 0;
            self.units.retain(|_| {
                index += 1;
                index % 2 == 0
            });
        }
    }
}

impl OutputRanges {
    fn clear(&mut self) {
        let units = self.widths.iter().sum();
        self.low = vec![f64::INFINITY; units];
        self.high = vec![f64::NEG_INFINITY; units];
        self.images = 0;
    }
}

/// The metadata of metrics in a checkpoint; their values are tensors. Its JSON keys and the names of the tensors are part of
/// the file format.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct MetricsNote {
    every: u64,
    parameters: Vec<String>,
    layers: Vec<String>,
    widths: Vec<usize>,
    images: u64,
    classification: Option<Classification>,
}

const STEPS: &str = "recording.samples";
const UNITS: &str = "recording.units";
const LOW: &str = "recording.low";
const HIGH: &str = "recording.high";

/// An upper bound of steps and images, so that sums stay within 64 bits.
const MAX_COUNT: u64 = 1 << 48;

/// The names of all tensors of metrics.
pub(super) const TENSORS: [&str; 4] = [STEPS, UNITS, LOW, HIGH];

impl TrainingMetrics {
    /// The metadata; the values are inserted into `tensors`.
    pub(super) fn store(&self, tensors: &mut Parameters) -> MetricsNote {
        let steps = self.steps.iter().flat_map(|stats| {
            let norms = stats.norms.iter().flat_map(|norms| [norms.gradient, norms.weight, norms.update]);
            [stats.step as f64, stats.learning_rate].into_iter().chain(norms)
        });
        let units = self.units.iter().flat_map(|units| {
            [units.step as f64, units.images as f64].into_iter().chain(units.fractions.iter().copied())
        });
        tensors.insert(STEPS, Tensor::from(steps.collect::<Vec<f64>>()));
        tensors.insert(UNITS, Tensor::from(units.collect::<Vec<f64>>()));
        tensors.insert(LOW, Tensor::from(self.outputs.low.clone()));
        tensors.insert(HIGH, Tensor::from(self.outputs.high.clone()));
        MetricsNote {
            every: self.every,
            parameters: self.parameters.clone(),
            layers: self.layers.clone(),
            widths: self.outputs.widths.clone(),
            images: self.outputs.images,
            classification: self.classification.clone(),
        }
    }

    /// The metrics of metadata and tensors; `None` if they are inconsistent.
    pub(super) fn restore(note: MetricsNote, tensors: &Parameters) -> Option<Self> {
        let MetricsNote { every, parameters, layers, widths, images, classification } = note;
        let values = |name| tensors.get(name).map(Tensor::values);
        let (steps, units) = (values(STEPS)?, values(UNITS)?);
        let (low, high) = (values(LOW)?.to_vec(), values(HIGH)?.to_vec());
        let count = widths.iter().try_fold(0_usize, |sum, &width| sum.checked_add(width))?;
        let (step, unit) = (2 + 3 * parameters.len(), 2 + layers.len());
        let is_consistent = steps.len().is_multiple_of(step)
            && units.len().is_multiple_of(unit)
            && (low.len(), high.len(), widths.len()) == (count, count, layers.len())
            && classification.as_ref().is_none_or(Classification::is_consistent)
            && every > 0
            && every.max(images) < MAX_COUNT;
        is_consistent.then(|| TrainingMetrics {
            every,
            parameters,
            steps: steps.chunks_exact(step).map(StepStats::restore).collect(),
            layers,
            units: units.chunks_exact(unit).map(DeadUnits::restore).collect(),
            classification,
            outputs: OutputRanges { widths, low, high, images },
        })
    }
}

impl StepStats {
    fn restore(values: &[f64]) -> Self {
        let norms = values[2..].chunks_exact(3);
        let norms = norms.map(|three| Norms { gradient: three[0], weight: three[1], update: three[2] });
        StepStats { step: values[0] as u64, learning_rate: values[1], norms: norms.collect() }
    }
}

impl DeadUnits {
    fn restore(values: &[f64]) -> Self {
        DeadUnits { step: values[0] as u64, images: values[1] as u64, fractions: values[2..].to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::classification::Misclassification;
    use super::*;

    fn sampled(steps: u64) -> TrainingMetrics {
        let mut metrics = TrainingMetrics::new(vec!["w".into()], vec!["relu1".into()], vec![2]);
        for step in (1..=steps).filter(|&step| step.is_multiple_of(50) || step < 50) {
            if metrics.is_due(step) {
                let norms = vec![Norms { gradient: step as f64, weight: 2.0, update: 1.0 }];
                metrics.push(StepStats { step, learning_rate: 0.1, norms });
            }
        }
        metrics
    }

    #[test]
    fn long_trainings_are_sampled_less_often() {
        let short = sampled(1000);
        let steps: Vec<u64> = short.steps.iter().map(|stats| stats.step).collect();
        assert_eq!(steps, [1, 2, 5, 10, 20, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
        let long = sampled(300_000);
        assert!(long.steps.len() <= MAX_STEPS && long.steps.len() > MAX_STEPS / 3);
        assert!(long.steps.iter().all(|stats| long.is_due(stats.step)), "at multiples of the interval");
        assert_eq!(long.steps.last().map(|stats| stats.step), Some(300_000));
    }

    #[test]
    fn units_with_constant_output_are_dead() {
        let mut metrics = sampled(1);
        metrics.outputs.low = vec![0.0, 0.0];
        metrics.outputs.high = vec![0.0, 3.0];
        metrics.outputs.images = MIN_IMAGES - 1;
        metrics.measure_dead_units(1);
        assert!(metrics.units.is_empty());
        metrics.outputs.images += 1;
        metrics.measure_dead_units(2);
        assert_eq!(metrics.units, [DeadUnits { step: 2, images: MIN_IMAGES, fractions: vec![0.5] }]);
        assert_eq!(metrics.outputs.images, 0);
    }

    #[test]
    fn metrics_survive_a_checkpoint() {
        let mut metrics = sampled(700);
        metrics.units.push(DeadUnits { step: 500, images: 600, fractions: vec![0.5] });
        metrics.steps[3].norms[0].gradient = f64::INFINITY;
        let mut tensors = Parameters::new();
        let note = metrics.store(&mut tensors);
        assert_eq!(TrainingMetrics::restore(note, &tensors), Some(metrics.clone()));
        let note = MetricsNote { parameters: vec!["a".into(), "b".into()], ..metrics.store(&mut tensors) };
        assert_eq!(TrainingMetrics::restore(note, &tensors), None, "another number of parameters");
    }

    #[test]
    fn an_inconsistent_classification_is_an_error() {
        let mut metrics = sampled(3);
        let wrong = Misclassification { image: 2, label: 1, predicted: 0, probability: 0.9 };
        let valid = Classification { classes: 2, counts: vec![1, 0, 1, 1], misclassifications: vec![wrong] };
        let mut is_restored = |classification: Classification| {
            metrics.classification = Some(classification);
            let mut tensors = Parameters::new();
            let note = metrics.store(&mut tensors);
            TrainingMetrics::restore(note, &tensors).is_some()
        };
        assert!(is_restored(valid.clone()));
        let with =
            |wrong: Misclassification| Classification { misclassifications: vec![wrong], ..valid.clone() };
        for damaged in [
            Classification { counts: Vec::new(), ..valid.clone() },
            Classification { classes: 3, ..valid.clone() },
            Classification { classes: usize::MAX, ..valid.clone() },
            Classification { counts: vec![u64::MAX, 0, 1, 1], ..valid.clone() },
            with(Misclassification { image: 3, ..wrong }),
            with(Misclassification { label: 2, ..wrong }),
            with(Misclassification { predicted: 2, ..wrong }),
        ] {
            assert!(!is_restored(damaged.clone()), "{damaged:?}");
        }
    }
}

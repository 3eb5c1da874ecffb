//! What a training records of its insides, beside its losses.

use super::classification::Classification;
use crate::nn::Parameters;
use retrograde_core::graph::Tensor;
use serde::{Deserialize, Serialize};

/// What a training that [records](super::Trainer::recording) has seen of its insides. Steps are sampled: the first ones
/// of [`EARLY`](Self::EARLY), then every so many.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Of how many steps one is sampled.
    pub every: u64,
    /// The parameters' names, in the model's order.
    pub parameters: Vec<String>,
    /// The sampled steps.
    pub samples: Vec<Sample>,
    /// The names of the layers whose units are watched: those scopes of the model that have no parameters.
    pub layers: Vec<String>,
    /// The shares of dead units.
    pub units: Vec<DeadUnits>,
    /// What the newest evaluation said of the test set's images, one by one.
    pub classification: Option<Classification>,
    /// The units' outputs since the last of `units`.
    pub(super) seen: Seen,
}

/// One sampled step.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Its number, counted from 1.
    pub step: u64,
    /// Its learning rate.
    pub learning_rate: f64,
    /// Of each parameter.
    pub norms: Vec<Norms>,
}

/// Euclidean norms of all numbers of a parameter at a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Norms {
    /// Of the gradient of the batch's loss.
    pub gradient: f64,
    /// Of the values before the update.
    pub weight: f64,
    /// Of what the update changed.
    pub update: f64,
}

impl Norms {
    /// How far the update goes, as a share of the values; about 1e-3 is healthy. None while all values are zero.
    ///
    /// Source: the course notes of CS231n, "Ratio of weights:updates".
    pub fn update_ratio(&self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.update / self.weight)
    }
}

/// Which shares of the units of each layer did not react.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadUnits {
    /// The step up to which images were looked at.
    pub step: u64,
    /// How many images that were.
    pub images: u64,
    /// For each layer the share of units whose output was the same for all of these images: with relu, zero.
    pub shares: Vec<f64>,
}

/// The least and the largest output of each unit of all layers, one layer after another.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Seen {
    /// The widths of the layers.
    pub widths: Vec<usize>,
    pub low: Vec<f64>,
    pub high: Vec<f64>,
    pub images: u64,
}

/// When more samples than this are there, every second is dropped: so a recording stays small however long the training
/// is.
const MOST_SAMPLES: usize = 600;

/// How many images a verdict on dead units takes: a unit that reacts to one image of a hundred is missed once in 150.
const IMAGES: u64 = 500;

impl Recording {
    /// The early steps that are sampled too, as most happens there.
    pub const EARLY: [u64; 6] = [1, 2, 5, 10, 20, 50];

    /// Nothing yet.
    pub(super) fn new(parameters: Vec<String>, layers: Vec<String>, widths: Vec<usize>) -> Self {
        let mut seen = Seen { widths, ..Seen::default() };
        seen.clear();
        Recording {
            every: 100,
            parameters,
            samples: Vec::new(),
            layers,
            units: Vec::new(),
            classification: None,
            seen,
        }
    }

    /// Whether the other is one of the same network.
    pub(super) fn is_like(&self, other: &Recording) -> bool {
        self.parameters == other.parameters
            && self.layers == other.layers
            && self.seen.widths == other.seen.widths
    }

    /// Whether this step is sampled.
    pub(super) fn is_due(&self, step: u64) -> bool {
        step.is_multiple_of(self.every) || Self::EARLY.contains(&step)
    }

    /// Adds a sample.
    pub(super) fn push(&mut self, sample: Sample) {
        self.samples.push(sample);
        if self.samples.len() > MOST_SAMPLES {
            self.every *= 2;
            let every = self.every;
            self.samples
                .retain(|sample| sample.step.is_multiple_of(every) || Self::EARLY.contains(&sample.step));
        }
    }

    /// Judges the units when enough images have been seen.
    pub(super) fn judge_units(&mut self, step: u64) {
        if self.seen.images < IMAGES {
            return;
        }
        let mut from = 0;
        let mut shares = Vec::new();
        for &width in &self.seen.widths {
            let units = from..from + width;
            let (low, high) = (&self.seen.low[units.clone()], &self.seen.high[units]);
            let dead = low.iter().zip(high).filter(|(low, high)| low == high).count();
            shares.push(dead as f64 / width.max(1) as f64);
            from += width;
        }
        self.units.push(DeadUnits { step, images: self.seen.images, shares });
        self.seen.clear();
        if self.units.len() > MOST_SAMPLES {
            let mut number = 0;
            self.units.retain(|_| {
                number += 1;
                number % 2 == 0
            });
        }
    }
}

impl Seen {
    fn clear(&mut self) {
        let units = self.widths.iter().sum();
        self.low = vec![f64::INFINITY; units];
        self.high = vec![f64::NEG_INFINITY; units];
        self.images = 0;
    }
}

/// What the description in a checkpoint says of a recording; its numbers are tensors, which hold every number.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct RecordingNote {
    every: u64,
    parameters: Vec<String>,
    layers: Vec<String>,
    widths: Vec<usize>,
    images: u64,
    classification: Option<Classification>,
}

const SAMPLES: &str = "recording.samples";
const UNITS: &str = "recording.units";
const LOW: &str = "recording.low";
const HIGH: &str = "recording.high";

/// No training counts so far: with numbers below, sums stay within 64 bits.
const LARGEST_COUNT: u64 = 1 << 48;

/// The names of all tensors of a recording.
pub(super) const TENSORS: [&str; 4] = [SAMPLES, UNITS, LOW, HIGH];

impl Recording {
    /// Its description; its numbers are put into `tensors`.
    pub(super) fn store(&self, tensors: &mut Parameters) -> RecordingNote {
        let samples = self.samples.iter().flat_map(|sample| {
            let norms = sample.norms.iter().flat_map(|norms| [norms.gradient, norms.weight, norms.update]);
            [sample.step as f64, sample.learning_rate].into_iter().chain(norms)
        });
        let units = self.units.iter().flat_map(|units| {
            [units.step as f64, units.images as f64].into_iter().chain(units.shares.iter().copied())
        });
        tensors.insert(SAMPLES, Tensor::from(samples.collect::<Vec<f64>>()));
        tensors.insert(UNITS, Tensor::from(units.collect::<Vec<f64>>()));
        tensors.insert(LOW, Tensor::from(self.seen.low.clone()));
        tensors.insert(HIGH, Tensor::from(self.seen.high.clone()));
        RecordingNote {
            every: self.every,
            parameters: self.parameters.clone(),
            layers: self.layers.clone(),
            widths: self.seen.widths.clone(),
            images: self.seen.images,
            classification: self.classification.clone(),
        }
    }

    /// The recording of a description and its tensors; none when they do not belong together.
    pub(super) fn restore(note: RecordingNote, tensors: &Parameters) -> Option<Self> {
        let RecordingNote { every, parameters, layers, widths, images, classification } = note;
        let numbers = |name| tensors.get(name).map(Tensor::values);
        let (samples, units) = (numbers(SAMPLES)?, numbers(UNITS)?);
        let (low, high) = (numbers(LOW)?.to_vec(), numbers(HIGH)?.to_vec());
        let count = widths.iter().try_fold(0_usize, |sum, &width| sum.checked_add(width))?;
        let (sample, unit) = (2 + 3 * parameters.len(), 2 + layers.len());
        let fits = samples.len().is_multiple_of(sample)
            && units.len().is_multiple_of(unit)
            && (low.len(), high.len(), widths.len()) == (count, count, layers.len())
            && classification.as_ref().is_none_or(Classification::is_whole)
            && every > 0
            && every.max(images) < LARGEST_COUNT;
        fits.then(|| Recording {
            every,
            parameters,
            samples: samples.chunks_exact(sample).map(Sample::restore).collect(),
            layers,
            units: units.chunks_exact(unit).map(DeadUnits::restore).collect(),
            classification,
            seen: Seen { widths, low, high, images },
        })
    }
}

impl Sample {
    fn restore(numbers: &[f64]) -> Self {
        let norms = numbers[2..].chunks_exact(3);
        let norms = norms.map(|three| Norms { gradient: three[0], weight: three[1], update: three[2] });
        Sample { step: numbers[0] as u64, learning_rate: numbers[1], norms: norms.collect() }
    }
}

impl DeadUnits {
    fn restore(numbers: &[f64]) -> Self {
        DeadUnits { step: numbers[0] as u64, images: numbers[1] as u64, shares: numbers[2..].to_vec() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::classification::Mistake;
    use super::*;

    fn sampled(steps: u64) -> Recording {
        let mut recording = Recording::new(vec!["w".into()], vec!["relu1".into()], vec![2]);
        for step in (1..=steps).filter(|&step| step.is_multiple_of(50) || step < 50) {
            if recording.is_due(step) {
                let norms = vec![Norms { gradient: step as f64, weight: 2.0, update: 1.0 }];
                recording.push(Sample { step, learning_rate: 0.1, norms });
            }
        }
        recording
    }

    #[test]
    fn long_trainings_are_sampled_less_often() {
        let short = sampled(1000);
        let steps: Vec<u64> = short.samples.iter().map(|sample| sample.step).collect();
        assert_eq!(steps, [1, 2, 5, 10, 20, 50, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
        let long = sampled(300_000);
        assert!(long.samples.len() <= MOST_SAMPLES && long.samples.len() > MOST_SAMPLES / 3);
        assert!(long.samples.iter().all(|sample| long.is_due(sample.step)), "evenly, however it came about");
        assert_eq!(long.samples.last().map(|sample| sample.step), Some(300_000));
    }

    #[test]
    fn dead_units_are_those_that_never_change() {
        let mut recording = sampled(1);
        recording.seen.low = vec![0.0, 0.0];
        recording.seen.high = vec![0.0, 3.0];
        recording.seen.images = IMAGES - 1;
        recording.judge_units(1);
        assert!(recording.units.is_empty());
        recording.seen.images += 1;
        recording.judge_units(2);
        assert_eq!(recording.units, [DeadUnits { step: 2, images: IMAGES, shares: vec![0.5] }]);
        assert_eq!(recording.seen.images, 0);
    }

    #[test]
    fn what_is_stored_comes_back() {
        let mut recording = sampled(700);
        recording.units.push(DeadUnits { step: 500, images: 600, shares: vec![0.5] });
        recording.samples[3].norms[0].gradient = f64::INFINITY;
        let mut tensors = Parameters::new();
        let note = recording.store(&mut tensors);
        assert_eq!(Recording::restore(note, &tensors), Some(recording.clone()));
        let note =
            RecordingNote { parameters: vec!["a".into(), "b".into()], ..recording.store(&mut tensors) };
        assert_eq!(Recording::restore(note, &tensors), None, "another number of parameters");
    }

    #[test]
    fn a_damaged_classification_is_refused() {
        let mut recording = sampled(3);
        let mistake = Mistake { image: 2, label: 1, predicted: 0, probability: 0.9 };
        let whole = Classification { classes: 2, counts: vec![1, 0, 1, 1], mistakes: vec![mistake] };
        let mut is_restored = |classification: Classification| {
            recording.classification = Some(classification);
            let mut tensors = Parameters::new();
            let note = recording.store(&mut tensors);
            Recording::restore(note, &tensors).is_some()
        };
        assert!(is_restored(whole.clone()));
        let wrong = |mistake: Mistake| Classification { mistakes: vec![mistake], ..whole.clone() };
        for damaged in [
            Classification { counts: Vec::new(), ..whole.clone() },
            Classification { classes: 3, ..whole.clone() },
            Classification { classes: usize::MAX, ..whole.clone() },
            Classification { counts: vec![u64::MAX, 0, 1, 1], ..whole.clone() },
            wrong(Mistake { image: 3, ..mistake }),
            wrong(Mistake { label: 2, ..mistake }),
            wrong(Mistake { predicted: 2, ..mistake }),
        ] {
            assert!(!is_restored(damaged.clone()), "{damaged:?}");
        }
    }
}

//! A run with what the rules look at, at some twenty steps of it.

use crate::behaviour::{Answers, answers};
use retrograde::Result;
use retrograde::diagnose::{Function, Probe, Run, Training};
use retrograde::nn::{Activation, Mode};

/// How often a run is looked at.
const MOMENTS: u64 = 20;
/// The rows whose activations are looked at.
const ROWS: usize = 200;

/// What an activation got and gave.
#[derive(Debug, Clone, Copy)]
pub struct Unit {
    pub function: Function,
    /// The share of its outputs that are not positive.
    pub not_positive: f64,
    /// The share of its inputs that are 5 or more, or −5 or less.
    pub beyond_5: f64,
}

/// A parameter and its gradient.
#[derive(Debug, Clone, Copy)]
pub struct Weight {
    pub mean: f64,
    pub variance: f64,
    /// The mean of its absolute gradient.
    pub gradient: f64,
    pub is_finite: bool,
    /// Whether it is what it was at the moment before, to the last bit.
    pub is_unchanged: bool,
}

/// A step that was looked at.
#[derive(Debug, Clone)]
pub struct Moment {
    pub train: Answers,
    pub held_out: Option<Answers>,
    pub units: Vec<Unit>,
    pub weights: Vec<Weight>,
}

/// A recorded run.
pub struct Watched {
    pub training: Training,
    pub moments: Vec<Moment>,
}

impl Watched {
    /// Runs a training to its end and looks at it.
    pub fn record(training: &Training) -> Result<Self> {
        let mut run = Run::watched(training)?;
        let rows = training.train.sample(ROWS)?;
        let mut probe = Probe::new(training, &rows, Mode::Evaluate)?;
        let mut moments: Vec<Moment> = Vec::new();
        let mut before: Vec<Vec<f64>> = Vec::new();
        let every = training.steps.div_ceil(MOMENTS).max(1);
        for step in 0..training.steps {
            run.step()?;
            let is_moment = step == 0 || (step + 1) % every == 0 || step + 1 == training.steps;
            if is_moment {
                probe.run(&run.values()?)?;
                let train = answers(training, &run, &training.train)?;
                let held_out =
                    training.held_out.as_ref().map(|rows| answers(training, &run, rows)).transpose()?;
                let (weights, now) = weights(&run, &before)?;
                moments.push(Moment { train, held_out, units: units(training, &probe)?, weights });
                before = now;
            }
        }
        Ok(Watched { training: training.clone(), moments })
    }
}

fn units(training: &Training, probe: &Probe) -> Result<Vec<Unit>> {
    let share = |values: &[f64], test: fn(f64) -> bool| {
        values.iter().filter(|value| test(**value)).count() as f64 / values.len().max(1) as f64
    };
    let hidden = training.network.hidden_functions().into_iter();
    let unit = |(index, function)| {
        let (input, output) = (probe.value(index)?, probe.value(index + 1)?);
        Ok(Unit {
            function,
            not_positive: share(output.values(), |value| value <= 0.0),
            beyond_5: share(input.values(), |value| value.abs() >= 5.0),
        })
    };
    hidden.map(unit).collect()
}

impl Unit {
    /// Whether it has a bounded output, which it may saturate at.
    pub fn is_bounded(&self) -> bool {
        let (low, high) = self.function.range();
        low.is_finite() && high.is_finite()
    }

    /// Whether it rectifies.
    pub fn rectifies(&self) -> bool {
        self.function == Function::Elementwise(Activation::Relu)
    }
}

/// The weights, and their numbers for the comparison with the next.
fn weights(run: &Run, before: &[Vec<f64>]) -> Result<(Vec<Weight>, Vec<Vec<f64>>)> {
    let (mut weights, mut now) = (Vec::new(), Vec::new());
    for ((name, value), gradient) in run.parameters()?.into_iter().zip(run.gradients()?) {
        if !name.ends_with("weight") {
            continue;
        }
        let values = value.values();
        let count = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / count;
        weights.push(Weight {
            mean: values.iter().map(|value| value.abs()).sum::<f64>() / count,
            variance: values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count,
            gradient: gradient.values().iter().map(|value| value.abs()).sum::<f64>() / count,
            is_finite: values.iter().chain(gradient.values()).all(|value| value.is_finite()),
            is_unchanged: before.get(now.len()).is_some_and(|before| before == values),
        });
        now.push(values.to_vec());
    }
    Ok((weights, now))
}

//! One linear layer.

use super::{
    Build, Source, adam, all_of, linear_without_bias, momentum, rmsprop, sgd, squared, squared_sum,
    with_held_out,
};
use crate::data::{Random, curve, linspace, rows, split};
use retrograde::Result;
use retrograde::diagnose::{Distribution, Formula, Initialization, Network, Rows, Training};
use retrograde::nn::Precision;

pub const ALL: &[(&str, Build)] = &[
    ("so-51181393", five_times_x),
    ("issta-IPS15", line_from_0_to_99),
    ("so-48335501", line_to_40),
    ("q-increasing-loss", line_to_20),
    ("so-49867234", forty_two),
    ("stats-594738", cubic_in_one_row),
    ("ds-25024", memorized_noise),
    ("so-78199673", ten_times_x),
    ("ds-68962", fahrenheit),
    ("pt-71751", three_points),
];

/// A line of one input.
fn line(rows: Rows, optimizer: retrograde::optim::OptimizerConfig) -> Training {
    let count = rows.len();
    Training { batch: count, ..Training::new(rows, Network::dense(1, [(1, None)]), squared(), optimizer) }
}

fn five_times_x(_: &Source, seed: u64) -> Result<Training> {
    let all = curve(linspace(1.0, 2.0, 100), |x| 5.0 * x)?;
    let network = Network::dense(1, [(1, None)]);
    let rows = split(&all, 80, &mut Random::new(seed))?;
    Ok(with_held_out(rows, network, squared(), rmsprop(0.001)).epochs(200))
}

fn line_from_0_to_99(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let noise: Vec<f64> = (0..100).map(|_| random.uniform(0.0, 10.0)).collect();
    let rows = rows(100, |row| (vec![row as f64], vec![2.0 * row as f64 + 4.0 + noise[row]]))?;
    let training = line(rows, sgd(0.5));
    let loss = squared().times(0.5);
    Ok(Training { loss, initialization: all_of(Distribution::Constant(0.0)), steps: 300, ..training })
}

fn line_to_40(_: &Source, _: u64) -> Result<Training> {
    let rows = curve(linspace(5.0, 40.0, 8), |x| x / 2.5)?;
    Ok(Training { steps: 1_000, ..line(rows, sgd(0.01)) })
}

fn line_to_20(_: &Source, _: u64) -> Result<Training> {
    let rows = curve(linspace(1.0, 20.0, 20), |x| x / 2.0)?;
    Ok(Training { steps: 10, ..line(rows, sgd(0.01)) })
}

fn forty_two(_: &Source, _: u64) -> Result<Training> {
    let training = line(curve([0.0], |_| 42.0)?, rmsprop(0.001));
    let initialization = all_of(Distribution::Constant(0.0));
    Ok(Training { loss: Formula::AbsoluteError.into(), initialization, steps: 1_000, ..training })
}

/// The bias that all outputs share in the post is left out: the posted growth is that of the weights alone, to all digits.
fn cubic_in_one_row(_: &Source, _: u64) -> Result<Training> {
    let y: Vec<f64> = linspace(-10.0, 10.0, 100).iter().map(|x| x * x * x + x * x + x).collect();
    let rows = rows(1, |_| (y[..80].to_vec(), y[80..].to_vec()))?;
    let network = Network::new([80], [linear_without_bias(20)]);
    let training = Training::new(rows, network, squared_sum(), sgd(1e-6));
    let initialization = Initialization::with(Distribution::Normal(0.0, 3.0));
    Ok(Training { initialization, batch: 1, steps: 10, precision: Precision::F64, ..training })
}

fn memorized_noise(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows =
        rows(64, |_| ((0..1_000).map(|_| random.normal(0.0, 1.0)).collect(), vec![random.normal(0.0, 1.0)]))?;
    let training = Training::new(rows, Network::dense(1_000, [(1, None)]), squared_sum(), adam(0.001));
    Ok(Training { initialization: Initialization::pytorch(), batch: 64, steps: 5_000, ..training })
}

fn ten_times_x(_: &Source, _: u64) -> Result<Training> {
    let rows = curve(linspace(1.0, 10.0, 10), |x| 10.0 * x)?;
    Ok(Training { steps: 100, ..line(rows, rmsprop(0.005)) })
}

/// The 13 temperatures and the size of a batch are not posted.
fn fahrenheit(_: &Source, _: u64) -> Result<Training> {
    let rows = curve(linspace(-40.0, 100.0, 13), |celsius| 1.8 * celsius + 32.0)?;
    Ok(Training { batch: 1, ..line(rows, adam(0.01)) }.epochs(500))
}

/// Without a bias, as the posted limits of the rate have it.
fn three_points(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let x = [2.0_f64, 3.5, 5.0];
    let rows = rows(3, |row| (vec![x[row] * x[row], x[row]], vec![x[row].sin() + random.normal(0.0, 0.2)]))?;
    let network = Network::new([2], [linear_without_bias(1)]);
    let training = Training::new(rows, network, squared_sum(), momentum(0.01, 0.9));
    Ok(Training { initialization: Initialization::pytorch(), batch: 3, steps: 10_000, ..training })
}

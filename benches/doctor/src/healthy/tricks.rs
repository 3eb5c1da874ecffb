//! Healthy trainings that do something special: rates that change, frozen layers, clipping.

use super::Line;
use super::small::clouds;
use crate::data::{Random, curve};
use crate::programs::{
    RELU, SIGMOID, Source, TANH, adam, binary_cross_entropy, momentum, nesterov, on_digits, sgd,
    softmax_cross_entropy, squared,
};
use retrograde::Result;
use retrograde::diagnose::{Distribution, Initialization, LoopCode, Network, Rows, Training};
use retrograde::optim::{OptimizerConfig, OptimizerKind, Schedule};

pub const ALL: &[Line] = &[
    ("rate-jumps-down", "the loss drops where the rate does", 0.85, jumps_down),
    ("rate-jumps-up", "the rate is tripled twice", 0.85, jumps_up),
    ("warm-restarts", "the loss rises at each restart of the rate", 0.85, warm_restarts),
    ("warmup", "the rate is almost 0 at first", 0.85, warmup),
    ("clipped", "gradients are clipped in most steps", 0.85, clipped),
    ("frozen-features", "the first layer never changes", 0.7, frozen),
    ("decayed-weights", "decoupled weight decay of 0.05", 0.85, decayed),
    ("nesterov", "an effective rate of 0.5", 0.85, fast),
    ("adagrad", "rates that only fall", 0.8, adagrad),
    ("wide-network", "10,000 units for 200 rows", 0.9, wide),
    ("one-unit-too-many", "one hidden unit is dead from the start", 0.9, dead_unit),
    ("all-units-on", "each rectifier is on for each row", 0.95, all_on),
];

fn wave(seed: u64) -> Result<Rows> {
    let mut random = Random::new(seed);
    let x: Vec<f64> = (0..600).map(|_| random.uniform(-2.0, 2.0)).collect();
    curve(x, |x| (1.5 * x).sin() + 0.3 * x)
}

fn of_wave(seed: u64, optimizer: OptimizerConfig, schedule: Schedule) -> Result<Training> {
    let network = Network::dense(1, [(40, TANH), (20, TANH), (1, None)]);
    Ok(Training { schedule, steps: 3_000, ..Training::new(wave(seed)?, network, squared(), optimizer) })
}

fn jumps_down(_: &Source, seed: u64) -> Result<Training> {
    of_wave(seed, momentum(0.03, 0.9), Schedule::step(1_000, 0.1))
}

fn jumps_up(_: &Source, seed: u64) -> Result<Training> {
    of_wave(seed, momentum(0.003, 0.9), Schedule::step(1_001, 3.0))
}

fn warm_restarts(_: &Source, seed: u64) -> Result<Training> {
    of_wave(seed, adam(0.01), Schedule::restarts(600))
}

fn warmup(_: &Source, seed: u64) -> Result<Training> {
    of_wave(seed, adam(0.005), Schedule::cosine().warmup(500))
}

fn clipped(_: &Source, seed: u64) -> Result<Training> {
    let optimizer = OptimizerConfig { clip: Some(0.05), ..momentum(0.05, 0.9) };
    of_wave(seed, optimizer, Schedule::constant())
}

/// Random features of 300 units, of which only the last layer is trained.
fn frozen(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(300, RELU), (10, None)]);
    let training = on_digits(source, network, softmax_cross_entropy(), adam(0.003));
    let code = LoopCode { frozen: vec!["0.weight".into(), "0.bias".into()], ..LoopCode::default() };
    Ok(Training { code, steps: 500, ..training })
}

fn decayed(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(64, RELU), (10, None)]);
    let optimizer =
        OptimizerConfig { weight_decay: 0.05, ..OptimizerConfig::default_for(OptimizerKind::AdamW) };
    Ok(Training { steps: 500, ..on_digits(source, network, softmax_cross_entropy(), optimizer) })
}

fn fast(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(64, RELU), (10, None)]);
    Ok(Training { steps: 500, ..on_digits(source, network, softmax_cross_entropy(), nesterov(0.05, 0.9)) })
}

fn adagrad(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(64, RELU), (10, None)]);
    let optimizer = OptimizerConfig::default_for(OptimizerKind::AdaGrad);
    Ok(Training { steps: 500, ..on_digits(source, network, softmax_cross_entropy(), optimizer) })
}

fn wide(_: &Source, seed: u64) -> Result<Training> {
    let rows = clouds(200, 3.0, &mut Random::new(seed))?;
    let network = Network::dense(2, [(10_000, RELU), (1, SIGMOID)]);
    Ok(Training { steps: 200, ..Training::new(rows, network, binary_cross_entropy(), adam(0.001)) })
}

/// The bias of one of eight units is −50.
fn dead_unit(_: &Source, seed: u64) -> Result<Training> {
    let rows = clouds(400, 3.0, &mut Random::new(seed))?;
    let training =
        Training::new(rows, Network::dense(2, [(8, RELU), (1, SIGMOID)]), binary_cross_entropy(), sgd(0.3));
    let biases = Distribution::Values([vec![-50.0], vec![0.1; 7]].concat());
    let initialization = Initialization::with(Distribution::He).named("0.bias", biases);
    Ok(Training { initialization, ..training })
}

/// Large biases keep each rectifier on: the network is linear on these rows, and so is the target.
fn all_on(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = crate::data::rows(400, |_| {
        let x: Vec<f64> = (0..3).map(|_| random.uniform(-1.0, 1.0)).collect();
        let y = x[0] - 0.5 * x[1] + 0.2 * x[2];
        (x, vec![y])
    })?;
    let training = Training::new(rows, Network::dense(3, [(12, RELU), (1, None)]), squared(), adam(0.01));
    let initialization =
        Initialization::with(Distribution::LeCun).named("0.bias", Distribution::Constant(3.0));
    Ok(Training { initialization, steps: 2_000, ..training })
}

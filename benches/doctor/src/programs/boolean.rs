//! Logical functions and bits.

use super::{
    Build, RELU, SIGMOID, SOFTMAX, Source, binary_cross_entropy, cross_entropy, keras_normal, keras_uniform,
    nesterov, rmsprop, sgd, squared, with_held_out,
};
use crate::data::{Random, rows, split};
use retrograde::Result;
use retrograde::diagnose::{Distribution, Formula, Initialization, Network, Order, Rows, Training};

pub const ALL: &[(&str, Build)] = &[
    ("so-31556268", absolute_error_of_xor),
    ("so-34311586", softmax_over_one_unit),
    ("so-39217567", shuffled_bits),
    ("so-56380303", modulo_seven),
    ("d4ml-046", tanh_on_xor),
    ("stats-320672", two_rectifiers),
    ("stats-320672-ok", two_sigmoids),
    ("pt-98714", slow_xnor),
    ("pt-13287", linear_xor),
];

/// The table of exclusive or.
pub fn xor() -> Result<Rows> {
    table(&[([1.0, 1.0], 0.0), ([1.0, 0.0], 1.0), ([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0)])
}

fn table(lines: &[([f64; 2], f64)]) -> Result<Rows> {
    rows(lines.len(), |row| (lines[row].0.to_vec(), vec![lines[row].1]))
}

/// Many rows of the table of exclusive or.
pub fn many_xor(count: usize, random: &mut Random) -> Result<Rows> {
    rows(count, |_| {
        let (a, b) = (random.below(2), random.below(2));
        (vec![a as f64, b as f64], vec![f64::from(u8::from(a != b))])
    })
}

fn absolute_error_of_xor(_: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(2, [(4, SIGMOID), (1, SIGMOID)]);
    let training = Training::new(xor()?, network, Formula::AbsoluteError.into(), nesterov(0.05, 0.11));
    Ok(Training { batch: 4, steps: 1_000, ..training })
}

fn softmax_over_one_unit(_: &Source, _: u64) -> Result<Training> {
    let table = table(&[
        ([0.0, 0.0], 0.0),
        ([0.0, 1.0], 1.0),
        ([1.0, 0.0], 1.0),
        ([1.0, 1.0], 0.0),
        ([1.0, 1.0], 0.0),
        ([0.0, 0.0], 0.0),
    ])?;
    let network = Network::dense(2, [(2, SIGMOID), (3, SIGMOID), (1, SOFTMAX)]);
    let training = Training::new(table, network, squared(), nesterov(0.001, 0.9));
    Ok(Training { initialization: keras_uniform(), steps: 20, ..training })
}

fn shuffled_bits(_: &Source, seed: u64) -> Result<Training> {
    let bits =
        |number: usize| (0..8).map(|bit| f64::from(u8::from(number >> bit & 1 == 1))).collect::<Vec<f64>>();
    let order = Random::new(seed).order(256);
    let rows = rows(256, |row| (bits(row), bits(order[row] as usize)))?;
    let network = Network::dense(8, [(8, SIGMOID), (8, SIGMOID), (8, SIGMOID)]);
    let training = Training::new(rows, network, squared(), sgd(0.01));
    Ok(Training { initialization: keras_normal(), batch: 50, ..training }.epochs(1_000))
}

fn modulo_seven(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let all = rows(10_000, |_| {
        let number = random.below(1 << 20);
        let bits =
            |number: usize| (0..20).map(move |bit| f64::from(u8::from(number >> bit & 1 == 1))).collect();
        (bits(number), bits(number % 7))
    })?;
    let network = Network::dense(20, [(20, RELU), (20, RELU), (20, SOFTMAX)]);
    let training = with_held_out(split(&all, 8_000, &mut random)?, network, cross_entropy(), sgd(0.01));
    Ok(Training { batch: 50, ..training }.epochs(10))
}

fn tanh_on_xor(_: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(2, [(8, super::TANH), (1, SIGMOID)]);
    let training = Training::new(xor()?, network, binary_cross_entropy(), sgd(0.1));
    Ok(Training { batch: 1, ..training }.epochs(1_000))
}

fn two_rectifiers(_: &Source, seed: u64) -> Result<Training> {
    let network = Network::dense(2, [(2, RELU), (1, SIGMOID)]);
    let rows = many_xor(1_000, &mut Random::new(seed))?;
    let training = Training::new(rows, network, binary_cross_entropy(), rmsprop(0.001));
    Ok(Training { batch: 4, ..training }.epochs(100))
}

fn two_sigmoids(source: &Source, seed: u64) -> Result<Training> {
    let network = Network::dense(2, [(2, SIGMOID), (1, SIGMOID)]);
    Ok(Training { network, ..two_rectifiers(source, seed)? })
}

fn slow_xnor(_: &Source, _: u64) -> Result<Training> {
    let table = table(&[([0.0, 0.0], 1.0), ([0.0, 1.0], 0.0), ([1.0, 0.0], 0.0), ([1.0, 1.0], 1.0)])?;
    let network = Network::dense(2, [(4, SIGMOID), (1, SIGMOID)]);
    let initialization =
        Initialization { weights: Some(Distribution::Uniform(0.0, 1.0)), ..Initialization::pytorch() };
    let training = Training::new(table, network, squared(), sgd(0.01));
    Ok(Training { initialization, batch: 1, order: Order::Stored, ..training }.epochs(1_000))
}

/// The width of the hidden layer is not posted; any behaves alike.
fn linear_xor(_: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(2, [(4, None), (1, None)]);
    let training = Training::new(xor()?, network, squared(), sgd(0.001));
    Ok(Training { initialization: Initialization::pytorch(), batch: 4, steps: 10_000, ..training })
}

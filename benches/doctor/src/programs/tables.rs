//! Tables that others measured.

use super::{
    Build, RELU, SIGMOID, SOFTMAX, Source, TANH, adam, binary_cross_entropy, cross_entropy, dropout,
    function, keras_normal, linear, rmsprop, with_held_out,
};
use crate::data::{Random, iris, split, split_in_order, stand_in, standardized};
use retrograde::Result;
use retrograde::diagnose::{Network, Training};

pub const ALL: &[(&str, Build)] = &[
    ("so-59278771", four_rectifiers),
    ("iris-vsplit", last_fifth),
    ("iris-one-epoch", one_epoch),
    ("so-47724077", incomes),
    ("gh-kerasma", diabetes),
    ("so-41600519", events),
];

fn four_rectifiers(_: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(4, [(4, RELU), (3, SIGMOID)]);
    let training = Training::new(iris()?, network, cross_entropy(), adam(0.001));
    Ok(Training { initialization: keras_normal(), batch: 5, ..training }.epochs(200))
}

fn last_fifth(_: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(4, [(8, RELU), (3, SOFTMAX)]);
    let rows = split_in_order(&standardized(&iris()?)?, 120)?;
    Ok(Training { batch: 5, ..with_held_out(rows, network, cross_entropy(), adam(0.0005)) }.epochs(200))
}

fn one_epoch(_: &Source, seed: u64) -> Result<Training> {
    let network = Network::dense(4, [(150, TANH), (150, TANH), (3, SOFTMAX)]);
    let rows = split(&iris()?, 100, &mut Random::new(seed))?;
    Ok(with_held_out(rows, network, cross_entropy(), adam(0.001)).epochs(1))
}

fn incomes(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let all = stand_in::incomes(&mut random)?;
    let network = Network::dense(14, [(21, RELU), (2, SOFTMAX)]);
    let training = with_held_out(split(&all, 26_000, &mut random)?, network, cross_entropy(), adam(0.001));
    Ok(Training { batch: 100, ..training }.epochs(50))
}

fn diabetes(_: &Source, seed: u64) -> Result<Training> {
    let network = Network::dense(8, [(12, RELU), (8, RELU), (1, SIGMOID)]);
    let rows = stand_in::diabetes(&mut Random::new(seed))?;
    let training = Training::new(rows, network, binary_cross_entropy(), adam(0.001));
    Ok(Training { batch: 10, ..training }.epochs(150))
}

fn events(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let all = stand_in::events(&mut random)?;
    let blocks = [
        linear(600),
        function(RELU),
        dropout(0.5),
        linear(400),
        function(RELU),
        dropout(0.5),
        linear(100),
        function(RELU),
        dropout(0.5),
        linear(1),
        function(SIGMOID),
    ];
    let rows = split(&all, 7_000, &mut random)?;
    let training = with_held_out(rows, Network::new([31], blocks), binary_cross_entropy(), rmsprop(0.001));
    Ok(Training { batch: 1, ..training }.epochs(1))
}

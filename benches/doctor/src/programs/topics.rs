//! Mutants of the classification of newswires: one change each. The columns are a tenth of the original's, the steps are its 843.

use super::{Build, RELU, SOFTMAX, Source, adam, cross_entropy, dropout, function, linear, sgd};
use crate::data::{Random, stand_in};
use retrograde::Result;
use retrograde::diagnose::{Distribution, Formula, Function, Initialization, Network, Penalty, Training};

pub const ALL: &[(&str, Build)] = &[
    ("mut-R1", penalty),
    ("mut-R2", softsign),
    ("mut-R3", high_rate),
    ("mut-R4", hinge),
    ("mut-R5", slow),
    ("mut-R6", ones),
    ("mut-R7", linear_output),
];

fn network(output: Option<Function>) -> Network {
    let blocks = [linear(512), function(RELU), dropout(0.5), linear(46)];
    Network::new([1_000], blocks.into_iter().chain(output.map(|output| function(Some(output)))))
}

/// The program without a change.
pub fn original(_: &Source, seed: u64) -> Result<Training> {
    let rows = stand_in::newswires(&mut Random::new(seed))?;
    Ok(Training::new(rows, network(SOFTMAX), cross_entropy(), adam(0.001)).epochs(3))
}

/// Keras's L1 of 0.01 by default. Here also of the last layer, whose weights are a twentieth of those of the first.
fn penalty(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { penalty: Penalty { l1: 0.01, l2: 0.0 }, ..original(source, seed)? })
}

fn softsign(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { network: network(Some(Function::Softsign)), ..original(source, seed)? })
}

fn high_rate(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { optimizer: adam(1.0), ..original(source, seed)? })
}

fn hinge(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { loss: Formula::Hinge.into(), ..original(source, seed)? })
}

fn slow(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { optimizer: sgd(0.01), ..original(source, seed)? })
}

fn ones(source: &Source, seed: u64) -> Result<Training> {
    let initialization = Initialization::default().named("0.weight", Distribution::Constant(1.0));
    Ok(Training { initialization, ..original(source, seed)? })
}

fn linear_output(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { network: network(None), ..original(source, seed)? })
}

//! TheDeepChecker's regression of fuel use: one clean program, and copies with one fault each. 100 epochs, which its file leaves open.

use super::{Build, RELU, SIGMOID, SOFTMAX, Source, adam, squared};
use crate::data::{Column, Random, split, stand_in, with_columns, with_targets};
use retrograde::Result;
use retrograde::diagnose::{
    Distribution, Formula, Function, Initialization, LoopCode, Network, Penalty, Reduction, Rows, Training,
};
use retrograde::optim::OptimizerConfig;

pub const ALL: &[(&str, Build)] = &[
    ("tdc-regr-clean", clean),
    ("tdc-regr-flip_sign", upwards),
    ("tdc-regr-dbl_norm", scaled_twice),
    ("tdc-regr-high_lr", high_rate),
    ("tdc-regr-low_eps", low_epsilon),
    ("tdc-regr-low_lr", low_rate),
    ("tdc-regr-miss_norm", unscaled),
    ("tdc-regr-miss_reg", without_penalty),
    ("tdc-regr-over_reg", strong_penalty),
    ("tdc-regr-over_scaled_outputs", large_targets),
    ("tdc-regr-inapp_act", sigmoid_output),
    ("tdc-regr-wrong_act", softmax_output),
    ("tdc-regr-const_init", equal_weights),
    ("tdc-regr-rand_init", wide_weights),
    ("tdc-regr-wrong_lbl", shuffled_targets),
    ("tdc-regr-wrong_loss", sum),
    ("tdc-regr-wrong_loss2", pairs),
    ("tdc-regr-inap_loss", entropy_of_numbers),
];

fn network(output: Option<Function>) -> Network {
    Network::dense(9, [(64, RELU), (64, RELU), (1, output)])
}

/// The rows as measured.
fn measured(seed: u64) -> Result<Rows> {
    stand_in::cars(&mut Random::new(seed))
}

/// Columns and targets from 0 to 1.
pub fn scaled(seed: u64) -> Result<Rows> {
    with_targets(&with_columns(&measured(seed)?, Column::unit)?, Column::unit)
}

/// Columns from 0 to 1, targets as measured, times ten.
fn with_large_targets(seed: u64) -> Result<Rows> {
    with_targets(&with_columns(&measured(seed)?, Column::unit)?, |value, _| 10.0 * value)
}

fn of(rows: &Rows, seed: u64) -> Result<Training> {
    let (train, held_out) = split(rows, 313, &mut Random::new(seed ^ 1))?;
    let training = Training {
        held_out: Some(held_out),
        initialization: Initialization::with(Distribution::He),
        penalty: Penalty { l1: 0.0, l2: 1e-5 },
        batch: 64,
        ..Training::new(train, network(None), squared(), adam(0.001))
    };
    Ok(training.epochs(100))
}

pub fn clean(_: &Source, seed: u64) -> Result<Training> {
    of(&scaled(seed)?, seed)
}

fn upwards(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { code: LoopCode { ascends: true, ..LoopCode::default() }, ..clean(source, seed)? })
}

/// Divided by the range as measured a second time.
fn scaled_twice(_: &Source, seed: u64) -> Result<Training> {
    let twice = with_columns(&measured(seed)?, |value, column| Column::unit(value, column) / column.range())?;
    of(&with_targets(&twice, Column::unit)?, seed)
}

fn high_rate(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { optimizer: adam(0.1), ..clean(source, seed)? })
}

fn low_epsilon(source: &Source, seed: u64) -> Result<Training> {
    let training = clean(source, seed)?;
    let optimizer = OptimizerConfig { epsilon: Some(1e-16), ..training.optimizer };
    Ok(Training { optimizer, ..training })
}

fn low_rate(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { optimizer: adam(1e-5), ..clean(source, seed)? })
}

fn unscaled(_: &Source, seed: u64) -> Result<Training> {
    of(&measured(seed)?, seed)
}

fn without_penalty(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { penalty: Penalty { l1: 0.0, l2: 1e-12 }, ..clean(source, seed)? })
}

fn strong_penalty(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { penalty: Penalty { l1: 0.0, l2: 0.1 }, ..clean(source, seed)? })
}

fn large_targets(_: &Source, seed: u64) -> Result<Training> {
    of(&with_large_targets(seed)?, seed)
}

fn sigmoid_output(_: &Source, seed: u64) -> Result<Training> {
    let both = |value: f64, column: &Column| 2.0 * Column::unit(value, column) - 1.0;
    let rows = with_targets(&with_columns(&measured(seed)?, both)?, both)?;
    Ok(Training { network: network(SIGMOID), ..of(&rows, seed)? })
}

fn softmax_output(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { network: network(SOFTMAX), ..clean(source, seed)? })
}

fn equal_weights(source: &Source, seed: u64) -> Result<Training> {
    let initialization = Initialization::with(Distribution::Constant(0.01));
    Ok(Training { initialization, ..clean(source, seed)? })
}

fn wide_weights(source: &Source, seed: u64) -> Result<Training> {
    let initialization = Initialization::with(Distribution::Normal(0.0, 0.25));
    Ok(Training { initialization, ..clean(source, seed)? })
}

fn shuffled_targets(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { code: LoopCode { shuffles_targets: true, ..LoopCode::default() }, ..clean(source, seed)? })
}

fn sum(_: &Source, seed: u64) -> Result<Training> {
    let training = of(&with_large_targets(seed)?, seed)?;
    Ok(Training { loss: squared().reduced(Reduction::Sum), ..training })
}

fn pairs(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { loss: squared().reduced(Reduction::MeanOfPairs), ..clean(source, seed)? })
}

fn entropy_of_numbers(source: &Source, seed: u64) -> Result<Training> {
    let loss = Formula::CrossEntropy { clip: Some(1e-10), normalizes: false }.into();
    Ok(Training { loss, ..clean(source, seed)? })
}

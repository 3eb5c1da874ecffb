//! Fully connected networks on digits. Of MNIST at most 10,000 rows are used, and at most 3,000 steps.

use super::{
    Build, RELU, SOFTMAX, Source, adam, all_of, binary_cross_entropy, cross_entropy, dropout, first,
    function, linear, nesterov, sgd, softmax_cross_entropy, squared, with_held_out,
};
use retrograde::Result;
use retrograde::diagnose::{
    ClaimedGradient, Distribution, Formula, Function, Initialization, LoopCode, Loss, Network, Reduction,
    Training,
};
use retrograde::optim::OptimizerConfig;

pub const ALL: &[(&str, Build)] = &[
    ("so-44164749", unfinished),
    ("so-48385830", linear_layers),
    ("issta-IPS4", unit_normal_weights),
    ("issta-tfe-333", unguarded_logarithm),
    ("issta-tfe-368", three_linear_layers),
    ("issta-tfe-742675d", sum_of_rows),
    ("issta-tfe-bc09f95", sum_and_wide_weights),
    ("so-76450489", softmax_of_columns),
    ("q-pullrequest-11818227", two_softmaxes),
    ("nb-0", softmax_of_the_batch),
    ("ds-38604", one_unit),
];

/// A training on digits with 784 inputs.
pub fn on_digits(source: &Source, network: Network, loss: Loss, optimizer: OptimizerConfig) -> Training {
    let rows = (source.digits.train().clone(), source.digits.test().clone());
    Training { batch: 100, ..with_held_out(rows, network, loss, optimizer) }
}

/// Batches of 200 instead of 2,000, and 100 of the 150 steps.
fn unfinished(source: &Source, _: u64) -> Result<Training> {
    let blocks = [
        linear(5_000),
        function(RELU),
        dropout(0.1),
        linear(600),
        function(RELU),
        dropout(0.1),
        linear(10),
        function(SOFTMAX),
    ];
    let training = on_digits(source, Network::new([784], blocks), cross_entropy(), nesterov(0.01, 0.9));
    Ok(Training { batch: 200, steps: 100, ..training })
}

fn linear_layers(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(30, None), (10, None)]);
    let training = on_digits(source, network, squared(), sgd(3.0));
    let initialization = all_of(Distribution::Normal(0.0, 1.0));
    Ok(Training { initialization, batch: 10, steps: 3_000, ..training })
}

fn unit_normal_weights(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(500, RELU), (500, RELU), (500, RELU), (10, None)]);
    let training = on_digits(source, network, softmax_cross_entropy(), adam(0.003));
    Ok(Training { initialization: all_of(Distribution::Normal(0.0, 1.0)), steps: 400, ..training })
}

fn unguarded_logarithm(source: &Source, _: u64) -> Result<Training> {
    let loss = Formula::CrossEntropy { clip: None, normalizes: false }.into();
    let training = on_digits(source, Network::dense(784, [(10, SOFTMAX)]), loss, sgd(0.001));
    Ok(Training { initialization: all_of(Distribution::Normal(0.0, 1.0)), steps: 3_000, ..training })
}

fn three_linear_layers(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(256, None), (256, None), (10, None)]);
    let training = on_digits(source, network, softmax_cross_entropy(), adam(0.1));
    Ok(Training {
        initialization: all_of(Distribution::Normal(0.0, 1.0)),
        batch: 128,
        steps: 500,
        ..training
    })
}

fn sum_of_rows(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(10, SOFTMAX)]);
    let loss = Loss::from(Formula::CrossEntropy { clip: None, normalizes: false }).reduced(Reduction::Sum);
    let training = on_digits(source, network, loss, sgd(0.01));
    Ok(Training { initialization: all_of(Distribution::Constant(0.0)), steps: 3_000, ..training })
}

fn sum_and_wide_weights(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(256, RELU), (256, RELU), (10, None)]);
    let training = on_digits(source, network, softmax_cross_entropy().reduced(Reduction::Sum), sgd(0.01));
    Ok(Training { initialization: all_of(Distribution::Normal(0.0, 1.0)), steps: 1_000, ..training })
}

/// All of 2,000 rows in each step. The gradient is written by hand: output minus target.
fn softmax_of_columns(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(20, RELU), (10, Some(Function::SoftmaxOfColumns))]);
    let loss = Formula::CrossEntropy { clip: Some(1e-7), normalizes: false }.into();
    let training = on_digits(source, network, loss, sgd(0.1));
    let code = LoopCode { claimed: Some(ClaimedGradient::OutputMinusTarget), ..LoopCode::default() };
    let initialization = all_of(Distribution::Uniform(-0.5, 0.5));
    let train = first(source.digits.train(), 2_000)?;
    Ok(Training { train, initialization, batch: 2_000, steps: 500, code, ..training })
}

fn two_softmaxes(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(10, SOFTMAX), (10, SOFTMAX)]);
    let training = on_digits(source, network, cross_entropy(), sgd(0.5));
    Ok(Training { initialization: all_of(Distribution::Constant(0.0)), ..training })
}

/// The gradient is written by hand: output minus target, over the rows. 3,000 of the 10,000 steps.
fn softmax_of_the_batch(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(50, RELU), (10, Some(Function::SoftmaxOfBatch))]);
    let loss = Formula::CrossEntropy { clip: Some(1e-7), normalizes: false }.into();
    let training = on_digits(source, network, loss, sgd(0.1));
    let code = LoopCode { claimed: Some(ClaimedGradient::OutputMinusTarget), ..LoopCode::default() };
    let initialization = Initialization::with(Distribution::Normal(0.0, 0.01));
    Ok(Training {
        initialization,
        order: retrograde::diagnose::Order::WithReplacement,
        steps: 3_000,
        code,
        ..training
    })
}

fn one_unit(source: &Source, _: u64) -> Result<Training> {
    let (train, held_out) = source.digits.numbered()?;
    let network = Network::dense(784, [(64, RELU), (1, super::SIGMOID)]);
    let scaled =
        |rows: &retrograde::diagnose::Rows| crate::data::with_columns(rows, |value, _| 255.0 * value);
    let rows = (scaled(&train)?, scaled(&held_out)?);
    let training = with_held_out(rows, network, binary_cross_entropy(), adam(0.001));
    Ok(Training { batch: 32, steps: 3_000, ..training })
}

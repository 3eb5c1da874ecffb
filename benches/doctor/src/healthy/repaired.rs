//! Public programs whose fault is repaired, and those that never had one.

use super::Line;
use crate::data::{Column, with_columns, with_targets};
use crate::programs::{
    RELU, SIGMOID, SOFTMAX, Source, TANH, adam, binary_cross_entropy, newswires, rmsprop, sgd, training_of,
};
use retrograde::Result;
use retrograde::diagnose::{
    Block, Distribution, Function, Initialization, LoopCode, Network, Reduction, Rows, Training,
};

pub const ALL: &[Line] = &[
    ("so-31880720-repaired", "two different rows in all", 0.99, ones_and_zeros),
    ("so-38648195-repaired", "rows with several labels and with none", 0.2, several_labels),
    ("so-50306988-repaired", "rate 0.1 for Adam", 0.95, two_squares),
    ("so-44066044-repaired", "21 rows", 0.9, packets),
    ("so-45442843-repaired", "one hidden unit", 0.8, threshold),
    ("so-52800582-repaired", "a target with far outliers", 0.95, fourth_power),
    ("so-51181393-repaired", "rate 0.1 for RMSProp", 0.9, five_times_x),
    ("so-48335501-repaired", "curvature of 1,277", 0.95, line_to_40),
    ("so-41550966-repaired", "targets that reach to minus infinity", 0.7, logarithm),
    ("so-44998910-repaired", "rate 0.3", 0.8, polynomial),
    ("stats-387150-repaired", "3 rows", 0.95, three_rows),
    ("stats-280372-repaired", "inputs that are never negative", 0.9, parabola),
    ("ds-60170-product-repaired", "a network far larger than the task", 0.95, product),
    ("ds-44698-repaired", "batches of one row, a small spread of targets", 0.9, sine),
    ("issta-tfe-742675d-repaired", "all weights are 0 at first", 0.7, mean_of_rows),
    ("nb-0-repaired", "weights of 0.01", 0.8, notebook),
    ("mut-R-original", "46 classes, some with a dozen rows", 0.5, newswires),
    ("tdc-regr-clean", "a small network, a small penalty", 0.7, |source, seed| {
        training_of("tdc-regr-clean", source, seed)
    }),
    ("gh-averaging", "no activation, a linear target", 0.98, |source, seed| {
        training_of("gh-averaging", source, seed)
    }),
];

fn ones_and_zeros(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { steps: 2_000, ..with_output(training_of("so-31880720", source, seed)?, SIGMOID) })
}

/// The training with another activation of the output.
fn with_output(mut training: Training, function: Option<Function>) -> Training {
    training.network.blocks.pop();
    training.network.blocks.extend(function.map(Block::Function));
    training
}

fn several_labels(source: &Source, seed: u64) -> Result<Training> {
    let training = training_of("so-38648195", source, seed)?;
    let network = Network::dense(20, [(20, RELU), (20, RELU), (3, SIGMOID)]);
    Ok(Training { network, loss: binary_cross_entropy(), steps: 4_000, ..training })
}

fn two_squares(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { optimizer: adam(0.1), ..training_of("so-50306988", source, seed)? }.epochs(20))
}

fn standardized(rows: &Rows) -> Result<Rows> {
    with_columns(rows, Column::standard)
}

fn packets(source: &Source, seed: u64) -> Result<Training> {
    let training = training_of("so-44066044", source, seed)?;
    let (train, network) =
        (standardized(&training.train)?, Network::dense(11, [(12, RELU), (12, RELU), (1, SIGMOID)]));
    let initialization = Initialization::default();
    Ok(Training { train, network, initialization, optimizer: adam(0.005), ..training })
}

fn threshold(source: &Source, seed: u64) -> Result<Training> {
    let training = training_of("so-45442843", source, seed)?;
    let (train, network) = (standardized(&training.train)?, Network::dense(1, [(1, SIGMOID), (1, SIGMOID)]));
    let initialization = Initialization::default();
    Ok(Training {
        train,
        network,
        initialization,
        loss: binary_cross_entropy(),
        optimizer: adam(0.02),
        ..training
    })
}

fn fourth_power(source: &Source, seed: u64) -> Result<Training> {
    let training = training_of("so-52800582", source, seed)?;
    let train = with_targets(&standardized(&training.train)?, Column::standard)?;
    let network = Network::dense(1, [(50, RELU), (50, RELU), (1, None)]);
    Ok(Training { train, network, ..training })
}

fn five_times_x(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { optimizer: rmsprop(0.1), ..training_of("so-51181393", source, seed)? })
}

fn line_to_40(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { optimizer: sgd(0.001), ..training_of("so-48335501", source, seed)? })
}

fn logarithm(source: &Source, seed: u64) -> Result<Training> {
    let training = training_of("so-41550966", source, seed)?;
    let initialization = Initialization::with(Distribution::He);
    Ok(Training { initialization, optimizer: adam(0.001), steps: 6_000, ..training })
}

fn polynomial(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { optimizer: sgd(0.3), ..training_of("so-44998910", source, seed)? })
}

fn three_rows(source: &Source, seed: u64) -> Result<Training> {
    let network = Network::dense(1, [(10, TANH), (1, None)]);
    Ok(Training {
        network,
        optimizer: adam(0.01),
        steps: 1_000,
        ..training_of("stats-387150", source, seed)?
    })
}

fn parabola(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { optimizer: adam(0.01), steps: 2_000, ..training_of("stats-280372", source, seed)? })
}

fn product(source: &Source, seed: u64) -> Result<Training> {
    let network = Network::dense(2, [(20, RELU), (100, RELU), (200, RELU), (1, None)]);
    Ok(Training { network, steps: 500, ..training_of("ds-60170-product", source, seed)? })
}

fn sine(source: &Source, seed: u64) -> Result<Training> {
    let training = training_of("ds-44698", source, seed)?;
    Ok(Training { code: LoopCode::default(), optimizer: sgd(0.5), ..training })
}

fn mean_of_rows(source: &Source, seed: u64) -> Result<Training> {
    let training = training_of("issta-tfe-742675d", source, seed)?;
    let loss = training.loss.reduced(Reduction::Mean);
    Ok(Training { loss, optimizer: sgd(0.1), steps: 600, ..training })
}

/// The notebook's network with the softmax over each row, and its gradient by hand, which is then right.
fn notebook(source: &Source, seed: u64) -> Result<Training> {
    let training = with_output(training_of("nb-0", source, seed)?, SOFTMAX);
    Ok(Training { steps: 1_500, ..training })
}

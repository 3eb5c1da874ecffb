//! Convolutional networks. On two cores a step takes some 30 ms: each program runs at most 120 steps (its own number where it is less), on
//! at most 10,000 rows.

use super::{
    Build, RELU, SIGMOID, SOFTMAX, Source, adam, binary_cross_entropy, conv, conv_same, cross_entropy,
    dropout, first, flatten, function, linear, pool, rmsprop, sgd, softmax_cross_entropy, squared, truncated,
    with_held_out,
};
use crate::data::{Random, rows, split, split_in_order, stand_in, with_columns};
use retrograde::Result;
use retrograde::diagnose::{
    Augmentation, Block, Distribution, Formula, Function, Initialization, LoopCode, Loss, Network, Penalty,
    Reduction, Rows, Training,
};
use retrograde::optim::OptimizerConfig;

pub const ALL: &[(&str, Build)] = &[
    ("so-47352366", rectified_output),
    ("so-48594888", unscaled_pictures),
    ("gh-gol_nn", game_of_life),
    ("so-50079585", three_classes_in_one_unit),
    ("tdc-conv-clean", clean),
    ("tdc-conv-flip_sign", upwards),
    ("tdc-conv-dbl_norm", scaled_twice),
    ("tdc-conv-high_lr", high_rate),
    ("tdc-conv-low_eps", low_epsilon),
    ("tdc-conv-low_lr", low_rate),
    ("tdc-conv-miss_norm", unscaled),
    ("tdc-conv-miss_soft", without_softmax),
    ("tdc-conv-over_reg", strong_penalty),
    ("tdc-conv-red_soft", softmax_twice),
    ("tdc-conv-unb_data", rare_digits),
    ("tdc-conv-wrong_act", softmax_inside),
    ("tdc-conv-wrong_augm", erased),
    ("tdc-conv-const_init", equal_weights),
    ("tdc-conv-wrong_loss", sum_of_rows),
    ("tdc-conv-wrong_loss2", sum_of_axis_0),
    ("tdc-conv-inap_loss", squared_error),
    ("tdc-conv-wrong_soft", softmax_of_columns),
    ("issta-IPS1", unguarded_logarithm),
    ("issta-IPS11", rectified_logits),
    ("d4ml-091", sorted_sketches),
];

/// The most steps of a program.
const STEPS: u64 = 120;
const IMAGE: [usize; 3] = [1, 28, 28];

/// Two convolutions with poolings, and two linear layers.
fn network(kernels: [usize; 2], hidden: usize, first: Option<Function>, output: &[Block]) -> Network {
    let blocks = [
        conv_same(32, kernels[0]),
        function(first),
        pool(),
        conv_same(64, kernels[1]),
        function(RELU),
        pool(),
        flatten(),
        linear(hidden),
        function(RELU),
    ];
    Network::new(IMAGE, blocks.into_iter().chain(output.iter().cloned()))
}

fn of_digits(source: &Source, network: Network, loss: Loss, optimizer: OptimizerConfig) -> Training {
    let rows = (source.digits.train().clone(), source.digits.test().clone());
    Training { batch: 50, steps: STEPS, ..with_held_out(rows, network, loss, optimizer) }
}

fn rectified_output(source: &Source, _: u64) -> Result<Training> {
    let output = [dropout(0.5), linear(10), function(RELU)];
    let training = of_digits(source, network([5, 5], 1_024, RELU, &output), cross_entropy(), adam(0.001));
    let initialization = Initialization { biases: Distribution::Constant(0.1), ..Initialization::default() };
    Ok(Training { initialization, ..training })
}

/// Batches of 50 instead of 500, 60 of the 500 steps.
fn unscaled_pictures(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let all = with_columns(&stand_in::pictures(2_500, &mut random)?, |value, _| (255.0 * value).floor())?;
    let blocks = [
        conv(64, 3),
        function(RELU),
        pool(),
        conv(256, 3),
        function(RELU),
        pool(),
        flatten(),
        linear(512),
        function(RELU),
        dropout(0.3),
        linear(10),
        function(SOFTMAX),
    ];
    let rows = split(&all, 2_000, &mut random)?;
    let training = with_held_out(rows, Network::new([3, 32, 32], blocks), cross_entropy(), adam(0.001));
    Ok(Training { initialization: Initialization::with(Distribution::He), batch: 50, steps: 60, ..training })
}

/// Boards of 12 × 12 cells with the rim wrapped around, and the next state of each cell. 2,560 boards: 200 steps.
pub fn boards(count: usize, random: &mut Random) -> Result<Rows> {
    const SIDE: usize = 12;
    rows(count, |_| {
        let alive: Vec<bool> = (0..SIDE * SIDE).map(|_| random.chance(0.5)).collect();
        let cell = |y: usize, x: usize| usize::from(alive[y % SIDE * SIDE + x % SIDE]);
        let padded = (0..SIDE + 2).flat_map(|y| (0..SIDE + 2).map(move |x| (y + SIDE - 1, x + SIDE - 1)));
        let board = padded.map(|(y, x)| cell(y, x) as f64).collect();
        let next = (0..SIDE * SIDE).map(|place| {
            let (y, x) = (place / SIDE + SIDE, place % SIDE + SIDE);
            let around: usize = (0..9).filter(|d| *d != 4).map(|d| cell(y + d / 3 - 1, x + d % 3 - 1)).sum();
            f64::from(u8::from(around == 3 || around == 2 && cell(y, x) == 1))
        });
        (board, next.collect())
    })
}

pub fn game_of_life(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = (boards(2_560, &mut random)?, boards(500, &mut random)?);
    let blocks =
        [conv(10, 3), function(RELU), conv(20, 1), function(RELU), conv(1, 1), flatten(), function(SIGMOID)];
    let training =
        with_held_out(rows, Network::new([1, 14, 14], blocks), binary_cross_entropy(), adam(0.001));
    Ok(Training { batch: 64, ..training }.epochs(5))
}

/// Digits 0, 1 and 2 for the photographs of three grades; 300 of the 610 steps.
fn three_classes_in_one_unit(source: &Source, _: u64) -> Result<Training> {
    let sorted = source.digits.sorted(3)?;
    let each = sorted.len() / 3;
    let count = 3 * each.min(326);
    let train = rows(count, |row| {
        let class = row % 3;
        (sorted.x().row(class * each + row / 3).unwrap_or_default().to_vec(), vec![class as f64])
    })?;
    let blocks = [
        conv(32, 3),
        function(RELU),
        pool(),
        conv(32, 3),
        function(RELU),
        pool(),
        conv(64, 3),
        function(RELU),
        pool(),
        flatten(),
        linear(64),
        function(RELU),
        dropout(0.5),
        linear(1),
        function(SIGMOID),
    ];
    let training = Training::new(train, Network::new(IMAGE, blocks), binary_cross_entropy(), rmsprop(0.001));
    Ok(Training { batch: 16, steps: 300, ..training })
}

/// TheDeepChecker's network with a hidden layer of 512.
fn checked(first: Option<Function>, output: &[Block]) -> Network {
    network([5, 3], 512, first, output)
}

pub fn clean(source: &Source, _: u64) -> Result<Training> {
    Ok(Training {
        initialization: Initialization::with(Distribution::He),
        penalty: Penalty { l1: 0.0, l2: 1e-5 },
        batch: 64,
        ..of_digits(source, checked(RELU, &[linear(10)]), softmax_cross_entropy(), sgd(0.1))
    })
}

fn upwards(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { code: LoopCode { ascends: true, ..LoopCode::default() }, ..clean(source, seed)? })
}

fn with_factor(source: &Source, seed: u64, factor: f64) -> Result<Training> {
    let (train, held_out) = source.digits.times(factor)?;
    Ok(Training { train, held_out: Some(held_out), ..clean(source, seed)? })
}

fn scaled_twice(source: &Source, seed: u64) -> Result<Training> {
    with_factor(source, seed, 1.0 / 255.0)
}

fn high_rate(source: &Source, seed: u64) -> Result<Training> {
    let network = network([5, 3], 1_024, RELU, &[linear(10)]);
    Ok(Training { network, optimizer: sgd(0.5), ..clean(source, seed)? })
}

fn low_epsilon(source: &Source, seed: u64) -> Result<Training> {
    let optimizer = OptimizerConfig { epsilon: Some(1e-16), ..adam(0.1) };
    Ok(Training { optimizer, ..clean(source, seed)? })
}

fn low_rate(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { optimizer: sgd(0.001), ..clean(source, seed)? })
}

fn unscaled(source: &Source, seed: u64) -> Result<Training> {
    with_factor(source, seed, 255.0)
}

fn without_softmax(source: &Source, seed: u64) -> Result<Training> {
    let loss = Loss::from(Formula::CrossEntropy { clip: Some(1e-32), normalizes: false }).times(0.1);
    Ok(Training { loss, ..clean(source, seed)? })
}

fn strong_penalty(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { penalty: Penalty { l1: 0.0, l2: 0.1 }, ..clean(source, seed)? })
}

fn softmax_twice(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { network: checked(RELU, &[linear(10), function(SOFTMAX)]), ..clean(source, seed)? })
}

/// Digit k below 6 keeps k hundredths of its rows and one in a hundred more, so that none is without a row.
fn rare_digits(source: &Source, seed: u64) -> Result<Training> {
    let parts: Vec<f64> = (0..10).map(|k| if k <= 5 { 0.01 * f64::from(k + 1) } else { 1.0 }).collect();
    let train = source.digits.thinned(&parts, &mut Random::new(seed))?;
    Ok(Training { train, ..clean(source, seed)? })
}

fn softmax_inside(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { network: checked(SOFTMAX, &[linear(10)]), ..clean(source, seed)? })
}

fn erased(source: &Source, seed: u64) -> Result<Training> {
    let augmentation = Augmentation { probability: 0.5, noise: 0.5, erased: (0.4, 0.8) };
    let code = LoopCode { augmentation: Some(augmentation), ..LoopCode::default() };
    Ok(Training { code, ..clean(source, seed)? })
}

fn equal_weights(source: &Source, seed: u64) -> Result<Training> {
    let initialization = Initialization::with(Distribution::Constant(0.01));
    Ok(Training { initialization, ..clean(source, seed)? })
}

/// The mean over the classes, the sum over the rows.
fn sum_of_rows(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { loss: softmax_cross_entropy().reduced(Reduction::Sum).times(0.1), ..clean(source, seed)? })
}

/// The sum over the rows first, then the mean over the classes: the same number.
fn sum_of_axis_0(source: &Source, seed: u64) -> Result<Training> {
    sum_of_rows(source, seed)
}

fn squared_error(source: &Source, seed: u64) -> Result<Training> {
    let network = checked(RELU, &[linear(10), function(SOFTMAX)]);
    Ok(Training { network, loss: squared(), ..clean(source, seed)? })
}

fn softmax_of_columns(source: &Source, seed: u64) -> Result<Training> {
    let network = checked(RELU, &[linear(10), function(Some(Function::SoftmaxOfColumns))]);
    let loss = Formula::CrossEntropy { clip: Some(1e-7), normalizes: false }.into();
    Ok(Training { network, loss, ..clean(source, seed)? })
}

/// TensorFlow's tutorial: weights of a truncated normal, biases of 0.1.
fn tutorial() -> Initialization {
    Initialization { biases: Distribution::Constant(0.1), ..Initialization::with(truncated(0.1)) }
}

/// 120 of the 20,000 steps.
fn unguarded_logarithm(source: &Source, _: u64) -> Result<Training> {
    let output = [dropout(0.5), linear(10), function(SOFTMAX)];
    let loss = Formula::CrossEntropy { clip: None, normalizes: false }.into();
    let training = of_digits(source, network([5, 5], 1_024, RELU, &output), loss, adam(0.0001));
    Ok(Training { initialization: tutorial(), ..training })
}

/// 120 of the 2,000 steps, batches of 50 instead of 100.
fn rectified_logits(source: &Source, _: u64) -> Result<Training> {
    let network = network([5, 5], 1_024, RELU, &[linear(10), function(RELU)]);
    let training = of_digits(source, network, softmax_cross_entropy(), adam(0.001));
    Ok(Training { initialization: tutorial(), ..training })
}

/// Digits 0 to 4 for the sketches of five kinds: the last fifth is the fifth kind.
fn sorted_sketches(source: &Source, _: u64) -> Result<Training> {
    let sorted = first(&source.digits.sorted(5)?, usize::MAX)?;
    let rows = split_in_order(&sorted, sorted.len() / 5 * 4)?;
    let blocks = [
        conv(32, 5),
        function(RELU),
        pool(),
        conv(16, 3),
        function(RELU),
        pool(),
        flatten(),
        linear(128),
        function(RELU),
        linear(64),
        function(RELU),
        linear(5),
        function(SOFTMAX),
    ];
    let training = with_held_out(rows, Network::new(IMAGE, blocks), cross_entropy(), adam(0.001));
    Ok(Training { batch: 100, steps: STEPS, ..training })
}

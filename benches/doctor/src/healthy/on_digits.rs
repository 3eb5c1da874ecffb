//! Healthy trainings on digits.

use super::Line;
use crate::data::{Random, one_hot, rows};
use crate::programs::{
    RELU, SIGMOID, SOFTMAX, Source, TANH, adam, all_of, binary_cross_entropy, conv, cross_entropy, dropout,
    first, flatten, function, linear, momentum, on_digits, pool, sgd, softmax_cross_entropy, squared,
};
use retrograde::Result;
use retrograde::diagnose::{
    Distribution, Initialization, Network, Order, Penalty, Reduction, Rows, Training,
};
use retrograde::nn::{BatchNorm, Layer};

pub const ALL: &[Line] = &[
    ("book", "rate 0.1, weights of 0.01, rows drawn with replacement", 0.85, book),
    ("high-accuracy", "accuracy above 0.95 from an early epoch", 0.95, high_accuracy),
    ("zero-rectifiers", "nine of ten rectified numbers are 0", 0.8, zero_rectifiers),
    ("dropout-half", "dropout of a half", 0.8, dropout_half),
    ("penalty", "a penalty of the weights", 0.8, penalty),
    ("softmax-regression-of-zeros", "all weights are 0 at first", 0.75, softmax_regression),
    ("last-layer-of-zeros", "the last layer is 0 at first", 0.85, last_layer_of_zeros),
    ("softmax-squared", "squared error of a softmax", 0.7, softmax_squared),
    ("ten-sigmoids", "ten sigmoids with binary cross entropy for one of ten classes", 0.75, ten_sigmoids),
    ("fifth-of-labels-wrong", "a fifth of the labels is wrong", 0.5, fifth_wrong),
    ("two-fifths-of-labels-wrong", "two fifths of the labels are wrong", 0.35, two_fifths_wrong),
    ("constant-pixels", "many columns are constant", 0.85, constant_pixels),
    (
        "batch-normalization",
        "rows of a batch influence each other, by batch normalization",
        0.85,
        batch_normalization,
    ),
    ("rows-sorted", "rows are stored by class, and shuffled", 0.85, rows_sorted),
    ("unfinished-digits", "the loss still falls at the end", 0.3, unfinished),
    ("convolution", "a convolution with few steps", 0.5, convolution),
    ("sum-with-a-fitting-rate", "the loss is a sum, the rate small", 0.8, sum_with_small_rate),
    ("inputs-to-255-and-small-rate", "pixels to 255, a rate that fits them", 0.75, large_inputs),
];

fn of(source: &Source, network: Network) -> Training {
    Training { steps: 600, ..on_digits(source, network, softmax_cross_entropy(), sgd(0.1)) }
}

fn hidden(width: usize) -> Network {
    Network::dense(784, [(width, RELU), (10, None)])
}

/// The two-layer network of the book's chapter 5.
fn book(source: &Source, _: u64) -> Result<Training> {
    let initialization = Initialization::with(Distribution::Normal(0.0, 0.01));
    Ok(Training { initialization, order: Order::WithReplacement, steps: 1_500, ..of(source, hidden(50)) })
}

fn high_accuracy(source: &Source, _: u64) -> Result<Training> {
    Ok(Training { optimizer: adam(0.001), steps: 800, ..of(source, hidden(128)) })
}

fn zero_rectifiers(source: &Source, _: u64) -> Result<Training> {
    let initialization = Initialization::with(Distribution::He).named("0.bias", Distribution::Constant(-1.2));
    Ok(Training { initialization, steps: 800, ..of(source, hidden(200)) })
}

fn dropout_half(source: &Source, _: u64) -> Result<Training> {
    let blocks = [linear(200), function(RELU), dropout(0.5), linear(10)];
    Ok(of(source, Network::new([784], blocks)))
}

fn penalty(source: &Source, _: u64) -> Result<Training> {
    Ok(Training { penalty: Penalty { l1: 0.0, l2: 5e-4 }, ..of(source, hidden(100)) })
}

fn softmax_regression(source: &Source, _: u64) -> Result<Training> {
    let initialization = all_of(Distribution::Constant(0.0));
    Ok(Training { initialization, ..of(source, Network::dense(784, [(10, None)])) })
}

fn last_layer_of_zeros(source: &Source, _: u64) -> Result<Training> {
    let initialization = Initialization::default().named("2.weight", Distribution::Constant(0.0));
    Ok(Training { initialization, steps: 1_000, ..of(source, hidden(100)) })
}

fn softmax_squared(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(100, RELU), (10, SOFTMAX)]);
    Ok(Training { loss: squared(), optimizer: adam(0.001), steps: 800, ..of(source, network) })
}

fn ten_sigmoids(source: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(784, [(100, RELU), (10, SIGMOID)]);
    Ok(Training { loss: binary_cross_entropy(), optimizer: adam(0.001), ..of(source, network) })
}

fn with_wrong_labels(source: &Source, seed: u64, share: f64) -> Result<Training> {
    let mut random = Random::new(seed);
    let digits = source.digits.train();
    let train = rows(digits.len(), |row| {
        let x = digits.x().row(row).unwrap_or_default().to_vec();
        let target = digits.targets().row(row).unwrap_or_default();
        let wrong = random.chance(share).then(|| one_hot(random.below(10), 10));
        (x, wrong.unwrap_or_else(|| target.to_vec()))
    })?;
    Ok(Training { train, optimizer: momentum(0.02, 0.9), ..of(source, hidden(50)) })
}

fn fifth_wrong(source: &Source, seed: u64) -> Result<Training> {
    with_wrong_labels(source, seed, 0.2)
}

fn two_fifths_wrong(source: &Source, seed: u64) -> Result<Training> {
    with_wrong_labels(source, seed, 0.4)
}

/// The pixels of a digit within 40 × 40, whose rim is always 0.
fn constant_pixels(source: &Source, _: u64) -> Result<Training> {
    let framed = |digits: &Rows| {
        rows(digits.len(), |row| {
            let image = digits.x().row(row).unwrap_or_default();
            let pixels = (0..1_600).map(|place| {
                let (y, x) = (place / 40, place % 40);
                let inside = (6..34).contains(&y) && (6..34).contains(&x);
                if inside { image[(y - 6) * 28 + x - 6] } else { 0.0 }
            });
            (pixels.collect(), digits.targets().row(row).unwrap_or_default().to_vec())
        })
    };
    let train = framed(&first(source.digits.train(), 4_000)?)?;
    let network = Network::dense(1_600, [(50, RELU), (10, None)]);
    Ok(Training { held_out: None, train, steps: 800, ..of(source, network) })
}

fn batch_normalization(source: &Source, _: u64) -> Result<Training> {
    let normalization = || Layer::BatchNorm(BatchNorm::new()).into();
    let blocks = [
        linear(50),
        normalization(),
        function(RELU),
        linear(50),
        normalization(),
        function(RELU),
        linear(10),
    ];
    Ok(Training { steps: 500, ..of(source, Network::new([784], blocks)) })
}

fn rows_sorted(source: &Source, _: u64) -> Result<Training> {
    Ok(Training { train: source.digits.sorted(10)?, optimizer: adam(0.001), ..of(source, hidden(50)) })
}

fn unfinished(source: &Source, _: u64) -> Result<Training> {
    Ok(Training { optimizer: sgd(0.05), steps: 60, ..of(source, hidden(100)) })
}

fn convolution(source: &Source, _: u64) -> Result<Training> {
    let blocks = [conv(8, 5), function(RELU), pool(), flatten(), linear(10)];
    let training = of(source, Network::new([1, 28, 28], blocks));
    Ok(Training { optimizer: adam(0.003), batch: 32, steps: 120, ..training })
}

fn sum_with_small_rate(source: &Source, _: u64) -> Result<Training> {
    let loss = softmax_cross_entropy().reduced(Reduction::Sum);
    Ok(Training { loss, optimizer: sgd(0.001), ..of(source, hidden(50)) })
}

fn large_inputs(source: &Source, _: u64) -> Result<Training> {
    let (train, held_out) = source.digits.times(255.0)?;
    let network = Network::dense(784, [(50, TANH), (10, SOFTMAX)]);
    let training = of(source, network);
    let initialization = Initialization::default().named("0.weight", Distribution::Normal(0.0, 0.0002));
    Ok(Training {
        train,
        held_out: Some(held_out),
        initialization,
        loss: cross_entropy(),
        optimizer: adam(0.0001),
        steps: 1_000,
        ..training
    })
}

//! Classes of small rows of numbers.

use super::{
    Build, RELU, SIGMOID, SOFTMAX, Source, TANH, adam, binary_cross_entropy, cross_entropy, dropout,
    function, keras_normal, keras_uniform, linear, nesterov, rmsprop, sgd, squared, truncated, with_held_out,
};
use crate::data::{Random, one_hot, rows, split, split_in_order};
use retrograde::Result;
use retrograde::diagnose::{
    ClaimedMetric, Distribution, Formula, Initialization, LoopCode, Network, Rows, Training,
};

pub const ALL: &[(&str, Build)] = &[
    ("so-31880720", ones_and_zeros),
    ("so-38648195", several_labels),
    ("so-50306988", two_squares),
    ("so-45337371", random_labels),
    ("so-44066044", packets),
    ("so-39525358", letters),
    ("so-34673164", counties),
    ("so-45442843", threshold),
    ("so-50481178", one_label),
    ("so-58609115", class_of_a_number),
    ("so-41372874", direction_of_a_sine),
    ("issta-IPS12", shifted_noise),
];

/// A tenth of the rows: 6,000 of 60,000 steps.
fn ones_and_zeros(_: &Source, _: u64) -> Result<Training> {
    let rows = rows(2_000, |row| {
        let value = f64::from(u8::from(row < 1_000));
        (vec![value; 128], vec![value])
    })?;
    let blocks = [
        linear(50),
        function(RELU),
        dropout(0.2),
        linear(50),
        function(RELU),
        dropout(0.2),
        linear(1),
        function(SOFTMAX),
    ];
    let training = Training::new(rows, Network::new([128], blocks), binary_cross_entropy(), rmsprop(0.001));
    Ok(Training { batch: 1, ..training }.epochs(3))
}

/// scikit-learn's `make_multilabel_classification`: the labels of a row are drawn first, then some fifty words of the mixture of theirs.
/// Rows without a label have words of all kinds alike.
pub fn multilabel(count: usize, features: usize, classes: usize, random: &mut Random) -> Result<Rows> {
    let words: Vec<Vec<f64>> =
        (0..classes).map(|_| (0..features).map(|_| random.uniform(0.0, 1.0)).collect()).collect();
    let shares: Vec<f64> = (0..classes).map(|_| random.uniform(0.0, 1.0)).collect();
    rows(count, |_| {
        let labels = loop {
            let labels = random.poisson(2.0);
            if labels <= classes {
                break labels;
            }
        };
        let mut chosen = vec![0.0; classes];
        while chosen.iter().sum::<f64>() < labels as f64 {
            chosen[random.weighted(&shares)] = 1.0;
        }
        let mixture: Vec<f64> =
            (0..features)
                .map(|feature| {
                    if labels == 0 { 1.0 } else { (0..classes).map(|c| chosen[c] * words[c][feature]).sum() }
                })
                .collect();
        let mut counts = vec![0.0; features];
        for _ in 0..random.poisson(50.0) {
            counts[random.weighted(&mixture)] += 1.0;
        }
        (counts, chosen)
    })
}

/// A fifth of the rows: 9,600 of 48,000 steps.
fn several_labels(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let all = multilabel(12_000, 20, 3, &mut random)?;
    let blocks = [
        linear(20),
        function(RELU),
        dropout(0.5),
        linear(20),
        function(RELU),
        dropout(0.5),
        linear(3),
        function(SOFTMAX),
    ];
    let rows = split(&all, 9_600, &mut random)?;
    let training = with_held_out(rows, Network::new([20], blocks), squared(), sgd(0.01));
    Ok(Training { batch: 20, ..training }.epochs(20))
}

/// Two squares of the plane, their rows in turn.
pub fn squares(random: &mut Random) -> Result<Rows> {
    rows(200, |row| {
        let low = [0.2, 0.5][row % 2];
        (vec![random.uniform(low, low + 0.2), random.uniform(low, low + 0.2)], one_hot(row % 2, 2))
    })
}

fn two_squares(_: &Source, seed: u64) -> Result<Training> {
    let network = Network::dense(2, [(2, SIGMOID), (2, SOFTMAX)]);
    let rows = squares(&mut Random::new(seed))?;
    Ok(Training::new(rows, network, cross_entropy(), adam(0.001)).epochs(5))
}

fn random_labels(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(500, |_| {
        let x = (0..5).map(|_| random.uniform(0.0, 1.0)).collect();
        (x, vec![f64::from(u8::from(random.chance(0.5)))])
    })?;
    let network = Network::dense(5, [(60, RELU), (50, RELU), (1, SOFTMAX)]);
    Ok(Training::new(rows, network, binary_cross_entropy(), adam(0.001)).epochs(10))
}

/// 21 packets: two columns near 3.232 · 10⁹, of which the first tells the label, a port, and small numbers.
fn packets(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(21, |row| {
        let label = f64::from(u8::from(row >= 8));
        let address = if row >= 8 { 3_232_235_781.0 } else { [3_232_235_778.0, 3_232_235_773.0][row % 2] };
        let mut columns = vec![address, 3_232_235_777.0 + random.below(4) as f64];
        columns.push(524_000.0 + random.below(300) as f64);
        columns.push([502.0, 56_783.0][random.below(2)]);
        columns.extend((0..7).map(|_| random.below(9) as f64));
        (columns, vec![label])
    })?;
    let network = Network::dense(11, [(12, RELU), (12, RELU), (1, RELU)]);
    let training = Training::new(rows, network, binary_cross_entropy(), adam(0.001));
    Ok(Training { initialization: keras_normal(), batch: 5, ..training }.epochs(100))
}

fn letters(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let all = rows(21, |row| {
        let label = usize::from(row % 21 >= 8);
        let x = (0..3).map(|_| 65.0 + (3 * label + random.below(3)) as f64).collect();
        (x, vec![label as f64])
    })?;
    let network = Network::dense(3, [(12, RELU), (3, RELU), (1, SIGMOID)]);
    let rows = split(&all, 14, &mut random)?;
    let training = with_held_out(rows, network, binary_cross_entropy(), adam(0.001));
    Ok(Training { initialization: keras_uniform(), batch: 1, ..training }.epochs(150))
}

/// Nine counties with sixteen columns of scales from 1 to some 100,000.
fn counties(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let scales = [1.0, 8.0, 60.0, 500.0, 4_000.0, 30_000.0, 250_000.0, 660_000.0];
    let rows = rows(9, |row| {
        let class = usize::from(row >= 4);
        let x = (0..16)
            .map(|column| {
                scales[column % 8] * (random.uniform(0.1, 0.8) + 0.2 * (class * (column % 3)) as f64 / 2.0)
            })
            .collect();
        (x, one_hot(class, 2))
    })?;
    let blocks = [
        linear(64),
        function(TANH),
        dropout(0.5),
        linear(64),
        function(TANH),
        dropout(0.5),
        linear(2),
        function(SOFTMAX),
    ];
    let training = Training::new(rows, Network::new([16], blocks), squared(), nesterov(0.1, 0.9));
    Ok(Training { initialization: keras_uniform(), batch: 16, steps: 20, ..training })
}

fn threshold(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(999, |_| {
        let x = random.uniform(15_000.0, 25_001.0).floor();
        (vec![x], vec![f64::from(u8::from(x < 20_000.0))])
    })?;
    let network = Network::dense(1, [(1, SIGMOID), (1, SOFTMAX)]);
    let training = Training::new(rows, network, Formula::AbsoluteError.into(), rmsprop(0.001));
    let initialization = Initialization::default().named("2.weight", Distribution::Normal(0.0, 0.05));
    Ok(Training { initialization, batch: 200, ..training }.epochs(100))
}

fn one_label(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let all = multilabel(1_000, 4, 1, &mut random)?;
    let widths = [10, 20, 30, 40, 50].map(|width| (width, RELU));
    let network = Network::dense(4, widths.into_iter().chain([(1, SIGMOID)]));
    let training =
        with_held_out(split(&all, 800, &mut random)?, network, binary_cross_entropy(), adam(0.001));
    Ok(Training { batch: 10, ..training }.epochs(50))
}

/// 69 classes by ranges of a number up to 996,592,829.
fn class_of_a_number(_: &Source, seed: u64) -> Result<Training> {
    const MOST: f64 = 996_592_829.0;
    let mut random = Random::new(seed);
    let rows = rows(2_208, |_| {
        let number = random.uniform(1.0, MOST).floor();
        (vec![number], one_hot((number / MOST * 69.0) as usize % 69, 69))
    })?;
    let network = Network::dense(1, [(69, RELU), (69, RELU), (69, SOFTMAX)]);
    let training = Training::new(rows, network, cross_entropy(), adam(0.001));
    Ok(Training { initialization: keras_normal(), batch: 50, ..training }.epochs(10))
}

fn direction_of_a_sine(_: &Source, _: u64) -> Result<Training> {
    let all = rows(300, |row| {
        let t = row as f64;
        let (now, before) = (t.sin(), (t - 1.0).sin());
        (vec![now, before], vec![f64::from(u8::from(now > before))])
    })?;
    let network = Network::dense(2, [(2, RELU), (2, RELU), (1, SIGMOID)]);
    let training = with_held_out(split_in_order(&all, 240)?, network, binary_cross_entropy(), adam(0.001));
    Ok(Training { initialization: keras_uniform(), batch: 2, ..training }.epochs(20))
}

/// The program compares logits with 0.5, as if they were probabilities, with dropout on.
fn shifted_noise(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(100, |_| {
        let is_shifted = random.chance(2.0 / 3.0);
        let shift = if is_shifted { random.below(3) as f64 - 1.0 } else { 0.0 };
        let x = (0..14).map(|_| shift + random.normal(0.0, 0.1)).collect();
        (x, vec![f64::from(u8::from(!is_shifted))])
    })?;
    let blocks = [
        linear(20),
        function(RELU),
        dropout(0.5),
        linear(20),
        function(RELU),
        dropout(0.5),
        linear(15),
        function(RELU),
        dropout(0.5),
        linear(1),
    ];
    let loss = Formula::SigmoidCrossEntropy.into();
    let training = Training::new(rows, Network::new([14], blocks), loss, adam(0.005));
    let metric = ClaimedMetric { threshold: 0.5, of_logits: true, in_training_mode: true };
    let code = LoopCode { metric: Some(metric), ..LoopCode::default() };
    Ok(Training {
        initialization: Initialization::with(truncated(0.5)),
        batch: 100,
        steps: 100,
        code,
        ..training
    })
}

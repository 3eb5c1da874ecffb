//! Healthy trainings on which margins may be set. None of them is among those that are held out, nor is its data.

use super::Line;
use crate::data::{
    Column, Random, curve, iris, linspace, one_hot, rows, stand_in, standardized, with_columns, with_targets,
};
use crate::programs::{
    ELU, RELU, SIGMOID, SOFTMAX, Source, TANH, adam, binary_cross_entropy, cross_entropy, dropout, first,
    function, game_of_life, linear, momentum, rmsprop, sgd, softmax_cross_entropy, squared,
};
use retrograde::Result;
use retrograde::diagnose::{
    Distribution, Formula, Function, Initialization, Network, Penalty, Rows, Training,
};
use retrograde::nn::Activation;
use retrograde::optim::Schedule;

pub const ALL: &[Line] = &[
    ("rings", "a plateau at first", 0.9, rings),
    ("four-clouds", "softmax and squared error", 0.85, four_clouds),
    ("cosine", "full batches", 0.9, cosine),
    ("plane", "no activation", 0.95, plane),
    ("noisy-plane", "R² of 0.4", 0.25, noisy_plane),
    ("steps-of-a-stair", "a target that jumps", 0.85, stair),
    ("iris-softmax", "unscaled columns", 0.8, iris_softmax),
    ("iris-deep", "7 layers of 6 tanh", 0.85, iris_deep),
    ("cars-elu", "dropout", 0.6, cars),
    ("cars-one-epoch-of-many", "unfinished", 0.2, cars_unfinished),
    ("parity-of-3", "a plateau", 0.9, parity),
    ("labels-of-noise", "30 % wrong labels", 0.2, noisy_labels),
    ("share-of-2-percent", "98 % of one class", 0.5, rare),
    ("small-digits", "500 rows of digits", 0.85, small_digits),
    ("small-digits-zeros", "all weights are 0 at first", 0.8, small_digits_zeros),
    ("small-digits-dropout", "two dropouts of a half", 0.75, small_digits_dropout),
    ("game-of-life", "a convolution, many equal targets", 0.5, life),
    ("products-of-pairs", "a rate that restarts", 0.9, products),
    ("absolute-error", "absolute error", 0.8, absolute),
    ("identity", "as many outputs as inputs", 0.9, identity),
];

fn rings(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(400, |row| {
        let (radius, angle) =
            ([0.5, 1.5][row % 2] + random.normal(0.0, 0.1), random.uniform(0.0, std::f64::consts::TAU));
        (vec![radius * angle.cos(), radius * angle.sin()], vec![(row % 2) as f64])
    })?;
    let training =
        Training::new(rows, Network::dense(2, [(16, TANH), (1, SIGMOID)]), binary_cross_entropy(), sgd(0.3));
    Ok(Training { steps: 3_000, ..training })
}

fn four_clouds(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(400, |row| {
        let (a, b) = ((row % 2) as f64, (row / 2 % 2) as f64);
        (vec![random.normal(3.0 * a, 0.7), random.normal(3.0 * b, 0.7)], one_hot(row % 4, 4))
    })?;
    Ok(Training::new(rows, Network::dense(2, [(12, RELU), (4, SOFTMAX)]), squared(), adam(0.01)))
}

fn cosine(_: &Source, _: u64) -> Result<Training> {
    let rows = curve(linspace(-3.0, 3.0, 60), f64::cos)?;
    let training =
        Training::new(rows, Network::dense(1, [(30, TANH), (1, None)]), squared(), momentum(0.03, 0.9));
    Ok(Training { batch: 60, steps: 3_000, ..training })
}

fn of_plane(noise: f64, seed: u64) -> Result<Rows> {
    let mut random = Random::new(seed);
    rows(600, |_| {
        let x: Vec<f64> = (0..4).map(|_| random.uniform(-1.0, 1.0)).collect();
        let y = x[0] - x[1] + 2.0 * x[2] + random.normal(0.0, noise);
        (x, vec![y])
    })
}

fn plane(_: &Source, seed: u64) -> Result<Training> {
    Ok(Training::new(of_plane(0.0, seed)?, Network::dense(4, [(6, None), (1, None)]), squared(), sgd(0.03)))
}

fn noisy_plane(_: &Source, seed: u64) -> Result<Training> {
    let network = Network::dense(4, [(10, RELU), (1, None)]);
    Ok(Training::new(of_plane(1.7, seed)?, network, squared(), adam(0.003)))
}

fn stair(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let x: Vec<f64> = (0..500).map(|_| random.uniform(-2.0, 2.0)).collect();
    let network = Network::dense(1, [(40, RELU), (20, RELU), (1, None)]);
    let training = Training::new(curve(x, |x| (1.3 * x).floor())?, network, squared(), adam(0.005));
    Ok(Training { steps: 2_000, ..training })
}

fn iris_softmax(_: &Source, _: u64) -> Result<Training> {
    let training = Training::new(iris()?, Network::dense(4, [(3, SOFTMAX)]), cross_entropy(), adam(0.02));
    Ok(Training { batch: 30, ..training })
}

fn iris_deep(_: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(4, std::iter::repeat_n((6, TANH), 7).chain([(3, None)]));
    Ok(Training::new(standardized(&iris()?)?, network, softmax_cross_entropy(), adam(0.005)))
}

fn of_cars(seed: u64) -> Result<Rows> {
    with_targets(&with_columns(&stand_in::cars(&mut Random::new(seed))?, Column::standard)?, Column::standard)
}

fn cars(_: &Source, seed: u64) -> Result<Training> {
    let blocks = [linear(32), function(ELU), dropout(0.2), linear(32), function(ELU), linear(1)];
    Ok(Training::new(of_cars(seed)?, Network::new([9], blocks), squared(), adam(0.002)))
}

fn cars_unfinished(_: &Source, seed: u64) -> Result<Training> {
    let network = Network::dense(9, [(64, RELU), (1, None)]);
    Ok(Training { steps: 60, ..Training::new(of_cars(seed)?, network, squared(), sgd(0.01)) })
}

fn parity(_: &Source, _: u64) -> Result<Training> {
    let rows = rows(8, |row| {
        let bits = (0..3).map(|bit| (row >> bit & 1) as f64).collect();
        (bits, vec![f64::from(row.count_ones() % 2)])
    })?;
    let training = Training::new(
        rows,
        Network::dense(3, [(16, TANH), (1, SIGMOID)]),
        binary_cross_entropy(),
        adam(0.01),
    );
    Ok(Training { batch: 8, steps: 2_000, ..training })
}

fn noisy_labels(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(800, |row| {
        let class = row % 2;
        let x = (0..3).map(|_| random.normal(2.0 * class as f64, 1.0)).collect();
        let label = if random.chance(0.3) { 1 - class } else { class };
        (x, vec![label as f64])
    })?;
    Ok(Training::new(rows, Network::dense(3, [(8, RELU), (1, SIGMOID)]), binary_cross_entropy(), adam(0.003)))
}

fn rare(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(2_000, |row| {
        let is_rare = row % 50 == 0;
        let x = (0..3).map(|_| random.normal(if is_rare { 2.5 } else { 0.0 }, 0.7)).collect();
        (x, vec![f64::from(u8::from(is_rare))])
    })?;
    let training = Training::new(
        rows,
        Network::dense(3, [(12, RELU), (1, SIGMOID)]),
        binary_cross_entropy(),
        adam(0.005),
    );
    Ok(Training { steps: 1_500, ..training })
}

fn digits(source: &Source, network: Network) -> Result<Training> {
    let rows = first(source.digits.test(), 500)?;
    Ok(Training { steps: 500, ..Training::new(rows, network, softmax_cross_entropy(), adam(0.002)) })
}

fn small_digits(source: &Source, _: u64) -> Result<Training> {
    let training = digits(source, Network::dense(784, [(40, RELU), (10, None)]))?;
    Ok(Training { penalty: Penalty { l1: 0.0, l2: 1e-4 }, optimizer: sgd(0.1), ..training })
}

fn small_digits_zeros(source: &Source, _: u64) -> Result<Training> {
    let initialization = crate::programs::all_of(Distribution::Constant(0.0));
    Ok(Training { initialization, ..digits(source, Network::dense(784, [(10, None)]))? })
}

fn small_digits_dropout(source: &Source, _: u64) -> Result<Training> {
    let blocks =
        [linear(100), function(RELU), dropout(0.5), linear(100), function(RELU), dropout(0.5), linear(10)];
    digits(source, Network::new([784], blocks))
}

fn life(source: &Source, seed: u64) -> Result<Training> {
    Ok(Training { optimizer: adam(0.01), steps: 400, ..game_of_life(source, seed)? })
}

fn products(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(500, |_| {
        let (a, b) = (random.uniform(-1.0, 1.0), random.uniform(-1.0, 1.0));
        (vec![a, b], vec![a * b])
    })?;
    let silu = Some(Function::Elementwise(Activation::Silu));
    let training = Training::new(rows, Network::dense(2, [(24, silu), (1, None)]), squared(), rmsprop(0.01));
    Ok(Training { schedule: Schedule::restarts(400), steps: 2_000, ..training })
}

fn absolute(_: &Source, seed: u64) -> Result<Training> {
    let rows = of_plane(0.3, seed)?;
    let loss = Formula::AbsoluteError.into();
    Ok(Training::new(rows, Network::dense(4, [(20, RELU), (1, None)]), loss, adam(0.005)))
}

fn identity(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(300, |_| {
        let x: Vec<f64> = (0..6).map(|_| random.normal(0.0, 1.0)).collect();
        (x.clone(), x)
    })?;
    let training = Training::new(rows, Network::dense(6, [(30, TANH), (6, None)]), squared(), adam(0.005));
    Ok(Training { initialization: Initialization::with(Distribution::LeCun), ..training })
}

//! Healthy trainings on small rows of numbers.

use super::Line;
use crate::data::{
    Column, Random, curve, iris, linspace, one_hot, rows, stand_in, standardized, with_columns,
};
use crate::programs::{
    RELU, SIGMOID, SOFTMAX, Source, TANH, adam, binary_cross_entropy, cross_entropy, keras_normal, many_xor,
    rmsprop, sgd, softmax_cross_entropy, squared, xor,
};
use retrograde::Result;
use retrograde::diagnose::{Distribution, Formula, Initialization, Network, Rows, Training};

pub const ALL: &[Line] = &[
    ("edge-of-stability", "full batches whose rate times curvature is near 2", 0.9, edge),
    ("batch-of-1", "batches of one row", 0.85, batch_of_1),
    ("tanh-5-deep", "5 layers of 5 tanh", 0.9, |_, seed| deep(5, seed)),
    ("tanh-9-deep", "9 layers of 5 tanh", 0.9, |_, seed| deep(9, seed)),
    ("tanh-13-deep", "13 layers of 5 tanh", 0.9, |_, seed| deep(13, seed)),
    ("tanh-17-deep", "17 layers of 5 tanh", 0.9, |_, seed| deep(17, seed)),
    ("pima-unscaled", "columns of unlike scales", 0.1, pima),
    ("rare-class", "99 % of one class", 0.5, rare),
    ("xor-with-plateau", "a flat loss for most of the run", 0.9, plateau),
    ("xor-of-many-rows", "sigmoids after a long plateau at ln 2", 0.9, xor_of_many),
    ("linear-on-linear", "no activation", 0.99, linear_on_linear),
    ("sigmoid-squared", "squared error of a sigmoid", 0.9, sigmoid_squared),
    ("weak-signal", "R² of 0.3 is all that there is", 0.15, weak_signal),
    ("one-hot-inputs", "columns that are almost always 0", 0.9, one_hot_inputs),
    ("memorized-labels", "random labels, learned by heart", 0.95, memorized),
    ("late-rise-of-adam", "the loss rises by nine orders of magnitude at the end", 0.99, late_rise),
    ("unfinished-curve", "the loss still falls at the end", 0.3, unfinished),
    ("iris-in-order", "rows in the order of their classes, shuffled", 0.85, iris_in_order),
    ("tiny-weights", "weights of 0.05", 0.85, tiny_weights),
    ("hinge", "a hinge loss of labels of 0 and 1", 0.9, hinge),
];

fn edge(_: &Source, _: u64) -> Result<Training> {
    let rows = curve(linspace(-1.5, 1.5, 40), |x| (2.0 * x).sin())?;
    let training = Training::new(rows, Network::dense(1, [(40, TANH), (1, None)]), squared(), sgd(0.1));
    Ok(Training { initialization: Initialization::pytorch(), batch: 40, steps: 4_000, ..training })
}

fn batch_of_1(_: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(4, [(10, TANH), (3, SOFTMAX)]);
    let training = Training::new(standardized(&iris()?)?, network, cross_entropy(), sgd(0.02));
    Ok(Training { batch: 1, ..training }.epochs(30))
}

/// Two clouds of the plane.
pub fn clouds(count: usize, distance: f64, random: &mut Random) -> Result<Rows> {
    rows(count, |row| {
        let class = row % 2;
        let middle = distance * (class as f64 - 0.5);
        (vec![random.normal(middle, 0.5), random.normal(-middle, 0.5)], vec![class as f64])
    })
}

fn deep(depth: usize, seed: u64) -> Result<Training> {
    let rows = clouds(300, 3.0, &mut Random::new(seed))?;
    let layers = std::iter::repeat_n((5, TANH), depth);
    let network = Network::dense(2, layers.chain([(1, SIGMOID)]));
    let training = Training::new(rows, network, binary_cross_entropy(), adam(0.003));
    Ok(Training { steps: 600, ..training })
}

fn pima(_: &Source, seed: u64) -> Result<Training> {
    let rows = stand_in::diabetes(&mut Random::new(seed))?;
    let network = Network::dense(8, [(48, RELU), (24, RELU), (1, None)]);
    // Of logits: the clipped entropy of a sigmoid has no gradient where large inputs saturate it.
    let training = Training::new(rows, network, Formula::SigmoidCrossEntropy.into(), adam(0.001));
    Ok(Training { batch: 10, ..training }.epochs(150))
}

fn rare(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(3_000, |row| {
        let is_rare = row % 100 == 0;
        let middle = if is_rare { 2.0 } else { 0.0 };
        let x = (0..4).map(|_| random.normal(middle, 0.6)).collect();
        (x, vec![f64::from(u8::from(is_rare))])
    })?;
    let network = Network::dense(4, [(16, RELU), (1, SIGMOID)]);
    Ok(Training { steps: 2_000, ..Training::new(rows, network, binary_cross_entropy(), adam(0.003)) })
}

fn plateau(_: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(2, [(8, SIGMOID), (1, SIGMOID)]);
    let training = Training::new(xor()?, network, squared(), sgd(2.0));
    let initialization = Initialization::with(Distribution::Normal(0.0, 1.0));
    Ok(Training { initialization, batch: 4, steps: 8_000, ..training })
}

fn xor_of_many(_: &Source, seed: u64) -> Result<Training> {
    let rows = many_xor(1_000, &mut Random::new(seed))?;
    let network = Network::dense(2, [(6, SIGMOID), (1, SIGMOID)]);
    let training = Training::new(rows, network, binary_cross_entropy(), rmsprop(0.003));
    Ok(Training { batch: 4, ..training }.epochs(60))
}

fn linear_on_linear(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(500, |_| {
        let x: Vec<f64> = (0..5).map(|_| random.normal(0.0, 1.0)).collect();
        let y = x[0] - 2.0 * x[1] + 0.5 * x[4] + 1.0;
        (x, vec![y])
    })?;
    let network = Network::dense(5, [(8, None), (8, None), (1, None)]);
    Ok(Training::new(rows, network, squared(), sgd(0.01)))
}

fn sigmoid_squared(_: &Source, seed: u64) -> Result<Training> {
    let rows = clouds(400, 3.0, &mut Random::new(seed))?;
    Ok(Training::new(rows, Network::dense(2, [(8, SIGMOID), (1, SIGMOID)]), squared(), sgd(1.0)))
}

/// y = x₀ and noise, so that R² is 0.3.
fn weak_signal(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(1_000, |_| {
        let x: Vec<f64> = (0..6).map(|_| random.normal(0.0, 1.0)).collect();
        let y = x[0] + random.normal(0.0, (0.7_f64 / 0.3).sqrt());
        (x, vec![y])
    })?;
    Ok(Training::new(rows, Network::dense(6, [(16, RELU), (1, None)]), squared(), adam(0.003)))
}

fn one_hot_inputs(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let means: Vec<f64> = (0..40).map(|_| random.normal(0.0, 1.0)).collect();
    let rows = rows(2_000, |_| {
        let kind = random.below(40);
        (one_hot(kind, 40), vec![means[kind] + random.normal(0.0, 0.1)])
    })?;
    let network = Network::dense(40, [(32, RELU), (1, None)]);
    Ok(Training { steps: 2_000, ..Training::new(rows, network, squared(), adam(0.003)) })
}

fn memorized(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows = rows(64, |_| {
        let x = (0..20).map(|_| random.normal(0.0, 1.0)).collect();
        (x, one_hot(random.below(4), 4))
    })?;
    let network = Network::dense(20, [(128, RELU), (4, None)]);
    Ok(Training { steps: 2_000, ..Training::new(rows, network, softmax_cross_entropy(), adam(0.003)) })
}

fn late_rise(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let rows =
        rows(64, |_| ((0..1_000).map(|_| random.normal(0.0, 1.0)).collect(), vec![random.normal(0.0, 1.0)]))?;
    let loss = crate::programs::squared_sum();
    let training = Training::new(rows, Network::dense(1_000, [(1, None)]), loss, adam(0.001));
    Ok(Training { initialization: Initialization::pytorch(), batch: 64, steps: 5_000, ..training })
}

fn unfinished(_: &Source, seed: u64) -> Result<Training> {
    let mut random = Random::new(seed);
    let x: Vec<f64> = (0..500).map(|_| random.uniform(-2.0, 2.0)).collect();
    let rows = curve(x, |x| x * x - 1.0)?;
    Ok(Training {
        steps: 250,
        ..Training::new(rows, Network::dense(1, [(30, TANH), (1, None)]), squared(), sgd(0.03))
    })
}

fn iris_in_order(_: &Source, _: u64) -> Result<Training> {
    let network = Network::dense(4, [(10, RELU), (3, SOFTMAX)]);
    let training = Training::new(iris()?, network, cross_entropy(), adam(0.005));
    Ok(Training {
        initialization: Initialization::with(Distribution::He),
        batch: 16,
        steps: 1_500,
        ..training
    })
}

fn tiny_weights(_: &Source, seed: u64) -> Result<Training> {
    let rows = with_columns(&clouds(400, 3.0, &mut Random::new(seed))?, Column::standard)?;
    let network = Network::dense(2, [(16, RELU), (1, SIGMOID)]);
    let training = Training::new(rows, network, binary_cross_entropy(), adam(0.003));
    Ok(Training { initialization: keras_normal(), ..training })
}

fn hinge(_: &Source, seed: u64) -> Result<Training> {
    let rows = clouds(400, 3.0, &mut Random::new(seed))?;
    let training =
        Training::new(rows, Network::dense(2, [(16, RELU), (1, TANH)]), Formula::Hinge.into(), adam(0.003));
    Ok(training)
}

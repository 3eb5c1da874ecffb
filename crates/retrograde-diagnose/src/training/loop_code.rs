//! What a program's own loop does instead of the optimizer's step on the gradient of the loss.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A gradient that a program computes by hand instead of the derivative of its loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimedGradient {
    /// (output − target) / rows, as the gradient by the input of the output's activation: right for softmax over each row with cross
    /// entropy, and for a sigmoid with binary cross entropy.
    OutputMinusTarget,
    /// The chain rule from output − target, summed over the rows, without the slopes of the activations: as if each were the identity and
    /// the loss half of the sum of squared errors.
    WithoutSlopes,
}

/// What a program does to its inputs in each step, to have more of them: with a probability for each row, noise is added and a rectangle
/// of the image is erased.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Augmentation {
    /// The probability that a row is changed.
    pub probability: f64,
    /// Uniform noise between plus and minus this is added to each number.
    pub noise: f64,
    /// The least and the greatest part of the height and of the width that are set to 1; none of 0.
    pub erased: (f64, f64),
}

/// A metric that a program computes and prints itself, where it is not the accuracy of its outputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClaimedMetric {
    /// A row counts as class 1 above this number.
    pub threshold: f64,
    /// What is compared is the input of the output's activation instead of the output.
    pub of_logits: bool,
    /// It is computed as in training: dropout is active.
    pub in_training_mode: bool,
}

/// What a program's own loop does. A diagnosis never reads it: it observes the steps. The default is the optimizer's step on the
/// gradient of the loss.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LoopCode {
    /// The step goes up the gradient.
    pub ascends: bool,
    /// Gradients are never set to zero: each step uses the sum of all so far.
    pub accumulates: bool,
    /// Parameters that no step changes, by name.
    pub frozen: Vec<String>,
    /// The targets are shuffled in each epoch, apart from their rows.
    pub shuffles_targets: bool,
    /// The gradient is computed by hand.
    pub claimed: Option<ClaimedGradient>,
    /// Inputs are changed in each step.
    pub augmentation: Option<Augmentation>,
    /// The metric that the program prints.
    pub metric: Option<ClaimedMetric>,
}

impl Augmentation {
    /// Changes rows of numbers, each an image `[…, height, width]` or a row of one.
    pub(crate) fn apply(self, numbers: &mut [f64], shape: &[usize], seed: u64) {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let [height, width] = match shape {
            [.., height, width] => [*height, *width],
            _ => [1, shape.iter().product()],
        };
        for row in numbers.chunks_exact_mut(shape.iter().product::<usize>().max(1)) {
            if uniform(&mut random, 0.0, 1.0) >= self.probability {
                continue;
            }
            for number in &mut *row {
                *number += uniform(&mut random, -self.noise, self.noise);
            }
            let mut side = |length: usize| {
                let part = uniform(&mut random, self.erased.0, self.erased.1);
                let size = (part * length as f64) as usize;
                (uniform(&mut random, 0.0, (length - size.min(length) + 1) as f64) as usize, size)
            };
            let ((top, rows), (left, columns)) = (side(height), side(width));
            for (place, number) in row.iter_mut().enumerate() {
                let (line, column) = (place / width % height, place % width);
                if (top..top + rows).contains(&line) && (left..left + columns).contains(&column) {
                    *number = 1.0;
                }
            }
        }
    }
}

fn uniform(random: &mut impl RngExt, low: f64, high: f64) -> f64 {
    low + (high - low) * random.random::<f64>()
}

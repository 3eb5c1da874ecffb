//! The rounding of a function's values and gradients, measured if the first comparison disagrees.
//!
//! After cancellation of large numbers their rounding remains: in a loss of 1e-9 computed from logits of 20, and in a
//! gradient that is a probability near 1 minus 1. So the rounding of a value is measured, by sixth differences along random
//! directions; and neither a value nor a gradient counts as more accurate than one of its typical size, at other values of
//! the parameters.

use super::super::numbers::{largest, median};
use super::super::numerical::noise;
use super::super::probe::FLOOR;
use super::evaluation::Evaluation;
use super::node::weight;
use super::values::{InputValues, Values};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde_base::error::Result;
use retrograde_core::graph::Var;

/// The steps of the difference tables, as powers of two relative to the block: smaller ones where the function is curved,
/// larger ones where it changes by less than its rounding.
const STEPS: [i32; 6] = [-5, -8, -11, -14, -20, -26];

/// The rounding of a function and of its gradient by some blocks.
#[derive(Debug, Clone, Default)]
pub(super) struct Rounding {
    /// The rounding of one value of the function.
    pub(super) value: f64,
    /// By block, the absolute rounding of its gradient.
    pub(super) gradients: Vec<f64>,
}

impl Rounding {
    /// The rounding of `loss` around these values, and of its `gradients` by `blocks`, as recorded.
    pub(super) fn of_loss(
        values: &Values,
        given: &InputValues,
        loss: &Var,
        (blocks, gradients): (&[Var], &[Var]),
        seed: u64,
    ) -> Result<Self> {
        let starts = values.of_all(blocks)?;
        let mut of_loss = Evaluation::new(std::slice::from_ref(loss), blocks, given)?;
        let measured = measured(&starts, seed, |blocks| {
            of_loss.run(blocks)?;
            Ok(of_loss.read(0)?[0])
        })?;
        let (mut sizes, mut slopes) = (Vec::new(), vec![Vec::new(); blocks.len()]);
        let wanted: Vec<Var> = std::iter::once(loss).chain(gradients).cloned().collect();
        let mut all = Evaluation::new(&wanted, blocks, given)?;
        for there in std::iter::once(starts.clone()).chain(elsewhere(&starts, seed)) {
            all.run(&there)?;
            sizes.push(largest(all.read(0)?));
            for (number, slopes) in slopes.iter_mut().enumerate() {
                slopes.push(largest(all.read(number + 1)?));
            }
        }
        Ok(Rounding {
            value: measured.max(f64::EPSILON * median(sizes)),
            gradients: slopes.into_iter().map(|sizes| FLOOR * median(sizes)).collect(),
        })
    }

    /// The rounding of the gradient by a block.
    pub(super) fn gradient(&self, block: usize) -> f64 {
        self.gradients.get(block).copied().unwrap_or(0.0)
    }
}

/// The rounding of one value of a function of some blocks, around `starts`.
fn measured(starts: &[Vec<f64>], seed: u64, mut f: impl FnMut(&[Vec<f64>]) -> Result<f64>) -> Result<f64> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x0153);
    let widths = widths(starts);
    let mut seen = Vec::new();
    for power in STEPS {
        let mut along = |(start, width): (&Vec<f64>, &f64)| -> Vec<f64> {
            start.iter().map(|_| width * weight(&mut random)).collect()
        };
        let directions: Vec<Vec<f64>> = starts.iter().zip(&widths).map(&mut along).collect();
        let (mut moved, mut largest) = (starts.to_vec(), 0.0_f64);
        let relative = noise(|k| {
            let step = k * 2.0_f64.powi(power);
            for (moved, (start, along)) in moved.iter_mut().zip(starts.iter().zip(&directions)) {
                let parts = start.iter().zip(along);
                moved.iter_mut().zip(parts).for_each(|(to, (start, along))| *to = start + step * along);
            }
            let value = f(&moved)?;
            largest = largest.max(value.abs());
            Ok(vec![value])
        })?;
        seen.extend(relative.map(|relative| relative * largest).filter(|seen| seen.is_finite()));
    }
    // Rounding may vanish by chance in one table; in two that is less likely.
    seen.sort_by(f64::total_cmp);
    Ok(seen.get(1).or(seen.first()).copied().unwrap_or(0.0))
}

/// Other values of some blocks, at which a function has its typical size: smaller ones, and random ones.
pub(super) fn elsewhere(starts: &[Vec<f64>], seed: u64) -> Vec<Vec<Vec<f64>>> {
    let widths = widths(starts);
    let scaled = starts.iter().map(|start| start.iter().map(|value| 0.1 * value).collect()).collect();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x0e15e);
    let mut draw = |part: f64| -> Vec<Vec<f64>> {
        let mut one = |(start, width): (&Vec<f64>, &f64)| {
            let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
            start.iter().map(|_| part * width * normal()).collect()
        };
        starts.iter().zip(&widths).map(&mut one).collect()
    };
    vec![scaled, draw(0.3), draw(1.0)]
}

/// Values near these, each moved by a tenth of itself and a little of the block's size.
pub(super) fn nearby(starts: &[Vec<f64>], seed: u64) -> Vec<Vec<f64>> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0x4ea5);
    let mut one = |(start, width): (&Vec<f64>, &f64)| -> Vec<f64> {
        let moved = |value: &f64| value + 0.1 * (value.abs() + 0.3 * width) * weight(&mut random);
        start.iter().map(moved).collect()
    };
    starts.iter().zip(&widths(starts)).map(&mut one).collect()
}

/// The size of each block's elements: for a block of zeros that of all blocks, or 1.
fn widths(starts: &[Vec<f64>]) -> Vec<f64> {
    let root = |sum: f64, count: usize| (sum / count.max(1) as f64).sqrt();
    let squares = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>();
    let all =
        root(starts.iter().map(|start| squares(start)).sum(), starts.iter().map(Vec::len).sum::<usize>());
    let all = if all > 0.0 { all } else { 1.0 };
    let width = |start: &Vec<f64>| Some(root(squares(start), start.len())).filter(|width| *width > 0.0);
    starts.iter().map(|start| width(start).unwrap_or(all)).collect()
}

//! The numerical Jacobian of a layer: the slope of each output by each element of the input or of a parameter.

use ndarray::Array2;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

use super::numbers::{flat, nth};
use super::numerical::{Character, Differences, Ladder, Slope};
use super::subject::{Which, perturb_element};
use retrograde_base::Result;
use retrograde_textbook::{Layer, Tensor};

/// The slopes of all outputs by some elements of a block.
pub(super) struct BlockJacobian {
    /// The block's shape.
    pub shape: Vec<usize>,
    /// The elements, as positions in row-major order.
    pub columns: Vec<usize>,
    /// Outputs × elements: the derivative, the slopes from both sides, and the accuracy.
    pub center: Array2<f64>,
    pub left: Array2<f64>,
    pub right: Array2<f64>,
    pub error: Array2<f64>,
    /// The elements in which some output has a kink.
    pub kinks: Vec<usize>,
    /// Whether some output jumps or is not finite.
    pub jump: bool,
}

/// The rounding of the outputs of a layer.
#[derive(Debug, Clone)]
pub(super) struct Rounding {
    /// The rounding of an output, relative to its size.
    pub relative: f64,
    /// The rounding of each output that does not depend on its size.
    pub floor: Vec<f64>,
}

impl Rounding {
    fn floor(&self, output: usize) -> f64 {
        self.floor.get(output).copied().unwrap_or(0.0)
    }
}

/// The slopes at `at` of a function of one number with many values, which are `middle` there. `None` if the number of
/// values changes.
pub(super) fn slopes(
    middle: &[f64],
    at: f64,
    rounding: &Rounding,
    f: impl FnMut(f64) -> Result<Vec<f64>>,
) -> Result<Option<Vec<Slope>>> {
    let differences = Differences::rounded_to(rounding.relative);
    let ladder = |(output, value): (usize, &f64)| -> Ladder {
        differences.ladder(*value, at).with_floor(rounding.floor(output))
    };
    differences.of_values(middle.iter().enumerate().map(ladder).collect(), at, f)
}

/// The numerical Jacobian at `x` of the block `which`, whose values are `values`, in the elements `columns`.
pub(super) fn jacobian(
    layer: &mut dyn Layer,
    x: &Tensor,
    which: Which,
    values: &Tensor,
    columns: Vec<usize>,
    rounding: &Rounding,
) -> Result<BlockJacobian> {
    let middle = flat(&layer.forward(x)?);
    let empty = || Array2::from_elem((middle.len(), columns.len()), 0.0);
    let mut found = BlockJacobian {
        shape: values.shape().to_vec(),
        center: empty(),
        left: empty(),
        right: empty(),
        error: empty(),
        kinks: Vec::new(),
        jump: false,
        columns: Vec::new(),
    };
    let mut moved = x.clone();
    for (column, &element) in columns.iter().enumerate() {
        let value = nth(values, element);
        let all = slopes(&middle, value, rounding, |there| {
            Ok(flat(&perturb_element(layer, &mut moved, which, element, there, value)?))
        })?;
        let Some(all) = all else {
            found.jump = true;
            continue;
        };
        let mut kink = false;
        for (output, slope) in all.iter().enumerate() {
            let at = [output, column];
            let (left, right, error) = match slope.character {
                Character::Smooth => (slope.value, slope.value, slope.uncertainty),
                Character::Kink { left, right } => {
                    kink = true;
                    (left, right, slope.uncertainty)
                }
                // No step resolves it: the uncertainty is its own size.
                Character::Unresolved => (slope.value, slope.value, slope.uncertainty + slope.value.abs()),
                Character::Jump | Character::Undefined => {
                    found.jump = true;
                    (f64::NAN, f64::NAN, f64::INFINITY)
                }
            };
            (found.center[at], found.left[at], found.right[at]) = (f64::midpoint(left, right), left, right);
            found.error[at] = error;
        }
        if kink {
            found.kinks.push(element);
        }
    }
    found.columns = columns;
    Ok(found)
}

impl BlockJacobian {
    /// The vector-Jacobian product with `d` in row-major order; NaN in the elements that were not differentiated.
    pub fn vjp(&self, d: &[f64]) -> Tensor {
        self.sums(d, |d, at| d * self.center[at])
    }

    /// For each element the smallest and the largest gradient that the slopes at kinks allow, and their accuracy.
    pub fn bounds(&self, d: &[f64]) -> [Tensor; 3] {
        [
            self.sums(d, |d, at| (d * self.left[at]).min(d * self.right[at])),
            self.sums(d, |d, at| (d * self.left[at]).max(d * self.right[at])),
            self.sums(d, |d, at| d.abs() * self.error[at]),
        ]
    }

    /// For each element the sum of the magnitudes of the terms of the vector-Jacobian product.
    pub fn gross(&self, d: &[f64]) -> Tensor {
        self.sums(d, |d, at| (d * self.center[at]).abs())
    }

    /// For each element the sum of a term over the outputs. Outputs with d = 0 contribute nothing, whatever their
    /// slope.
    fn sums(&self, d: &[f64], term: impl Fn(f64, [usize; 2]) -> f64) -> Tensor {
        let sum = |column: usize| -> f64 {
            let arriving = d.iter().take(self.center.nrows()).enumerate().filter(|(_, d)| **d != 0.0);
            arriving.map(|(output, d)| term(*d, [output, column])).sum()
        };
        self.spread((0..self.columns.len()).map(sum))
    }

    /// One number for each element with differences, in the block's shape; NaN in the others.
    pub fn spread(&self, values: impl Iterator<Item = f64>) -> Tensor {
        let mut all = Tensor::from_elem(self.shape.clone(), f64::NAN);
        let flat = all.as_slice_mut().expect("a new array is contiguous");
        for (&column, value) in self.columns.iter().zip(values) {
            flat[column] = value;
        }
        all
    }

    /// Whether all elements of the block have differences.
    pub fn is_whole(&self) -> bool {
        self.columns.len() == self.shape.iter().product::<usize>()
    }
}

/// The elements of a block for differences: all, or about `most` on a grid of positions along each axis. Axes of the
/// same length have the same positions, so that a transposed gradient is detected.
pub(super) fn columns(shape: &[usize], most: usize, random: &mut Xoshiro256PlusPlus) -> Vec<usize> {
    let total: usize = shape.iter().product();
    if total <= most {
        return (0..total).collect();
    }
    let mut counts = shape.to_vec();
    while counts.iter().product::<usize>() > most {
        let longest = *counts.iter().max().expect("a block of several elements has an axis");
        let shorter = (longest * 4 / 5).min(longest - 1).max(1);
        counts.iter_mut().filter(|count| **count == longest).for_each(|count| *count = shorter);
    }
    let mut chosen: Vec<(usize, Vec<usize>)> = Vec::new();
    for (&length, &count) in shape.iter().zip(&counts) {
        let known = chosen.iter().find(|(other, positions)| *other == length && positions.len() == count);
        let mut fresh = || {
            let mut all: Vec<usize> = (0..length).collect();
            for place in 0..count {
                let from = place + (random.next_u64() % (length - place) as u64) as usize;
                all.swap(place, from);
            }
            all.truncate(count);
            all.sort_unstable();
            all
        };
        let positions = known.map_or_else(&mut fresh, |(_, positions)| positions.clone());
        chosen.push((length, positions));
    }
    let mut flat = vec![0];
    for (length, positions) in &chosen {
        flat = flat.iter().flat_map(|start| positions.iter().map(move |at| start * length + at)).collect();
    }
    flat
}

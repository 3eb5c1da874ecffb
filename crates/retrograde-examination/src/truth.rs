//! The ground truth of a case, in double-double arithmetic: whether the gradient of `backward` is the derivative of `forward`.
//!
//! The derivative of `forward` comes from dual numbers, along a random direction in each block (an input or a parameter):
//! for a gradient `g` and the upstream gradient `dout`, ⟨g, v⟩ must be ⟨dout, J v⟩. If the two differ for a random `v`, the block
//! is wrong; if they agree to 25 digits, it is right, except with a probability of zero.

use crate::case::{Case, Subject};
use crate::interpreter::RuntimeError;
use crate::layer_sequence::{Blocks, LayerSequence};
use crate::number::{Double, Dual, Number};
use crate::random::Random;

/// A block: of this unit the input (0) or a parameter (from 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block {
    /// The unit.
    pub unit: usize,
    /// Which of its blocks.
    pub block: usize,
}

/// The comparison of one block with the ground truth.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    /// The block.
    pub block: Block,
    /// ⟨g, v⟩ − ⟨dout, J v⟩.
    pub difference: f64,
    /// The sum of the magnitudes of the terms of both, and of terms that may have cancelled within them.
    pub scale: f64,
}

/// The relative error of 31 digits after some thousand operations with cancellation stays below this.
pub const EXACT: f64 = 1e-18;

/// The largest relative difference of right code: at saturated classes cancellation leaves fewer digits than `EXACT` allows. A
/// mistake would be far larger.
const MISTAKE: f64 = 1e-12;

impl Compared {
    /// Whether the difference is a mistake and no rounding of double-double arithmetic.
    pub fn is_mistaken(&self) -> bool {
        self.difference.is_nan() || self.difference.abs() > MISTAKE * self.scale
    }

    /// Whether the gradient is wrong.
    pub fn is_wrong(&self) -> bool {
        self.difference.is_nan() || self.difference.abs() > EXACT * self.scale
    }
}

/// One forward and backward pass.
#[derive(Debug, Clone)]
pub struct Evaluation<T> {
    /// The input.
    pub x: Vec<T>,
    /// The output.
    pub out: Vec<T>,
    /// The upstream gradient.
    pub dout: Vec<T>,
    /// The gradients of all units.
    pub gradients: Vec<Blocks<T>>,
}

/// Runs forward and backward once.
pub fn evaluate<T: Number>(
    row: &mut LayerSequence<T>,
    x: &[f64],
    dout: &[f64],
) -> Result<Evaluation<T>, RuntimeError> {
    let x: Vec<T> = x.iter().map(|&x| T::of(x)).collect();
    let dout: Vec<T> = dout.iter().map(|&dout| T::of(dout)).collect();
    let out = row.forward(&x)?;
    let gradients = row.backward(&dout)?;
    Ok(Evaluation { x, out, dout, gradients })
}

/// The blocks whose gradients are used: the parameters of a network, otherwise all.
pub fn used_blocks(case: &Case) -> Vec<Block> {
    let first = usize::from(case.subject == Subject::Network);
    let of_unit = |(unit, parts): (usize, &crate::case::Unit)| {
        (first..=parts.parameters.len()).map(move |block| Block { unit, block }).collect::<Vec<_>>()
    };
    case.units.iter().enumerate().flat_map(of_unit).collect()
}

/// The derivative of ⟨dout, out⟩ along `direction` in one block, by dual numbers.
pub fn slope(
    case: &Case,
    x: &[f64],
    dout: &[Double],
    block: Block,
    direction: &[f64],
) -> Result<Double, RuntimeError> {
    let mut row = LayerSequence::<Dual<Double>>::new(case)?;
    let moving = |numbers: &[f64]| -> Vec<Dual<Double>> {
        let pair = |(&value, &tangent)| Dual { value: Double::of(value), tangent: Double::of(tangent) };
        numbers.iter().zip(direction).map(pair).collect()
    };
    let mut input: Vec<_> = x.iter().map(|&x| Dual::of(x)).collect();
    match block {
        Block { unit: 0, block: 0 } => input = moving(x),
        Block { block: 0, .. } => {
            return Err(RuntimeError::Shape("only the first input can be moved".into()));
        }
        Block { unit, block } => {
            row.set_parameter(unit, block - 1, moving(&case.units[unit].parameters[block - 1]));
        }
    }
    let out = row.forward(&input)?;
    Ok(dot(dout, &out.iter().map(|out| out.tangent).collect::<Vec<_>>()))
}

/// The sum of products.
pub fn dot(a: &[Double], b: &[Double]) -> Double {
    a.iter().zip(b).fold(Double::of(0.0), |sum, (&a, &b)| sum + a * b)
}

/// Compares the gradients, block by block, with the derivative along random directions.
pub fn compare(
    case: &Case,
    x: &[f64],
    evaluation: &Evaluation<Double>,
    random: &mut Random,
) -> Result<Vec<Compared>, RuntimeError> {
    let mut all = Vec::new();
    for block in used_blocks(case) {
        let gradient = &evaluation.gradients[block.unit][block.block];
        let direction = random.normals(gradient.len(), 1.0);
        let truth = slope(case, x, &evaluation.dout, block, &direction)?;
        let direction: Vec<Double> = direction.iter().map(|&v| Double::of(v)).collect();
        let claimed = dot(gradient, &direction);
        // Cancellation within the code, as in y − 1 of a saturated class, leaves an error of the size of its terms.
        let within: f64 = evaluation
            .out
            .iter()
            .zip(&evaluation.dout)
            .map(|(out, dout)| dout.value().abs() * out.value().abs().max(1.0))
            .sum();
        let values = crate::visible::values(case, block);
        let extent = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
        let cancelled = 1e-8 * within * (1.0 / extent).clamp(1.0, 1e12);
        let scale: f64 = gradient.iter().zip(&direction).map(|(&g, &v)| (g * v).value().abs()).sum();
        let difference = (claimed - truth).value();
        all.push(Compared { block, difference, scale: scale + truth.value().abs() + cancelled });
    }
    Ok(all)
}

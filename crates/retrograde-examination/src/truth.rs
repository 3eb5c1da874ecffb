//! What is true of a case, in double-double arithmetic: whether what `backward` claims is the derivative of `forward`.
//!
//! The derivative of `forward` comes from dual numbers, along a random direction in each block (an input or a parameter):
//! for a claim `g` and the gradient `dout` of the output, ⟨g, v⟩ must be ⟨dout, J v⟩. Where the two differ for a random
//! `v`, the block is wrong; where they agree to 25 digits for one, it is right, but with a probability of zero.

use crate::case::{Case, Subject};
use crate::machine::Stop;
use crate::number::{Double, Dual, Number};
use crate::random::Random;
use crate::row::{Blocks, Row};

/// A block: of this unit the input (0) or a parameter (from 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block {
    /// The unit.
    pub unit: usize,
    /// Which of its blocks.
    pub block: usize,
}

/// How one block of a claim compares with the truth.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    /// The block.
    pub block: Block,
    /// ⟨claim, v⟩ − ⟨dout, J v⟩.
    pub difference: f64,
    /// The sum of the sizes of the terms of both, and of what may have cancelled within them.
    pub scale: f64,
}

/// What is left of 31 digits after some thousand operations, and cancellation within them, is still above this.
pub const EXACT: f64 = 1e-18;

/// By how much right code may differ: rounding within it may cancel down to fewer digits than `EXACT` allows for, where a
/// class is very sure; a mistake in it would be far larger.
const MISTAKE: f64 = 1e-12;

impl Compared {
    /// Whether the difference is a mistake and no rounding of double-double arithmetic.
    pub fn is_mistaken(&self) -> bool {
        self.difference.is_nan() || self.difference.abs() > MISTAKE * self.scale
    }

    /// Whether the claim is wrong.
    pub fn is_wrong(&self) -> bool {
        self.difference.is_nan() || self.difference.abs() > EXACT * self.scale
    }
}

/// What a row claims at an input, and the gradient of its output there.
#[derive(Debug, Clone)]
pub struct Claim<T> {
    /// The input.
    pub x: Vec<T>,
    /// The output.
    pub out: Vec<T>,
    /// The gradient of the output.
    pub dout: Vec<T>,
    /// The gradients of all units.
    pub gradients: Vec<Blocks<T>>,
}

/// Forward and backward once.
pub fn claim<T: Number>(row: &mut Row<T>, x: &[f64], dout: &[f64]) -> Result<Claim<T>, Stop> {
    let x: Vec<T> = x.iter().map(|&x| T::of(x)).collect();
    let dout: Vec<T> = dout.iter().map(|&dout| T::of(dout)).collect();
    let out = row.forward(&x)?;
    let gradients = row.backward(&dout)?;
    Ok(Claim { x, out, dout, gradients })
}

/// The blocks whose gradients are used: of a network its parameters, else all.
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
) -> Result<Double, Stop> {
    let mut row = Row::<Dual<Double>>::new(case)?;
    let moving = |numbers: &[f64]| -> Vec<Dual<Double>> {
        let pair = |(&value, &tangent)| Dual { value: Double::of(value), tangent: Double::of(tangent) };
        numbers.iter().zip(direction).map(pair).collect()
    };
    let mut input: Vec<_> = x.iter().map(|&x| Dual::of(x)).collect();
    match block {
        Block { unit: 0, block: 0 } => input = moving(x),
        Block { block: 0, .. } => return Err(Stop::Shape("only the first input can be moved".into())),
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

/// Compares a claim, block by block, with the truth along random directions.
pub fn compare(
    case: &Case,
    x: &[f64],
    claim: &Claim<Double>,
    random: &mut Random,
) -> Result<Vec<Compared>, Stop> {
    let mut all = Vec::new();
    for block in used_blocks(case) {
        let gradient = &claim.gradients[block.unit][block.block];
        let direction = random.normals(gradient.len(), 1.0);
        let truth = slope(case, x, &claim.dout, block, &direction)?;
        let direction: Vec<Double> = direction.iter().map(|&v| Double::of(v)).collect();
        let claimed = dot(gradient, &direction);
        // What cancels in the code itself, such as y − 1 of a sure class, leaves an error of the size of its terms.
        let within: f64 = claim
            .out
            .iter()
            .zip(&claim.dout)
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

//! Which draws are beyond what `f64` can show: decided from the exact gradient, before the check runs.

use crate::case::{Case, Precision, Subject};
use crate::number::{Bf16, Double, Number};
use crate::program::Role;
use crate::random::Random;
use crate::row::Row;
use crate::truth::{self, Block, Claim};

/// Why a draw is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Beyond {
    /// The code's values are not finite at this input.
    NotFinite,
    /// Rounding leaves the code's gradient less than half of the digits of its precision.
    Rounding,
    /// No central difference, with whatever step, comes within a tenth of the derivative.
    Differences,
    /// The convention is not right by consequence here: the epsilon in a logarithm matters.
    Convention,
}

/// The exact claim of a right case, and its gradient of the output.
pub struct Exact {
    /// What `backward` claims in double-double arithmetic.
    pub claim: Claim<Double>,
    /// The smallest derivative that differences can tell from 0, for each used block.
    pub floors: Vec<(Block, f64)>,
}

/// The gradient of the output with which a case is looked at: random for a layer, 1 for a loss.
///
/// # Panics
///
/// When the case has no unit.
pub fn upstream(case: &Case, random: &mut Random) -> Vec<f64> {
    let last = case.units.last().expect("a case has a unit");
    if case.subject != Subject::Layer {
        return vec![1.0];
    }
    let output = &last.program.arrays[last.program.with_role(&Role::Output)];
    random.normals(output.shape_at(&last.sizes).map_or(1, |shape| shape.iter().product()), 1.0)
}

/// Checks a right case: what it claims, or why it is left out.
///
/// # Panics
///
/// When the generator is wrong: right code whose claim is not the derivative.
pub fn exact(case: &Case, random: &mut Random) -> Result<Exact, Beyond> {
    let dout = upstream(case, random);
    let mut row = Row::<Double>::new(case).expect("right code runs");
    let claim = truth::claim(&mut row, &case.x, &dout).expect("right code runs");
    if !finite(&claim) {
        return Err(Beyond::NotFinite);
    }
    let shown_in_its_precision = |random: &mut Random| match case.precision {
        Precision::F64 => shown::<f64>(case, &claim, f64::EPSILON, random),
        Precision::F32 => shown::<f32>(case, &claim, f64::from(f32::EPSILON), random),
        Precision::Bf16 => shown::<Bf16>(case, &claim, 1.0 / 128.0, random),
    };
    if !case.on_a_kink {
        for compared in truth::compare(case, &case.x, &claim, random).expect("right code runs") {
            let epsilon = has_epsilon(case);
            if compared.is_mistaken() && (!epsilon || compared.difference.abs() > 1e-4 * compared.scale) {
                // Of what rounding hides from the code's own precision, double-double arithmetic may have too few digits, too.
                shown_in_its_precision(random)?;
                assert!(epsilon, "right code is wrong, {compared:?}:\n{}", case.describe());
                return Err(Beyond::Convention);
            }
        }
    }
    let floors = shown_in_its_precision(random)?;
    Ok(Exact { claim, floors })
}

fn has_epsilon(case: &Case) -> bool {
    case.loss().is_some_and(|loss| loss.program.to_string().contains("+ 1e-7)"))
}

fn finite<T: Number>(claim: &Claim<T>) -> bool {
    let blocks = claim.gradients.iter().flatten().flatten();
    claim.out.iter().chain(blocks).all(|number| number.value().is_finite())
}

/// Runs the code in its own precision and compares with the exact claim and with differences.
fn shown<T: Number>(
    case: &Case,
    exact: &Claim<Double>,
    epsilon: f64,
    random: &mut Random,
) -> Result<Vec<(Block, f64)>, Beyond> {
    let dout: Vec<f64> = exact.dout.iter().map(|dout| dout.value()).collect();
    let mut row = Row::<T>::new(case).expect("right code runs");
    let own = truth::claim(&mut row, &case.x, &dout).expect("right code runs");
    if !finite(&own) {
        return Err(Beyond::NotFinite);
    }
    let size: f64 = own.out.iter().zip(&dout).map(|(out, dout)| (out.value() * dout).abs()).sum();
    let mut floors = Vec::new();
    for block in truth::used_blocks(case) {
        let values = values(case, block);
        let extent =
            values.iter().map(|value| value * value).sum::<f64>().sqrt() / (values.len() as f64).sqrt();
        let extent = if extent > 0.0 { extent } else { 1.0 };
        let (truth, code) =
            (&exact.gradients[block.unit][block.block], &own.gradients[block.unit][block.block]);
        // A change of a number by its own size changes the sum by this much at least, or nothing is seen of it.
        let floor = 16.0 * epsilon * size / extent;
        let largest = truth.iter().map(|truth| truth.value().abs()).fold(0.0, f64::max);
        let off = truth
            .iter()
            .zip(code)
            .map(|(&truth, &code)| (truth.value() - code.value()).abs())
            .fold(0.0, f64::max);
        if off > epsilon.sqrt() * largest && off > floor {
            return Err(Beyond::Rounding);
        }
        if !case.on_a_kink && !differences_show(case, &mut row, block, exact, (extent, floor), random) {
            return Err(Beyond::Differences);
        }
        floors.push((block, floor));
    }
    Ok(floors)
}

/// The numbers of a block.
pub fn values(case: &Case, block: Block) -> &[f64] {
    match block.block {
        0 => &case.x,
        parameter => &case.units[block.unit].parameters[parameter - 1],
    }
}

/// Whether some central difference along a random direction is the derivative to a tenth, or to the floor.
fn differences_show<T: Number>(
    case: &Case,
    row: &mut Row<T>,
    block: Block,
    exact: &Claim<Double>,
    (extent, floor): (f64, f64),
    random: &mut Random,
) -> bool {
    let values = values(case, block);
    let direction = random.normals(values.len(), extent);
    let exact_direction: Vec<Double> = direction.iter().map(|&v| Double::of(v)).collect();
    let truth = truth::dot(&exact.gradients[block.unit][block.block], &exact_direction).value();
    let mut at = |step: f64| -> f64 {
        let moved = values.iter().zip(&direction).map(|(value, v)| T::of(value + step * v));
        let mut x: Vec<T> = case.x.iter().map(|&x| T::of(x)).collect();
        if block.block == 0 {
            x = moved.collect();
        } else {
            row.set_parameter(block.unit, block.block - 1, moved);
        }
        let out = row.forward(&x).expect("right code runs");
        out.iter().zip(&exact.dout).map(|(out, dout)| out.value() * dout.value()).sum()
    };
    let tolerance = 0.1 * truth.abs().max(floor * extent);
    let found = (0..40).any(|power| {
        let step = 0.5_f64.powi(power);
        ((at(step) - at(-step)) / (2.0 * step) - truth).abs() <= tolerance
    });
    if block.block > 0 {
        row.set_parameter(block.unit, block.block - 1, values.iter().map(|&value| T::of(value)));
    }
    found
}

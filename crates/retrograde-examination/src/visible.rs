//! Which draws are beyond the resolution of `f64`: decided from the exact gradient, before the check runs.

use crate::case::{Case, Precision, Subject};
use crate::layer_sequence::LayerSequence;
use crate::number::{Bf16, Double, Number};
use crate::program::Role;
use crate::random::Random;
use crate::truth::{self, Block, Evaluation};

/// The reason to exclude a draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Beyond {
    /// The code's values are not finite at this input.
    NotFinite,
    /// Rounding leaves the code's gradient less than half of the digits of its precision.
    Rounding,
    /// No central difference with any step comes within a tenth of the derivative.
    Differences,
    /// The convention has a consequence here: the epsilon in a logarithm matters.
    Convention,
}

/// The exact gradients of a right case.
pub struct Exact {
    /// One forward and backward pass in double-double arithmetic.
    pub evaluation: Evaluation<Double>,
    /// The smallest derivative that differences distinguish from 0, for each used block.
    pub floors: Vec<(Block, f64)>,
}

/// The upstream gradient of a case: random for a layer, 1 for a loss.
///
/// # Panics
///
/// If the case has no unit.
pub fn upstream(case: &Case, random: &mut Random) -> Vec<f64> {
    let last = case.units.last().expect("a case has a unit");
    if case.subject != Subject::Layer {
        return vec![1.0];
    }
    let output = &last.program.arrays[last.program.with_role(&Role::Output)];
    random.normals(output.shape_at(&last.sizes).map_or(1, |shape| shape.iter().product()), 1.0)
}

/// Checks a right case: its exact gradients, or the reason to exclude it.
///
/// # Panics
///
/// If the generator is wrong: right code whose gradient is not the derivative.
pub fn exact(case: &Case, random: &mut Random) -> Result<Exact, Beyond> {
    let dout = upstream(case, random);
    let mut row = LayerSequence::<Double>::new(case).expect("right code runs");
    let evaluation = truth::evaluate(&mut row, &case.x, &dout).expect("right code runs");
    if !finite(&evaluation) {
        return Err(Beyond::NotFinite);
    }
    let shown_in_its_precision = |random: &mut Random| match case.precision {
        Precision::F64 => shown::<f64>(case, &evaluation, f64::EPSILON, random),
        Precision::F32 => shown::<f32>(case, &evaluation, f64::from(f32::EPSILON), random),
        Precision::Bf16 => shown::<Bf16>(case, &evaluation, 1.0 / 128.0, random),
    };
    if !case.on_a_kink {
        for compared in truth::compare(case, &case.x, &evaluation, random).expect("right code runs") {
            let epsilon = has_epsilon(case);
            if compared.is_mistaken() && (!epsilon || compared.difference.abs() > 1e-4 * compared.scale) {
                // Double-double arithmetic may also have too few digits where rounding hides the gradient in the code's precision.
                shown_in_its_precision(random)?;
                assert!(epsilon, "right code is wrong, {compared:?}:\n{}", case.describe());
                return Err(Beyond::Convention);
            }
        }
    }
    let floors = shown_in_its_precision(random)?;
    Ok(Exact { evaluation, floors })
}

fn has_epsilon(case: &Case) -> bool {
    case.loss().is_some_and(|loss| loss.program.to_string().contains("+ 1e-7)"))
}

fn finite<T: Number>(evaluation: &Evaluation<T>) -> bool {
    let blocks = evaluation.gradients.iter().flatten().flatten();
    evaluation.out.iter().chain(blocks).all(|number| number.value().is_finite())
}

/// Runs the code in its own precision and compares with the exact gradients and with differences.
fn shown<T: Number>(
    case: &Case,
    exact: &Evaluation<Double>,
    epsilon: f64,
    random: &mut Random,
) -> Result<Vec<(Block, f64)>, Beyond> {
    let dout: Vec<f64> = exact.dout.iter().map(|dout| dout.value()).collect();
    let mut row = LayerSequence::<T>::new(case).expect("right code runs");
    let own = truth::evaluate(&mut row, &case.x, &dout).expect("right code runs");
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
        // A change of a number by its own size must change the sum by at least this much to be resolved.
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
    row: &mut LayerSequence<T>,
    block: Block,
    exact: &Evaluation<Double>,
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

//! Faulty cases: a right case with one mutated layer, and its ground truth in double-double arithmetic.

use std::rc::Rc;

use crate::case::{Case, Precision};
use crate::draw;
use crate::layer_sequence::LayerSequence;
use crate::mutate::{self, KINDS, Kind};
use crate::number::{Double, Number};
use crate::program::{Program, Role};
use crate::random::Random;
use crate::truth::{self, Block, Evaluation};
use crate::visible;

/// A faulty case.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// The case with the mutation.
    pub case: Case,
    /// The case without the mutation.
    pub right: Case,
    /// The position of the mutated layer, the loss last.
    pub unit: usize,
    /// The kind of mutation.
    pub kind: Kind,
    /// The lines that differ.
    pub difference: String,
    /// The blocks whose gradients are wrong.
    pub wrong: Vec<Block>,
}

/// The classification of a mutant.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It is faulty, and the precision resolves it at the case's input.
    Faulty(Box<Mutant>),
    /// Its used gradients are right.
    Equivalent,
    /// It stops with an error, or its gradients are not finite.
    Stops,
    /// It is wrong at other inputs only.
    Hidden,
    /// It is wrong by less than the precision resolves.
    BeyondF64,
    /// The right case is excluded.
    Unsuitable,
}

/// The mutant of a seed.
pub fn faulty(seed: u64, only: Option<&str>) -> Outcome {
    let mut random = Random::new(seed);
    let right = draw::plain(&mut random, only);
    if right.on_a_kink {
        return Outcome::Unsuitable;
    }
    let Ok(exact) = visible::exact(&right, &mut random) else { return Outcome::Unsuitable };
    let unit = random.integer(0, right.units.len() as i64 - 1) as usize;
    let kind = *random.choose(&KINDS);
    let Some(program) = mutate::mutate(&right.units[unit].program, kind, &mut random) else {
        return Outcome::Unsuitable;
    };
    let difference = mutate::difference(&right.units[unit].program, &program);
    let mut case = right.clone();
    case.units[unit].program = Rc::new(program);
    if !runs_with_another_row(&case.units[unit].program, &case, unit) {
        return Outcome::Stops;
    }
    let Ok(wrong_somewhere) = wrong_blocks(&case, &exact.evaluation, &mut random) else {
        return Outcome::Stops;
    };
    if wrong_somewhere.is_empty() {
        return Outcome::Equivalent;
    }
    let mut mutant = Mutant { case, right, unit, kind, difference, wrong: Vec::new() };
    match wrong_here(&mutant, &exact, &mut random) {
        None => Outcome::Stops,
        Some((wrong, _)) if !wrong.is_empty() => {
            mutant.wrong = wrong;
            Outcome::Faulty(Box::new(mutant))
        }
        Some((_, true)) => Outcome::BeyondF64,
        Some((_, false)) => Outcome::Hidden,
    }
}

/// An input like that of the case.
pub fn another_input(case: &Case, random: &mut Random) -> Vec<f64> {
    let scale = case.x.iter().map(|x| x * x).sum::<f64>().sqrt() / (case.x.len() as f64).sqrt();
    random.normals(case.x.len(), if scale > 0.0 { scale } else { 1.0 })
}

/// The blocks that are wrong at the case's input or at others, on a first call or on a second one.
fn wrong_blocks(case: &Case, exact: &Evaluation<Double>, random: &mut Random) -> Result<Vec<Block>, ()> {
    let mut wrong = Vec::new();
    let dout: Vec<f64> = exact.dout.iter().map(|dout| dout.value()).collect();
    for fresh in [true, false] {
        let mut row = LayerSequence::<Double>::new(case).map_err(drop)?;
        let others = [another_input(case, random), another_input(case, random)];
        let inputs =
            if fresh { [&case.x, &others[0], &others[1]] } else { [&others[0], &case.x, &others[1]] };
        for x in inputs {
            let evaluation = truth::evaluate(&mut row, x, &dout).map_err(drop)?;
            let numbers = evaluation.gradients.iter().flatten().flatten();
            if !numbers.clone().all(|number| number.value().is_finite()) {
                return Err(());
            }
            let compared = truth::compare(case, x, &evaluation, random).map_err(drop)?;
            wrong.extend(
                compared.iter().filter(|compared| compared.is_wrong()).map(|compared| compared.block),
            );
        }
    }
    wrong.sort_unstable();
    wrong.dedup();
    Ok(wrong)
}

/// The blocks that are wrong at the case's input, on a first call or after another, by more than the precision hides; and
/// whether any differs at all. `None` where the code stops.
fn wrong_here(mutant: &Mutant, exact: &visible::Exact, random: &mut Random) -> Option<(Vec<Block>, bool)> {
    let epsilon = match mutant.case.precision {
        Precision::F64 => f64::EPSILON,
        Precision::F32 => f64::from(f32::EPSILON),
        Precision::Bf16 => 1.0 / 128.0,
    };
    let dout: Vec<f64> = exact.evaluation.dout.iter().map(|dout| dout.value()).collect();
    let (mut wrong, mut differs) = (Vec::new(), false);
    for fresh in [true, false] {
        let mut row = LayerSequence::<Double>::new(&mutant.case).ok()?;
        if !fresh {
            truth::evaluate(&mut row, &another_input(&mutant.case, random), &dout).ok()?;
        }
        let evaluation = truth::evaluate(&mut row, &mutant.case.x, &dout).ok()?;
        for &(block, floor) in &exact.floors {
            let (code, truth) = (
                &evaluation.gradients[block.unit][block.block],
                &exact.evaluation.gradients[block.unit][block.block],
            );
            let largest = truth.iter().map(|truth| truth.value().abs()).fold(0.0, f64::max);
            let off = code
                .iter()
                .zip(truth)
                .map(|(&code, &truth)| (code - truth).value().abs())
                .fold(0.0, f64::max);
            differs |= off > 1e-20 * largest;
            if off > 10.0 * epsilon.sqrt() * largest && off > 1000.0 * floor {
                wrong.push(block);
            }
        }
    }
    wrong.sort_unstable();
    wrong.dedup();
    Some((wrong, differs))
}

/// Whether the program still runs, right or wrong, with one row more: a mutant that does not stops in any use.
fn runs_with_another_row(program: &Rc<Program>, case: &Case, unit: usize) -> bool {
    let mut changed = case.units[unit].clone();
    changed.program = Rc::clone(program);
    let Ok(mut interpreter) = changed.interpreter::<f64>() else { return false };
    let input = program.with_role(&Role::Input);
    let mut shape = interpreter.shape(input).to_vec();
    shape[0] += 1;
    // A layer that takes no other number of rows need not run with one.
    interpreter.take_shape(&shape).is_err()
        || program.is_loss
        || (interpreter.forward().is_ok() && interpreter.backward().is_ok())
}

impl Outcome {
    /// What became of it, in words.
    pub fn name(&self) -> &'static str {
        match self {
            Outcome::Faulty(_) => "faulty",
            Outcome::Equivalent => "equivalent",
            Outcome::Stops => "stops with an error or gives no numbers",
            Outcome::Hidden => "wrong at other inputs only",
            Outcome::BeyondF64 => "wrong by less than f64 can show",
            Outcome::Unsuitable => "no place for this change, or an unsuitable case",
        }
    }
}

//! Right cases, drawn: single layers, losses, and networks of one to five layers, with scales from 1e-6 to 1e6,
//! saturated classes, precisions, numbers of rows, and conventions.

use std::rc::Rc;

use crate::case::{Case, Precision, Subject, Unit};
use crate::conventions;
use crate::layers::{Base, LAYERS, LOSSES};
use crate::program::{Program, Role, Rule};
use crate::random::Random;

/// The largest number of elements of a case: the check perturbs each of them.
const LARGEST: usize = 48;

/// The case of a seed.
pub fn right(seed: u64, only: Option<&str>) -> Case {
    let mut random = Random::new(seed);
    let mut case = plain(&mut random, only);
    conventions::apply(&mut random, &mut case);
    case
}

/// A right case without conventions.
pub fn plain(random: &mut Random, only: Option<&str>) -> Case {
    loop {
        if let Some(case) = attempt(random, only) {
            return case;
        }
    }
}

fn attempt(random: &mut Random, only: Option<&str>) -> Option<Case> {
    let subject = match random.unit() {
        choice if choice < 0.5 => Subject::Layer,
        choice if choice < 0.65 => Subject::Loss,
        _ => Subject::Network,
    };
    let named = only.and_then(Base::named);
    if only.is_some() && named.is_none() && !format!("{subject:?}").eq_ignore_ascii_case(only.unwrap_or("")) {
        return None;
    }
    let bases = if subject == Subject::Loss { LOSSES } else { LAYERS };
    let base = *random.choose(bases);
    if named.is_some_and(|named| named.file != base.file) {
        return None;
    }
    let precision = match random.unit() {
        choice if choice < 0.9 => Precision::F64,
        choice if choice < 0.97 => Precision::F32,
        _ => Precision::Bf16,
    };
    let scale = scale(random);
    let programs = base.programs();
    let program = random.choose(&programs).clone();
    let rows = rows(random);
    let mut units = vec![unit(random, program, rows, None)?];
    if subject == Subject::Network {
        extend(random, &mut units)?;
    }
    let first = &units[0];
    let shape = first.program.arrays[first.program.with_role(&Role::Input)].shape_at(&first.sizes)?;
    let x = random.normals(shape.iter().product(), scale);
    let labels = labels(random, units.last()?);
    let mut case = Case {
        subject,
        units,
        shape,
        x,
        labels,
        precision,
        decay: 0.0,
        conventions: Vec::new(),
        on_a_kink: false,
    };
    if case.size() > LARGEST
        || (subject == Subject::Network && case.units.iter().all(|unit| unit.parameters.is_empty()))
    {
        return None;
    }
    if random.chance(0.04) {
        for x in &mut case.x {
            *x = random.integer(-1, 1) as f64;
        }
        case.on_a_kink = true;
    }
    Some(case)
}

/// Half of all scales are 1.
fn scale(random: &mut Random) -> f64 {
    if random.chance(0.5) { 1.0 } else { 10_f64.powf(random.between(-6.0, 6.0)) }
}

fn rows(random: &mut Random) -> i64 {
    match random.unit() {
        choice if choice < 0.15 => 1,
        choice if choice < 0.95 => random.integer(2, 5),
        _ => random.integer(6, 50),
    }
}

/// Layers behind the first, and a loss.
fn extend(random: &mut Random, units: &mut Vec<Unit>) -> Option<()> {
    let more = random.integer(0, 4) as usize;
    for _ in 0..40 {
        if units.len() > more {
            break;
        }
        let base = *random.choose(LAYERS);
        units.extend(follow(random, units, base));
    }
    for _ in 0..20 {
        let base = *random.choose(LOSSES);
        if let Some(loss) = follow(random, units, base) {
            units.push(loss);
            return Some(());
        }
        let reshaping = *random.choose(&["flatten", "flatten_image", "mean_over_time", "log_sum_exp"]);
        if let Some(base) = Base::named(reshaping).filter(|_| units.len() < 6) {
            units.extend(follow(random, units, base));
        }
    }
    None
}

/// A layer that takes the output of the last one.
fn follow(random: &mut Random, units: &[Unit], base: Base) -> Option<Unit> {
    let last = units.last()?;
    let output = last.program.arrays[last.program.with_role(&Role::Output)].shape_at(&last.sizes)?;
    let programs = base.programs();
    let fits =
        |program: &&Program| program.arrays[program.with_role(&Role::Input)].shape.len() == output.len();
    let program = programs.iter().find(fits)?.clone();
    unit(random, program, last.sizes[0], Some(&output))
}

/// A layer with sizes, parameters and drawn arrays, for an input of this shape, if one is given.
fn unit(random: &mut Random, program: Program, rows: i64, input: Option<&[usize]>) -> Option<Unit> {
    let declared = &program.arrays[program.with_role(&Role::Input)];
    let mut sizes = Vec::new();
    for (position, size) in program.sizes.iter().enumerate() {
        let axis = declared.shape.iter().position(|length| *length == crate::program::Index::Size(position));
        let given = axis.and_then(|axis| Some(*input?.get(axis)? as i64));
        let value = match &size.rule {
            Rule::Rows => given.unwrap_or(rows),
            Rule::Drawn(from, _) if given.is_some_and(|given| given < *from || given > 12) => return None,
            Rule::Drawn(from, to) => given.unwrap_or_else(|| random.integer(*from, *to)),
            Rule::Formula(formula) => formula.value(&sizes).filter(|&value| value > 0)?,
        };
        sizes.push(value);
    }
    if input.is_some_and(|input| declared.shape_at(&sizes).as_deref() != Some(input)) {
        return None;
    }
    let scale = scale(random);
    let (mut parameters, mut drawn) = (Vec::new(), Vec::new());
    for (position, array) in program.arrays.iter().enumerate() {
        let count: usize = array.shape_at(&sizes)?.iter().product();
        match &array.role {
            Role::Parameter => parameters.push(random.normals(count, scale)),
            Role::Indices(bound) => {
                let bound = bound.value(&sizes)?;
                drawn.push((position, (0..count).map(|_| random.integer(0, bound - 1) as f64).collect()));
            }
            Role::Mask => {
                let mut mask: Vec<f64> =
                    (0..count).map(|_| f64::from(u8::from(random.chance(0.6)))).collect();
                mask[0] = 1.0;
                drawn.push((position, mask));
            }
            _ => {}
        }
    }
    Some(Unit { program: Rc::new(program), sizes, parameters, drawn })
}

/// Labels for the loss, if the last unit is one.
fn labels(random: &mut Random, last: &Unit) -> Vec<f64> {
    for array in &last.program.arrays {
        let Some(shape) = array.shape_at(&last.sizes) else { continue };
        let count: usize = shape.iter().product();
        match &array.role {
            Role::Classes(bound) => {
                let bound = bound.value(&last.sizes).unwrap_or(1);
                return (0..count).map(|_| random.integer(0, bound - 1) as f64).collect();
            }
            Role::Distributions => {
                let width = shape.last().copied().unwrap_or(1);
                let soft = random.chance(0.5);
                return (0..count / width).flat_map(|_| distribution(random, width, soft)).collect();
            }
            _ => {}
        }
    }
    Vec::new()
}

/// Numbers that are not negative and sum to 1; one of them is 1 where they are not `soft`. They are multiples of 1/64, so
/// that their sum is exact in each precision.
fn distribution(random: &mut Random, width: usize, soft: bool) -> Vec<f64> {
    let mut row = vec![0.0; width];
    for _ in 0..if soft { 64 } else { 1 } {
        row[random.integer(0, width as i64 - 1) as usize] += if soft { 1.0 / 64.0 } else { 1.0 };
    }
    row
}

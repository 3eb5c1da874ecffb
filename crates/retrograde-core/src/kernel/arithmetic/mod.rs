//! Runs of arithmetic: sums, products, roots, one after the other, while the elements stay in registers.
//!
//! In a chain, most operations take what the one before has made. A run of them is a program for a machine with one
//! accumulator, some registers wide: for so many elements it goes through all [steps](Step), and then on to the next
//! elements. A value goes to memory only if it is asked for again later. Each operation is rounded as it would be alone: a run
//! has the bits of its parts.
//!
//! Since an element is read before anything is written to its place, a run may write where it reads: an update in place.

use super::chain::{Elementwise, Instruction, Value};

mod machine;

pub(super) use machine::{Operand, carry_out};

/// A pointwise operation that is one or two instructions of the processor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arithmetic {
    /// a + b
    Add,
    /// a − b
    Subtract,
    /// a · b
    Multiply,
    /// a / b
    Divide,
    /// α·a + β·b, each product rounded; zero where the sum is nearer to it than the smallest normal number. Running means
    /// that fade out would stay there for ever, and a processor may take a hundred times as long for numbers that are not
    /// normal.
    WeightedSum(f64, f64),
    /// −a
    Negate,
    /// √a
    SquareRoot,
}

/// The most steps of a run: so many as the longest chain of a plan has.
const MOST_STEPS: usize = 72;

/// The most steps of one instruction.
const MOST_OF_ONE: usize = 3;

/// One step of a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    /// The accumulator takes a value.
    Load(Value),
    /// The accumulator with a value behind it.
    With(Arithmetic, Value),
    /// A value with the accumulator behind it.
    Behind(Arithmetic, Value),
    /// The accumulator alone, or with itself.
    Alone(Arithmetic),
    /// The accumulator goes to a register of the chain or to memory.
    Store(Value),
}

impl Step {
    /// The value that it reads or writes beside the accumulator.
    pub(super) fn value(self) -> Option<Value> {
        match self {
            Step::Load(value) | Step::With(_, value) | Step::Behind(_, value) | Step::Store(value) => {
                Some(value)
            }
            Step::Alone(_) => None,
        }
    }
}

/// What an instruction is, if it is arithmetic.
pub(super) fn of(instruction: &Instruction) -> Option<Arithmetic> {
    match instruction.operation {
        Elementwise::Arithmetic(arithmetic) => Some(arithmetic),
        Elementwise::Kernel(_) => None,
    }
}

/// The steps of the first of these instructions, as many as are arithmetic and fit into a run, and how many these are.
/// `kept` says which registers are asked for after the last of the instructions.
pub(super) fn run(instructions: &[Instruction], kept: impl Fn(usize) -> bool) -> (Vec<Step>, usize) {
    let (mut steps, mut held, mut count) = (Vec::new(), None, 0);
    while let Some(instruction) = instructions.get(count) {
        let Some(arithmetic) = of(instruction).filter(|_| steps.len() + MOST_OF_ONE <= MOST_STEPS) else {
            break;
        };
        match instruction.inputs[..] {
            [a, b] if held == Some(a) && a != b => steps.push(Step::With(arithmetic, b)),
            [a, b] if held == Some(b) && a != b => steps.push(Step::Behind(arithmetic, a)),
            [a, b] if a != b => steps.extend([Step::Load(a), Step::With(arithmetic, b)]),
            [a, ..] => {
                steps.extend((held != Some(a)).then_some(Step::Load(a)));
                steps.push(Step::Alone(arithmetic));
            }
            [] => {}
        }
        let (made, later) = (instruction.output, &instructions[count + 1..]);
        held = Some(made);
        // The next one of the run has it at hand; whoever else asks for it finds it where it was stored.
        let room = steps.len() + 1 + MOST_OF_ONE <= MOST_STEPS;
        let next_has_it = room && later.first().is_some_and(|next| of(next).is_some());
        let asked = match made {
            Value::Register(register) => {
                let end = later.iter().position(|later| later.output == made);
                let mut readers = later.iter().take(end.map_or(later.len(), |end| end + 1));
                readers.by_ref().take(usize::from(next_has_it)).for_each(drop);
                readers.any(|reader| reader.inputs.contains(&made)) || (end.is_none() && kept(register))
            }
            Value::Memory(_) | Value::Number(_) | Value::Passed => true,
        };
        steps.extend(asked.then_some(Step::Store(made)));
        count += 1;
    }
    (steps, count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Real;

    const ALL: [Arithmetic; 7] = [
        Arithmetic::Add,
        Arithmetic::Subtract,
        Arithmetic::Multiply,
        Arithmetic::Divide,
        Arithmetic::WeightedSum(0.9, -0.1),
        Arithmetic::Negate,
        Arithmetic::SquareRoot,
    ];

    /// An operation as it is defined.
    fn defined<T: Real>(arithmetic: Arithmetic, a: T, b: T) -> T {
        match arithmetic {
            Arithmetic::Add => a + b,
            Arithmetic::Subtract => a - b,
            Arithmetic::Multiply => a * b,
            Arithmetic::Divide => a / b,
            Arithmetic::WeightedSum(first, second) => {
                let sum = T::of(first) * a + T::of(second) * b;
                if sum.abs() < T::min_positive_value() { T::zero() } else { sum }
            }
            Arithmetic::Negate => -a,
            Arithmetic::SquareRoot => a.sqrt(),
        }
    }

    const PLACES: usize = 4;

    /// Where a value is among registers, places of memory and numbers, one behind the other.
    fn line(value: Value) -> usize {
        match value {
            Value::Register(register) => register,
            Value::Memory(place) => PLACES + place,
            Value::Number(number) => 2 * PLACES + number,
            Value::Passed => unreachable!("no tail is tried here"),
        }
    }

    /// Instructions drawn at random, carried out in runs and one by one: what is in memory and in the registers that are kept
    /// must have the same bits.
    fn runs_have_the_bits_of_their_parts<T: Real>() {
        let mut random = 1_usize;
        let mut draw = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        for case in 0..400 {
            let place = |draw: &mut dyn FnMut(usize) -> usize| match draw(2) {
                0 => Value::Register(draw(PLACES)),
                _ => Value::Memory(draw(PLACES)),
            };
            let instructions: Vec<Instruction> = (0..=draw(40))
                .map(|_| {
                    let arithmetic = ALL[draw(ALL.len())];
                    let one = matches!(arithmetic, Arithmetic::Negate | Arithmetic::SquareRoot);
                    let inputs = (0..if one { 1 } else { 2 })
                        .map(|_| if draw(5) == 0 { Value::Number(draw(PLACES)) } else { place(&mut draw) })
                        .collect();
                    Instruction {
                        operation: Elementwise::Arithmetic(arithmetic),
                        inputs,
                        output: place(&mut draw),
                    }
                })
                .collect();
            let count = [1, 3, 16, 17, 64, 100, 150][case % 7];
            let start: Vec<Vec<T>> = (0..3 * PLACES)
                .map(|line| {
                    // Some are so small that their sums are no normal numbers any more.
                    let size = if line % 3 == 2 { T::min_positive_value() } else { T::one() };
                    (0..count).map(|i| T::of(((line * 31 + i * 7) % 23) as f64 * 0.37 - 2.0) * size).collect()
                })
                .collect();
            let kept = case % PLACES;

            let mut expected = start.clone();
            for instruction in &instructions {
                let arithmetic = of(instruction).expect("arithmetic");
                let result = (0..count).map(|i| {
                    let value = |value: &Value| match value {
                        Value::Number(_) => expected[line(*value)][0],
                        _ => expected[line(*value)][i],
                    };
                    let first = value(&instruction.inputs[0]);
                    defined(arithmetic, first, instruction.inputs.get(1).map_or(first, value))
                });
                expected[line(instruction.output)] = result.collect();
            }

            let mut found = start.clone();
            let lines: Vec<*mut T> = found.iter_mut().map(Vec::as_mut_ptr).collect();
            let mut rest = &instructions[..];
            while !rest.is_empty() {
                let (steps, length) = run(rest, |register| register == kept);
                assert!(length > 0 && steps.len() <= MOST_STEPS, "a run of something");
                let operand = |value: Value| match value {
                    Value::Number(_) => Operand::Number(lines[line(value)].cast_const()),
                    _ => Operand::Elements(lines[line(value)]),
                };
                // SAFETY: each line has `count` numbers, and nobody else has them.
                unsafe { carry_out(&steps, [0..count / 3, count / 3..count].into_iter(), operand) };
                rest = &rest[length..];
            }
            let bits = |values: &[T]| -> Vec<u64> {
                // One NaN is as good as another.
                values.iter().map(|x| if x.is_nan() { 0 } else { x.widen().to_bits() }).collect()
            };
            for line in (PLACES..2 * PLACES).chain([kept]) {
                assert_eq!(
                    bits(&found[line]),
                    bits(&expected[line]),
                    "case {case}, line {line}, {instructions:?}"
                );
            }
        }
    }

    /// A running mean that fades out, in steps of 0.9, becomes zero instead of staying at numbers that are not normal.
    fn means_fade_out<T: Real>() {
        let mut mean: Vec<T> = (0..37).map(|i| T::of(1.5 + f64::from(i))).collect();
        let zeros = vec![T::zero(); mean.len()];
        let (mean_at, zeros_at) = (Value::Memory(0), Value::Memory(1));
        let steps = [
            Step::Load(mean_at),
            Step::With(Arithmetic::WeightedSum(0.9, 0.1), zeros_at),
            Step::Store(mean_at),
        ];
        let (first, second) = (mean.as_mut_ptr(), zeros.as_ptr().cast_mut());
        for _ in 0..8000 {
            let place = |value| Operand::Elements(if value == mean_at { first } else { second });
            // SAFETY: both have 37 numbers, and nobody else has them.
            unsafe { carry_out(&steps, std::iter::once(0..37), place) };
            // SAFETY: as above; nothing of the machine is left.
            let mean = unsafe { std::slice::from_raw_parts(first, 37) };
            assert!(mean.iter().all(|x| *x == T::zero() || x.is_normal()), "{mean:?}");
        }
        assert!(mean.iter().all(|x| *x == T::zero()), "{mean:?}");
    }

    #[test]
    fn running_means_fade_out_to_zero() {
        means_fade_out::<f32>();
        means_fade_out::<f64>();
    }

    #[test]
    fn runs_of_f32_have_the_bits_of_their_parts() {
        runs_have_the_bits_of_their_parts::<f32>();
    }

    #[test]
    fn runs_of_f64_have_the_bits_of_their_parts() {
        runs_have_the_bits_of_their_parts::<f64>();
    }
}

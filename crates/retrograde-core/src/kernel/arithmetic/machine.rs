//! The machine that carries out a run of arithmetic.

use super::{Arithmetic, MOST_STEPS, Step};
use crate::kernel::Real;
use crate::kernel::chain::Value;
use crate::kernel::dispatch::{Body, InstructionSet, dispatch};
use crate::kernel::vector::Vector;
use std::ops::Range;

/// How many registers wide the accumulator is: enough to keep the processor busy while a root is on its way, and to hide what
/// it takes to find out the next step.
const WIDTH: usize = 4;

/// How many steps a short run has: one or two operations.
const FEW_STEPS: usize = 8;

/// What a step does to the accumulator `a`, given an operand `x`.
#[derive(Debug, Clone, Copy)]
enum Code<T> {
    Load,
    Add,
    Subtract,
    SubtractFrom,
    Multiply,
    Divide,
    DivideInto,
    WeightedSum(T, T),
    Negate,
    SquareRoot,
    Store,
}

/// Where an operand is.
#[derive(Debug, Clone, Copy)]
pub(in crate::kernel) enum Operand<T> {
    /// The first of the elements, which are neighbours.
    Elements(*mut T),
    /// One number that stands for all elements.
    Number(*const T),
    /// In the accumulator.
    Accumulator,
}

/// A step as the machine carries it out.
type Placed<T> = (Code<T>, Operand<T>);

impl Step {
    fn placed<T: Real>(self, place: impl Fn(Value) -> Operand<T>) -> Placed<T> {
        match self {
            Step::Load(value) => (Code::Load, place(value)),
            Step::With(arithmetic, value) => (code(arithmetic, false), place(value)),
            Step::Behind(arithmetic, value) => (code(arithmetic, true), place(value)),
            Step::Alone(arithmetic) => (code(arithmetic, false), Operand::Accumulator),
            Step::Store(value) => (Code::Store, place(value)),
        }
    }
}

/// What an operation does to the accumulator, if that is the first of its inputs or, `behind`, the second.
fn code<T: Real>(arithmetic: Arithmetic, behind: bool) -> Code<T> {
    match (arithmetic, behind) {
        (Arithmetic::Add, _) => Code::Add,
        (Arithmetic::Subtract, false) => Code::Subtract,
        (Arithmetic::Subtract, true) => Code::SubtractFrom,
        (Arithmetic::Multiply, _) => Code::Multiply,
        (Arithmetic::Divide, false) => Code::Divide,
        (Arithmetic::Divide, true) => Code::DivideInto,
        (Arithmetic::WeightedSum(first, second), false) => Code::WeightedSum(T::of(first), T::of(second)),
        (Arithmetic::WeightedSum(first, second), true) => Code::WeightedSum(T::of(second), T::of(first)),
        (Arithmetic::Negate, _) => Code::Negate,
        (Arithmetic::SquareRoot, _) => Code::SquareRoot,
    }
}

/// Carries out the steps for these pieces of some elements.
///
/// # Safety
/// What `place` says can be read, and written where a step stores, at the elements of the pieces, or is one number, and nobody
/// else does so meanwhile. Two places are apart or the same, and so are the pieces.
pub(in crate::kernel) unsafe fn carry_out<T: Real>(
    steps: &[Step],
    pieces: impl Iterator<Item = Range<usize>>,
    place: impl Fn(Value) -> Operand<T>,
) {
    // Of few elements, to make room for steps that are not there would take longer than to carry out those that are.
    if steps.len() <= FEW_STEPS {
        carry_out_placed::<T, FEW_STEPS>(steps, pieces, place);
    } else {
        carry_out_placed::<T, MOST_STEPS>(steps, pieces, place);
    }
}

fn carry_out_placed<T: Real, const MOST: usize>(
    steps: &[Step],
    pieces: impl Iterator<Item = Range<usize>>,
    place: impl Fn(Value) -> Operand<T>,
) {
    let mut placed = [(Code::Load, Operand::Accumulator); MOST];
    for (placed, step) in placed.iter_mut().zip(steps) {
        *placed = step.placed(&place);
    }
    dispatch(Machine { steps: &placed[..steps.len()], pieces });
}

struct Machine<'a, T, P> {
    steps: &'a [Placed<T>],
    pieces: P,
}

impl<T: Real, P: Iterator<Item = Range<usize>>> Body for Machine<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let lanes = T::Register::<I>::LANES;
        for Range { start, end } in self.pieces {
            let wide = end - (end - start) % (WIDTH * lanes);
            // SAFETY: `dispatch` has found the processor to have the instruction set `I`; the elements from `first` on, as many
            // as these registers have lanes or as are asked for, are there as the caller of `carry_out` promises.
            unsafe {
                for first in (start..wide).step_by(WIDTH * lanes) {
                    go_through::<T, T::Register<I>, WIDTH>(self.steps, first, None);
                }
                match end - wide {
                    0 => {}
                    part if part <= lanes => go_through::<T, T::Register<I>, 1>(self.steps, wide, Some(part)),
                    part => go_through::<T, T::Register<I>, WIDTH>(self.steps, wide, Some(part)),
                }
            }
        }
    }
}

/// All steps for the elements from `first` on: only for a `part` of those that the registers hold, if one is given.
///
/// # Safety
/// The processor has the instruction set of `V`; the elements are there.
#[inline(always)]
unsafe fn go_through<T: Real, V: Vector<T>, const W: usize>(
    steps: &[Placed<T>],
    first: usize,
    part: Option<usize>,
) {
    // SAFETY: the caller promises it.
    unsafe {
        let mut sums = [V::splat(T::zero()); W];
        for &(code, operand) in steps {
            let with = With { operand, first, part };
            match code {
                Code::Load => with.each(&mut sums, |_, x| x),
                Code::Add => with.each(&mut sums, |a, x| V::add(a, x)),
                Code::Subtract => with.each(&mut sums, |a, x| V::subtract(a, x)),
                Code::SubtractFrom => with.each(&mut sums, |a, x| V::subtract(x, a)),
                Code::Multiply => with.each(&mut sums, |a, x| V::multiply(a, x)),
                Code::Divide => with.each(&mut sums, |a, x| V::divide(a, x)),
                Code::DivideInto => with.each(&mut sums, |a, x| V::divide(x, a)),
                Code::WeightedSum(first, second) => {
                    let (first, second) = (V::splat(first), V::splat(second));
                    let sum = |a, x| V::add(V::multiply(a, first), V::multiply(x, second));
                    with.each(&mut sums, |a, x| V::normal_or_zero(sum(a, x)));
                }
                Code::Negate => {
                    let minus = V::splat(-T::one());
                    with.each(&mut sums, |a, _| V::multiply(a, minus));
                }
                Code::SquareRoot => with.each(&mut sums, |a, _| V::square_root(a)),
                Code::Store => with.store(sums),
            }
        }
    }
}

/// The operand of a step, from one of its elements on.
#[derive(Clone, Copy)]
struct With<T> {
    operand: Operand<T>,
    first: usize,
    part: Option<usize>,
}

impl<T: Real> With<T> {
    /// Every register of the accumulator becomes what `f` makes of it and of its part of the operand.
    ///
    /// # Safety
    /// As for [`go_through`].
    #[inline(always)]
    unsafe fn each<V: Vector<T>, const W: usize>(self, sums: &mut [V; W], f: impl Fn(V, V) -> V) {
        // SAFETY: the caller promises it.
        unsafe {
            match (self.operand, self.part) {
                (Operand::Elements(elements), None) => {
                    for (number, sum) in sums.iter_mut().enumerate() {
                        *sum = f(*sum, V::load(elements.add(self.first + number * V::LANES)));
                    }
                }
                (Operand::Elements(elements), Some(part)) => {
                    for (number, sum) in sums.iter_mut().enumerate() {
                        let (before, count) = share::<T, V>(part, number);
                        *sum = f(*sum, V::load_part(elements.add(self.first + before), count));
                    }
                }
                (Operand::Number(number), _) => {
                    let number = V::splat(number.read());
                    for sum in sums {
                        *sum = f(*sum, number);
                    }
                }
                (Operand::Accumulator, _) => {
                    for sum in sums {
                        *sum = f(*sum, *sum);
                    }
                }
            }
        }
    }

    /// # Safety
    /// As for [`go_through`].
    #[inline(always)]
    unsafe fn store<V: Vector<T>, const W: usize>(self, sums: [V; W]) {
        let Operand::Elements(elements) = self.operand else {
            return;
        };
        for (number, sum) in sums.into_iter().enumerate() {
            // SAFETY: the caller promises it.
            unsafe {
                match self.part {
                    None => sum.store(elements.add(self.first + number * V::LANES)),
                    Some(part) => {
                        let (before, count) = share::<T, V>(part, number);
                        sum.store_part(elements.add(self.first + before), count);
                    }
                }
            }
        }
    }
}

/// Of a `part` of some registers: how many elements are before register `number`, and how many in it.
#[inline(always)]
fn share<T, V: Vector<T>>(part: usize, number: usize) -> (usize, usize) {
    let before = part.min(number * V::LANES);
    (before, V::LANES.min(part - before))
}

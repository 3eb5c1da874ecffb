//! The machine that carries out a run of arithmetic.

use super::{Arithmetic, MOST_STEPS, Step};
use crate::kernel::Real;
use crate::kernel::chain::Value;
use crate::kernel::dispatch::{Body, InstructionSet, dispatch};
use crate::kernel::vector::Vector;

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

/// Carries out the steps for `count` elements.
///
/// # Safety
/// What `place` says can be read, and written where a step stores, `count` elements or one number, and nobody else does so
/// meanwhile. Two places are apart or the same.
pub(in crate::kernel) unsafe fn carry_out<T: Real>(
    steps: &[Step],
    count: usize,
    place: impl Fn(Value) -> Operand<T>,
) {
    // Of few elements, to make room for steps that are not there would take longer than to carry out those that are.
    if steps.len() <= FEW_STEPS {
        carry_out_placed::<T, FEW_STEPS>(steps, count, place);
    } else {
        carry_out_placed::<T, MOST_STEPS>(steps, count, place);
    }
}

fn carry_out_placed<T: Real, const MOST: usize>(
    steps: &[Step],
    count: usize,
    place: impl Fn(Value) -> Operand<T>,
) {
    let mut placed = [(Code::Load, Operand::Accumulator); MOST];
    for (placed, step) in placed.iter_mut().zip(steps) {
        *placed = step.placed(&place);
    }
    dispatch(Machine { steps: &placed[..steps.len()], count });
}

struct Machine<'a, T> {
    steps: &'a [Placed<T>],
    count: usize,
}

impl<T: Real> Body for Machine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        let lanes = T::Register::<I>::LANES;
        let wide = self.count - self.count % (WIDTH * lanes);
        // SAFETY: `dispatch` has found the processor to have the instruction set `I`; the elements from `first` on, as many as
        // these registers have lanes or as are asked for, are there as the caller of `carry_out` promises.
        unsafe {
            for first in (0..wide).step_by(WIDTH * lanes) {
                go_through::<T, T::Register<I>, WIDTH>(self.steps, first, None);
            }
            for first in (wide..self.count).step_by(lanes) {
                go_through::<T, T::Register<I>, 1>(self.steps, first, Some(lanes.min(self.count - first)));
            }
        }
    }
}

/// All steps for the elements from `first` on: of one register only a `part`, if one is given.
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
                    with.each(&mut sums, |a, x| V::add(V::multiply(a, first), V::multiply(x, second)));
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
                (Operand::Elements(elements), Some(count)) => {
                    for sum in sums {
                        *sum = f(*sum, V::load_part(elements.add(self.first), count));
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
                    Some(count) => sum.store_part(elements.add(self.first), count),
                }
            }
        }
    }
}

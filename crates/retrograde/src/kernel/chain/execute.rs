//! Running a chain: the machine that takes a block of elements through all steps.

use super::{Chain, Code, Operand, REGISTER_BYTES, Step};
use crate::kernel::Real;
use crate::kernel::arena::Arena;
use crate::kernel::dispatch::{Body, InstructionSet, Level, dispatch_to, level};
use crate::kernel::vector::{AT_LEAST, EQUAL, GREATER, Vector};
use std::ops::Range;

impl Chain {
    /// Runs those `pieces` of the elements `range`, counted from its first one. `passed` holds the elements of the range that a
    /// row kernel has made, if the chain is the epilogue of one: of the pieces at least.
    ///
    /// # Safety
    /// [`verify`](Self::verify) has nothing to object to, and no two pieces have an element in common. While the chain runs, nobody
    /// writes to what it reads, nor reads or writes what it writes, apart from other calls with ranges that have no element in
    /// common.
    pub(in crate::kernel) unsafe fn run<T: Real>(
        &self,
        arena: &Arena<T>,
        range: Range<usize>,
        pieces: impl Iterator<Item = Range<usize>>,
        passed: &[T],
        scratch: &mut [T],
    ) {
        // SAFETY: passed on; `level` has seen that the processor has the instruction set.
        unsafe { self.run_on(level(), arena, range, pieces, passed, scratch) }
    }

    /// The same with this instruction set.
    ///
    /// # Safety
    /// As for [`run`](Self::run), and the processor has the instruction set.
    pub(super) unsafe fn run_on<T: Real>(
        &self,
        level: Level,
        arena: &Arena<T>,
        range: Range<usize>,
        pieces: impl Iterator<Item = Range<usize>>,
        passed: &[T],
        scratch: &mut [T],
    ) {
        assert!(range.start <= range.end && range.end <= self.elements, "a range of the chain");
        assert!(passed.len() == range.len() || !self.is_epilogue, "what is passed on");
        assert!(scratch.len() >= self.scratch::<T>(), "registers");
        for (start, _) in self.memory() {
            arena.real.pointer(start, self.elements);
        }
        for place in self.numbers() {
            arena.real.pointer(place, 1);
        }
        let mut pieces = pieces.map(|piece| {
            assert!(piece.start <= piece.end && piece.end <= range.len(), "a piece of the range");
            range.start + piece.start..range.start + piece.end
        });
        let (registers, tiles) = scratch.split_at_mut(self.registers * REGISTER_BYTES / size_of::<T>());
        let blocks = Blocks {
            memory: arena.real.pointer(0, 0),
            registers: registers.as_mut_ptr(),
            loaded: tiles.as_ptr(),
            tile: self.tile::<T>(),
            first_loaded: 0,
            passed: passed.as_ptr(),
            first_passed: range.start,
        };
        // SAFETY: the caller promises it.
        unsafe { dispatch_to(level, Machine { chain: self, arena, pieces: &mut pieces, tiles, blocks }) };
    }

    /// Copies what the elements `range` read through views to the tiles.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    unsafe fn load<T: Real>(&self, arena: &Arena<T>, range: &Range<usize>, tiles: &mut [T]) {
        for (load, tile) in self.loads.iter().zip(tiles.chunks_exact_mut(self.tile::<T>())) {
            let lent = match load.rows {
                Some(rows) => rows.lent(load.length, load.view.offset, range),
                None => 0..load.length,
            };
            // SAFETY: nobody writes to what the chain loads, or to the part of it that these rows load.
            let memory = unsafe { arena.real.slice(load.start + lent.start, lent.len()) };
            let into = &mut tile[..range.len()];
            match load.rows {
                None => load.view.copy(memory, load.view.offset, range.clone(), into),
                Some(rows) => {
                    let first = range.start / rows.elements * rows.elements;
                    load.view.copy(memory, 0, range.start - first..range.end - first, into);
                }
            }
        }
    }
}

struct Machine<'a, T> {
    chain: &'a Chain,
    arena: &'a Arena<T>,
    /// The elements to run through; of any type, since the machine is a large function that is to be compiled once for each
    /// instruction set.
    pieces: &'a mut dyn Iterator<Item = Range<usize>>,
    tiles: &'a mut [T],
    blocks: Blocks<T>,
}

impl<T: Real> Body for Machine<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(mut self) {
        for piece in self.pieces {
            let mut start = piece.start;
            while start < piece.end {
                let mut end = piece.end;
                if !self.chain.loads.is_empty() {
                    end = end.min(start + self.blocks.tile);
                    // SAFETY: as the caller of `Chain::run` promises.
                    unsafe { self.chain.load(self.arena, &(start..end), self.tiles) };
                    (self.blocks.loaded, self.blocks.first_loaded) = (self.tiles.as_ptr(), start);
                }
                // SAFETY: the processor has the instruction set `I`, as the caller of `Chain::run_on` promises. That function has checked
                // that what the steps read and write lies within the arena, the registers and what is passed on; its caller promises
                // that nobody else uses it. Wider registers of the processor need fewer of them to hide what it takes to find
                // out the next step.
                unsafe {
                    if size_of::<T::Register<I>>() == 64 {
                        self.blocks.run::<T::Register<I>, 4>(&self.chain.steps, start..end);
                    } else {
                        self.blocks.run::<T::Register<I>, 8>(&self.chain.steps, start..end);
                    }
                }
                start = end;
            }
        }
    }
}

/// Where the operands of the steps lie.
struct Blocks<T> {
    /// The arena.
    memory: *mut T,
    registers: *mut T,
    /// The tiles of the loads, how long each is, and the element that lies first in it.
    loaded: *const T,
    tile: usize,
    first_loaded: usize,
    /// What is passed on, and the element that lies first in it.
    passed: *const T,
    first_passed: usize,
}

/// An operand of a block.
#[derive(Clone, Copy)]
enum Place<T> {
    /// The first of its elements, which are neighbours.
    Elements(*mut T),
    /// One number that stands for all elements.
    Number(T),
    Accumulator,
}

impl<T: Real> Blocks<T> {
    /// Takes the elements `range` through the steps, `W` vectors at a time.
    ///
    /// # Safety
    /// The processor has the instruction set of `V`. All operands can be read, and written where a step stores, at these
    /// elements, and nobody else does so meanwhile.
    #[inline(always)]
    unsafe fn run<V: Vector<T>, const W: usize>(&self, steps: &[Step], range: Range<usize>) {
        const { assert!(W * size_of::<V>() <= REGISTER_BYTES, "a block fits into a register") };
        let whole = range.end - range.len() % (W * V::LANES);
        // SAFETY: the caller promises it.
        unsafe {
            for first in (range.start..whole).step_by(W * V::LANES) {
                self.block::<V, W>(steps, first, None);
            }
            if whole < range.end {
                self.block::<V, W>(steps, whole, Some(range.end - whole));
            }
        }
    }

    /// Takes a block from the element `first` on through all steps: only a `part` of it, if one is given.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    #[inline(always)]
    unsafe fn block<V: Vector<T>, const W: usize>(&self, steps: &[Step], first: usize, part: Option<usize>) {
        // SAFETY: the caller promises it.
        unsafe {
            let mut a = [V::splat(T::zero()); W];
            let mut steps = steps.iter();
            while let Some(step) = steps.next() {
                let with = With { place: self.place::<V, W>(step.operand, first), part };
                match step.code {
                    Code::Load => with.each(&mut a, |_, x| x),
                    Code::Store => with.store(a),
                    Code::Add => with.each(&mut a, |a, x| V::add(a, x)),
                    Code::Subtract => with.each(&mut a, |a, x| V::subtract(a, x)),
                    Code::SubtractFrom => with.each(&mut a, |a, x| V::subtract(x, a)),
                    Code::Multiply => with.each(&mut a, |a, x| V::multiply(a, x)),
                    Code::Divide => with.each(&mut a, |a, x| V::divide(a, x)),
                    Code::DivideInto => with.each(&mut a, |a, x| V::divide(x, a)),
                    code => {
                        let x = with.read(&a);
                        match code {
                            Code::Minimum => change(&mut a, x, |a, x| V::minimum(a, x)),
                            Code::MinimumFrom => change(&mut a, x, |a, x| V::minimum(x, a)),
                            Code::Maximum => change(&mut a, x, |a, x| V::maximum(a, x)),
                            Code::MaximumFrom => change(&mut a, x, |a, x| V::maximum(x, a)),
                            Code::Sqrt => change(&mut a, x, |_, x| V::square_root(x)),
                            Code::Flush => change(&mut a, x, |_, x| V::normal_or_zero(x)),
                            Code::Exp => change(&mut a, x, |_, x| T::exponential_of(x)),
                            Code::Tanh => change(&mut a, x, |_, x| T::tangent_of(x)),
                            Code::Sigmoid => change(&mut a, x, |_, x| sigmoid(x)),
                            Code::Ln => change(&mut a, x, |_, x| in_lanes(x, x, |x, _| x.logarithm())),
                            Code::Power => change(&mut a, x, |a, x| in_lanes(a, x, T::powf)),
                            Code::PowerOf => change(&mut a, x, |a, x| in_lanes(x, a, T::powf)),
                            _ => {
                                let mut argument = || match steps.next() {
                                    Some(step) => {
                                        With { place: self.place::<V, W>(step.operand, first), part }.read(&a)
                                    }
                                    None => a,
                                };
                                let (y, then, otherwise) = (argument(), argument(), argument());
                                let all = Select { x, y, then, otherwise };
                                a = match code {
                                    Code::SelectEqual => all.by::<T, EQUAL>(),
                                    Code::SelectAtLeast => all.by::<T, AT_LEAST>(),
                                    _ => all.by::<T, GREATER>(),
                                };
                            }
                        }
                    }
                }
            }
        }
    }

    /// Where the block of an operand from the element `first` on is.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    #[inline(always)]
    unsafe fn place<V: Vector<T>, const W: usize>(&self, operand: Operand, first: usize) -> Place<T> {
        // SAFETY: the caller promises it. What is loaded or passed on is only read.
        unsafe {
            match operand {
                Operand::Accumulator => Place::Accumulator,
                Operand::Register(register) => Place::Elements(self.registers.add(register * W * V::LANES)),
                Operand::Loaded(slot) => {
                    Place::Elements(self.loaded.add(slot * self.tile + first - self.first_loaded).cast_mut())
                }
                Operand::Memory(start) => Place::Elements(self.memory.add(start + first)),
                Operand::Number(place) => Place::Number(self.memory.add(place).read()),
                Operand::Passed => Place::Elements(self.passed.add(first - self.first_passed).cast_mut()),
                Operand::Constant(number) => Place::Number(T::of(number)),
            }
        }
    }
}

/// The operand of a step.
#[derive(Clone, Copy)]
struct With<T> {
    place: Place<T>,
    part: Option<usize>,
}

impl<T: Real> With<T> {
    /// Every vector of the accumulator becomes what `f` makes of it and of its part of the operand.
    ///
    /// # Safety
    /// As for [`Blocks::run`].
    #[inline(always)]
    unsafe fn each<V: Vector<T>, const W: usize>(self, a: &mut [V; W], f: impl Fn(V, V) -> V) {
        // SAFETY: the caller promises it.
        unsafe {
            match self.place {
                Place::Elements(elements) => {
                    for (number, a) in a.iter_mut().enumerate() {
                        *a = f(*a, self.vector(elements, number));
                    }
                }
                Place::Number(number) => {
                    let number = V::splat(number);
                    a.iter_mut().for_each(|a| *a = f(*a, number));
                }
                Place::Accumulator => a.iter_mut().for_each(|a| *a = f(*a, *a)),
            }
        }
    }

    /// The operand, given the accumulator.
    ///
    /// # Safety
    /// As for [`Blocks::run`].
    #[inline(always)]
    unsafe fn read<V: Vector<T>, const W: usize>(self, a: &[V; W]) -> [V; W] {
        let mut x = *a;
        // SAFETY: the caller promises it.
        unsafe { self.each(&mut x, |_, x| x) };
        x
    }

    /// Vector `number` of a block whose first element is there.
    ///
    /// # Safety
    /// As for [`Blocks::run`].
    #[inline(always)]
    unsafe fn vector<V: Vector<T>>(self, elements: *const T, number: usize) -> V {
        // SAFETY: the caller promises it.
        unsafe {
            match self.part {
                None => V::load(elements.add(number * V::LANES)),
                Some(part) => {
                    let (before, count) = share::<T, V>(part, number);
                    V::load_part(elements.add(before), count)
                }
            }
        }
    }

    /// # Safety
    /// As for [`Blocks::run`].
    #[inline(always)]
    unsafe fn store<V: Vector<T>, const W: usize>(self, a: [V; W]) {
        let Place::Elements(elements) = self.place else {
            return;
        };
        for (number, a) in a.into_iter().enumerate() {
            // SAFETY: the caller promises it.
            unsafe {
                match self.part {
                    None => a.store(elements.add(number * V::LANES)),
                    Some(part) => {
                        let (before, count) = share::<T, V>(part, number);
                        a.store_part(elements.add(before), count);
                    }
                }
            }
        }
    }
}

/// Of a `part` of some vectors: how many elements are before vector `number`, and how many in it.
#[inline(always)]
fn share<T, V: Vector<T>>(part: usize, number: usize) -> (usize, usize) {
    let before = part.min(number * V::LANES);
    (before, V::LANES.min(part - before))
}

/// Every vector of the accumulator becomes what `f` makes of it and of the operand.
#[inline(always)]
fn change<V: Copy, const W: usize>(a: &mut [V; W], x: [V; W], f: impl Fn(V, V) -> V) {
    for (a, x) in a.iter_mut().zip(x) {
        *a = f(*a, x);
    }
}

/// The operands of a selection.
struct Select<V> {
    x: V,
    y: V,
    then: V,
    otherwise: V,
}

impl<V: Copy, const W: usize> Select<[V; W]> {
    /// # Safety
    /// The processor has the instruction set of `V`.
    #[inline(always)]
    unsafe fn by<T, const COMPARISON: i32>(self) -> [V; W]
    where
        V: Vector<T>,
    {
        let mut selected = self.otherwise;
        for (number, selected) in selected.iter_mut().enumerate() {
            // SAFETY: the caller promises it.
            *selected =
                unsafe { self.x[number].select::<COMPARISON>(self.y[number], self.then[number], *selected) };
        }
        selected
    }
}

/// 1/(1 + e⁻ˣ). With p = e^−|x|, which never overflows, it is 1/(1 + p) for x ≥ 0 and p/(1 + p) below.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn sigmoid<T: Real, V: Vector<T>>(x: V) -> V {
    // SAFETY: the caller promises it.
    unsafe {
        let (zero, one) = (V::splat(T::zero()), V::splat(T::one()));
        let power = T::exponential_of(zero.select::<GREATER>(x, x, zero.subtract(x)));
        let above = one.divide(one.add(power));
        zero.select::<GREATER>(x, power.multiply(above), above)
    }
}

/// A function that is computed lane by lane.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn in_lanes<T: Real, V: Vector<T>>(x: V, y: V, f: impl Fn(T, T) -> T) -> V {
    /// The most lanes of a vector.
    const MOST: usize = 16;
    let (mut xs, mut ys) = ([T::zero(); MOST], [T::zero(); MOST]);
    const { assert!(V::LANES <= MOST) };
    // SAFETY: the caller promises the instruction set, and the arrays have as many numbers as a vector.
    unsafe {
        x.store(xs.as_mut_ptr());
        y.store(ys.as_mut_ptr());
        for (x, y) in xs.iter_mut().zip(ys).take(V::LANES) {
            *x = f(*x, y);
        }
        V::load(xs.as_ptr())
    }
}

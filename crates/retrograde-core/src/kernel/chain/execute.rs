//! Running a chain: the machine that takes a block of elements through all steps.

use super::{Chain, Code, Kind, Operand, REGISTER_BYTES, Step};
use crate::kernel::arena::Arena;
use crate::kernel::simd::{
    AT_LEAST, Body, EQUAL, GREATER, InstructionSet, Level, MOST_LANES, Real, Vector, dispatch_to, level,
};
use std::ops::Range;

/// How many vectors wide the accumulator is: enough to hide what it takes to find out the next step, and few enough for half of
/// the 16 registers of AVX2.
const VECTORS: usize = 8;

impl Chain {
    /// Runs those `pieces` of the elements `range`, counted from its first one. `forwarded` holds the elements of the range that a
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
        forwarded: &[T],
        scratch: &mut [T],
    ) {
        // SAFETY: the caller promises it; `level` has seen that the processor has the instruction set.
        unsafe { self.run_on(level(), arena, range, pieces, forwarded, scratch) }
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
        forwarded: &[T],
        scratch: &mut [T],
    ) {
        assert!(range.start <= range.end && range.end <= self.elements, "a range of the chain");
        assert!(forwarded.len() == range.len() || !self.is_epilogue, "the forwarded elements");
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
        let (registers, rest) = scratch.split_at_mut(self.registers * REGISTER_BYTES / size_of::<T>());
        let (constants, tiles) = rest.split_at_mut(self.constants.len());
        constants.iter_mut().zip(&self.constants).for_each(|(to, &number)| *to = T::of(number));
        let mut bases = Bases::default();
        bases.of[Kind::Memory as usize] =
            Base { first: arena.real.pointer(0, 0), scale: 1, advance: usize::MAX };
        bases.of[Kind::Number as usize] = Base { first: arena.real.pointer(0, 0), scale: 1, advance: 0 };
        bases.of[Kind::Constant as usize] = Base { first: constants.as_mut_ptr(), scale: 1, advance: 0 };
        bases.of[Kind::Register as usize] = Base { first: registers.as_mut_ptr(), scale: 0, advance: 0 };
        // The forwarded elements are only read.
        let forwarded = forwarded.as_ptr().cast_mut().wrapping_sub(range.start);
        bases.of[Kind::Forwarded as usize] = Base { first: forwarded, scale: 1, advance: usize::MAX };
        // SAFETY: the caller promises it.
        unsafe { dispatch_to(level, Machine { chain: self, arena, pieces: &mut pieces, tiles, bases }) };
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
    bases: Bases<T>,
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
                    let scale = self.chain.tile::<T>();
                    end = end.min(start + scale);
                    // SAFETY: as the caller of `Chain::run_on` promises.
                    unsafe { self.chain.load(self.arena, &(start..end), self.tiles) };
                    let first = self.tiles.as_mut_ptr().wrapping_sub(start);
                    self.bases.of[Kind::Loaded as usize] = Base { first, scale, advance: usize::MAX };
                }
                // SAFETY: the processor has the instruction set `I`, as the caller of `Chain::run_on` promises. That function
                // has checked that what the steps read and write lies within the arena, the registers and the forwarded elements;
                // its caller promises that nobody else uses it.
                unsafe { self.bases.run::<T::Register<I>, VECTORS>(&self.chain.steps, start..end) };
                start = end;
            }
        }
    }
}

/// Where operands of one kind lie: operand `n` for the element `e` at `first + n · scale`, and `e` more if they advance with
/// the elements (`advance` has all bits set).
#[derive(Clone, Copy)]
struct Base<T> {
    first: *mut T,
    scale: usize,
    advance: usize,
}

/// Where the operands of each kind lie.
struct Bases<T> {
    of: [Base<T>; 7],
}

impl<T> Default for Bases<T> {
    fn default() -> Self {
        Bases { of: std::array::from_fn(|_| Base { first: std::ptr::null_mut(), scale: 0, advance: 0 }) }
    }
}

/// The statement for each vector of the accumulator. Written out, since the compiler keeps the accumulator in memory where it
/// does not unroll a loop over it.
macro_rules! for_each_vector {
    (|$number:ident| $statement:expr) => {
        for_each_vector!(|$number| $statement, 0 1 2 3 4 5 6 7)
    };
    (|$number:ident| $statement:expr, $($index:literal)*) => {{
        const { assert!(W <= VECTORS) };
        $(if $index < W {
            let $number: usize = $index;
            $statement;
        })*
    }};
}

/// Every vector of the accumulator becomes the given combination of it and of the operand. A macro, since the compiler does not
/// inline a large closure, and what is not inlined is not compiled for the instruction set.
macro_rules! combine {
    ($accumulator:ident, $with:ident, |$a:ident, $x:ident| $combined:expr) => {
        match $with.place {
            Place::Elements(elements) => for_each_vector!(|number| {
                let combined = {
                    let ($a, $x): (V, V) = ($accumulator[number], $with.vector(elements, number));
                    $combined
                };
                $accumulator[number] = combined;
            }),
            Place::Number(number) => {
                let $x: V = V::splat(number);
                for_each_vector!(|number| {
                    let combined = {
                        let $a = $accumulator[number];
                        $combined
                    };
                    $accumulator[number] = combined;
                });
            }
            Place::Accumulator => for_each_vector!(|number| {
                let combined = {
                    let ($a, $x) = ($accumulator[number], $accumulator[number]);
                    $combined
                };
                $accumulator[number] = combined;
            }),
        }
    };
}

/// The accumulator becomes a function of the operand. The loop runs over a copy: where the compiler does not unroll it, the
/// accumulator still stays in registers.
macro_rules! apply {
    ($accumulator:ident, $with:ident, |$x:ident| $function:expr) => {{
        let mut copy = $with.read($accumulator);
        for lane in &mut copy {
            let $x = *lane;
            *lane = $function;
        }
        $accumulator = copy;
    }};
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

impl<T: Real> Place<T> {
    /// The number; 0 for elements, which are never a weight.
    #[inline(always)]
    fn number(self) -> T {
        if let Place::Number(number) = self { number } else { T::zero() }
    }
}

impl<T: Real> Bases<T> {
    /// Takes the elements `range` through the steps, `W` vectors at a time.
    ///
    /// # Safety
    /// The processor has the instruction set of `V`. All operands can be read, and written where a step stores, at these
    /// elements, and nobody else does so meanwhile.
    #[inline(always)]
    unsafe fn run<V: Vector<T>, const W: usize>(&mut self, steps: &[Step], range: Range<usize>) {
        const { assert!(W * size_of::<V>() <= REGISTER_BYTES, "a block fits into a register") };
        self.of[Kind::Register as usize].scale = W * V::LANES;
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
                let with = With { place: self.place(step.operand, first), part };
                match step.code {
                    Code::Load => a = with.read(a),
                    Code::Store => with.store(a),
                    Code::Add => combine!(a, with, |a, x| a.add(x)),
                    Code::Subtract => combine!(a, with, |a, x| a.subtract(x)),
                    Code::SubtractFrom => combine!(a, with, |a, x| x.subtract(a)),
                    Code::Multiply => combine!(a, with, |a, x| a.multiply(x)),
                    Code::Divide => combine!(a, with, |a, x| a.divide(x)),
                    Code::DivideInto => combine!(a, with, |a, x| x.divide(a)),
                    Code::Minimum => combine!(a, with, |a, x| a.minimum(x)),
                    Code::MinimumFrom => combine!(a, with, |a, x| x.minimum(a)),
                    Code::Maximum => combine!(a, with, |a, x| a.maximum(x)),
                    Code::MaximumFrom => combine!(a, with, |a, x| x.maximum(a)),
                    Code::Sqrt => apply!(a, with, |x| x.square_root()),
                    Code::Flush => apply!(a, with, |x| x.normal_or_zero()),
                    Code::Exp => apply!(a, with, |x| T::exp_vector(x)),
                    Code::Tanh => apply!(a, with, |x| T::tanh_vector(x)),
                    Code::Sigmoid => apply!(a, with, |x| sigmoid(x)),
                    Code::Ln => apply!(a, with, |x| logarithm(x)),
                    Code::Softplus => apply!(a, with, |x| softplus(x)),
                    Code::Erf => apply!(a, with, |x| T::erf_vector(x)),
                    Code::Sin => apply!(a, with, |x| T::sin_cos_vector(x).0),
                    Code::Cos => apply!(a, with, |x| T::sin_cos_vector(x).1),
                    Code::Power => {
                        let x = with.read(a);
                        powers(&mut a, x);
                    }
                    Code::PowerOf => {
                        let mut x = with.read(a);
                        powers(&mut x, a);
                        a = x;
                    }
                    Code::WeightedSum => {
                        let mut next = || {
                            steps.next().map_or(Place::Accumulator, |step| self.place(step.operand, first))
                        };
                        let (alpha, beta, y) = (next().number(), next().number(), next());
                        // The accumulator is overwritten first, so only the first operand may be it.
                        let (x, alpha, y, beta) = match y {
                            Place::Accumulator => (y, beta, with.place, alpha),
                            _ => (with.place, alpha, y, beta),
                        };
                        let (x, y) = (With { place: x, part }, With { place: y, part });
                        let (alpha, beta) = (V::splat(alpha), V::splat(beta));
                        apply!(a, x, |x| x.multiply(alpha));
                        combine!(a, y, |sum, y| sum.add(y.multiply(beta)).normal_or_zero());
                    }
                    Code::SelectEqual | Code::SelectAtLeast | Code::SelectGreater => {
                        let mut operands = [with.read(a); 4];
                        for (operand, step) in operands[1..].iter_mut().zip(&mut steps) {
                            *operand = With { place: self.place(step.operand, first), part }.read(a);
                        }
                        let [x, y, then, otherwise] = operands;
                        for (number, a) in a.iter_mut().enumerate() {
                            let (x, y, then, otherwise) =
                                (x[number], y[number], then[number], otherwise[number]);
                            *a = match step.code {
                                Code::SelectEqual => x.select::<EQUAL>(y, then, otherwise),
                                Code::SelectAtLeast => x.select::<AT_LEAST>(y, then, otherwise),
                                _ => x.select::<GREATER>(y, then, otherwise),
                            };
                        }
                    }
                    // Only behind a selection, which takes it.
                    Code::Argument => {}
                }
            }
        }
    }

    /// Where the block of an operand from the element `first` on is.
    ///
    /// # Safety
    /// As for [`run`](Self::run).
    #[inline(always)]
    unsafe fn place(&self, operand: Operand, first: usize) -> Place<T> {
        let base = self.of[operand.kind as usize];
        let place = base.first.wrapping_add(operand.number * base.scale + (first & base.advance));
        match operand.kind {
            Kind::Accumulator => Place::Accumulator,
            // SAFETY: the caller promises that it can be read.
            Kind::Number | Kind::Constant => Place::Number(unsafe { place.read() }),
            Kind::Register | Kind::Loaded | Kind::Memory | Kind::Forwarded => Place::Elements(place),
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
    /// The operand, given the accumulator.
    ///
    /// # Safety
    /// As for [`Bases::run`].
    #[inline(always)]
    unsafe fn read<V: Vector<T>, const W: usize>(self, a: [V; W]) -> [V; W] {
        let mut x = a;
        // SAFETY: the caller promises it.
        unsafe {
            match self.place {
                Place::Elements(elements) => {
                    for (number, x) in x.iter_mut().enumerate() {
                        *x = self.vector(elements, number);
                    }
                }
                Place::Number(number) => x = [V::splat(number); W],
                Place::Accumulator => {}
            }
        }
        x
    }

    /// Vector `number` of a block whose first element is there.
    ///
    /// # Safety
    /// As for [`Bases::run`].
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
    /// As for [`Bases::run`].
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

/// 1/(1 + e⁻ˣ). With p = e^−|x|, which never overflows, it is 1/(1 + p) for x ≥ 0 and p/(1 + p) below.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn sigmoid<T: Real, V: Vector<T>>(x: V) -> V {
    // SAFETY: the caller promises it.
    unsafe {
        let (zero, one) = (V::splat(T::zero()), V::splat(T::one()));
        let power = T::exp_vector(zero.select::<GREATER>(x, x, zero.subtract(x)));
        let above = one.divide(one.add(power));
        zero.select::<GREATER>(x, power.multiply(above), above)
    }
}

/// The natural logarithm; the compiler makes vector instructions of the loop over the lanes.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn logarithm<T: Real, V: Vector<T>>(x: V) -> V {
    const { assert!(V::LANES <= MOST_LANES) };
    let mut lanes = [T::one(); MOST_LANES];
    // SAFETY: the caller promises the instruction set, and the array has as many numbers as a vector.
    unsafe {
        x.store(lanes.as_mut_ptr());
        for lane in &mut lanes[..V::LANES] {
            *lane = lane.fast_ln();
        }
        V::load(lanes.as_ptr())
    }
}

/// log(1 + eˣ). With p = e^−|x|, which never overflows, it is max(x, 0) + log(1 + p). The rounding of u = 1 + p is divided out:
/// log(1 + p) is log(u)·p/(u − 1), or p where u is 1 (Kahan, in the HP-15C Advanced Functions Handbook, 1982).
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn softplus<T: Real, V: Vector<T>>(x: V) -> V {
    // SAFETY: the caller promises it.
    unsafe {
        let (zero, one) = (V::splat(T::zero()), V::splat(T::one()));
        let power = T::exp_vector(zero.select::<GREATER>(x, x, zero.subtract(x)));
        let sum = one.add(power);
        let log = logarithm(sum).multiply(power.divide(sum.subtract(one)));
        let log = sum.select::<EQUAL>(one, power, log);
        x.select::<GREATER>(zero, x, zero).add(log)
    }
}

/// Replaces each lane of `a` by its power to the exponent in the same lane of `x`.
///
/// # Safety
/// The processor has the instruction set of `V`.
#[inline(always)]
unsafe fn powers<T: Real, V: Vector<T>, const W: usize>(a: &mut [V; W], x: [V; W]) {
    let mut lanes = *a;
    for (a, x) in lanes.iter_mut().zip(x) {
        let (mut bases, mut exponents) = ([T::one(); MOST_LANES], [T::one(); MOST_LANES]);
        // SAFETY: the caller promises the instruction set, and the arrays have as many numbers as a vector.
        unsafe {
            a.store(bases.as_mut_ptr());
            x.store(exponents.as_mut_ptr());
            for (base, exponent) in bases.iter_mut().zip(exponents).take(V::LANES) {
                *base = base.powf(exponent);
            }
            *a = V::load(bases.as_ptr());
        }
    }
    *a = lanes;
}

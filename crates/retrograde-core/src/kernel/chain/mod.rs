//! A chain of elementwise operations as one pass over memory.
//!
//! A chain is compiled once, when a plan is made: the [expressions](Expr) of all its operations become one list of [steps](Step)
//! for a machine with one accumulator ([`compile`]). A block of elements, some vector registers wide, goes through all steps
//! before the next block begins ([`execute`]). A value that a later step needs lies in a register: a block of scratch memory that
//! stays in the first-level cache. A value goes to the arena only where the plan has a place for it. Each operation is rounded as
//! it would be alone, so that a chain has the bits of its operations.
//!
//! A block is read before anything is written to its place, so a chain may update a value in place. [`verify`] says whether all
//! places are apart or the same.

mod compile;
mod execute;
mod verify;

use super::expr::Expr;
use super::strided::View;
use std::ops::Range;

/// The bytes of a tile of a [load](Load) at the most.
const TILE_BYTES: usize = 4096;

/// The bytes of the tiles of all loads together at the most: they stay in a first-level cache of 32 KiB.
const TILES_BYTES: usize = 16 * 1024;

/// The fewest elements of a tile.
const SHORTEST_TILE: usize = 128;

/// The bytes of a register: the widest block of any instruction set.
const REGISTER_BYTES: usize = 512;

/// A compiled chain.
#[derive(Debug)]
pub(crate) struct Chain {
    /// How many elements go by.
    pub(super) elements: usize,
    /// How many consecutive elements one thread computes at least: ranges end at multiples. 0 if they may end anywhere.
    pub(super) chunk: usize,
    pub(super) loads: Vec<Load>,
    steps: Vec<Step>,
    /// How many registers the steps use.
    registers: usize,
    constants: Vec<f64>,
    /// How many functions of numbers are computed for each element.
    functions: usize,
    /// Whether it reads what a row kernel forwards.
    is_epilogue: bool,
    /// Whether its outputs keep their values where its forwarded input is zero.
    preserves_on_zero: bool,
}

/// An elementwise operation of a chain.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) expr: Expr,
    pub(crate) inputs: Vec<Value>,
}

/// Where an operation finds an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// In the result of an earlier operation of the chain.
    Operation(usize),
    /// In a load.
    Loaded(usize),
    /// In memory, the elements from this one on.
    Memory(usize),
    /// In one number in memory that stands for all elements.
    Number(usize),
    /// Forwarded by the row kernel whose [epilogue](super::epilogue) the chain is.
    Forwarded,
}

/// A value that goes to memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) value: Value,
    /// The first of its elements.
    pub(crate) to: usize,
}

/// Values that are not neighbours in memory, copied to a tile of scratch memory before the steps run.
#[derive(Debug)]
pub(crate) struct Load {
    /// Where the memory behind the view begins.
    pub(crate) start: usize,
    /// How many elements it has.
    pub(crate) length: usize,
    /// The view of it, merged.
    pub(crate) view: View,
    /// If each row of the chain reads a part of the memory of its own: which.
    pub(crate) rows: Option<RowsOfLoad>,
}

/// Row `r` of a chain, `elements` long, reads `extent` numbers from `r · apart` on behind the view's offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowsOfLoad {
    pub(crate) elements: usize,
    pub(crate) apart: usize,
    pub(crate) extent: usize,
}

impl RowsOfLoad {
    /// How a merged view is read by a chain of so many rows, if rows read parts that have nothing in common.
    pub(crate) fn of(view: &View, rows: usize) -> Option<Self> {
        let (&count, &apart) = (view.shape.first()?, view.strides.first()?);
        let inner = view.shape[1..].iter().zip(&view.strides[1..]);
        let extent = 1 + inner.map(|(&length, &stride)| (length.max(1) - 1) * stride).sum::<usize>();
        // A first axis that merged several rows, or a part of one, is not taken apart again.
        let fits = rows > 0 && count == rows && extent <= apart;
        fits.then(|| RowsOfLoad { elements: view.elements() / rows, apart, extent })
    }

    /// The part of a memory of `length` numbers that the elements `range` read through a view with this offset.
    pub(super) fn lent(&self, length: usize, offset: usize, range: &Range<usize>) -> Range<usize> {
        let (first, last) = (range.start / self.elements, range.end.div_ceil(self.elements));
        if range.is_empty() {
            return 0..0;
        }
        let end = offset + (last - 1) * self.apart + self.extent;
        offset + first * self.apart..end.min(length)
    }
}

/// A step of the machine: what happens to the accumulator `a`, given an operand `x`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    code: Code,
    operand: Operand,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Code {
    /// a = x
    Load,
    /// The operand, in memory or in a register, becomes a.
    Store,
    Add,
    Subtract,
    /// a = x − a
    SubtractFrom,
    Multiply,
    Divide,
    /// a = x / a
    DivideInto,
    Minimum,
    /// The minimum of x and a, in this order.
    MinimumFrom,
    Maximum,
    /// The maximum of x and a, in this order.
    MaximumFrom,
    Power,
    /// a = xᵃ
    PowerOf,
    /// a = √x; so for all functions of one number.
    Sqrt,
    Exp,
    Ln,
    Softplus,
    Erf,
    Sin,
    Cos,
    Tanh,
    Sigmoid,
    Flush,
    /// Of the operands x, α, β and y of this step and the next three: α·x + β·y, each product rounded, and flushed.
    WeightedSum,
    /// Of the operands of this step and the next three, [`Argument`](Code::Argument)s, the third where the first equals the
    /// second, else the fourth.
    SelectEqual,
    /// The same where the first is at least the second.
    SelectAtLeast,
    /// The same where the first is greater than the second.
    SelectGreater,
    /// Another operand of the step before.
    Argument,
}

/// Where a step finds or puts a number for each element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Operand {
    kind: Kind,
    /// Which one of this kind.
    number: usize,
}

/// The kinds of operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The accumulator.
    Accumulator,
    /// One number in memory that stands for all elements: its place.
    Number,
    /// One of the chain's constants.
    Constant,
    /// A register.
    Register,
    /// The tile of a load.
    Loaded,
    /// Memory: the place of the first element.
    Memory,
    /// An element that a row kernel has forwarded.
    Forwarded,
}

impl Kind {
    /// The operand of this kind with this number.
    fn at(self, number: usize) -> Operand {
        Operand { kind: self, number }
    }
}

impl Chain {
    /// Compiles a chain of so many `elements`, partitioned at multiples of `chunk` if that is not 0. An operation reads earlier
    /// ones.
    pub(crate) fn new(
        (elements, chunk): (usize, usize),
        loads: Vec<Load>,
        operations: &[Operation],
        outputs: &[Output],
    ) -> Self {
        let compiled = compile::compile(operations, outputs);
        let is_epilogue = compiled.steps.iter().any(|step| step.operand.kind == Kind::Forwarded);
        Chain {
            elements,
            chunk,
            loads,
            steps: compiled.steps,
            registers: compiled.registers,
            constants: compiled.constants,
            functions: compiled.functions,
            is_epilogue,
            preserves_on_zero: compiled.preserves_on_zero,
        }
    }

    /// The flops of all elements; a function counts as one.
    pub(super) fn flops(&self) -> usize {
        self.elements * (self.functions + 1)
    }

    /// The elements that it reads and writes in memory, each counted once.
    pub(super) fn elements_moved(&self) -> usize {
        let loads = self.loads.iter().map(|load| load.length.min(self.elements));
        let mut places: Vec<usize> =
            self.memory().map(|(start, writes)| 2 * start + usize::from(writes)).collect();
        places.sort_unstable();
        places.dedup();
        loads.sum::<usize>() + places.len() * self.elements
    }

    /// How many numbers of scratch memory it needs: its registers, its constants, and a tile for each load.
    pub(super) fn scratch<T>(&self) -> usize {
        let registers = self.registers * REGISTER_BYTES / size_of::<T>();
        registers + self.constants.len() + self.loads.len() * self.tile::<T>()
    }

    /// How many elements a tile has.
    fn tile<T>(&self) -> usize {
        let bytes = (TILES_BYTES / self.loads.len().max(1)).min(TILE_BYTES);
        (bytes / size_of::<T>()).max(SHORTEST_TILE) / 64 * 64
    }

    /// The places in memory where it reads and writes element by element, and whether it writes there.
    pub(super) fn memory(&self) -> impl Iterator<Item = (usize, bool)> + '_ {
        self.operands(Kind::Memory)
    }

    /// The places of single numbers that it reads.
    pub(super) fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        self.operands(Kind::Number).map(|(place, _)| place)
    }

    /// The numbers of the operands of a kind, and whether each is stored to.
    fn operands(&self, kind: Kind) -> impl Iterator<Item = (usize, bool)> + '_ {
        let steps = self.steps.iter().filter(move |step| step.operand.kind == kind);
        steps.map(|step| (step.operand.number, step.code == Code::Store))
    }

    /// Whether it reads what a row kernel forwards.
    pub(super) fn is_epilogue(&self) -> bool {
        self.is_epilogue
    }

    /// Whether its outputs keep their values where its forwarded input is zero.
    pub(super) fn preserves_on_zero(&self) -> bool {
        self.preserves_on_zero
    }
}

#[cfg(test)]
mod tests;

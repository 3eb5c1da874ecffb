//! A chain of pointwise operations as one pass over memory.
//!
//! The elements go by in tiles that stay in the first-level cache. For each tile, values that are not neighbours in
//! memory are copied into a register (a tile of scratch memory), each operation is carried out from registers or memory
//! into a register or memory, and what replaces a value that the chain still reads is stored last. Operations of
//! arithmetic that follow each other are carried out [as one](arithmetic); a chain that is one such run, from memory to
//! memory, needs no tiles.
//!
//! What a chain is stands here; [`run`] carries it out, and [`fault`] says whether that is sound.

mod fault;
mod run;

use super::arithmetic;
use super::arithmetic::Arithmetic;
use super::form::PointwiseKernel;
use super::strided::View;
use std::ops::Range;
use std::sync::Arc;

/// A tile's bytes at the most.
const TILE_BYTES: usize = 4096;

/// The bytes of all registers of a chain together at the most: with what they are filled from and stored to, they stay in a
/// first-level cache of 32 KiB.
const REGISTER_BYTES: usize = 16 * 1024;

/// The most inputs of one pointwise operation.
pub(crate) const MOST_INPUTS: usize = 4;

/// The fewest elements of a tile: with fewer, calling an operation would cost more than carrying it out.
const SHORTEST: usize = 128;

/// The program of a chain.
#[derive(Debug)]
pub(crate) struct Chain {
    /// How many elements go by.
    pub(super) elements: usize,
    /// Into how many rows of equal length they fall that are each done by one thread; 0 if any elements may go together.
    pub(super) rows: usize,
    pub(super) loads: Vec<Load>,
    pub(super) instructions: Vec<Instruction>,
    stores: Vec<Store>,
    /// How many registers it uses.
    registers: usize,
    /// How the instructions are carried out.
    tasks: Vec<Task>,
    /// Whether it reads what is passed on to it.
    tail: bool,
    /// Whether it is one run of arithmetic from memory to memory.
    plain: bool,
}

/// One instruction or several.
#[derive(Debug)]
enum Task {
    /// A run of arithmetic.
    Run(Vec<arithmetic::Step>),
    /// A kernel, and the number of its instruction.
    Kernel(Arc<dyn PointwiseKernel>, usize),
}

/// Values that are not neighbours in memory, copied into a register.
#[derive(Debug)]
pub(crate) struct Load {
    /// Where the memory behind the view begins.
    pub(crate) start: usize,
    /// How many elements it has.
    pub(crate) length: usize,
    /// The view of it, merged.
    pub(crate) view: View,
    pub(crate) register: usize,
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

/// One operation on a tile.
#[derive(Debug)]
pub(crate) struct Instruction {
    pub(crate) operation: Elementwise,
    pub(crate) inputs: Vec<Value>,
    pub(crate) output: Value,
}

/// What an instruction does to each element.
#[derive(Debug, Clone)]
pub(crate) enum Elementwise {
    /// Arithmetic, which may write where it reads.
    Arithmetic(Arithmetic),
    /// A kernel, whose output is apart from its inputs.
    Kernel(Arc<dyn PointwiseKernel>),
}

/// Where a tile of values is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// In a register.
    Register(usize),
    /// In memory, the elements from this one on.
    Memory(usize),
    /// One number in memory that stands for all elements; only of inputs of arithmetic.
    Number(usize),
    /// What the row kernel has made whose [tail](super::tail) the chain is; never written.
    Passed,
}

/// A register whose tile is stored to memory when the operations are done.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) register: usize,
    pub(crate) to: usize,
}

impl Chain {
    /// A chain of so many `elements`, which fall into so many `rows` if that is not 0.
    pub(crate) fn new(
        (elements, rows): (usize, usize),
        loads: Vec<Load>,
        instructions: Vec<Instruction>,
        stores: Vec<Store>,
        registers: usize,
    ) -> Self {
        let (mut tasks, mut number) = (Vec::new(), 0);
        while number < instructions.len() {
            match &instructions[number].operation {
                Elementwise::Kernel(kernel) => {
                    tasks.push(Task::Kernel(Arc::clone(kernel), number));
                    number += 1;
                }
                Elementwise::Arithmetic(_) => {
                    let kept = |register| stores.iter().any(|store| store.register == register);
                    let (run, count) = arithmetic::run(&instructions[number..], kept);
                    tasks.push(Task::Run(run));
                    number += count;
                }
            }
        }
        let tail = instructions.iter().any(|instruction| instruction.inputs.contains(&Value::Passed));
        let in_memory = |step: &arithmetic::Step| !matches!(step.value(), Some(Value::Register(_)));
        let plain = loads.is_empty()
            && stores.is_empty()
            && matches!(&tasks[..], [Task::Run(steps)] if steps.iter().all(in_memory));
        Chain { elements, rows, loads, instructions, stores, registers, tasks, tail, plain }
    }

    /// About how many additions and multiplications it takes.
    pub(super) fn arithmetic(&self) -> usize {
        self.elements * (self.instructions.len() + 1)
    }

    /// How many numbers it reads and writes in memory, each counted once.
    pub(super) fn traffic(&self) -> usize {
        let loads = self.loads.iter().map(|load| load.length.min(self.elements));
        let mut places: Vec<(usize, bool)> = self.memory().collect();
        places.sort_unstable();
        places.dedup();
        loads.sum::<usize>() + places.len() * self.elements
    }

    /// How many numbers of scratch memory it needs: its registers.
    pub(super) fn scratch<T>(&self) -> usize {
        self.registers * self.tile::<T>()
    }

    /// How many elements a tile has.
    fn tile<T>(&self) -> usize {
        let bytes = (REGISTER_BYTES / self.registers.max(1)).min(TILE_BYTES);
        (bytes / size_of::<T>()).max(SHORTEST) / 64 * 64
    }

    /// The places in memory where it reads and writes element by element, and whether it writes there.
    pub(super) fn memory(&self) -> impl Iterator<Item = (usize, bool)> + '_ {
        let place = |value: &Value| match value {
            Value::Memory(start) => Some(*start),
            Value::Register(_) | Value::Number(_) | Value::Passed => None,
        };
        let inputs = self.instructions.iter().flat_map(|instruction| &instruction.inputs);
        let reads = inputs.filter_map(place);
        let writes = self.instructions.iter().filter_map(move |instruction| place(&instruction.output));
        let stores = self.stores.iter().map(|store| store.to);
        reads.map(|start| (start, false)).chain(writes.chain(stores).map(|start| (start, true)))
    }

    /// The registers that are stored in the end, and where.
    pub(super) fn stores(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.stores.iter().map(|store| (store.register, store.to))
    }

    /// The places of single numbers that it reads.
    pub(super) fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        self.instructions.iter().flat_map(|instruction| &instruction.inputs).filter_map(|value| match value {
            Value::Number(place) => Some(*place),
            Value::Register(_) | Value::Memory(_) | Value::Passed => None,
        })
    }

    /// Whether it reads what is passed on to it.
    pub(super) fn is_tail(&self) -> bool {
        self.tail
    }
}

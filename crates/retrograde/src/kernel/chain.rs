//! A chain of pointwise operations as one pass over memory.
//!
//! The elements go by in tiles that stay in the first-level cache. For each tile, values that are not neighbours in
//! memory are copied into a register (a tile of scratch memory), each operation is carried out from registers or memory
//! into a register or memory, and what replaces a value that the chain still reads is stored last. Operations of
//! arithmetic that follow each other are carried out [as one](arithmetic); a chain that is one such run, from memory to
//! memory, needs no tiles.

use super::arena::Arena;
use super::arithmetic::{self, Operand};
use super::form::{Form, Formed};
use super::real::Real;
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
    /// The instruction of this number.
    Kernel(usize),
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
    /// An operation of pointwise form, or arithmetic.
    pub(crate) operation: Arc<dyn Formed>,
    pub(crate) inputs: Vec<Value>,
    pub(crate) output: Value,
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
            let kept = |register| stores.iter().any(|store| store.register == register);
            let (run, count) = arithmetic::run(&instructions[number..], kept);
            tasks.push(if count > 0 { Task::Run(run) } else { Task::Kernel(number) });
            number += count.max(1);
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

    /// Why the chain is not sound, if it is not: what is written must be apart from what is read, or be the very
    /// same elements, which are then read before they are written or after. Registers must exist, and no operation but
    /// arithmetic reads what it writes.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let memory = |value: &Value| match value {
            Value::Memory(start) => Some(*start),
            Value::Register(_) | Value::Number(_) | Value::Passed => None,
        };
        let apart = |a: usize, length: usize, b: usize| a + length <= b || b + self.elements <= a;
        let writes: Vec<usize> = self
            .instructions
            .iter()
            .filter_map(|instruction| memory(&instruction.output))
            .chain(self.stores.iter().map(|store| store.to))
            .collect();
        for &write in &writes {
            if self.loads.iter().any(|load| !apart(load.start, load.length, write))
                || self.numbers().any(|place| !apart(place, 1, write))
            {
                return Some("a chain loads what it writes");
            }
            let reads =
                self.instructions.iter().flat_map(|instruction| &instruction.inputs).filter_map(memory);
            if reads
                .chain(writes.iter().copied())
                .any(|other| other != write && !apart(other, self.elements, write))
            {
                return Some("a chain reads what it writes elsewhere");
            }
        }
        let is_register =
            |value: &Value| matches!(value, Value::Register(register) if *register >= self.registers);
        let missing = self.instructions.iter().any(|instruction| {
            instruction.inputs.len() > MOST_INPUTS
                || instruction.inputs.iter().chain([&instruction.output]).any(is_register)
                || !instruction.operation.form().is_pointwise()
                || matches!(instruction.output, Value::Number(_) | Value::Passed)
        });
        let kernels = || self.instructions.iter().filter(|instruction| arithmetic::of(instruction).is_none());
        if kernels().any(|kernel| kernel.inputs.contains(&kernel.output)) {
            return Some("an operation of a chain reads what it writes");
        }
        let is_number = |value: &Value| matches!(value, Value::Number(_));
        if kernels().any(|kernel| kernel.inputs.iter().any(is_number)) {
            return Some("an operation of a chain is given one number for all elements");
        }
        let loads_and_stores =
            self.loads.iter().map(|load| load.register).chain(self.stores.iter().map(|s| s.register));
        if missing || loads_and_stores.into_iter().any(|register| register >= self.registers) {
            return Some("a chain uses a register that it does not have");
        }
        None
    }

    /// The places in memory where it reads and writes element by element, and whether it writes there.
    pub(super) fn memory(&self) -> impl Iterator<Item = (usize, bool)> + '_ {
        let place = |value: &Value| match value {
            Value::Memory(start) => Some(*start),
            Value::Register(_) | Value::Number(_) | Value::Passed => None,
        };
        let reads = self.instructions.iter().flat_map(|instruction| &instruction.inputs).filter_map(place);
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

    /// Runs the elements `range`. `scratch` holds the registers, a tile each; `passed` the elements of the range that a row
    /// kernel has made, if it is the tail of one.
    ///
    /// # Safety
    /// The chain has no [`fault`](Self::fault). While it runs, nobody writes to what it reads, nor reads or writes what
    /// it writes, apart from other calls with ranges that have no element in common.
    pub(super) unsafe fn run<T: Real>(
        &self,
        arena: &Arena<T>,
        range: Range<usize>,
        passed: &[T],
        scratch: &mut [T],
    ) {
        if self.plain {
            let whole = 0..range.len();
            // SAFETY: as promised by the caller.
            return unsafe { self.run_pieces(arena, range, std::iter::once(whole), passed, scratch) };
        }
        assert!(passed.len() == range.len() || !self.is_tail(), "what is passed on");
        let size = self.tile::<T>();
        let mut start = range.start;
        while start < range.end {
            let tile = start..(start + size).min(range.end);
            let passed = passed.get(start - range.start..tile.end - range.start).unwrap_or_default();
            // SAFETY: as promised by the caller; tiles of one call come one after the other.
            unsafe { self.run_tile(arena, tile, start == range.start, passed, scratch) };
            start += size;
        }
    }

    /// Runs those `pieces` of the elements `range`, counted from its first one; the others have not been passed.
    ///
    /// # Safety
    /// As for [`run`](Self::run); no two pieces have an element in common.
    pub(super) unsafe fn run_pieces<T: Real>(
        &self,
        arena: &Arena<T>,
        range: Range<usize>,
        pieces: impl Iterator<Item = Range<usize>>,
        passed: &[T],
        scratch: &mut [T],
    ) {
        match &self.tasks[..] {
            // Of short pieces it takes longest to find out what is where: once for all of them.
            [Task::Run(steps)] if self.plain => {
                assert!(passed.len() == range.len() || !self.is_tail(), "what is passed on");
                let pieces =
                    pieces.inspect(|piece| assert!(piece.end <= range.len(), "a piece of the range"));
                // SAFETY: as promised by the caller.
                unsafe {
                    arithmetic::carry_out(steps, pieces, |value| {
                        in_memory(value, arena, &range, passed).unwrap_or(Operand::Accumulator)
                    });
                }
            }
            _ => {
                for piece in pieces {
                    let elements = range.start + piece.start..range.start + piece.end;
                    // SAFETY: as promised by the caller.
                    unsafe { self.run(arena, elements, &passed[piece], scratch) };
                }
            }
        }
    }

    /// # Safety
    /// As for [`run`](Self::run).
    unsafe fn run_tile<T: Real>(
        &self,
        arena: &Arena<T>,
        tile: Range<usize>,
        first: bool,
        passed: &[T],
        scratch: &mut [T],
    ) {
        let (size, count) = (self.tile::<T>(), tile.len());
        for load in &self.loads {
            // What is one number throughout stays in its register from the first tile on.
            let register = load.register * size;
            let uniform = load.view.strides.iter().all(|&stride| stride == 0);
            if uniform && !first {
                continue;
            }
            let lent = match load.rows {
                Some(rows) => rows.lent(load.length, load.view.offset, &tile),
                None => 0..load.length,
            };
            // SAFETY: nobody writes to what the chain loads, or to the part of it that these rows load.
            let memory = unsafe { arena.real.slice(load.start + lent.start, lent.len()) };
            let into = &mut scratch[register..register + count];
            match load.rows {
                _ if uniform => scratch[register..register + size].fill(memory[load.view.offset]),
                None => load.view.copy(memory, load.view.offset, tile.clone(), into),
                Some(rows) => {
                    let first = tile.start / rows.elements * rows.elements;
                    load.view.copy(memory, 0, tile.start - first..tile.end - first, into);
                }
            }
        }
        assert!(self.registers * size <= scratch.len(), "registers");
        let registers = scratch.as_mut_ptr();
        for task in &self.tasks {
            // SAFETY: registers are disjoint pieces of `scratch`, and places in memory apart from each other unless they are the
            // same; what a task writes is read by nobody else, and by itself only if it is arithmetic, as `fault` sees.
            unsafe {
                match task {
                    Task::Run(steps) => {
                        arithmetic::carry_out(steps, std::iter::once(0..count), |value| match value {
                            Value::Register(register) => Operand::Elements(registers.add(register * size)),
                            _ => in_memory(value, arena, &tile, passed).unwrap_or(Operand::Accumulator),
                        });
                    }
                    Task::Kernel(number) => {
                        let instruction = &self.instructions[*number];
                        let Form::Pointwise(kernel) = instruction.operation.form() else {
                            continue;
                        };
                        let mut inputs: [&[T]; MOST_INPUTS] = [&[]; MOST_INPUTS];
                        for (slot, input) in inputs.iter_mut().zip(&instruction.inputs) {
                            *slot = match *input {
                                Value::Register(register) => {
                                    std::slice::from_raw_parts(registers.add(register * size), count)
                                }
                                Value::Memory(start) => arena.real.slice(start + tile.start, count),
                                Value::Number(_) => continue,
                                Value::Passed => passed,
                            };
                        }
                        let output = match instruction.output {
                            Value::Register(register) => {
                                std::slice::from_raw_parts_mut(registers.add(register * size), count)
                            }
                            Value::Memory(start) => arena.real.slice_mut(start + tile.start, count),
                            Value::Number(_) | Value::Passed => continue,
                        };
                        T::pointwise(kernel).map(&inputs[..instruction.inputs.len()], output);
                    }
                }
            }
        }
        for store in &self.stores {
            let register = store.register * size;
            // SAFETY: no slice of the arena is in use any more, and nobody else uses these elements.
            let memory = unsafe { arena.real.slice_mut(store.to + tile.start, count) };
            memory.copy_from_slice(&scratch[register..register + count]);
        }
    }
}

/// Where arithmetic on the `elements` of a chain finds a value that is in no register.
fn in_memory<T: Real>(
    value: Value,
    arena: &Arena<T>,
    elements: &Range<usize>,
    passed: &[T],
) -> Option<Operand<T>> {
    match value {
        Value::Register(_) => None,
        Value::Memory(start) => {
            Some(Operand::Elements(arena.real.pointer(start + elements.start, elements.len())))
        }
        Value::Number(place) => Some(Operand::Number(arena.real.pointer(place, 1))),
        // It is only read.
        Value::Passed => Some(Operand::Elements(passed.as_ptr().cast_mut())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Arithmetic;
    use crate::kernel::samples::{Copied, Plain};

    const SUM: Plain = Plain(Arithmetic::Add);

    const ELEMENTS: usize = 10;

    /// What is wrong with a chain of one operation that has two inputs.
    fn fault(operation: impl Formed + 'static, inputs: [Value; 2], output: Value) -> Option<&'static str> {
        of_chain(operation, inputs.to_vec(), output, Vec::new(), Vec::new())
    }

    fn of_chain(
        operation: impl Formed + 'static,
        inputs: Vec<Value>,
        output: Value,
        loads: Vec<Load>,
        stores: Vec<Store>,
    ) -> Option<&'static str> {
        let instruction = Instruction { operation: Arc::new(operation), inputs, output };
        Chain::new((ELEMENTS, 0), loads, vec![instruction], stores, 2).fault()
    }

    #[test]
    fn a_chain_that_is_sound_has_no_fault() {
        let (register, memory) = (Value::Register, Value::Memory);
        assert_eq!(fault(SUM, [memory(0), memory(10)], memory(20)), None);
        assert_eq!(
            fault(SUM, [memory(0), Value::Number(10)], memory(0)),
            None,
            "arithmetic may write where it reads"
        );
        assert_eq!(fault(Copied, [memory(0), register(0)], register(1)), None);
    }

    #[test]
    fn each_fault_of_a_chain_is_seen() {
        let (register, memory) = (Value::Register, Value::Memory);
        let elsewhere = Some("a chain reads what it writes elsewhere");
        assert_eq!(fault(SUM, [memory(0), memory(20)], memory(5)), elsewhere, "they reach into each other");
        assert_eq!(
            fault(SUM, [memory(0), Value::Number(25)], memory(20)),
            Some("a chain loads what it writes")
        );
        let same = Some("an operation of a chain reads what it writes");
        assert_eq!(fault(Copied, [memory(0), register(0)], memory(0)), same);
        assert_eq!(fault(Copied, [memory(0), register(0)], register(0)), same);
        let number = Some("an operation of a chain is given one number for all elements");
        assert_eq!(fault(Copied, [memory(0), Value::Number(0)], register(0)), number);
        let missing = Some("a chain uses a register that it does not have");
        assert_eq!(fault(SUM, [memory(0), register(2)], memory(20)), missing);
        assert_eq!(fault(SUM, [memory(0), memory(10)], register(2)), missing);
        assert_eq!(fault(SUM, [memory(0), memory(10)], Value::Number(20)), missing);
        assert_eq!(fault(SUM, [memory(0), memory(10)], Value::Passed), missing);
        let many = vec![memory(0); MOST_INPUTS + 1];
        assert_eq!(of_chain(Copied, many, memory(20), Vec::new(), Vec::new()), missing);

        let view = View::whole(&[ELEMENTS]);
        let load =
            |start, register| Load { start, length: ELEMENTS, view: view.clone(), register, rows: None };
        let both = || vec![register(0), memory(40)];
        let loaded = |start, number| of_chain(SUM, both(), memory(20), vec![load(start, number)], Vec::new());
        assert_eq!(loaded(0, 0), None);
        assert_eq!(loaded(11, 0), Some("a chain loads what it writes"));
        assert_eq!(loaded(0, 2), missing);
        let stored = |register, to| {
            of_chain(
                SUM,
                vec![memory(0), memory(10)],
                Value::Register(0),
                Vec::new(),
                vec![Store { register, to }],
            )
        };
        assert_eq!(stored(0, 0), None, "what replaces a value is stored last");
        assert_eq!(stored(0, 5), elsewhere);
        assert_eq!(stored(2, 20), missing);
    }
}

//! Carrying out a chain.

use super::{Chain, MOST_INPUTS, Task, Value};
use crate::kernel::arena::Arena;
use crate::kernel::arithmetic::{self, Operand};
use crate::kernel::real::Real;
use std::ops::Range;

impl Chain {
    /// Runs those `pieces` of the elements `range`, counted from its first one. `scratch` holds the registers, a tile each;
    /// `passed` the elements of the range that a row kernel has made, if it is the tail of one: of the pieces at least.
    ///
    /// # Safety
    /// The chain has no [`fault`](Self::fault), and no two pieces have an element in common. While it runs, nobody writes to
    /// what it reads, nor reads or writes what it writes, apart from other calls with ranges that have no element in common.
    pub(in crate::kernel) unsafe fn run<T: Real>(
        &self,
        arena: &Arena<T>,
        range: Range<usize>,
        pieces: impl Iterator<Item = Range<usize>>,
        passed: &[T],
        scratch: &mut [T],
    ) {
        assert!(passed.len() == range.len() || !self.is_tail(), "what is passed on");
        let pieces = pieces.inspect(|piece| {
            assert!(piece.start <= piece.end && piece.end <= range.len(), "a piece of the range");
        });
        match &self.tasks[..] {
            // Of short pieces it takes longest to find out what is where: once for all of them.
            // SAFETY: as promised by the caller.
            [Task::Run(steps)] if self.plain => unsafe {
                arithmetic::carry_out(steps, pieces, |value| {
                    in_memory(value, arena, &range, passed).unwrap_or(Operand::Accumulator)
                });
            },
            _ => {
                for piece in pieces {
                    let elements = range.start + piece.start..range.start + piece.end;
                    let passed = passed.get(piece).unwrap_or_default();
                    // SAFETY: as promised by the caller.
                    unsafe { self.run_in_tiles(arena, elements, passed, scratch) };
                }
            }
        }
    }

    /// # Safety
    /// As for [`run`](Self::run).
    unsafe fn run_in_tiles<T: Real>(
        &self,
        arena: &Arena<T>,
        range: Range<usize>,
        passed: &[T],
        scratch: &mut [T],
    ) {
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
                    Task::Kernel(kernel, number) => {
                        let instruction = &self.instructions[*number];
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
                        T::pointwise(&**kernel).map(&inputs[..instruction.inputs.len()], output);
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

//! A chain's program: a register for each value between two of its operations that does not lie in memory.

use super::Lowering;
use crate::kernel::arena::Place;
use crate::kernel::chain::{Chain, Elementwise, Instruction, Load, Store, Value};
use crate::kernel::{Form, View};
use crate::plan::ir::Source;
use crate::plan::regions::rows_of_load;
use std::collections::HashMap;
use std::sync::Arc;

impl Lowering<'_> {
    /// The chain of these members; what the item `head` is, if there is one, is passed on to it.
    pub(super) fn chain(&self, members: &[usize], rows: usize, head: Option<usize>) -> Chain {
        let in_place = &self.stored_into;
        let (mut instructions, mut stores) = (Vec::new(), Vec::new());
        let mut registers = Registers::default();
        // What is loaded is loaded before the first operation: its registers are never shared.
        let (loads, loaded) = self.loads(members, rows, &mut registers);
        let mut made: HashMap<usize, Value> = HashMap::new();
        for (number, &member) in members.iter().enumerate() {
            let item = &self.ir.values[member];
            let operation = match item.node.form() {
                Some(Form::Arithmetic(arithmetic)) => Elementwise::Arithmetic(*arithmetic),
                Some(Form::Pointwise(kernel)) => Elementwise::Kernel(Arc::clone(kernel)),
                Some(Form::View(_) | Form::Reshape | Form::Rows(_)) | None => {
                    unreachable!("`fuse` makes chains of pointwise operations")
                }
            };
            let is_arithmetic = matches!(operation, Elementwise::Arithmetic(_));
            let mut inputs = Vec::new();
            for &input in &item.inputs {
                let Source { base, view } = self.ir.source(input);
                let load = || loaded.iter().find(|(other, seen, _)| other == base && *seen == view.merged());
                inputs.push(match (made.get(base), load()) {
                    _ if head == Some(*base) => Value::Passed,
                    _ if is_number(self.ir.source(input)) && is_arithmetic => {
                        Value::Number(self.start(*base) + view.offset)
                    }
                    (Some(&value), _) => value,
                    (None, Some(&(_, _, register))) => Value::Register(register),
                    (None, None) => Value::Memory(self.start(*base) + view.offset),
                });
            }
            let reads = |reader: usize, base: usize| {
                self.ir.values[reader].inputs.iter().any(|&input| self.ir.source(input).base == base)
            };
            let later = |base: usize| members[number + 1..].iter().any(|&reader| reads(reader, base));
            let leaves = in_place.get(&member);
            let output = match (leaves.map(Vec::as_slice), self.ir.values[member].place) {
                (None, Some(Place::Real { start, .. })) => Value::Memory(start),
                // Nobody reads the old value any more.
                (Some(&[leaf]), None) if !later(leaf) && (is_arithmetic || !reads(member, leaf)) => {
                    Value::Memory(self.start(leaf))
                }
                _ => Value::Register(registers.take()),
            };
            if let (Value::Register(register), Some(leaves)) = (output, leaves) {
                let own = self.ir.values[member].place.map(|_| self.start(member));
                let targets = leaves.iter().map(|&leaf| self.start(leaf)).chain(own);
                stores.extend(targets.map(|to| Store { register, to }));
            }
            made.insert(member, output);
            instructions.push(Instruction { operation, inputs, output });
            // Registers that no later member reads are free again, unless they are stored at the end.
            let mut dead: Vec<usize> = made
                .keys()
                .copied()
                .filter(|&maker| !later(maker) && !in_place.contains_key(&maker))
                .collect();
            dead.sort_unstable();
            for maker in dead {
                if let Some(Value::Register(register)) = made.remove(&maker) {
                    registers.give_back(register);
                }
            }
        }
        let size = (self.ir.elements(members[0]), rows);
        Chain::new(size, loads, instructions, stores, registers.count)
    }

    /// The loads of a chain of so many rows: inputs from outside of it that are not neighbours in memory; and whose memory
    /// each reads, how, and into which register.
    fn loads(
        &self,
        members: &[usize],
        rows: usize,
        registers: &mut Registers,
    ) -> (Vec<Load>, Vec<(usize, View, usize)>) {
        let mut loads = Vec::new();
        let mut loaded: Vec<(usize, View, usize)> = Vec::new();
        let read = |&member: &usize| self.ir.values[member].inputs.iter().map(move |&input| (member, input));
        for (member, input) in members.iter().flat_map(read) {
            let source = self.ir.source(input);
            // Arithmetic may be given one number for an input that is the same throughout.
            if is_number(source) && matches!(self.ir.form(member), Some(Form::Arithmetic(_))) {
                continue;
            }
            let view = source.view.merged();
            let known = loaded.iter().any(|(base, seen, _)| *base == source.base && *seen == view);
            if !members.contains(&source.base) && !source.view.is_contiguous() && !known {
                let register = registers.take();
                let rows = rows_of_load(self.ir, source, rows);
                loads.push(Load { rows, ..self.load(source, register) });
                loaded.push((source.base, view, register));
            }
        }
        (loads, loaded)
    }
}

/// Whether a value is one number of its memory, repeated.
fn is_number(source: &Source) -> bool {
    source.view.elements() > 1
        && source.view.strides.iter().zip(&source.view.shape).all(|(&s, &n)| s == 0 || n == 1)
}

/// Hands out the registers of a chain.
#[derive(Default)]
struct Registers {
    free: Vec<usize>,
    count: usize,
}

impl Registers {
    fn take(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        })
    }

    fn give_back(&mut self, register: usize) {
        self.free.push(register);
    }
}

//! From groups and places to kernels with their operands.

mod chains;

use super::ir::{Group, GroupId, GroupKind, PlanIr, Source, StepInfo, Update, ValueId};
use crate::graph::{Kind, Leaf};
use crate::kernel::arena::{Arena, Block, Place, Table};
use crate::kernel::chain::{Chain, Load, Output, Value};
use crate::kernel::epilogue::Epilogue;
use crate::kernel::layouts::Layouts;
use crate::kernel::program::{Program, Refusal};
use crate::kernel::work::{RowsWork, Work};
use crate::kernel::{Form, Operand, Reads, Real, Threads};
use retrograde_base::error::{Error, Result};
use std::collections::HashMap;
use std::sync::Arc;

/// Makes the program, and the steps of the plan.
pub(super) fn lower<T: Real>(ir: &mut PlanIr, threads: Threads) -> Result<Program<T>> {
    let lowering = Lowering::new(ir, size_of::<T>());
    let constants: Vec<Work> = ir.constants.iter().filter_map(|&group| lowering.work(group)).collect();
    let (mut regions, mut steps) = (Vec::new(), Vec::new());
    for region in &ir.regions {
        let mut works = Vec::new();
        for &group in region {
            if let Some(work) = lowering.work(group) {
                works.push(work);
                steps.push(ir.groups[group].epilogue_of.into_iter().chain([group]).collect());
            }
        }
        regions.push(works);
    }
    let copies = ir.updates.iter().filter(|update| !update.in_place);
    let copies: Vec<Work> = copies.map(|update| Work::Chain(lowering.store(update))).collect();
    steps.resize(steps.len() + copies.len(), Vec::new());
    regions.push(copies);
    let arena = arena::<T>(ir).ok_or_else(|| too_much::<T>(ir.arena.0))?;
    let program = Program::new(arena, &constants, regions, threads).map_err(|refusal| match refusal {
        Refusal::Memory => too_much::<T>(ir.arena.0),
        Refusal::Invalid(step) => Error::invalid(
            "a plan",
            format!("a step is not sound: {step}"),
            "let the methods of a `RowsKernel` depend on nothing but its fields and the shapes that they are given",
        ),
    })?;
    let costs = program.costs();
    ir.steps = steps
        .into_iter()
        .zip(costs)
        .map(|(groups, cost)| StepInfo {
            groups,
            flops: cost.flops,
            bytes: cost.bytes,
            threads: cost.threads,
            barrier: cost.barrier,
        })
        .collect();
    Ok(program)
}

/// The error for a plan that exceeds the memory.
pub(super) fn too_much<T: Real>(elements: usize) -> Error {
    let bytes = elements as f64 * size_of::<T>() as f64;
    Error::memory("a plan", bytes, "make the tensors smaller, or the batches")
}

/// The memory, with the values that leaves start from; none if there is not enough.
fn arena<T: Real>(ir: &PlanIr) -> Option<Arena<T>> {
    // The compressed rows of each table that has some.
    let mut compressed = HashMap::new();
    for value in &ir.values {
        if let (Some(Place::Compressed { table, .. }), Some(rows)) = (value.place, &value.compressed) {
            compressed.insert(table, Arc::clone(rows));
        }
    }
    let tables = ir.values.iter().filter_map(|value| match value.node.leaf() {
        Some(Leaf::Bytes { values, scale }) => Some((values.clone(), *scale)),
        _ => None,
    });
    let tables = tables
        .enumerate()
        .map(|(table, (bytes, scale))| Table::new(bytes, T::of(scale), compressed.get(&table).cloned()));
    let tables = tables.collect();
    let mut arena = Arena { real: Block::new(ir.arena.0)?, index: Block::new(ir.arena.1)?, tables };
    for value in &ir.values {
        match (value.node.leaf(), value.place) {
            (
                Some(Leaf::Parameter(values) | Leaf::State(values) | Leaf::Constant(values)),
                Some(Place::Real { start, length }),
            ) => {
                let memory = &mut arena.real.all()[start..start + length];
                memory.iter_mut().zip(values.values()).for_each(|(to, &from)| *to = T::of(from));
            }
            (Some(Leaf::Indices(values)), Some(Place::Index { start, length })) => {
                arena.index.all()[start..start + length].copy_from_slice(values);
            }
            _ => {}
        }
    }
    Some(arena)
}

struct Lowering<'a> {
    ir: &'a PlanIr,
    /// The leaves that each value is stored into by the group that computes it.
    stored_into: HashMap<ValueId, Vec<ValueId>>,
    /// The size of a real number in bytes.
    bytes: usize,
}

impl<'a> Lowering<'a> {
    fn new(ir: &'a PlanIr, bytes: usize) -> Self {
        let mut stored_into: HashMap<ValueId, Vec<ValueId>> = HashMap::new();
        for update in ir.updates.iter().filter(|update| update.in_place) {
            stored_into.entry(update.value).or_default().push(update.leaf);
        }
        Lowering { ir, stored_into, bytes }
    }

    /// The work of a group; none if it has no elements, or is executed with its epilogue.
    fn work(&self, group: GroupId) -> Option<Work> {
        let this = &self.ir.groups[group];
        if this.epilogue.is_some() || self.ir.group_elements(group) == 0 {
            return None;
        }
        let value = this.values[0];
        Some(match (this.kind, this.epilogue_of) {
            (GroupKind::Elementwise, Some(head)) => Work::Rows(self.with_epilogue(head, group)),
            (GroupKind::Elementwise, None) => Work::Chain(self.chain(group, None)),
            (GroupKind::Rows, _) => Work::Rows(self.rows(group, self.operand(value))),
            (GroupKind::Copy, _) => self.copy(value),
        })
    }

    fn start(&self, value: ValueId) -> usize {
        match self.ir.values[value].place {
            Some(Place::Real { start, .. } | Place::Index { start, .. }) => start,
            Some(Place::Bytes { .. } | Place::Forwarded { .. } | Place::Compressed { .. }) | None => {
                unreachable!("a value that is read has memory of its own")
            }
        }
    }

    fn load(&self, source: &Source) -> Load {
        let (start, length) = (self.start(source.base), self.ir.elements(source.base));
        Load { start, length, view: source.view.merged(), rows: None }
    }

    /// The place and shape of a value that lies in memory in order.
    fn operand(&self, value: ValueId) -> Operand {
        let Source { base, view } = self.ir.source(value);
        let (offset, length) = (view.offset, view.elements());
        let place = match self.ir.values[*base].place {
            Some(Place::Real { start, .. }) => Place::Real { start: start + offset, length },
            Some(Place::Index { start, .. }) => Place::Index { start: start + offset, length },
            Some(Place::Bytes { table, .. }) => Place::Bytes { table, start: offset, length },
            // Only whole matrices are compressed.
            Some(compressed @ Place::Compressed { .. }) => compressed,
            Some(Place::Forwarded { .. }) | None => {
                unreachable!("a value that is read has memory of its own")
            }
        };
        Operand { place, shape: self.ir.shape(value).to_vec(), reads: Reads::ALL }
    }

    /// The row kernel of the group `head` with its epilogue.
    fn with_epilogue(&self, head: GroupId, epilogue: GroupId) -> RowsWork {
        let value = self.ir.groups[head].values[0];
        let (length, shape) = (self.ir.elements(value), self.ir.shape(value).to_vec());
        let output = Operand { place: Place::Forwarded { length }, shape, reads: Reads::ALL };
        let work = self.rows(head, output);
        let chain = self.chain(epilogue, Some(value));
        let epilogue =
            Epilogue::new(chain, work.preferred_block_rows(), length / work.rows.max(1) * self.bytes);
        RowsWork { epilogue: Some(epilogue), ..work }
    }

    fn rows(&self, group: GroupId, output: Operand) -> RowsWork {
        let Group { ref values, rows, chunk, .. } = self.ir.groups[group];
        let value = values[0];
        let mut inputs: Vec<Operand> =
            self.ir.values[value].inputs.iter().map(|&input| self.operand(input)).collect();
        let Some(Form::Rows(form)) = self.ir.form(value) else {
            unreachable!("`fuse` makes such groups of row kernels");
        };
        let shapes = self.ir.input_shapes(value);
        if let Some(next) = self.prefetched(value) {
            inputs.push(self.operand(next));
        }
        for (position, input) in inputs.iter_mut().enumerate() {
            input.reads = form.kernel().reads(position, &shapes, &output.shape);
        }
        RowsWork { form: form.clone(), inputs, output, rows, chunk, epilogue: None }
    }

    /// The indices of the rows that a gather from a table of bytes prefetches for the next run.
    fn prefetched(&self, gather: ValueId) -> Option<ValueId> {
        let &[table, rows] = &self.ir.values[gather].inputs[..] else {
            return None;
        };
        let is_gather = self.ir.layouts(gather) == Some(Layouts::Gather);
        self.ir.values[rows].next.filter(|_| is_gather && self.ir.is_bytes(self.ir.source(table).base))
    }

    /// A copy of a view, its elements in order.
    fn copy(&self, value: ValueId) -> Work {
        let Some(source) = &self.ir.values[value].copied_from else {
            unreachable!("`fuse` makes such groups of copied views");
        };
        match self.ir.values[value].node.value_type.kind {
            Kind::Byte => unreachable!("bytes are reshaped, and never viewed"),
            Kind::Real => Work::Chain(self.transfer(source, self.start(value))),
            Kind::Index => Work::Indices {
                from: (self.start(source.base), self.ir.elements(source.base)),
                view: source.view.merged(),
                to: self.start(value),
            },
        }
    }

    /// At the end of the run: an update's value is copied into its leaf.
    fn store(&self, update: &Update) -> Chain {
        self.transfer(self.ir.source(update.value), self.start(update.leaf))
    }

    fn transfer(&self, from: &Source, to: usize) -> Chain {
        let output = Output { value: Value::Loaded(0), to };
        Chain::new((from.view.elements(), 0), vec![self.load(from)], &[], &[output])
    }
}

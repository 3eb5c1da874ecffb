//! The chain of a fusion group: its operations, where each finds its inputs, and which values go to memory.

use super::Lowering;
use crate::kernel::arena::Place;
use crate::kernel::chain::{Chain, Load, Operation, Output, Value};
use crate::kernel::{Form, View};
use crate::plan::ir::{Group, GroupId, Source, ValueId};
use crate::plan::partition::rows_of_load;
use std::collections::HashMap;

impl Lowering<'_> {
    /// The chain of this group; the value `head`, if there is one, is forwarded to it.
    pub(super) fn chain(&self, group: GroupId, head: Option<ValueId>) -> Chain {
        let Group { values: members, rows, .. } = &self.ir.groups[group];
        let mut loads: Vec<Load> = Vec::new();
        // Whose memory each load reads, and how.
        let mut loaded: Vec<(usize, View)> = Vec::new();
        let mut made: HashMap<usize, usize> = HashMap::new();
        let (mut operations, mut outputs) = (Vec::with_capacity(members.len()), Vec::new());
        for (number, &member) in members.iter().enumerate() {
            let item = &self.ir.values[member];
            let Some(Form::Elementwise(expr)) = item.node.form() else {
                unreachable!("`fuse` makes chains of elementwise operations");
            };
            let mut input = |input: usize| {
                let source @ Source { base, view } = self.ir.source(input);
                if head == Some(*base) {
                    return Value::Forwarded;
                }
                if let Some(&operation) = made.get(base) {
                    return Value::Operation(operation);
                }
                if is_number(source) {
                    return Value::Number(self.start(*base) + view.offset);
                }
                if view.is_contiguous() {
                    return Value::Memory(self.start(*base) + view.offset);
                }
                let read = (*base, view.merged());
                Value::Loaded(loaded.iter().position(|other| *other == read).unwrap_or_else(|| {
                    loads.push(Load { rows: rows_of_load(self.ir, source, *rows), ..self.load(source) });
                    loaded.push(read);
                    loaded.len() - 1
                }))
            };
            let inputs = item.inputs.iter().map(|&read| input(read)).collect();
            operations.push(Operation { expr: expr.clone(), inputs });
            made.insert(member, number);
            let own = match item.place {
                Some(Place::Real { start, .. }) => Some(start),
                _ => None,
            };
            let leaves = self.stored_into.get(&member).into_iter().flatten().map(|&leaf| self.start(leaf));
            outputs.extend(
                own.into_iter().chain(leaves).map(|to| Output { value: Value::Operation(number), to }),
            );
        }
        Chain::new(
            (self.ir.group_elements(group), self.ir.chunk_elements(group)),
            loads,
            &operations,
            &outputs,
        )
    }
}

/// Whether a value is one number of its memory, repeated.
fn is_number(source: &Source) -> bool {
    source.view.elements() > 1
        && source.view.strides.iter().zip(&source.view.shape).all(|(&s, &n)| s == 0 || n == 1)
}

//! Epilogue fusion: an elementwise group that alone reads the output of a row kernel is executed inside it, block by block.
//!
//! The output then needs no memory of its own: the gradient of a weight and the update of the weight become one step.

use super::ir::{GroupKind, PlanIr, ValueId};
use crate::graph::Kind;
use std::collections::HashMap;

/// Finds the epilogues.
pub(super) fn epilogues(ir: &mut PlanIr) {
    let readers = ir.readers();
    // A value that is kept, or copied into a leaf at the end, must lie in memory.
    let mut in_memory = vec![false; ir.values.len()];
    let kept = (0..ir.values.len()).filter(|&value| ir.values[value].kept);
    for value in kept.chain(ir.updates.iter().map(|update| update.value)) {
        in_memory[ir.source(value).base] = true;
    }
    let leaf_of: HashMap<ValueId, ValueId> =
        ir.updates.iter().map(|update| (update.value, update.leaf)).collect();
    for producer in 0..ir.groups.len() {
        if ir.groups[producer].kind != GroupKind::Rows {
            continue;
        }
        let value = ir.groups[producer].values[0];
        let &[reader] = &readers[value][..] else {
            continue;
        };
        let (head, group) = (&ir.groups[producer], &ir.groups[reader]);
        let in_registers = ir.values[value].node.value_type.kind == Kind::Real
            && ir.values[value].compressed.is_none()
            && !in_memory[value];
        // An update in place must not overwrite a leaf while the kernel still reads it for other rows.
        let leaves = group.values.iter().filter_map(|updated| leaf_of.get(updated));
        let overwrites = leaves.into_iter().any(|&leaf| ir.reads(producer).any(|base| base == leaf));
        // A gather from a table of bytes writes to memory alone.
        let reads_bytes = ir.reads(producer).any(|base| ir.is_bytes(base));
        if in_registers
            && !reads_bytes
            && group.kind == GroupKind::Elementwise
            && ir.elements(value) > 0
            && ir.elements(value) == ir.group_elements(reader)
            && ir.reads_in_order(reader, value)
            && head.region.is_some()
            && head.region == group.region
            && (head.rows, head.chunk) == (group.rows, group.chunk)
            && group.epilogue_of.is_none()
            && !overwrites
        {
            ir.groups[reader].epilogue_of = Some(producer);
            ir.groups[producer].epilogue = Some(reader);
        }
    }
}

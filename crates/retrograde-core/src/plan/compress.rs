//! Compressed rows: which values are kept as the nonzeros of their rows.
//!
//! These are batches gathered from a table of bytes that is mostly zero, where all consumers gain by it: the products of a
//! first layer and of its gradient. A product of compressed rows has the bits of the dense one, so only time depends on it.

use super::ir::{GroupKind, PlanIr, ValueId};
use crate::graph::Leaf;
use crate::kernel::Bytes;

/// Decides which values are kept compressed.
pub(super) fn compress(ir: &mut PlanIr) {
    let mut tables: Vec<Option<(&Bytes, usize)>> = (0..ir.values.len())
        .map(|value| if ir.values[value].kept { None } else { gathered_from(ir, value) })
        .collect();
    for group in &ir.groups {
        for &reader in &group.values {
            for (position, &input) in ir.values[reader].inputs.iter().enumerate() {
                let base = ir.source(input).base;
                if tables[base].is_none() {
                    continue;
                }
                let gains = base == input
                    && group.kind == GroupKind::Rows
                    && ir.layouts(reader).is_some_and(|layouts| {
                        layouts.reads_compressed(position, &ir.input_shapes(reader), ir.shape(reader))
                    });
                if !gains {
                    tables[base] = None;
                }
            }
        }
    }
    // Rows are compressed only for tables that are left: it takes a pass over the table.
    let compressed: Vec<_> = tables
        .into_iter()
        .map(|table| table.and_then(|(bytes, width)| bytes.compressed_rows(width)))
        .collect();
    for (value, compressed) in ir.values.iter_mut().zip(compressed) {
        value.compressed = compressed;
    }
}

/// The table of bytes that a value gathers rows from, and the width of its rows.
fn gathered_from(ir: &PlanIr, value: ValueId) -> Option<(&Bytes, usize)> {
    let [_, width] = *ir.shape(value) else {
        return None;
    };
    if !ir.layouts(value)?.writes_compressed() {
        return None;
    }
    // The rows of a reshaped table are others, and so are those of a part of it.
    let source = ir.source(*ir.values[value].inputs.first()?);
    match ir.values[source.base].node.leaf() {
        Some(Leaf::Bytes { values, .. }) if source.view.offset == 0 => Some((values, width)),
        _ => None,
    }
}

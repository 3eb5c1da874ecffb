//! Which values are kept as lists of their elements that are not zero.
//!
//! A batch gathered from a table of bytes whose elements are mostly zero, when all of its readers gain by that: the
//! products of a first layer and of its gradient. The table knows whether it is mostly zero; a product gives the same bits
//! either way, so that no more depends on it than time.

use super::fuse::{Unit, Units};
use super::simplify::Items;
use super::views::Sources;
use crate::graph::Leaf;
use crate::kernel::table::Lists;
use crate::kernel::{Bytes, Form, RowsKernel};
use std::sync::Arc;

/// For each item the lists that it is kept as, if it is.
pub(super) fn sparse(
    items: &Items,
    sources: &Sources,
    units: &Units,
    wanted: &[bool],
) -> Vec<Option<Arc<Lists>>> {
    let mut table: Vec<Option<(&Bytes, usize)>> = (0..items.list.len())
        .map(|item| if wanted[item] { None } else { gathered_from(items, sources, item) })
        .collect();
    for unit in &units.list {
        for &reader in unit.items() {
            for (position, &input) in items.list[reader].inputs.iter().enumerate() {
                let base = sources.of[input].base;
                let gains = base == input
                    && matches!(unit, Unit::Rows(_))
                    && kernel(items, reader).is_some_and(|kernel| {
                        let shapes: Vec<&[usize]> =
                            items.list[reader].inputs.iter().map(|&input| shape(items, input)).collect();
                        kernel.takes_sparse(position, &shapes, shape(items, reader))
                    });
                if !gains {
                    table[base] = None;
                }
            }
        }
    }
    // Only of those that all readers want as lists are these made.
    table.into_iter().map(|table| table.and_then(|(bytes, width)| bytes.lists(width))).collect()
}

fn shape(items: &Items, item: usize) -> &[usize] {
    &items.list[item].node.value_type.shape
}

fn kernel(items: &Items, item: usize) -> Option<&dyn RowsKernel> {
    match items.form(item)? {
        Form::Rows(kernel) => Some(&**kernel),
        Form::Arithmetic(_) | Form::Pointwise(_) | Form::View(_) | Form::Reshape => None,
    }
}

/// The table of bytes that an item gathers rows from, and the width of its rows.
fn gathered_from<'a>(items: &'a Items, sources: &Sources, item: usize) -> Option<(&'a Bytes, usize)> {
    let [_, width] = *shape(items, item) else {
        return None;
    };
    if !kernel(items, item)?.makes_sparse() {
        return None;
    }
    // Of a table in another shape the rows would be others; a part of one has others in front of it.
    let source = &sources.of[*items.list[item].inputs.first()?];
    match items.list[source.base].node.leaf() {
        Some(Leaf::Bytes { values, .. }) if source.view.offset == 0 => Some((values, width)),
        _ => None,
    }
}

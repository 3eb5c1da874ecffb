//! Which values need memory of their own, and how the others are read from the memory of those.
//!
//! A reshape or a view (broadcast, transpose, slice) is usually no work at all: its reader reads the memory behind it
//! at other places. Only where a reader needs neighbours in memory, and the view does not give them, is it copied.

use super::simplify::Items;
use crate::graph::Origin;
use crate::kernel::{Form, View};

/// How to read an item's value: which item's memory, and at which places.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) base: usize,
    pub(super) view: View,
}

/// Sources of all items. An item whose source is itself has memory of its own.
#[derive(Debug)]
pub(super) struct Sources {
    pub(super) of: Vec<Source>,
    /// Views that must be copied.
    pub(super) copied: Vec<bool>,
}

/// Finds the sources. `wanted` says which items' values must lie in memory as they are, and `updated` which leaves
/// will have other values at the end of the run.
pub(super) fn sources(items: &Items, wanted: &[bool], updated: &[bool]) -> Sources {
    let mut copied = vec![false; items.list.len()];
    // A first walk finds who must be copied; what is read through a copy is then found anew.
    loop {
        let sources = resolve(items, &copied);
        let mut more = false;
        let mut copy = |item: usize| {
            more |= !copied[item];
            copied[item] = true;
        };
        for (index, item) in items.list.iter().enumerate() {
            let source = &sources[index];
            let in_order = source.view.is_contiguous();
            if wanted[index] && source.base != index && (!in_order || updated[source.base]) {
                copy(index);
            }
            let Origin::Operation(operation) = &item.node.origin else {
                continue;
            };
            if matches!(operation.form(), Form::Rows(_) | Form::Reshape) {
                for &input in item.inputs.iter().filter(|&&input| !sources[input].view.is_contiguous()) {
                    copy(input);
                }
            }
        }
        if !more {
            return Sources { of: sources, copied };
        }
    }
}

fn resolve(items: &Items, copied: &[bool]) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::with_capacity(items.list.len());
    for (index, item) in items.list.iter().enumerate() {
        let shape = &item.node.value_type.shape;
        let own = || Source { base: index, view: View::whole(shape) };
        let source = match &item.node.origin {
            Origin::Operation(operation) if !copied[index] => match operation.form() {
                Form::View(viewing) => {
                    let of = &sources[item.inputs[0]];
                    Source { base: of.base, view: viewing.view(&of.view) }
                }
                Form::Reshape => {
                    let of = &sources[item.inputs[0]];
                    let view = View { offset: of.view.offset, ..View::whole(shape) };
                    Source { base: of.base, view }
                }
                Form::Arithmetic(_) | Form::Pointwise(_) | Form::Rows(_) => own(),
            },
            _ => own(),
        };
        sources.push(source);
    }
    sources
}

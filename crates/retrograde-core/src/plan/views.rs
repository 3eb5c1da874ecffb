//! Which values need memory of their own, and how the others are read from the memory of those.
//!
//! A reshape or a view (broadcast, transpose, slice) is usually no work at all: its reader reads the memory behind it
//! at other places. Only where a reader needs neighbours in memory, and the view does not give them, is it copied.

use super::simplify::Items;
use crate::kernel::{Form, View};
use retrograde_base::error::{Error, Result};

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
    /// Of a view or reshape that must be copied: what it is copied from.
    pub(super) copied: Vec<Option<Source>>,
}

/// Finds the sources. `wanted` says which items' values must lie in memory as they are, and `updated` which leaves
/// will have other values at the end of the run. Errors when a program's own view reads outside of what it is a view of.
pub(super) fn sources(items: &Items, wanted: &[bool], updated: &[bool]) -> Result<Sources> {
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
            let source = &sources.of[index];
            let in_order = source.view.is_contiguous();
            if wanted[index] && source.base != index && (!in_order || updated[source.base]) {
                copy(index);
            }
            if matches!(item.node.form(), Some(Form::Rows(_) | Form::Reshape)) {
                for &input in item.inputs.iter().filter(|&&input| !sources.of[input].view.is_contiguous()) {
                    copy(input);
                }
            }
        }
        if !more {
            return verify(items, sources);
        }
    }
}

fn resolve(items: &Items, copied: &[bool]) -> Sources {
    let mut sources =
        Sources { of: Vec::with_capacity(items.list.len()), copied: vec![None; items.list.len()] };
    for (index, item) in items.list.iter().enumerate() {
        let own = Source { base: index, view: View::whole(&item.node.value_type.shape) };
        let behind = match item.node.form() {
            Some(Form::View(viewing)) => {
                let of = &sources.of[item.inputs[0]];
                Some(Source { base: of.base, view: viewing.view(&of.view) })
            }
            Some(Form::Reshape) => {
                let of = &sources.of[item.inputs[0]];
                let view = View { offset: of.view.offset, ..own.view.clone() };
                Some(Source { base: of.base, view })
            }
            Some(Form::Arithmetic(_) | Form::Pointwise(_) | Form::Rows(_)) | None => None,
        };
        let source = match behind {
            Some(behind) if copied[index] => {
                sources.copied[index] = Some(behind);
                own
            }
            Some(behind) => behind,
            None => own,
        };
        sources.of.push(source);
    }
    sources
}

/// The sources, if each lies in the memory that it is a view of. Recording has tried a program's own view on other views;
/// it may answer otherwise now.
fn verify(items: &Items, sources: Sources) -> Result<Sources> {
    for (index, item) in items.list.iter().enumerate() {
        for Source { base, view } in
            [Some(&sources.of[index]), sources.copied[index].as_ref()].into_iter().flatten()
        {
            let (node, elements) = (&item.node, items.elements(*base));
            let fits = view.shape[..] == node.value_type.shape[..] && view.offset <= elements;
            if fits && view.reads_within(&(0..elements)) {
                continue;
            }
            return Err(Error::Recording {
                operation: node.operation().map_or_else(|| node.label(), |operation| operation.name().into()),
                location: node.location.clone(),
                problem: format!("{view:?} is not a view of {elements} elements as {}", node.value_type),
                remedy: "let `Viewing::view` depend on nothing but the operation's fields and the view that it is given"
                    .into(),
            });
        }
    }
    Ok(sources)
}

//! Which values need memory of their own, and how the others are read from the memory of those.
//!
//! A reshape or a view (broadcast, transpose, slice) is usually free: its consumer reads the memory behind it through strides.
//! It is copied only where a consumer needs the elements in order, and the view does not give them so.

use super::ir::{PlanIr, Source};
use crate::kernel::{Form, View};
use retrograde_base::error::{Error, Result};

/// Finds how each value is read. Errors when a user's own view reads outside of the memory behind it.
pub(super) fn views(ir: &mut PlanIr) -> Result<()> {
    // Row kernels and reshapes take their inputs in order.
    let mut read_in_order = vec![false; ir.values.len()];
    for value in 0..ir.values.len() {
        if matches!(ir.form(value), Some(Form::Rows(_) | Form::Reshape)) {
            ir.values[value].inputs.iter().for_each(|&input| read_in_order[input] = true);
        }
    }
    for (value, read_in_order) in read_in_order.into_iter().enumerate() {
        let Some(behind) = behind(ir, value) else {
            continue;
        };
        verify(ir, value, &behind)?;
        let (this, in_order) = (&ir.values[value], behind.view.is_contiguous());
        let kept = this.kept && (!in_order || ir.values[behind.base].updated);
        if kept || (read_in_order && !in_order) {
            ir.values[value].copied_from = Some(behind);
        } else {
            ir.values[value].source = behind;
        }
    }
    Ok(())
}

/// Of a view or reshape: how it reads the memory behind its input.
fn behind(ir: &PlanIr, value: usize) -> Option<Source> {
    let form = ir.form(value)?;
    let of = ir.values[value].inputs.first().map(|&input| ir.source(input));
    let view = match form {
        Form::View(viewing) => viewing.view(&of?.view),
        Form::Reshape => View { offset: of?.view.offset, ..View::whole(ir.shape(value)) },
        _ => return None,
    };
    Some(Source { base: of?.base, view })
}

/// Errors when a view does not lie in the memory that it reads. Recording has tried a user's own view on other views; it may
/// answer otherwise now.
fn verify(ir: &PlanIr, value: usize, Source { base, view }: &Source) -> Result<()> {
    let (node, elements) = (&ir.values[value].node, ir.elements(*base));
    let fits = view.shape[..] == node.value_type.shape[..] && view.offset <= elements;
    if fits && view.reads_within(&(0..elements)) {
        return Ok(());
    }
    Err(Error::Recording {
        operation: node.operation().map_or_else(|| node.label(), |operation| operation.name().into()),
        location: node.location.clone(),
        problem: format!("{view:?} is not a view of {elements} elements as {}", node.value_type),
        help:
            "let `Viewing::view` depend on nothing but the operation's fields and the view that it is given"
                .into(),
    })
}

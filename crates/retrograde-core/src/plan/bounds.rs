//! What indices must be below, and where tables of bytes may be read.

use super::ir::{PlanIr, ValueId};
use crate::graph::{Kind, Leaf, Origin, Type};
use crate::kernel::Form;
use retrograde_base::error::{Error, Result};

/// Finds the bound of each value of indices, and checks constant indices against theirs. Errors as well when a table of bytes
/// is used otherwise than by an operation that takes one.
pub(super) fn bounds(ir: &mut PlanIr) -> Result<()> {
    check_bytes(ir)?;
    for value in (0..ir.values.len()).rev() {
        let this = &ir.values[value];
        match &this.node.origin {
            Origin::Operation(operation, _) => {
                let types: Vec<Type> =
                    this.inputs.iter().map(|&input| ir.values[input].node.value_type.clone()).collect();
                let bound = this.bound;
                let bound = |position| operation.index_bound(position, &types, bound);
                let found: Vec<(ValueId, Option<usize>)> = (this.inputs.iter().copied().enumerate())
                    .filter(|(position, _)| types[*position].kind == Kind::Index)
                    .map(|(position, input)| (input, bound(position)))
                    .collect();
                for (input, bound) in found {
                    let known = &mut ir.values[input].bound;
                    *known = [*known, bound].into_iter().flatten().min();
                }
            }
            Origin::Leaf(Leaf::Indices(indices)) => {
                let found = this.bound.and_then(|bound| too_large(indices, bound).map(|at| (at, bound)));
                if let Some((at, bound)) = found {
                    return Err(out_of_range(&this.node.label(), at, indices[at], bound));
                }
            }
            Origin::Leaf(_) | Origin::Error(_) => {}
        }
    }
    Ok(())
}

/// Errors when a table of bytes is read by an operation that does not take bytes, or when a reshape of one is fetched.
fn check_bytes(ir: &PlanIr) -> Result<()> {
    let is_refused = |value: ValueId| -> Option<(ValueId, ValueId)> {
        let takes = |position: usize| match ir.form(value) {
            Some(Form::Rows(kernel)) => kernel.takes_bytes(position),
            Some(Form::Reshape) => true,
            _ => false,
        };
        let inputs = ir.values[value].inputs.iter().map(|&input| ir.source(input).base).enumerate();
        let read =
            inputs.filter(|&(position, base)| ir.is_bytes(base) && !takes(position)).map(|(_, base)| base);
        read.map(|base| (value, base)).next()
    };
    let fetched =
        ir.fetched.iter().filter(|&&value| !ir.is_bytes(value)).map(|&value| (value, ir.source(value).base));
    let fetched = fetched.filter(|&(_, base)| ir.is_bytes(base));
    let Some((value, base)) = (0..ir.values.len()).filter_map(is_refused).chain(fetched).next() else {
        return Ok(());
    };
    let node = &ir.values[value].node;
    Err(Error::Recording {
        operation: node.operation().map_or_else(|| node.label(), |operation| operation.name().into()),
        location: node.location.clone(),
        problem: format!("`{}` is kept as bytes", ir.values[base].node.label()),
        help: "take rows of it by `gather_rows`, which makes real numbers of them".into(),
    })
}

/// The position of the first index that is not below `bound`.
pub(super) fn too_large(indices: &[u32], bound: usize) -> Option<usize> {
    indices.iter().position(|&index| index as usize >= bound)
}

/// The error for an index out of range.
pub(super) fn out_of_range(label: &str, at: usize, index: u32, bound: usize) -> Error {
    Error::invalid(
        format!("`{label}`"),
        format!("index {index} at position {at} is out of range"),
        match bound.checked_sub(1) {
            Some(last) => format!("give indices from 0 to {last}"),
            None => "give no indices: nothing is there to index".into(),
        },
    )
}

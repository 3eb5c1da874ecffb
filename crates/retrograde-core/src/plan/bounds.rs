//! The exclusive upper bounds of indices.

use super::ir::{PlanIr, ValueId};
use crate::graph::{Kind, Leaf, Origin, Type};
use retrograde_base::error::{Error, Result};

/// Finds the bound of each value of indices, and checks constant indices against theirs.
pub(super) fn bounds(ir: &mut PlanIr) -> Result<()> {
    for value in (0..ir.values.len()).rev() {
        let this = &ir.values[value];
        match &this.node.origin {
            Origin::Operation(operation, _) => {
                let types: Vec<Type> =
                    this.inputs.iter().map(|&input| ir.values[input].node.value_type.clone()).collect();
                let bound = this.bound;
                if let (Some(limit), Some(bound)) = (operation.index_limit(&types), bound)
                    && limit > bound
                {
                    return Err(limit_out_of_range(&this.node.label(), limit, bound));
                }
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
    // Rows that are prefetched exist, like those that are gathered.
    for value in 0..ir.values.len() {
        if let Some(next) = ir.values[value].next {
            ir.values[next].bound =
                [ir.values[next].bound, ir.values[value].bound].into_iter().flatten().min();
        }
    }
    Ok(())
}

/// The error for computed indices that may be out of range.
fn limit_out_of_range(label: &str, limit: usize, bound: usize) -> Error {
    Error::index(
        format!("`{label}`"),
        format!("its indices are below {limit}, and {bound} elements are there to index"),
        format!("index {limit} elements, or compute indices below {bound}"),
    )
}

/// The position of the first index that is not below `bound`.
pub(super) fn too_large(indices: &[u32], bound: usize) -> Option<usize> {
    indices.iter().position(|&index| index as usize >= bound)
}

/// The error for an index out of range.
pub(super) fn out_of_range(label: &str, at: usize, index: u32, bound: usize) -> Error {
    Error::index(
        format!("`{label}`"),
        format!("index {index} at position {at} is out of range"),
        match bound.checked_sub(1) {
            Some(last) => format!("give indices from 0 to {last}"),
            None => "give no indices: nothing is there to index".into(),
        },
    )
}

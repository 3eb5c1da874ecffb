//! Which values are kept as lists of their elements that are not zero.
//!
//! A batch gathered from a table of bytes whose elements are mostly zero, when all of its readers gain by that: the
//! products of a first layer and of its gradient. It is decided by a look at some rows of the table; a product gives the
//! same bits either way, so that no more depends on it than time.

use super::fuse::{Unit, Units};
use super::simplify::Items;
use super::views::Sources;
use crate::graph::Leaf;
use crate::kernel::{Form, RowsKernel};

/// How many rows of a table are looked at.
const LOOKED_AT: usize = 64;

/// The largest share of elements that are not zero with which the lists pay: a product takes about twice as long for each
/// of these as a dense one.
const MOST: f64 = 0.4;

/// For each item whether it is kept sparse.
pub(super) fn sparse(items: &Items, sources: &Sources, units: &Units, wanted: &[bool]) -> Vec<bool> {
    let mut sparse: Vec<bool> =
        (0..items.list.len()).map(|item| !wanted[item] && is_mostly_zero(items, sources, item)).collect();
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
                sparse[base] &= gains;
            }
        }
    }
    sparse
}

fn shape(items: &Items, item: usize) -> &[usize] {
    &items.list[item].node.value_type.shape
}

fn kernel(items: &Items, item: usize) -> Option<&dyn RowsKernel> {
    match items.list[item].node.operation()?.form() {
        Form::Rows(kernel) => Some(kernel),
        Form::Pointwise(_) | Form::View(_) | Form::Reshape => None,
    }
}

/// Whether an item gathers rows from a table of bytes with few elements that are not zero.
fn is_mostly_zero(items: &Items, sources: &Sources, item: usize) -> bool {
    let [_, width] = *shape(items, item) else {
        return false;
    };
    if width == 0 || !kernel(items, item).is_some_and(RowsKernel::makes_sparse) {
        return false;
    }
    let source = &sources.of[items.list[item].inputs[0]];
    let Some(Leaf::Bytes { values, .. }) = items.list[source.base].node.leaf() else {
        return false;
    };
    let rows = values.len() / width;
    let mut looked_at = 0;
    let mut found = 0;
    for row in values.chunks_exact(width).step_by(rows.div_ceil(LOOKED_AT).max(1)) {
        looked_at += width;
        found += row.iter().filter(|&&byte| byte != 0).count();
    }
    looked_at > 0 && (found as f64) < MOST * looked_at as f64
}

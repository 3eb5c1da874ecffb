//! Which chains are the tail of a row kernel: they go on with what it makes at once, block by block, and nobody else reads it.
//!
//! It then needs no place in memory. What makes the gradient of a weight and what updates the weight by it become one step.

use super::fuse::{Unit, Units};
use super::phases::Phases;
use super::schedule::{Update, reads_only_in_order};
use super::simplify::Items;
use super::views::Sources;
use crate::graph::Kind;
use crate::kernel::table::Lists;
use std::sync::Arc;

/// The tails.
#[derive(Debug)]
pub(super) struct Tails {
    /// For each unit the row kernel's unit whose tail it is.
    pub(super) of: Vec<Option<usize>>,
    /// For each unit whether it is carried out with its tail.
    pub(super) has: Vec<bool>,
}

/// Finds the tails. `kept` says which items can be read after the run.
pub(super) fn tails(
    items: &Items,
    sources: &Sources,
    units: &Units,
    phases: &Phases,
    updates: &[Update],
    (kept, sparse): (&[bool], &[Option<Arc<Lists>>]),
) -> Tails {
    let count = units.list.len();
    let mut phase = vec![None; count];
    for (number, list) in phases.list.iter().enumerate() {
        list.iter().for_each(|&unit| phase[unit] = Some(number));
    }
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); items.list.len()];
    for unit in 0..count {
        units.reads(unit, items, sources).for_each(|base| readers[base].push(unit));
    }
    let mut passable: Vec<bool> = (0..items.list.len())
        .map(|item| items.list[item].node.value_type.kind == Kind::Real && sparse[item].is_none())
        .collect();
    // What is read after the run, or copied into a leaf at its end, must lie in memory.
    let after = (0..kept.len()).filter(|&item| kept[item]).chain(updates.iter().map(|update| update.value));
    after.for_each(|item| passable[sources.of[item].base] = false);

    let mut tails = Tails { of: vec![None; count], has: vec![false; count] };
    for maker in 0..count {
        let Unit::Rows(item) = units.list[maker] else {
            continue;
        };
        let Some(&reader) = readers[item].first() else {
            continue;
        };
        let Unit::Chain(members) = &units.list[reader] else {
            continue;
        };
        let elements = items.elements(item);
        // What updates a leaf in place overwrites it while the kernel is still at work on other rows.
        let overwrites = updates
            .iter()
            .filter(|update| members.contains(&update.value))
            .any(|update| units.reads(maker, items, sources).any(|base| base == update.leaf));
        if passable[item]
            && readers[item].iter().all(|&other| other == reader)
            && elements > 0
            && elements == items.elements(members[0])
            && reads_only_in_order(items, sources, &units.list[reader], item)
            && phase[maker].is_some()
            && phase[maker] == phase[reader]
            && phases.rows[maker] == phases.rows[reader]
            && tails.of[reader].is_none()
            && !overwrites
        {
            tails.of[reader] = Some(maker);
            tails.has[maker] = true;
        }
    }
    tails
}

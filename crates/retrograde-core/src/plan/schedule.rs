//! The order of the units, in which parameters are updated in place.
//!
//! An update stores a new value into a leaf. If the unit that computes the value runs after all others that read the
//! leaf, it can store it there directly. Where that cannot be had, the value is kept elsewhere and copied into the leaf
//! when all units have run.

use super::fuse::{Unit, Units};
use super::simplify::Items;
use super::views::Sources;
use std::collections::BTreeSet;

/// A leaf and the item that is its value for the next run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Update {
    pub(super) leaf: usize,
    pub(super) value: usize,
}

/// The units in the order in which they run.
#[derive(Debug)]
pub(super) struct Schedule {
    pub(super) order: Vec<usize>,
    /// For each update, whether the unit that computes the value stores it into the leaf itself.
    pub(super) in_place: Vec<bool>,
}

/// Orders the units: each after those whose values it reads and, for updates in place, after those that read the leaf.
pub(super) fn schedule(items: &Items, sources: &Sources, units: &Units, updates: &[Update]) -> Schedule {
    let count = units.list.len();
    let mut after: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); count];
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); items.list.len()];
    for (unit, after) in after.iter_mut().enumerate() {
        for base in units.reads(unit, items, sources) {
            readers[base].push(unit);
            after.extend(units.of[base].filter(|&other| other != unit));
        }
    }
    let mut in_place = Vec::new();
    for (number, update) in updates.iter().enumerate() {
        let unit = units.of[update.value].filter(|&unit| {
            matches!(units.list[unit], Unit::Chain(_))
                && sources.of[update.value].base == update.value
                && reads_only_in_order(items, sources, &units.list[unit], update.leaf)
                && !updates[..number].iter().any(|other| other.leaf == update.leaf)
        });
        let others = || readers[update.leaf].iter().copied().filter(|&reader| Some(reader) != unit);
        let unit = unit.filter(|&unit| !others().any(|reader| depends(&after, reader, unit)));
        if let Some(unit) = unit {
            after[unit].extend(others());
        }
        in_place.push(unit.is_some());
    }
    Schedule { order: sort(&after, units), in_place }
}

/// Whether a chain reads a value's elements only where it stands itself.
pub(super) fn reads_only_in_order(items: &Items, sources: &Sources, unit: &Unit, value: usize) -> bool {
    unit.items().iter().all(|&item| {
        items.list[item].inputs.iter().map(|&input| &sources.of[input]).all(|source| {
            source.base != value
                || (source.view.is_contiguous() && source.view.elements() == items.elements(item))
        })
    })
}

/// Whether `unit` runs after `earlier`, directly or not.
fn depends(after: &[BTreeSet<usize>], unit: usize, earlier: usize) -> bool {
    let mut seen = vec![false; after.len()];
    let mut open = vec![unit];
    while let Some(unit) = open.pop() {
        if unit == earlier {
            return true;
        }
        for &next in &after[unit] {
            if !std::mem::replace(&mut seen[next], true) {
                open.push(next);
            }
        }
    }
    false
}

/// A topological order that keeps to the order of recording where it is free to.
fn sort(after: &[BTreeSet<usize>], units: &Units) -> Vec<usize> {
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); after.len()];
    let mut missing: Vec<usize> = after.iter().map(BTreeSet::len).collect();
    for (unit, after) in after.iter().enumerate() {
        for &earlier in after {
            before[earlier].push(unit);
        }
    }
    // What was recorded first goes first: keyed by a unit's last item, at which all of it was recorded.
    let key = |unit: usize| (units.list[unit].items().last().copied().unwrap_or(0), unit);
    let mut ready: BTreeSet<(usize, usize)> =
        (0..after.len()).filter(|&unit| missing[unit] == 0).map(key).collect();
    let mut order = Vec::with_capacity(after.len());
    while let Some((_, unit)) = ready.pop_first() {
        order.push(unit);
        for &next in &before[unit] {
            missing[next] -= 1;
            if missing[next] == 0 {
                ready.insert(key(next));
            }
        }
    }
    assert_eq!(order.len(), after.len(), "units form no circle");
    order
}

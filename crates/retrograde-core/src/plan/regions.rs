//! Parallel regions: groups between which no thread waits for another.
//!
//! A group is [partitioned](super::partition) into rows, and each thread executes a range of them. Where a consumer reads only
//! what the same thread has computed, the thread continues. Where it reads rows of other threads, a new region begins, and
//! threads wait at a barrier. In a network one region leads from the batch through all layers to the loss and back
//! to the gradient of the first layer; the next one sums the gradients of the parameters and updates them.
//!
//! The pass also finds the groups that depend on constants alone. These are computed when the plan is made.

use super::ir::{GroupId, PlanIr, ValueId};
use super::partition::Partitions;
use crate::graph::Leaf;
use std::collections::{HashMap, HashSet};

/// Partitions the groups for so many threads and finds their regions.
pub(super) fn regions(ir: &mut PlanIr, threads: usize) {
    let readers = ir.readers();
    let mut partitions = Partitions::new(ir.groups.len(), threads.max(2));
    let mut overwritten: HashMap<GroupId, Vec<ValueId>> = HashMap::new();
    for update in ir.updates.iter().filter(|update| update.in_place) {
        if let Some(group) = ir.values[update.value].group {
            overwritten.entry(group).or_default().push(update.leaf);
        }
    }
    let mut regions: Vec<Vec<GroupId>> = Vec::new();
    let mut constants = Vec::new();
    for group in ir.order.clone() {
        let leaves = overwritten.get(&group).map(Vec::as_slice).unwrap_or_default();
        let region = partitions.partition(ir, group);
        if leaves.is_empty() && is_constant(ir, group) {
            constants.push(group);
            continue;
        }
        // An update in place overwrites what other groups read: all of them must have done so.
        let others = leaves.iter().flat_map(|&leaf| &readers[leaf]).filter(|&&reader| reader != group);
        let after = others.filter_map(|&reader| ir.groups[reader].region).map(|region| region + 1).max();
        let region = region.max(after.unwrap_or_default());
        ir.groups[group].region = Some(region);
        if regions.len() <= region {
            regions.resize(region + 1, Vec::new());
        }
        regions[region].push(group);
    }
    ir.regions = regions.into_iter().map(|region| consumers_next(ir, &readers, &region)).collect();
    ir.constants = constants;
}

/// Whether a group depends on constants alone. All groups that it reads from have been decided.
fn is_constant(ir: &PlanIr, group: GroupId) -> bool {
    ir.reads(group).all(|base| match ir.values[base].group {
        Some(producer) => producer == group || ir.groups[producer].region.is_none(),
        None => matches!(
            ir.values[base].node.leaf(),
            Some(Leaf::Constant(_) | Leaf::Indices(_) | Leaf::Bytes { .. })
        ),
    })
}

/// The groups of a region, each followed by its consumer where that is possible: the value is then still in the cache.
fn consumers_next(ir: &PlanIr, readers: &[Vec<GroupId>], region: &[GroupId]) -> Vec<GroupId> {
    let position: HashMap<GroupId, usize> =
        region.iter().enumerate().map(|(at, &group)| (group, at)).collect();
    let consumers = |group: GroupId| {
        let readers = ir.groups[group].values.iter().flat_map(|&value| &readers[value]);
        let inside = readers.filter(|&&reader| reader != group).filter_map(|reader| position.get(reader));
        inside.copied().collect::<HashSet<usize>>()
    };
    let consumers: Vec<HashSet<usize>> = region.iter().map(|&group| consumers(group)).collect();
    let mut waits_for = vec![0; region.len()];
    consumers.iter().flatten().for_each(|&consumer| waits_for[consumer] += 1);
    let mut done = vec![false; region.len()];
    let (mut ordered, mut first, mut next) = (Vec::with_capacity(region.len()), 0, None);
    while ordered.len() < region.len() {
        while done.get(first) == Some(&true) {
            first += 1;
        }
        // The first that is left is ready: the region is in a topological order.
        let at: usize = next.unwrap_or(first);
        done[at] = true;
        ordered.push(region[at]);
        consumers[at].iter().for_each(|&consumer| waits_for[consumer] -= 1);
        next = consumers[at].iter().copied().filter(|&consumer| waits_for[consumer] == 0).min();
    }
    ordered
}

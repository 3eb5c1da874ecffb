//! Parallel regions: groups between which no thread waits for another.
//!
//! A group is partitioned into rows, and each thread executes a range of them. Where row `i` of a consumer reads only row `i`
//! of a value, the thread that computed the row continues with it. Where a consumer reads rows of other threads, a new region
//! begins, and threads wait at a barrier. In a network one region leads from the batch through all layers to the loss and back
//! to the gradient of the first layer; the next one sums the gradients of the parameters and updates them.
//!
//! The pass also finds the groups that depend on constants alone. These are computed when the plan is made.

use super::ir::{GroupId, GroupKind, PlanIr, Source, ValueId};
use crate::graph::Leaf;
use crate::kernel::{RowsKernel, RowsOfLoad};
use std::collections::{HashMap, HashSet};

/// Partitions the groups and finds their regions.
pub(super) fn regions(ir: &mut PlanIr) {
    let readers = ir.readers();
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
        let region = partition(ir, group);
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

/// Decides into how many rows a group is partitioned, and returns the first region in which it can run.
fn partition(ir: &mut PlanIr, group: GroupId) -> usize {
    if ir.groups[group].kind == GroupKind::Rows {
        let value = ir.groups[group].values[0];
        ir.groups[group].rows = ask(ir, value, |kernel, inputs, output| kernel.rows(inputs, output));
        return first_region(ir, group);
    }
    // Like the producer that lets it run first.
    let elements = ir.group_elements(group);
    let choices: Vec<usize> = (edges(ir, group).into_iter())
        .map(|(producer, _, _)| ir.groups[producer].rows)
        .filter(|&rows| rows > 1 && elements.is_multiple_of(rows))
        .collect();
    let mut best = (first_region(ir, group), 0);
    for rows in choices {
        // The same choice again changes nothing.
        if rows != ir.groups[group].rows {
            ir.groups[group].rows = rows;
            let region = first_region(ir, group);
            if region < best.0 {
                best = (region, rows);
            }
        }
    }
    ir.groups[group].rows = best.1;
    best.0
}

/// The producers of what a group reads, each with the reading value and the input's position; constants left out.
fn edges(ir: &PlanIr, group: GroupId) -> Vec<(GroupId, ValueId, usize)> {
    let mut edges = Vec::new();
    for &value in &ir.groups[group].values {
        for (position, &input) in ir.values[value].inputs.iter().enumerate() {
            let producer = ir.values[ir.source(input).base].group;
            let producer = producer.filter(|&other| other != group && ir.groups[other].region.is_some());
            edges.extend(producer.map(|producer| (producer, value, position)));
        }
    }
    edges
}

fn first_region(ir: &mut PlanIr, group: GroupId) -> usize {
    let rows = ir.groups[group].rows;
    let mut first = 0;
    for (producer, value, position) in edges(ir, group) {
        let local = rows > 0 && is_local(ir, group, value, position, rows);
        // A producer that may be partitioned anywhere is partitioned like its first consumer.
        let free = ir.groups[producer].rows == 0;
        if free && rows > 1 && local && ir.group_elements(producer).is_multiple_of(rows) {
            ir.groups[producer].rows = rows;
        }
        let local = local && ir.groups[producer].rows == rows;
        let region = ir.groups[producer].region.unwrap_or_default();
        first = first.max(region + usize::from(!local));
    }
    first
}

/// Whether row `i` of `rows` of a group reads, through this input of this value, only row `i` of the memory behind it.
fn is_local(ir: &PlanIr, group: GroupId, value: ValueId, position: usize, rows: usize) -> bool {
    let source = ir.source(ir.values[value].inputs[position]);
    let whole = source.is_in_place() && source.view.elements() == ir.elements(source.base);
    match ir.groups[group].kind {
        GroupKind::Rows => {
            whole && ask(ir, value, |kernel, inputs, output| kernel.row_by_row(position, inputs, output))
        }
        GroupKind::Elementwise => whole || rows_of_load(ir, source, rows).is_some(),
        GroupKind::Copy => false,
    }
}

/// What the row kernel of a value answers.
fn ask<R: Default>(
    ir: &PlanIr,
    value: ValueId,
    question: impl FnOnce(&dyn RowsKernel, &[&[usize]], &[usize]) -> R,
) -> R {
    let kernel = ir.kernel(value);
    kernel.map_or_else(R::default, |kernel| question(&**kernel, &ir.input_shapes(value), ir.shape(value)))
}

/// How an elementwise group of `rows` rows reads a value that it loads, if each of its rows reads only the same row of it.
pub(super) fn rows_of_load(ir: &PlanIr, source: &Source, rows: usize) -> Option<RowsOfLoad> {
    let length = ir.elements(source.base);
    let load = RowsOfLoad::of(&source.view.merged(), rows)?;
    let fits = load.apart * rows == length && source.view.offset + load.extent <= load.apart;
    fits.then_some(load)
}

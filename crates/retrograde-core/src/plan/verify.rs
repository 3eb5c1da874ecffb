//! What must hold of a plan after each pass; a violation is a mistake of the pass.

use super::ir::{GroupId, GroupKind, PlanIr};
use super::passes::Pass;
use crate::graph::Kind;
use std::collections::BTreeMap;

/// The first violation, if there is one.
pub(super) fn verify(ir: &PlanIr, after: Pass) -> Result<(), String> {
    values(ir)?;
    if after >= Pass::Views {
        sources(ir)?;
    }
    if after >= Pass::Fuse {
        groups(ir)?;
    }
    if after >= Pass::Schedule {
        order(ir, &ir.order, "the schedule")?;
        updates(ir)?;
    }
    if after >= Pass::Regions {
        regions(ir)?;
    }
    if after >= Pass::Epilogues {
        epilogues(ir)?;
    }
    if after >= Pass::Place {
        memory(ir)?;
    }
    Ok(())
}

fn require(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

/// Values are in topological order.
fn values(ir: &PlanIr) -> Result<(), String> {
    (ir.values.iter().enumerate()).try_for_each(|(value, this)| {
        let earlier = this.inputs.iter().all(|&input| input < value);
        require(earlier, || format!("%{value} comes before one of its inputs"))
    })
}

/// Each value is read from memory that exists, and a kept one in order.
fn sources(ir: &PlanIr) -> Result<(), String> {
    for (value, this) in ir.values.iter().enumerate() {
        for source in [Some(&this.source), this.copied_from.as_ref()].into_iter().flatten() {
            let own = source.base == value || ir.source(source.base).base == source.base;
            let within = source.view.reads_within(&(0..ir.elements(source.base)));
            require(own && within, || format!("%{value} is not read from memory"))?;
        }
        let in_order = this.source.view.is_contiguous() || ir.elements(value) == 0;
        require(!this.kept || in_order, || format!("%{value} is kept, but not in order"))?;
    }
    Ok(())
}

/// Each computed value with memory of its own is in one group; elementwise values of a group have equally many elements.
fn groups(ir: &PlanIr) -> Result<(), String> {
    let mut found = vec![None; ir.values.len()];
    for (group, this) in ir.groups.iter().enumerate() {
        let alike = this.values.iter().all(|&value| ir.elements(value) == ir.group_elements(group));
        let sorted = this.values.is_sorted_by(|a, b| a < b) && !this.values.is_empty();
        let single = this.kind == GroupKind::Elementwise || this.values.len() == 1;
        require(alike && sorted && single, || format!("group {group} is not one kernel"))?;
        for &value in &this.values {
            require(found[value].replace(group).is_none(), || format!("%{value} is in two groups"))?;
        }
    }
    for (value, this) in ir.values.iter().enumerate() {
        let computed = this.node.leaf().is_none() && this.source.base == value;
        require(found[value] == this.group && found[value].is_some() == computed, || {
            format!("%{value} is in the group {:?}, not in {:?}", found[value], this.group)
        })?;
    }
    Ok(())
}

/// Each group comes behind those whose values it reads.
fn order(ir: &PlanIr, order: &[GroupId], name: &str) -> Result<(), String> {
    let mut done = vec![false; ir.groups.len()];
    for &group in order {
        let ready = ir
            .reads(group)
            .all(|base| ir.values[base].group.is_none_or(|producer| producer == group || done[producer]));
        require(ready && !done[group], || format!("group {group} comes too early in {name}, or twice"))?;
        done[group] = true;
    }
    require(done.iter().all(|done| *done), || format!("{name} leaves a group out"))
}

/// An update in place comes behind all other groups that read the leaf.
fn updates(ir: &PlanIr) -> Result<(), String> {
    let mut position = vec![0; ir.groups.len()];
    ir.order.iter().enumerate().for_each(|(at, &group)| position[group] = at);
    let readers = ir.readers();
    for update in ir.updates.iter().filter(|update| update.in_place) {
        let group = ir.values[update.value].group.ok_or("an update in place without a group")?;
        let last = readers[update.leaf].iter().all(|&reader| position[reader] <= position[group]);
        require(last, || format!("%{} is overwritten before it is read", update.leaf))?;
    }
    Ok(())
}

/// The regions are an order, too, and none is before one that it reads from.
fn regions(ir: &PlanIr) -> Result<(), String> {
    let all: Vec<GroupId> = ir.constants.iter().copied().chain(ir.executed()).collect();
    order(ir, &all, "the regions")?;
    for (region, groups) in ir.regions.iter().enumerate() {
        for &group in groups {
            let this = &ir.groups[group];
            require(this.region == Some(region), || format!("group {group} is not in region {region}"))?;
        }
    }
    Ok(())
}

/// A row kernel and its epilogue are in one region, partitioned alike, and nothing else reads the kernel's output.
fn epilogues(ir: &PlanIr) -> Result<(), String> {
    let readers = ir.readers();
    for (group, this) in ir.groups.iter().enumerate() {
        if let Some(epilogue) = this.epilogue {
            let other = &ir.groups[epilogue];
            let alike = (other.region, other.rows, other.chunk) == (this.region, this.rows, this.chunk);
            let pair = other.epilogue_of == Some(group) && alike;
            let alone = readers[this.values[0]] == [epilogue] && !ir.values[this.values[0]].kept;
            require(pair && alone, || format!("group {epilogue} is not an epilogue of group {group}"))?;
        }
    }
    Ok(())
}

/// Values that are alive at the same time have places without a common element.
fn memory(ir: &PlanIr) -> Result<(), String> {
    // (start of life, value), by kind of memory; leaves and constants live throughout.
    for kind in [Kind::Real, Kind::Index] {
        let mut events: Vec<(usize, usize, usize, std::ops::Range<usize>)> = Vec::new();
        for (value, this) in ir.values.iter().enumerate() {
            let Some((memory, range)) = this.place.and_then(|place| place.memory()) else {
                continue;
            };
            let is_index = memory == crate::kernel::arena::Memory::Index;
            if is_index == (kind == Kind::Index) && !range.is_empty() {
                let constant = this.group.is_none_or(|group| ir.groups[group].region.is_none());
                let (first, last) = this.lifetime.map_or((0, usize::MAX), |life| (life.first, life.last));
                events.push((if constant { 0 } else { first }, last, value, range));
            }
        }
        events.sort_by_key(|(first, ..)| *first);
        let mut alive: BTreeMap<usize, (usize, usize, usize)> = BTreeMap::new();
        for (first, last, value, range) in events {
            // What ended before this value begins may be overwritten.
            let overlapping: Vec<usize> = (alive.range(..range.end).rev())
                .take_while(|(_, (end, ..))| *end > range.start)
                .map(|(start, _)| *start)
                .collect();
            for start in overlapping {
                if let Some((_, ends, other)) = alive.remove(&start) {
                    require(ends < first, || format!("%{value} overwrites %{other}, which is still read"))?;
                }
            }
            alive.insert(range.start, (range.end, last, value));
        }
    }
    Ok(())
}

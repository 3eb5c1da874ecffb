//! The order of the groups, in which parameters are updated in place.
//!
//! An update stores a new value into a leaf. If the group that computes the value runs after all others that read the leaf,
//! it stores the value there directly. Otherwise the value has memory of its own, and is copied into the leaf after all
//! groups have run.

use super::ir::{GroupId, GroupKind, PlanIr};
use std::collections::BTreeSet;

/// Orders the groups: each after those whose values it reads and, for updates in place, after those that read the leaf.
pub(super) fn schedule(ir: &mut PlanIr) {
    let readers = ir.readers();
    let mut dependences = Dependences::new(ir.groups.len());
    for (base, readers) in readers.iter().enumerate() {
        if let Some(producer) = ir.values[base].group {
            readers.iter().for_each(|&reader| dependences.add(producer, reader));
        }
    }
    for position in 0..ir.updates.len() {
        let update = ir.updates[position];
        let computed_by = ir.values[update.value].group.filter(|&group| {
            ir.groups[group].kind == GroupKind::Elementwise
                && ir.source(update.value).base == update.value
                && ir.reads_in_order(group, update.leaf)
        });
        let others: Vec<GroupId> =
            readers[update.leaf].iter().copied().filter(|&reader| Some(reader) != computed_by).collect();
        if let Some(group) = computed_by.filter(|&group| !dependences.leads_to_any(group, &others)) {
            others.iter().for_each(|&reader| dependences.add(reader, group));
            ir.updates[position].in_place = true;
        }
    }
    // Of those that are ready, the group goes first whose last value was recorded first.
    let recorded = |group: GroupId| ir.groups[group].values.last().copied().unwrap_or_default();
    ir.order = dependences.sorted(recorded);
}

/// Which groups run after which.
struct Dependences {
    followers: Vec<BTreeSet<GroupId>>,
    waits_for: Vec<usize>,
}

impl Dependences {
    fn new(groups: usize) -> Self {
        Dependences { followers: vec![BTreeSet::new(); groups], waits_for: vec![0; groups] }
    }

    fn add(&mut self, first: GroupId, then: GroupId) {
        if first != then && self.followers[first].insert(then) {
            self.waits_for[then] += 1;
        }
    }

    /// Whether one of `targets` runs after `group`, directly or not. What follows the update of a parameter is little.
    fn leads_to_any(&self, group: GroupId, targets: &[GroupId]) -> bool {
        let targets: BTreeSet<GroupId> = targets.iter().copied().collect();
        let (mut seen, mut open) = (BTreeSet::from([group]), vec![group]);
        while let Some(next) = open.pop() {
            if targets.contains(&next) {
                return true;
            }
            open.extend(self.followers[next].iter().copied().filter(|&follower| seen.insert(follower)));
        }
        false
    }

    /// A topological order; of the groups that are ready, the one with the least key goes first.
    fn sorted(mut self, key: impl Fn(GroupId) -> usize) -> Vec<GroupId> {
        let mut ready: BTreeSet<(usize, GroupId)> = (self.waits_for.iter().enumerate())
            .filter(|(_, waits_for)| **waits_for == 0)
            .map(|(group, _)| (key(group), group))
            .collect();
        let mut order = Vec::with_capacity(self.followers.len());
        while let Some((_, group)) = ready.pop_first() {
            order.push(group);
            for &follower in &self.followers[group] {
                self.waits_for[follower] -= 1;
                if self.waits_for[follower] == 0 {
                    ready.insert((key(follower), follower));
                }
            }
        }
        assert_eq!(order.len(), self.followers.len(), "groups form no cycle");
        order
    }
}

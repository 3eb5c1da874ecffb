//! Fusion: elementwise operations that are executed together, in one pass over memory.
//!
//! An edge from a producer to an elementwise consumer is *fusible* if the consumer reads the elements in order and both have
//! equally many. Each value gets a level, such that a fusible edge never leads to a lower level and any other edge leads to a
//! higher one. Values that fusible edges connect within one level can be fused without a cycle: a path that left the group
//! and came back would have to rise. This takes linear time, where a search for cycles would take quadratic time.

use super::ir::{Group, GroupKind, PlanIr, ValueId};
use crate::kernel::Form;

/// The most operations of one group: the registers of more may no longer stay in the first-level cache.
const LONGEST: usize = 24;

/// Forms the groups.
pub(super) fn fuse(ir: &mut PlanIr) {
    let kinds: Vec<Option<GroupKind>> = (0..ir.values.len()).map(|value| kind(ir, value)).collect();
    let edges = edges(ir, &kinds);
    let mut components = Components::within_levels(&kinds, &edges);
    components.raise(&edges);
    let mut group_of: Vec<Option<usize>> = vec![None; ir.values.len()];
    for (value, kind) in kinds.iter().enumerate() {
        let Some(kind) = *kind else {
            continue;
        };
        let root = components.find(value);
        // A component is cut in topological order: all edges lead from an earlier part to a later one.
        let open = group_of[root].filter(|&group| ir.groups[group].values.len() < LONGEST);
        let group = open.unwrap_or_else(|| {
            ir.groups.push(Group {
                kind,
                values: Vec::new(),
                rows: 0,
                chunk: 1,
                region: None,
                epilogue: None,
                epilogue_of: None,
            });
            ir.groups.len() - 1
        });
        group_of[root] = Some(group);
        ir.groups[group].values.push(value);
        ir.values[value].group = Some(group);
    }
}

/// What computes a value; none for a leaf, and for a view that is read where its input lies.
fn kind(ir: &PlanIr, value: ValueId) -> Option<GroupKind> {
    match ir.form(value)? {
        Form::Rows(_) => Some(GroupKind::Rows),
        Form::View(_) | Form::Reshape => ir.values[value].copied_from.as_ref().map(|_| GroupKind::Copy),
        Form::Elementwise(_) => Some(GroupKind::Elementwise),
    }
}

/// An edge between two computed values.
struct Edge {
    from: ValueId,
    to: ValueId,
    fusible: bool,
}

/// The edges, by their consumers in topological order.
fn edges(ir: &PlanIr, kinds: &[Option<GroupKind>]) -> Vec<Edge> {
    let elementwise = |value: ValueId| kinds[value] == Some(GroupKind::Elementwise);
    let mut edges = Vec::new();
    for (to, _) in kinds.iter().enumerate().filter(|(_, kind)| kind.is_some()) {
        let this = &ir.values[to];
        for source in this.inputs.iter().map(|&input| ir.source(input)).chain(&this.copied_from) {
            let from = source.base;
            if kinds[from].is_some() && from != to {
                let fusible = elementwise(from)
                    && elementwise(to)
                    && source.is_in_place()
                    && ir.elements(from) == ir.elements(to);
                edges.push(Edge { from, to, fusible });
            }
        }
    }
    edges
}

/// Sets of values that fusible edges connect within one level.
struct Components {
    parent: Vec<ValueId>,
    /// By root.
    level: Vec<usize>,
}

impl Components {
    /// With the lowest levels.
    fn within_levels(kinds: &[Option<GroupKind>], edges: &[Edge]) -> Self {
        let mut level = vec![0; kinds.len()];
        for edge in edges {
            level[edge.to] = level[edge.to].max(level[edge.from] + usize::from(!edge.fusible));
        }
        let mut components = Components { parent: (0..kinds.len()).collect(), level };
        for edge in edges.iter().filter(|edge| edge.fusible) {
            if components.level[edge.from] == components.level[edge.to] {
                components.join(edge.from, edge.to);
            }
        }
        components
    }

    /// Raises components as far as their consumers allow, where that joins them with one: a decayed weight with its update.
    fn raise(&mut self, edges: &[Edge]) {
        let mut out: Vec<Vec<(ValueId, bool)>> = vec![Vec::new(); self.parent.len()];
        for edge in edges {
            let root = self.find(edge.from);
            if self.find(edge.to) != root {
                out[root].push((edge.to, edge.fusible));
            }
        }
        // A component's consumers in other components have higher levels.
        let mut roots: Vec<ValueId> = (0..self.parent.len()).filter(|&root| !out[root].is_empty()).collect();
        roots.sort_by_key(|&root| std::cmp::Reverse((self.level[root], root)));
        for root in roots {
            let mut level = |to: ValueId| {
                let to = self.find(to);
                self.level[to]
            };
            let highest = out[root].iter().map(|&(to, fusible)| level(to) - usize::from(!fusible)).min();
            let highest = highest.unwrap_or_default();
            let joined: Vec<ValueId> = out[root]
                .iter()
                .filter(|&&(to, fusible)| fusible && level(to) == highest)
                .map(|&(to, _)| to)
                .collect();
            for to in joined {
                self.join(root, to);
            }
        }
    }

    fn find(&mut self, value: ValueId) -> ValueId {
        let mut root = value;
        while self.parent[root] != root {
            self.parent[root] = self.parent[self.parent[root]];
            root = self.parent[root];
        }
        root
    }

    /// Joins the component of `one` with that of `other`, which keeps its level.
    fn join(&mut self, one: ValueId, other: ValueId) {
        let (one, other) = (self.find(one), self.find(other));
        self.parent[one] = other;
    }
}

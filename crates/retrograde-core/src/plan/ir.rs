//! The plan's intermediate representation: what the passes read and write.
//!
//! A [`PlanIr`] holds values, fusion groups, updates and parallel regions. Each pass fills in its part: [`Pass`](super::Pass)
//! lists them. Ids are positions: a value's in `values`, a group's in `groups`.

use super::place::Lifetime;
use super::simplify::simplify;
use crate::graph::{Graph, Kind, Node, NodeId};
use crate::kernel::arena::Place;
use crate::kernel::layouts::Layouts;
use crate::kernel::sparse::CompressedRows;
use crate::kernel::{Form, RowsKernel, View};
use retrograde_base::error::Result;
use std::collections::HashMap;
use std::sync::Arc;

/// The position of a value in [`PlanIr::values`].
pub(super) type ValueId = usize;

/// The position of a group in [`PlanIr::groups`].
pub(super) type GroupId = usize;

/// A plan while it is compiled. Its `Display` prints values, groups, regions, memory and steps, as far as the passes have
/// come; [`dot`](Self::dot) draws the groups.
#[derive(Debug)]
pub struct PlanIr {
    pub(super) graph: Graph,
    /// In topological order.
    pub(super) values: Vec<Value>,
    /// The value that each node became.
    pub(super) of: HashMap<NodeId, ValueId>,
    /// In the order of their first values.
    pub(super) groups: Vec<Group>,
    pub(super) updates: Vec<Update>,
    /// What the caller reads by name after a run, or stores into a leaf.
    pub(super) fetched: Vec<ValueId>,
    /// The groups, each behind those whose values it reads.
    pub(super) order: Vec<GroupId>,
    /// The groups that depend on constants alone, in order: they are computed when the plan is made.
    pub(super) constants: Vec<GroupId>,
    /// The other groups by parallel region, in the order of execution.
    pub(super) regions: Vec<Vec<GroupId>>,
    /// The lengths of the arena: elements of real numbers, and indices.
    pub(super) arena: (usize, usize),
    /// What is executed.
    pub(super) steps: Vec<StepInfo>,
}

/// A value: a node that stands for all nodes equal to it.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) node: Arc<Node>,
    pub(super) inputs: Vec<ValueId>,
    /// Whether its elements must lie in memory, in order, after the run.
    pub(super) kept: bool,
    /// Of a leaf: whether an update gives it another value at the end of the run.
    pub(super) updated: bool,
    /// How to read it.
    pub(super) source: Source,
    /// Of a view or reshape that is copied: what it is copied from.
    pub(super) copied_from: Option<Source>,
    /// Of indices: what they must be below.
    pub(super) bound: Option<usize>,
    /// Of an input of indices: the input that has the indices of the next run, whose rows of tables are prefetched.
    pub(super) next: Option<ValueId>,
    /// The group that computes it, if it has memory of its own and is not a leaf.
    pub(super) group: Option<GroupId>,
    /// The compressed rows that hold it, if it is kept so.
    pub(super) compressed: Option<Arc<CompressedRows>>,
    pub(super) lifetime: Option<Lifetime>,
    pub(super) place: Option<Place>,
}

/// How to read a value: which value's memory, and through which view.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) base: ValueId,
    pub(super) view: View,
}

impl Source {
    /// Whether it reads the first elements of the memory, in order.
    pub(super) fn is_in_place(&self) -> bool {
        self.view.is_contiguous() && self.view.offset == 0
    }
}

/// What a group executes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GroupKind {
    /// Elementwise operations on equally many elements, in one pass over memory.
    Elementwise,
    /// One row kernel.
    Rows,
    /// A copy of a view whose consumer needs its elements in order.
    Copy,
}

/// A fusion group: values that are computed in one step.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) kind: GroupKind,
    /// In the order of recording.
    pub(super) values: Vec<ValueId>,
    /// Into how many rows it is partitioned; 0 if its elements may be partitioned anywhere.
    pub(super) rows: usize,
    /// How many consecutive rows one thread computes at least: the ranges of threads end at multiples.
    pub(super) chunk: usize,
    /// The parallel region that executes it; none for one that is computed when the plan is made.
    pub(super) region: Option<usize>,
    /// The elementwise group that is executed block by block inside this row kernel.
    pub(super) epilogue: Option<GroupId>,
    /// The row kernel inside which this group is executed.
    pub(super) epilogue_of: Option<GroupId>,
}

impl Group {
    /// Into how many chunks its rows fall; the last one may be shorter.
    pub(super) fn chunks(&self) -> usize {
        self.rows.div_ceil(self.chunk)
    }
}

/// A leaf and its value for the next run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Update {
    pub(super) leaf: ValueId,
    pub(super) value: ValueId,
    /// Whether the group that computes the value stores it into the leaf itself.
    pub(super) in_place: bool,
}

/// A step of the program, as it was lowered.
#[derive(Debug)]
pub(super) struct StepInfo {
    /// The groups that it executes: a row kernel and its epilogue, or one; none if it copies an update into its leaf.
    pub(super) groups: Vec<GroupId>,
    pub(super) flops: usize,
    pub(super) bytes: usize,
    pub(super) threads: usize,
    pub(super) barrier: bool,
}

impl PlanIr {
    /// The values that `targets` need. `updates` are pairs of a leaf and its value for the next run.
    pub(super) fn new(graph: &Graph, targets: &[NodeId], updates: &[(NodeId, NodeId)]) -> Result<Self> {
        let leaves: Vec<NodeId> = updates.iter().map(|(leaf, _)| *leaf).collect();
        let (values, of) = simplify(graph, targets, &leaves)?;
        let updates = updates
            .iter()
            .map(|(leaf, value)| Update { leaf: of[leaf], value: of[value], in_place: false })
            .collect();
        let mut ir = PlanIr {
            graph: graph.clone(),
            values,
            of,
            groups: Vec::new(),
            updates,
            fetched: Vec::new(),
            order: Vec::new(),
            constants: Vec::new(),
            regions: Vec::new(),
            arena: (0, 0),
            steps: Vec::new(),
        };
        for update in ir.updates.clone() {
            ir.values[update.leaf].updated = true;
            // A view of a value is copied before it is stored; an operation stores into memory anyway.
            ir.values[update.value].kept |= ir.is_view(update.value);
        }
        Ok(ir)
    }

    /// How the operation of a value is executed; none for a leaf.
    pub(super) fn form(&self, value: ValueId) -> Option<&Form> {
        self.values[value].node.form()
    }

    /// Whether a value is a view or a reshape.
    pub(super) fn is_view(&self, value: ValueId) -> bool {
        matches!(self.form(value), Some(Form::View(_) | Form::Reshape))
    }

    /// Whether a value is a table of bytes, or one in another shape.
    pub(super) fn is_bytes(&self, value: ValueId) -> bool {
        self.values[value].node.value_type.kind == Kind::Byte
    }

    pub(super) fn shape(&self, value: ValueId) -> &[usize] {
        &self.values[value].node.value_type.shape
    }

    pub(super) fn elements(&self, value: ValueId) -> usize {
        self.values[value].node.value_type.shape.elements()
    }

    pub(super) fn source(&self, value: ValueId) -> &Source {
        &self.values[value].source
    }

    /// The elements of each value of a group.
    pub(super) fn group_elements(&self, group: GroupId) -> usize {
        self.elements(self.groups[group].values[0])
    }

    /// The elements of a chunk of each value of a group; 0 if its elements may be partitioned anywhere.
    pub(super) fn chunk_elements(&self, group: GroupId) -> usize {
        let Group { rows, chunk, .. } = self.groups[group];
        self.group_elements(group).checked_div(rows).unwrap_or(0) * chunk
    }

    /// The values whose memory a group reads, repetitions and its own included.
    pub(super) fn reads(&self, group: GroupId) -> impl Iterator<Item = ValueId> + '_ {
        let inputs = self.groups[group].values.iter().flat_map(|&value| &self.values[value].inputs);
        inputs.map(|&input| self.values[input].source.base)
    }

    /// The groups that read the memory of each value, without repetitions.
    pub(super) fn readers(&self) -> Vec<Vec<GroupId>> {
        let mut readers: Vec<Vec<GroupId>> = vec![Vec::new(); self.values.len()];
        for group in 0..self.groups.len() {
            for base in self.reads(group) {
                if readers[base].last() != Some(&group) {
                    readers[base].push(group);
                }
            }
        }
        readers
    }

    /// Whether an elementwise group reads each element of a value's memory only for the element at the same position.
    pub(super) fn reads_in_order(&self, group: GroupId, base: ValueId) -> bool {
        self.groups[group].values.iter().all(|&value| {
            self.values[value].inputs.iter().map(|&input| self.source(input)).all(|source| {
                source.base != base
                    || (source.view.is_contiguous() && source.view.elements() == self.elements(value))
            })
        })
    }

    /// The row kernel of a value, if it has one.
    pub(super) fn kernel(&self, value: ValueId) -> Option<&Arc<dyn RowsKernel>> {
        match self.form(value)? {
            Form::Rows(form) => Some(form.kernel()),
            _ => None,
        }
    }

    /// The layouts beside dense rows for which a value has kernels.
    pub(super) fn layouts(&self, value: ValueId) -> Option<Layouts> {
        match self.form(value)? {
            Form::Rows(form) => form.layouts(),
            _ => None,
        }
    }

    /// The shapes of a value's inputs.
    pub(super) fn input_shapes(&self, value: ValueId) -> Vec<&[usize]> {
        self.values[value].inputs.iter().map(|&input| self.shape(input)).collect()
    }

    /// The groups of the regions, in the order of execution.
    pub(super) fn executed(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.regions.iter().flatten().copied()
    }
}

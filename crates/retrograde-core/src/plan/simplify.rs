//! Pruning and sharing: the graph as far as it is needed, with one item for all nodes of equal value.

use crate::graph::{Graph, Leaf, Node, NodeId, Origin, ancestors};
use crate::kernel::Form;
use retrograde_base::error::Result;
use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// One value that the plan may have to compute: a node, standing for all nodes equal to it.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) node: Arc<Node>,
    /// The items of its inputs.
    pub(super) inputs: Vec<usize>,
}

/// The items in topological order, and which item each node became.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) list: Vec<Item>,
    pub(super) of: HashMap<NodeId, usize>,
}

impl Items {
    /// How an item's operation is executed, if it is one.
    pub(super) fn form(&self, item: usize) -> Option<&Form> {
        self.list[item].node.form()
    }

    /// The elements of an item's value.
    pub(super) fn elements(&self, item: usize) -> usize {
        self.list[item].node.value_type.shape.elements()
    }
}

/// The items that `targets` need. `updated` are the leaves that will have other values at the end of the run: what
/// equals one of them now is not the same as it.
pub(super) fn simplify(graph: &Graph, targets: &[NodeId], updated: &[NodeId]) -> Result<Items> {
    let mut items = Items::default();
    let mut known: HashMap<(Key, Vec<usize>), usize> = HashMap::new();
    // The number that an item has throughout, where that is known.
    let mut uniform: Vec<Option<f64>> = Vec::new();
    for node in ancestors(graph, targets)? {
        let inputs: Vec<usize> = node.inputs.iter().map(|input| items.of[input]).collect();
        if let Origin::Operation(operation, _) = &node.origin {
            let numbers: Vec<Option<f64>> = inputs.iter().map(|&input| uniform[input]).collect();
            let same = operation.passes_through(&numbers).and_then(|same| inputs.get(same).copied());
            let fits = |same: &Node| same.value_type == node.value_type && !updated.contains(&same.id);
            if let Some(same) = same.filter(|&same| fits(&items.list[same].node)) {
                items.of.insert(node.id, same);
                continue;
            }
        }
        let item = match key(&node) {
            Some(key) => *known.entry((key, inputs.clone())).or_insert(items.list.len()),
            None => items.list.len(),
        };
        if item == items.list.len() {
            uniform.push(uniform_value(&node, &inputs, &uniform));
            items.list.push(Item { node: Arc::clone(&node), inputs });
        }
        items.of.insert(node.id, item);
    }
    Ok(items)
}

/// What makes two nodes of equal inputs equal.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    /// The operation's type, and what tells it from others of the type.
    Operation(TypeId, String),
    /// The bits of a number.
    Constant(u64),
}

/// The key of a node; none for values that are given, and for operations that are not known to equal others.
fn key(node: &Node) -> Option<Key> {
    match &node.origin {
        Origin::Operation(operation, _) => {
            let any: &dyn Any = &**operation;
            Some(Key::Operation(any.type_id(), operation.merge_key()?))
        }
        Origin::Leaf(Leaf::Constant(value)) if value.shape().rank() == 0 => {
            Some(Key::Constant(value.values()[0].to_bits()))
        }
        Origin::Leaf(_) | Origin::Fault(_) => None,
    }
}

fn uniform_value(node: &Node, inputs: &[usize], uniform: &[Option<f64>]) -> Option<f64> {
    match &node.origin {
        Origin::Leaf(Leaf::Constant(value)) if value.shape().rank() == 0 => Some(value.values()[0]),
        Origin::Operation(_, Form::View(_) | Form::Reshape) => uniform[inputs[0]],
        Origin::Operation(..) | Origin::Leaf(_) | Origin::Fault(_) => None,
    }
}

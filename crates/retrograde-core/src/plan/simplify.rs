//! Pruning and merging: the values that are needed, one for all nodes that are equal.

use super::ir::{Source, Value, ValueId};
use crate::graph::{Graph, Leaf, Node, NodeId, Origin, ancestors};
use crate::kernel::{Form, View};
use retrograde_base::error::Result;
use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The values that `targets` need, in topological order, and the value of each node. `updated` are the leaves that have other
/// values at the end of the run: a node that equals one of them now is not the same value.
pub(super) fn simplify(
    graph: &Graph,
    targets: &[NodeId],
    updated: &[NodeId],
) -> Result<(Vec<Value>, HashMap<NodeId, ValueId>)> {
    let updated: HashSet<NodeId> = updated.iter().copied().collect();
    let (mut values, mut of) = (Vec::<Value>::new(), HashMap::new());
    let mut known: HashMap<(Key, Vec<ValueId>), ValueId> = HashMap::new();
    // The number that all elements of a value have, where that is known.
    let mut uniform: Vec<Option<f64>> = Vec::new();
    for node in ancestors(graph, targets)? {
        let inputs: Vec<ValueId> = node.inputs.iter().map(|input| of[input]).collect();
        if let Origin::Operation(operation, _) = &node.origin {
            let numbers: Vec<Option<f64>> = inputs.iter().map(|&input| uniform[input]).collect();
            let same = operation.identity_of(&numbers).and_then(|same| inputs.get(same).copied());
            let fits = |same: &Node| same.value_type == node.value_type && !updated.contains(&same.id);
            if let Some(same) = same.filter(|&same| fits(&values[same].node)) {
                of.insert(node.id, same);
                continue;
            }
        }
        let value = match key(&node) {
            Some(key) => *known.entry((key, inputs.clone())).or_insert(values.len()),
            None => values.len(),
        };
        if value == values.len() {
            uniform.push(uniform_value(&node, &inputs, &uniform));
            values.push(new_value(&node, inputs, value));
        }
        of.insert(node.id, value);
    }
    Ok((values, of))
}

/// A value as the first pass finds it.
pub(super) fn new_value(node: &Arc<Node>, inputs: Vec<ValueId>, own: ValueId) -> Value {
    Value {
        node: Arc::clone(node),
        inputs,
        kept: false,
        updated: false,
        source: Source { base: own, view: View::whole(&node.value_type.shape) },
        copied_from: None,
        bound: None,
        next: None,
        group: None,
        compressed: None,
        lifetime: None,
        place: None,
    }
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
        Origin::Leaf(_) | Origin::Error(_) => None,
    }
}

fn uniform_value(node: &Node, inputs: &[usize], uniform: &[Option<f64>]) -> Option<f64> {
    match &node.origin {
        Origin::Leaf(Leaf::Constant(value)) if value.shape().rank() == 0 => Some(value.values()[0]),
        Origin::Operation(_, Form::View(_) | Form::Reshape) => uniform[inputs[0]],
        Origin::Operation(..) | Origin::Leaf(_) | Origin::Error(_) => None,
    }
}

//! The contents of a drawing of a trace: blocks and the wires between them.
//!
//! A block is an operation, a given value, or a whole scope folded into one box. A wire carries one value from its producer
//! block to a consumer, with the gradient of that edge. A drawing omits two things: the broadcast of a constant, which is
//! part of the constant, and the inside of folded scopes. A scope is folded only if no path leaves it and returns, because
//! a drawing must show all dependencies.

use super::trace::{NodeKind, Trace, TracedNode, Value};
use retrograde_core::graph::Tensor;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// A trace as blocks and wires.
#[derive(Debug, Clone)]
pub struct Diagram {
    /// The blocks in topological order; the last is the end of the arrow of the traced variable.
    pub blocks: Vec<Block>,
    /// The wires, ordered by their target block and operand.
    pub wires: Vec<Wire>,
}

/// One drawn item.
#[derive(Debug, Clone)]
pub struct Block {
    /// Its kind.
    pub kind: BlockKind,
    /// A leaf's name, an operation's symbol, a scope's name.
    pub label: String,
    /// Its nodes: indices into [`Trace::nodes`]. Empty for the end.
    pub members: Vec<usize>,
}

/// The kinds of block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// A given value.
    Leaf,
    /// One operation.
    Operation,
    /// A folded scope.
    Scope,
    /// The end of the arrow of the traced variable, with its name.
    End,
}

/// A value between its producer block and one consumer.
#[derive(Debug, Clone)]
pub struct Wire {
    /// The node of its value: an index into [`Trace::nodes`].
    pub node: usize,
    /// The producer block.
    pub from: usize,
    /// The consumer block.
    pub to: usize,
    /// Its edges: indices into [`Trace::edges`]; several if a folded scope uses a value several times, none for the last
    /// arrow.
    pub edges: Vec<usize>,
    /// The value that flows forward.
    pub value: Value,
    /// The gradient of the edge.
    pub gradient: Option<Arc<Tensor>>,
}

impl Diagram {
    /// A diagram with a block for every node.
    pub fn unfolded(trace: &Trace) -> Self {
        Self::new(trace, &Groups::new(trace))
    }

    /// A diagram with each outermost scope as one block.
    pub fn folded(trace: &Trace) -> Self {
        Self::opened(trace, &BTreeSet::new())
    }

    /// A diagram with these scopes open, and each outermost one of the others as one block.
    pub fn opened(trace: &Trace, open: &BTreeSet<String>) -> Self {
        let mut groups = Groups::new(trace);
        groups.fold_scopes(trace, open);
        Self::new(trace, &groups)
    }

    /// The wires into a block, in the order of its operands: a range of [`Diagram::wires`].
    pub fn inputs(&self, block: usize) -> std::ops::Range<usize> {
        let first_of = |block| self.wires.partition_point(|wire| wire.to < block);
        first_of(block)..first_of(block + 1)
    }

    fn new(trace: &Trace, groups: &Groups) -> Self {
        let (nodes, edges) = (trace.nodes(), trace.edges());
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (node, &group) in groups.of.iter().enumerate() {
            members.entry(group).or_default().push(node);
        }
        let order = topological(&members, &groups.of, trace).expect("groups are folded only without circles");
        let mut place = vec![0; nodes.len()];
        let mut blocks: Vec<Block> = Vec::new();
        for group in &order {
            for &member in &members[group] {
                place[member] = blocks.len();
            }
            blocks.push(block(trace, &members[group], groups.scopes.get(group)));
        }
        let mut wires: Vec<Wire> = Vec::new();
        for consumer in 0..blocks.len() {
            let first = wires.len();
            let is_scope = blocks[consumer].kind == BlockKind::Scope;
            for &edge in blocks[consumer].members.iter().flat_map(|&member| &nodes[member].inputs) {
                let node = edges[edge].from;
                if place[node] == consumer {
                    continue;
                }
                // A scope takes each value once, an operation each operand.
                let known = wires[first..].iter_mut().find(|wire| is_scope && wire.node == node);
                if let Some(wire) = known {
                    wire.edges.push(edge);
                    continue;
                }
                let value = value_of(trace, &blocks[place[node]], node);
                wires.push(Wire {
                    node,
                    from: place[node],
                    to: consumer,
                    edges: vec![edge],
                    value,
                    gradient: None,
                });
            }
            for wire in &mut wires[first..] {
                wire.gradient = trace.sum_of_gradients(wire.edges.iter().copied());
            }
        }
        let last = nodes.len() - 1;
        let end = Block {
            kind: BlockKind::End,
            label: nodes[last].name.clone().unwrap_or_default(),
            members: Vec::new(),
        };
        wires.push(Wire {
            node: last,
            from: place[last],
            to: blocks.len(),
            edges: Vec::new(),
            value: nodes[last].value.clone(),
            gradient: nodes[last].gradient.clone(),
        });
        blocks.push(end);
        Diagram { blocks, wires }
    }
}

/// The label of a broadcast constant is its number.
fn value_of(trace: &Trace, block: &Block, node: usize) -> Value {
    let shown = if block.kind == BlockKind::Leaf { block.members[0] } else { node };
    trace.nodes()[shown].value.clone()
}

fn block(trace: &Trace, members: &[usize], scope: Option<&String>) -> Block {
    let first = &trace.nodes()[members[0]];
    let (kind, label) = match scope {
        Some(scope) => (BlockKind::Scope, scope.clone()),
        None if first.is_leaf() => (BlockKind::Leaf, leaf_label(first)),
        None => (BlockKind::Operation, first.symbol().to_string()),
    };
    Block { kind, label, members: members.to_vec() }
}

/// The label of an unnamed constant: its number is on the wire.
fn leaf_label(node: &TracedNode) -> String {
    node.name.clone().unwrap_or_else(|| node.symbol().to_string())
}

/// The nodes of each block: each node's group, identified by its first node.
struct Groups {
    of: Vec<usize>,
    /// The names of the groups that are folded scopes.
    scopes: BTreeMap<usize, String>,
}

impl Groups {
    /// Each node in its own group, except broadcast constants.
    fn new(trace: &Trace) -> Self {
        let nodes = trace.nodes();
        let mut of: Vec<usize> = (0..nodes.len()).collect();
        for (index, node) in nodes.iter().enumerate() {
            if let [edge] = node.inputs[..] {
                let from = trace.edges()[edge].from;
                if repeats_constant(&nodes[of[from]], node) {
                    of[index] = of[from];
                }
            }
        }
        Groups { of, scopes: BTreeMap::new() }
    }

    /// Merges the nodes of each outermost scope, in the order of recording, unless that creates a cycle.
    fn fold_scopes(&mut self, trace: &Trace, open: &BTreeSet<String>) {
        let mut scopes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, node) in trace.nodes().iter().enumerate() {
            if let Some(outermost) = scopes_of(node).find(|scope| !open.contains(*scope)) {
                scopes.entry(outermost).or_default().push(index);
            }
        }
        let mut scopes: Vec<_> = scopes.into_iter().collect();
        scopes.sort_by_key(|(_, members)| members[0]);
        for (name, members) in scopes {
            let operations = members.iter().filter(|&&member| !trace.nodes()[member].is_leaf());
            if operations.count() == 0 {
                continue;
            }
            let mut of = self.of.clone();
            for &member in &members {
                of[member] = members[0];
            }
            let mut grouped: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
            for (node, &group) in of.iter().enumerate() {
                grouped.entry(group).or_default().push(node);
            }
            if topological(&grouped, &of, trace).is_some() {
                self.of = of;
                self.scopes.insert(members[0], name.to_string());
            }
        }
    }
}

/// The scopes of a node, the outermost first. A parameter that was recorded before its layer belongs to the layer in its
/// name: `affine1.weight`.
pub(super) fn scopes_of(node: &TracedNode) -> impl Iterator<Item = &str> {
    let path = match node.scope.as_str() {
        "" if node.is_leaf() => {
            node.name.as_deref().and_then(|name| Some(name.rsplit_once('.')?.0)).unwrap_or("")
        }
        scope => scope,
    };
    let ends = path.match_indices('.').map(|(end, _)| end).chain((!path.is_empty()).then_some(path.len()));
    ends.map(move |end| &path[..end])
}

/// Whether `node` only broadcasts a constant number, as NumPy does implicitly.
fn repeats_constant(constant: &TracedNode, node: &TracedNode) -> bool {
    let Some(number) =
        constant.value.scalar().filter(|_| matches!(constant.what, NodeKind::Leaf("constant")))
    else {
        return false;
    };
    match &node.value {
        Value::Real(tensor) => tensor.values().iter().all(|x| x.to_bits() == number.to_bits()),
        Value::Indices(..) | Value::Bytes(_) => false,
    }
}

/// The groups in a topological order, as close as possible to the order of recording; `None` for a cycle.
fn topological(groups: &BTreeMap<usize, Vec<usize>>, of: &[usize], trace: &Trace) -> Option<Vec<usize>> {
    let mut waiting: BTreeMap<usize, HashSet<usize>> = BTreeMap::new();
    let mut consumers: BTreeMap<usize, HashSet<usize>> = BTreeMap::new();
    for edge in trace.edges() {
        let (from, to) = (of[edge.from], of[edge.to]);
        if from != to {
            waiting.entry(to).or_default().insert(from);
            consumers.entry(from).or_default().insert(to);
        }
    }
    let mut ready: BTreeSet<usize> =
        groups.keys().copied().filter(|group| !waiting.contains_key(group)).collect();
    let mut order = Vec::with_capacity(groups.len());
    while let Some(group) = ready.pop_first() {
        order.push(group);
        for &consumer in consumers.get(&group).into_iter().flatten() {
            if let Some(left) = waiting.get_mut(&consumer) {
                left.remove(&group);
                if left.is_empty() {
                    ready.insert(consumer);
                }
            }
        }
    }
    (order.len() == groups.len()).then_some(order)
}

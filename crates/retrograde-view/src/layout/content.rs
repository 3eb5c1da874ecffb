//! Builds the layered graph of a diagram: all of it, or a band of its levels.
//!
//! A value that a later band needs leaves this one to its name and `…`; one of an earlier band enters from its name.

use super::layered_graph::{LayeredGraph, Link, NodeShape};
use super::levels::{delay, levels};
use crate::diagram::{Block, BlockKind, Diagram};
use crate::summary::gradient_lines;
use crate::trace::{Trace, Value};
use retrograde_base::text_width::{printable, shortened};
use retrograde_core::graph::Tensor;
use std::collections::{BTreeSet, HashMap};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The largest number of columns of a name.
const NAME: usize = 28;

/// The contents of a figure.
pub(crate) struct Content<'a> {
    trace: &'a Trace,
    diagram: &'a Diagram,
    levels: Vec<usize>,
    /// Whether given values are placed beside their first consumer, not at the far left.
    near: bool,
}

/// With at most this many levels, all given values are at the far left, as in the book; otherwise each is beside its first
/// consumer.
const SHORT: usize = 3;

/// The annotations of a figure.
pub(crate) trait Annotations {
    /// The lines above a wire that carries this value of a node, an index into [`Trace::nodes`].
    fn above(&self, node: usize, value: &Value) -> Vec<String>;
    /// The lines below a wire with this gradient.
    fn below(&self, node: usize, gradient: &Tensor) -> Vec<String>;
    /// A label in the available characters, such as ASCII only.
    fn encode(&self, text: &str) -> String;
    /// The ellipsis of shortened names.
    fn ellipsis(&self) -> &str;
}

impl<'a> Content<'a> {
    pub(crate) fn new(trace: &'a Trace, diagram: &'a Diagram) -> Self {
        let mut levels = levels(diagram);
        let near = levels.last().is_some_and(|&end| end > SHORT + 1);
        if near {
            delay(diagram, &mut levels);
        }
        Content { trace, diagram, levels, near }
    }

    /// The last level.
    pub(crate) fn end(&self) -> usize {
        self.levels.last().copied().unwrap_or(0)
    }

    /// The layered graph of some levels.
    pub(crate) fn layered_graph(
        &self,
        band: RangeInclusive<usize>,
        annotations: &dyn Annotations,
    ) -> LayeredGraph {
        let Content { trace, diagram, levels, near } = self;
        let mut layered = LayeredGraph::default();
        let within =
            |block: usize| diagram.blocks[block].kind != BlockKind::Leaf && band.contains(&levels[block]);
        let column = |block: usize| levels[block] - band.start() + 1;
        let short = |name: &str| shortened(&printable(name), NAME, annotations.ellipsis());
        // Each block's outputs: the nodes whose values leave it.
        let mut outputs: HashMap<usize, BTreeSet<usize>> = HashMap::new();
        for wire in &diagram.wires {
            outputs.entry(wire.from).or_default().insert(wire.node);
        }
        let mut items: HashMap<usize, usize> = HashMap::new();
        for block in (0..diagram.blocks.len()).filter(|&block| within(block)) {
            let content = &diagram.blocks[block];
            let text = annotations.encode(&short(&content.label));
            let shape = if content.kind == BlockKind::End {
                NodeShape::Name(text, None)
            } else {
                NodeShape::Box(text)
            };
            let outputs = outputs.get(&block).map_or(0, BTreeSet::len);
            items.insert(block, layered.add(shape, Some(block), column(block), outputs));
        }
        let port = |block: usize, node: usize| {
            let of_block = outputs.get(&block).into_iter().flatten();
            of_block.take_while(|&&other| other != node).count()
        };
        let below = |node: usize, gradient: &Option<Arc<Tensor>>| {
            gradient.as_deref().map_or_else(Vec::new, |gradient| annotations.below(node, gradient))
        };
        let mut entering: HashMap<usize, usize> = HashMap::new();
        let mut operand = vec![0; diagram.blocks.len()];
        for (number, wire) in diagram.wires.iter().enumerate().filter(|(_, wire)| within(wire.to)) {
            let from = if within(wire.from) {
                (items[&wire.from], port(wire.from, wire.node))
            } else {
                let is_leaf = diagram.blocks[wire.from].kind == BlockKind::Leaf;
                let entry = *entering.entry(wire.node).or_insert_with(|| {
                    let name = if is_leaf {
                        short(&diagram.blocks[wire.from].label)
                    } else {
                        format!(
                            "{} {}",
                            annotations.ellipsis(),
                            short(&carried(trace, diagram, wire.from, wire.node))
                        )
                    };
                    let uses =
                        diagram.wires.iter().filter(|other| other.node == wire.node && within(other.to));
                    let first = uses.map(|other| column(other.to)).min().unwrap_or(1);
                    let beside = if *near && is_leaf { first - 1 } else { 0 };
                    let below = total(trace, diagram, wire.node);
                    layered.add(NodeShape::Name(name, below), is_leaf.then_some(wire.from), beside, 1)
                });
                (entry, 0)
            };
            let to = (items[&wire.to], operand[wire.to]);
            operand[wire.to] += 1;
            let (above, below) =
                (annotations.above(wire.node, &wire.value), below(wire.node, &wire.gradient));
            layered.links.push(Link { from, to, wire: number, above, below });
        }
        // Values for later bands.
        let mut leaving: HashMap<usize, Vec<usize>> = HashMap::new();
        for (number, wire) in diagram.wires.iter().enumerate() {
            if within(wire.from) && !within(wire.to) {
                leaving.entry(wire.node).or_default().push(number);
            }
        }
        let mut leaving: Vec<_> = leaving.into_iter().collect();
        leaving.sort_unstable();
        for (node, wires) in leaving {
            let from = diagram.wires[wires[0]].from;
            let name = format!("{} {}", short(&carried(trace, diagram, from, node)), annotations.ellipsis());
            let exit = layered.add(NodeShape::Name(name, None), None, band.end() - band.start() + 2, 0);
            let edges = wires.iter().flat_map(|&wire| diagram.wires[wire].edges.iter().copied());
            layered.links.push(Link {
                from: (items[&from], port(from, node)),
                to: (exit, 0),
                wire: wires[0],
                above: annotations.above(node, &diagram.wires[wires[0]].value),
                below: below(node, &trace.sum_of_gradients(edges)),
            });
        }
        layered
    }
}

/// The name of the value of `node`, which leaves `block`: if it is a scope's only value, the name of the scope.
fn carried(trace: &Trace, diagram: &Diagram, block: usize, node: usize) -> String {
    let only = diagram.wires.iter().all(|wire| wire.from != block || wire.node == node);
    let Block { kind, label, .. } = &diagram.blocks[block];
    if *kind == BlockKind::Scope && only { label.clone() } else { trace.nodes()[node].label.clone() }
}

/// The text below the name of a given value with several uses: its total gradient.
fn total(trace: &Trace, diagram: &Diagram, node: usize) -> Option<String> {
    let traced = &trace.nodes()[node];
    let uses = diagram.wires.iter().filter(|wire| wire.node == node && wire.gradient.is_some()).count();
    let gradient = traced.gradient.as_deref().filter(|_| traced.is_leaf() && uses > 1)?;
    gradient_lines(gradient).first().map(|line| format!("total {line}"))
}

//! From a diagram to sheets: all of it, or, where it is wider than the terminal, one band below the other.
//!
//! Operations stand as far to the left as what they depend on allows. A band is a run of such levels; a value that a
//! later band needs leaves this one to its name and `…`, and enters that one from its name, with the value and the
//! gradient on both.

use super::figure::draw;
use super::sheet::{Link, Look, Sheet};
use super::{Block, BlockKind, Diagram, Style, Trace, gradient_lines, printable, shortened, value_lines};
use std::collections::{BTreeSet, HashMap};

/// Graphs of more blocks are told in a table.
const MOST_BLOCKS: usize = 120;
/// Figures of more bands too.
const MOST_BANDS: usize = 8;
/// Names are cut to so many columns.
const NAME: usize = 28;
/// In figures of so few levels, all given values stand at the very left, as in the book; in longer ones each stands
/// beside what uses it first.
const SHORT: usize = 3;

/// The figure, band below band; `None` if the width or the graph does not allow one.
pub(super) fn figure(trace: &Trace, diagram: &Diagram, style: Style) -> Option<String> {
    if diagram.blocks.len() > MOST_BLOCKS {
        return None;
    }
    let mut levels = levels(diagram);
    let end = *levels.last()?;
    let near = end > SHORT + 1;
    if near {
        delay(diagram, &mut levels);
    }
    let (mut bands, mut first) = (Vec::new(), 1);
    while first <= end {
        if bands.len() == MOST_BANDS {
            return None;
        }
        // The last operation and the end of its arrow stay together.
        let lasts =
            (first..=end.min(first + style.width / 5)).rev().filter(|&last| last + 1 != end || first == end);
        let (last, canvas) = { lasts }.find_map(|last| {
            let canvas = draw(sheet(trace, diagram, &levels, first..=last, near, style), style);
            (canvas.width() <= style.width).then_some((last, canvas))
        })?;
        bands.push(canvas.print(style.colour, style.ascii));
        first = last + 1;
    }
    Some(bands.join("\n"))
}

/// The level of each block: 0 for given values, and one more than the highest it depends on for the others.
fn levels(diagram: &Diagram) -> Vec<usize> {
    let mut levels = vec![0; diagram.blocks.len()];
    for (block, content) in diagram.blocks.iter().enumerate() {
        if content.kind != BlockKind::Leaf {
            let inputs = diagram.inputs(block).map(|wire| levels[diagram.wires[wire].from]);
            levels[block] = inputs.max().unwrap_or(0) + 1;
        }
    }
    levels
}

/// Moves what is made of given values alone, such as a repeated bias, beside what uses it first.
fn delay(diagram: &Diagram, levels: &mut [usize]) {
    for block in (0..diagram.blocks.len()).rev() {
        let is_leaf = |wire: usize| diagram.blocks[diagram.wires[wire].from].kind == BlockKind::Leaf;
        if levels[block] > 0 && diagram.inputs(block).all(is_leaf) {
            let uses = diagram.wires.iter().filter(|wire| wire.from == block).map(|wire| levels[wire.to]);
            levels[block] = uses.min().map_or(levels[block], |first| first - 1);
        }
    }
}

fn sheet(
    trace: &Trace,
    diagram: &Diagram,
    levels: &[usize],
    band: std::ops::RangeInclusive<usize>,
    near: bool,
    style: Style,
) -> Sheet {
    let mut sheet = Sheet::default();
    let within =
        |block: usize| diagram.blocks[block].kind != BlockKind::Leaf && band.contains(&levels[block]);
    let column = |block: usize| levels[block] - band.start() + 1;
    let short = |name: &str| shortened(&printable(name), NAME, style.ellipsis());
    // Each block's outputs: the nodes whose values leave it.
    let mut outputs: HashMap<usize, BTreeSet<usize>> = HashMap::new();
    for wire in &diagram.wires {
        outputs.entry(wire.from).or_default().insert(wire.node);
    }
    let mut items: HashMap<usize, usize> = HashMap::new();
    for block in (0..diagram.blocks.len()).filter(|&block| within(block)) {
        let content = &diagram.blocks[block];
        let text = style.letters(&short(&content.label));
        let look = if content.kind == BlockKind::End { Look::Name(text, None) } else { Look::Box(text) };
        let outputs = outputs.get(&block).map_or(0, BTreeSet::len);
        items.insert(block, sheet.add(look, column(block), outputs));
    }
    let port = |block: usize, node: usize| {
        let of_block = outputs.get(&block).into_iter().flatten();
        of_block.take_while(|&&other| other != node).count()
    };
    let below = |gradient: &Option<_>| gradient.as_deref().map(gradient_lines).unwrap_or_default();
    let mut entering: HashMap<usize, usize> = HashMap::new();
    let mut operand = vec![0; diagram.blocks.len()];
    for wire in diagram.wires.iter().filter(|wire| within(wire.to)) {
        let from = if within(wire.from) {
            (items[&wire.from], port(wire.from, wire.node))
        } else {
            let is_leaf = diagram.blocks[wire.from].kind == BlockKind::Leaf;
            let entry = *entering.entry(wire.node).or_insert_with(|| {
                let name = if is_leaf {
                    short(&diagram.blocks[wire.from].label)
                } else {
                    format!("{} {}", style.ellipsis(), short(&carried(trace, diagram, wire.from, wire.node)))
                };
                let uses = diagram.wires.iter().filter(|other| other.node == wire.node && within(other.to));
                let first = uses.map(|other| column(other.to)).min().unwrap_or(1);
                let beside = if near && is_leaf { first - 1 } else { 0 };
                sheet.add(Look::Name(name, total(trace, diagram, wire.node)), beside, 1)
            });
            (entry, 0)
        };
        let to = (items[&wire.to], operand[wire.to]);
        operand[wire.to] += 1;
        sheet.links.push(Link { from, to, above: value_lines(&wire.value), below: below(&wire.gradient) });
    }
    // What later bands need.
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
        let name = format!("{} {}", short(&carried(trace, diagram, from, node)), style.ellipsis());
        let exit = sheet.add(Look::Name(name, None), band.end() - band.start() + 2, 0);
        let edges = wires.iter().flat_map(|&wire| diagram.wires[wire].edges.iter().copied());
        sheet.links.push(Link {
            from: (items[&from], port(from, node)),
            to: (exit, 0),
            above: value_lines(&diagram.wires[wires[0]].value),
            below: below(&trace.sum_of_gradients(edges)),
        });
    }
    sheet
}

/// What the value of `node`, which leaves `block`, is called: a scope's only value after the scope.
fn carried(trace: &Trace, diagram: &Diagram, block: usize, node: usize) -> String {
    let only = diagram.wires.iter().all(|wire| wire.from != block || wire.node == node);
    let Block { kind, label, .. } = &diagram.blocks[block];
    if *kind == BlockKind::Scope && only { label.clone() } else { trace.nodes()[node].label.clone() }
}

/// Below the name of a given value used several times: the sum of what flows back to it.
fn total(trace: &Trace, diagram: &Diagram, node: usize) -> Option<String> {
    let traced = &trace.nodes()[node];
    let uses = diagram.wires.iter().filter(|wire| wire.node == node && wire.gradient.is_some()).count();
    let gradient = traced.gradient.as_deref().filter(|_| traced.is_leaf() && uses > 1)?;
    gradient_lines(gradient).first().map(|line| format!("total {line}"))
}

//! A figure in pixels, for SVG and the page, for one combination of open scopes.

use super::diagram::{BlockKind, Diagram, scopes_of};
use super::layout::{Annotations, Content, Frame, Layout, NodeShape, Role};
use super::summary::{Summary, gradient_lines, rough, value_lines};
use super::thumbnail::Thumbnails;
use super::trace::{Trace, Value};
use retrograde_base::error::{Error, Result};
use retrograde_base::text_width::columns;
use retrograde_core::graph::Tensor;
use serde::Serialize;
use std::collections::BTreeSet;

/// The width of a character, and the height of a row.
pub(super) const LETTER: f64 = 7.2;
pub(super) const ROW: f64 = 16.0;
/// The margin.
const MARGIN: f64 = 14.0;
/// The space beside a name.
const PADDING: f64 = 8.0;
/// The space between the blocks of an open scope and its frame.
const AROUND: f64 = 12.0;
/// Larger figures would not be readable, and would take long to lay out.
pub(super) const MOST_BLOCKS: usize = 300;

/// A figure, in pixels from the upper left corner.
#[derive(Debug, Serialize)]
pub(super) struct Scene {
    /// The open scopes.
    pub(super) open: Vec<String>,
    pub(super) size: [f64; 2],
    pub(super) blocks: Vec<SceneBlock>,
    pub(super) wires: Vec<SceneWire>,
    pub(super) frames: Vec<SceneFrame>,
}

/// A box or a name, in the order of [`Diagram::blocks`].
#[derive(Debug, Serialize)]
pub(super) struct SceneBlock {
    pub(super) kind: &'static str,
    pub(super) label: String,
    /// The full name of the scope, if it is one.
    pub(super) scope: Option<String>,
    pub(super) nodes: Vec<usize>,
    /// Left, top, width and height.
    pub(super) place: [f64; 4],
    /// The text below the label.
    pub(super) below: Option<String>,
}

/// A wire, in the order of [`Diagram::wires`].
#[derive(Debug, Serialize)]
pub(super) struct SceneWire {
    pub(super) node: usize,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) edges: Vec<usize>,
    /// Indices into the list of tensors, which only a page has.
    pub(super) value: usize,
    pub(super) gradient: Option<usize>,
    /// Its corners, from its producer to its consumer.
    pub(super) points: Vec<[f64; 2]>,
    /// Its annotations: the center of each line.
    pub(super) words: Vec<SceneWords>,
    /// Left, top, width and height of the pictures of the value and of the gradient.
    pub(super) pictures: [Option<[f64; 4]>; 2],
}

/// A line of text, by its center.
#[derive(Debug, Serialize)]
pub(super) struct SceneWords {
    pub(super) at: [f64; 2],
    pub(super) text: String,
    pub(super) is_gradient: bool,
}

/// The frame of an open scope.
#[derive(Debug, Serialize)]
pub(super) struct SceneFrame {
    pub(super) scope: String,
    pub(super) place: [f64; 4],
}

/// The annotations of a picture: numbers as in the terminal, with space for a picture of each tensor.
struct Labels<'a>(&'a Thumbnails);

impl Labels<'_> {
    fn space_for(&self, node: usize, tensor: &Tensor, is_gradient: bool) -> Vec<String> {
        let Some(thumbnail) = self.0.thumbnail(node, tensor, is_gradient) else {
            return Vec::new();
        };
        let [width, height] = thumbnail.size;
        vec![" ".repeat((width / LETTER).ceil() as usize); ((height + 4.0) / ROW).ceil() as usize]
    }
}

impl Annotations for Labels<'_> {
    fn above(&self, node: usize, value: &Value) -> Vec<String> {
        let mut lines = value_lines(value);
        let Value::Real(tensor) = value else {
            return lines;
        };
        let mut all = self.space_for(node, tensor, false);
        if !all.is_empty() && lines.len() > 1 {
            let summary = Summary::of(tensor.values());
            let [low, high] = [rough(summary.minimum), rough(summary.maximum)];
            lines = vec![
                if low == high { format!("all {low}") } else { format!("{low} to {high}") },
                tensor.shape().to_string(),
            ];
        }
        all.append(&mut lines);
        all
    }

    fn below(&self, node: usize, gradient: &Tensor) -> Vec<String> {
        let mut lines = gradient_lines(gradient);
        lines.append(&mut self.space_for(node, gradient, true));
        lines
    }

    fn encode(&self, text: &str) -> String {
        text.to_string()
    }

    fn ellipsis(&self) -> &'static str {
        "…"
    }
}

impl Scene {
    /// The scene with these scopes open. Errors if it is too large to draw.
    pub(super) fn new(trace: &Trace, shown: &Thumbnails, open: &BTreeSet<String>) -> Result<Self> {
        Self::of(trace, &Diagram::opened(trace, open), shown, open)
    }

    /// The scene of a diagram.
    pub(super) fn of(
        trace: &Trace,
        diagram: &Diagram,
        shown: &Thumbnails,
        open: &BTreeSet<String>,
    ) -> Result<Self> {
        if diagram.blocks.len() > MOST_BLOCKS {
            let problem = format!("its {} blocks are more than {MOST_BLOCKS}", diagram.blocks.len());
            let help = "fold it by recording its layers in scopes, or write it as JSON or DOT";
            return Err(Error::invalid("a picture of a graph", problem, help));
        }
        let content = Content::new(trace, diagram);
        let layout = Layout::new(content.layered_graph(0..=content.end(), &Labels(shown)));
        let mut scene = Scene {
            open: open.iter().cloned().collect(),
            size: [0.0; 2],
            blocks: blocks(diagram),
            wires: wires(diagram),
            frames: Vec::new(),
        };
        scene.place(&layout);
        scene.touch();
        scene.frames = frames(trace, &scene, open);
        scene.measure();
        Ok(scene)
    }

    fn place(&mut self, layout: &Layout) {
        for Frame { item, rows, columns, .. } in &layout.frames {
            if let Some(block) = layout.graph.items[*item].block {
                let ([left, top], [right, bottom]) = (at(columns.0, rows.0), at(columns.1, rows.1));
                self.blocks[block].place = [left, top, right - left, bottom - top];
            }
        }
        for line in layout.lines.iter().filter(|line| line.ends) {
            self.wires[layout.graph.links[line.link].wire].points = route(layout, line.link);
        }
        for words in &layout.words {
            let width = columns(&words.text) as f64;
            let [x, y] = at(words.column, words.row);
            let middle = x + (width - 1.0) / 2.0 * LETTER;
            match words.role {
                Role::Label(item) => {
                    let item = &layout.graph.items[item];
                    if let (Some(block), NodeShape::Name(..)) = (item.block, &item.shape) {
                        let half = width / 2.0 * LETTER + PADDING;
                        self.blocks[block].place =
                            [middle - half, y - ROW / 2.0 - 3.0, 2.0 * half, ROW + 6.0];
                    }
                }
                Role::BelowName(item) => {
                    if let Some(block) = layout.graph.items[item].block {
                        self.blocks[block].below = Some(words.text.clone());
                    }
                }
                Role::Above(link, _) | Role::Below(link, _) => {
                    let is_gradient = matches!(words.role, Role::Below(..));
                    let wire = &mut self.wires[layout.graph.links[link].wire];
                    if words.text.trim().is_empty() {
                        let [left, width] = [x - LETTER / 2.0, width * LETTER];
                        let area = wire.pictures[usize::from(is_gradient)].get_or_insert([
                            left,
                            y - ROW / 2.0,
                            width,
                            0.0,
                        ]);
                        area[3] += ROW;
                    } else {
                        // Closer to the line than a text row.
                        let closer = if is_gradient { -2.0 } else { 2.0 };
                        wire.words.push(SceneWords {
                            at: [middle, y + closer],
                            text: words.text.clone(),
                            is_gradient,
                        });
                    }
                }
            }
        }
    }

    /// Extends lines to their blocks, which are narrower than in characters.
    fn touch(&mut self) {
        for wire in &mut self.wires {
            let ([left, _, width, _], [end, ..]) = (self.blocks[wire.from].place, self.blocks[wire.to].place);
            if let Some(first) = wire.points.first_mut() {
                first[0] = left + width;
            }
            if let Some(last) = wire.points.last_mut() {
                last[0] = end;
            }
        }
    }

    /// Shifts everything to the margin and computes the size.
    fn measure(&mut self) {
        let rectangles = || {
            let blocks = self.blocks.iter().map(|block| {
                let [x, y, w, h] = block.place;
                [x, y, w, h + if block.below.is_some() { ROW + 6.0 } else { 0.0 }]
            });
            let frames = self.frames.iter().map(|frame| {
                let [x, y, w, h] = frame.place;
                [x, y - ROW, w, h + ROW]
            });
            let words = self.wires.iter().flat_map(|wire| &wire.words).map(|words| {
                let width = columns(&words.text) as f64 * LETTER;
                [words.at[0] - width / 2.0, words.at[1] - ROW / 2.0, width, ROW]
            });
            let pictures = self.wires.iter().flat_map(|wire| wire.pictures.iter().flatten().copied());
            let points = self.wires.iter().flat_map(|wire| &wire.points).map(|&[x, y]| [x, y, 0.0, 0.0]);
            blocks.chain(frames).chain(words).chain(pictures).chain(points).collect::<Vec<_>>()
        };
        let all = rectangles();
        let low = |axis: usize| all.iter().map(|place| place[axis]).fold(f64::INFINITY, f64::min);
        let high = |axis: usize| all.iter().map(|place| place[axis] + place[axis + 2]).fold(0.0, f64::max);
        let [dx, dy] = [MARGIN - low(0), MARGIN - low(1)];
        self.size = [high(0) + dx + MARGIN, high(1) + dy + MARGIN].map(round);
        let shift = |place: &mut [f64]| {
            place[0] = round(place[0] + dx);
            place[1] = round(place[1] + dy);
            place[2..].iter_mut().for_each(|length| *length = round(*length));
        };
        self.blocks.iter_mut().for_each(|block| shift(&mut block.place));
        self.frames.iter_mut().for_each(|frame| shift(&mut frame.place));
        for wire in &mut self.wires {
            wire.points.iter_mut().for_each(|point| shift(point));
            wire.words.iter_mut().for_each(|words| shift(&mut words.at));
            wire.pictures.iter_mut().flatten().for_each(|place| shift(place));
        }
    }
}

/// The center of a character cell.
fn at(column: usize, row: usize) -> [f64; 2] {
    [(column as f64 + 0.5) * LETTER, (row as f64 + 0.5) * ROW]
}

/// Rounded to a tenth of a pixel, for smaller files.
fn round(x: f64) -> f64 {
    (x * 10.0).round() / 10.0
}

/// The corners of the whole route that ends with a link, from box to box.
fn route(layout: &Layout, last: usize) -> Vec<[f64; 2]> {
    let mut pieces = vec![last];
    let mut first = last;
    while let NodeShape::Dummy = layout.graph.items[layout.graph.links[first].from.0].shape {
        let dummy = layout.graph.links[first].from.0;
        first = layout.graph.links.iter().position(|link| link.to.0 == dummy).expect("a pass is on a way");
        pieces.push(first);
    }
    let corners = pieces.iter().rev().flat_map(|&piece| &layout.lines[piece].points);
    let mut points: Vec<[f64; 2]> = corners.map(|&(column, row)| at(column, row)).collect();
    points.dedup();
    // Removes points that are not corners.
    let mut corners: Vec<[f64; 2]> = Vec::new();
    for point in points {
        if let [.., a, b] = corners[..]
            && (a[0] == b[0] && b[0] == point[0] || a[1] == b[1] && b[1] == point[1])
        {
            corners.pop();
        }
        corners.push(point);
    }
    corners
}

fn blocks(diagram: &Diagram) -> Vec<SceneBlock> {
    let kind = |kind| match kind {
        BlockKind::Leaf => "leaf",
        BlockKind::Operation => "operation",
        BlockKind::Scope => "scope",
        BlockKind::End => "end",
    };
    let block = |block: &super::Block| SceneBlock {
        kind: kind(block.kind),
        label: retrograde_base::text_width::printable(&block.label),
        scope: (block.kind == BlockKind::Scope).then(|| block.label.clone()),
        nodes: block.members.clone(),
        place: [0.0; 4],
        below: None,
    };
    diagram.blocks.iter().map(block).collect()
}

fn wires(diagram: &Diagram) -> Vec<SceneWire> {
    let wire = |wire: &super::Wire| SceneWire {
        node: wire.node,
        from: wire.from,
        to: wire.to,
        edges: wire.edges.clone(),
        value: 0,
        gradient: None,
        points: Vec::new(),
        words: Vec::new(),
        pictures: [None; 2],
    };
    diagram.wires.iter().map(wire).collect()
}

/// A frame around each open scope, unless another item would be inside it.
fn frames(trace: &Trace, scene: &Scene, open: &BTreeSet<String>) -> Vec<SceneFrame> {
    let belongs = |block: &SceneBlock, scope: &str| {
        let mut nodes = block.nodes.iter().map(|&node| &trace.nodes()[node]);
        nodes.any(|node| scopes_of(node).any(|around| around == scope))
    };
    let mut found = Vec::new();
    for scope in open {
        let (inside, outside): (Vec<&SceneBlock>, Vec<&SceneBlock>) =
            scene.blocks.iter().partition(|block| belongs(block, scope));
        let operations: Vec<&SceneBlock> =
            inside.iter().copied().filter(|block| block.kind != "leaf").collect();
        // Parameters may be beside the inputs of other layers; then the frame is around the operations only.
        let clear = |blocks: &[&SceneBlock], others: &[&SceneBlock]| {
            around(blocks).filter(|place| !others.iter().any(|block| overlap(*place, block.place)))
        };
        if let Some(place) = clear(&inside, &outside).or_else(|| clear(&operations, &outside)) {
            found.push(SceneFrame { scope: scope.clone(), place });
        }
    }
    found
}

/// The smallest rectangle around some blocks, with a margin.
fn around(blocks: &[&SceneBlock]) -> Option<[f64; 4]> {
    let [mut left, mut top, width, height] = blocks.first()?.place;
    let (mut right, mut bottom) = (left + width, top + height);
    for [x, y, w, h] in blocks.iter().map(|block| block.place) {
        (left, top) = (left.min(x), top.min(y));
        (right, bottom) = (right.max(x + w), bottom.max(y + h));
    }
    Some([left - AROUND, top - AROUND, right - left + 2.0 * AROUND, bottom - top + 2.0 * AROUND])
}

fn overlap(a: [f64; 4], b: [f64; 4]) -> bool {
    a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3]
}

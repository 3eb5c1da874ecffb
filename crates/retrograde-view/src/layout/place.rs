//! Combines the stages of the layout.

use super::layered_graph::{Extent, LayeredGraph, Link, NodeShape, Port};
use super::order::order;
use super::route::{Net, Route, route};
use super::rows::{BEND, rows};
use retrograde_base::text_width::columns;

/// The layout of a layered graph: the position of each item, link and label, in columns to the right and rows downwards.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The graph, with long links cut.
    pub(crate) graph: LayeredGraph,
    pub(crate) frames: Vec<Frame>,
    /// One for each link of the graph.
    pub(crate) lines: Vec<Line>,
    pub(crate) words: Vec<Words>,
}

/// A box.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) item: usize,
    pub(crate) rows: (usize, usize),
    pub(crate) columns: (usize, usize),
    /// The rows of its outgoing lines.
    pub(crate) exits: Vec<usize>,
}

/// A line of alternating horizontal and vertical segments.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) link: usize,
    /// Lines of one net carry one value and may share segments.
    pub(crate) net: usize,
    /// Its corners as (column, row), from start to end.
    pub(crate) points: Vec<(usize, usize)>,
    /// Whether it ends in an arrow head.
    pub(crate) ends: bool,
}

/// A text in one row.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) row: usize,
    /// The first column.
    pub(crate) column: usize,
    pub(crate) text: String,
    pub(crate) role: Role,
}

/// The role of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The label of an item.
    Label(usize),
    /// The line below a name.
    BelowName(usize),
    /// The index of the line above a link.
    Above(usize, usize),
    /// The same below it.
    Below(usize, usize),
}

impl Layout {
    /// Lays out a graph.
    pub(crate) fn new(mut graph: LayeredGraph) -> Self {
        graph.cut();
        let order = order(&graph);
        let (extents, rows) = arrange(&mut graph, &order);
        let mut placing = Placing {
            graph: &graph,
            extents: &extents,
            rows: &rows,
            frames: Vec::new(),
            lines: (0..graph.links.len()).map(|link| Line { link, ..Line::default() }).collect(),
            words: Vec::new(),
        };
        let mut left = 0;
        let mut before: Option<Column> = None;
        for (index, items) in order.iter().enumerate() {
            let gap = before.map(|_| placing.gap(index));
            left += gap.as_ref().map_or(0, |gap| gap.width);
            let column = placing.column(items, left);
            if let (Some(gap), Some(before)) = (gap, before) {
                placing.lines(&gap, before, column);
            }
            left = column.right + 1;
            before = Some(column);
        }
        let Placing { frames, lines, words, .. } = placing;
        Layout { graph, frames, lines, words }
    }
}

/// In graphs of at most this many items, the heights of boxes are optimized.
const SMALL: usize = 24;
/// The largest number of blank rows between the inputs of a box.
const WIDEST_SPREAD: usize = 3;

/// The rows of all items. In a small figure, a box is made higher if that straightens a line.
fn arrange(graph: &mut LayeredGraph, order: &[Vec<usize>]) -> (Vec<Extent>, Vec<usize>) {
    let mut extents = graph.extents();
    let (mut best, mut cost) = rows(graph, order, &extents);
    if graph.items.len() > SMALL {
        return (extents, best);
    }
    for item in 0..graph.items.len() {
        if extents[item].inputs.len() < 2 {
            continue;
        }
        let mut chosen = graph.items[item].spread;
        for spread in chosen + 1..=WIDEST_SPREAD {
            graph.items[item].spread = spread;
            let spread_out = graph.extents();
            let (rows, lower) = rows(graph, order, &spread_out);
            if lower + BEND <= cost {
                (best, cost, extents, chosen) = (rows, lower, spread_out, spread);
            }
        }
        graph.items[item].spread = chosen;
    }
    (extents, best)
}

/// The columns of a column of items, and those of its frames.
#[derive(Clone, Copy)]
struct Column {
    right: usize,
    frame_left: usize,
}

/// The gap between two columns of items: tracks, then the annotations of the lines.
struct Gap {
    nets: Vec<(Port, Vec<usize>)>,
    routes: Vec<Route>,
    /// The first column of the annotations, relative to the gap.
    written_from: usize,
    width: usize,
}

struct Placing<'a> {
    graph: &'a LayeredGraph,
    extents: &'a [Extent],
    rows: &'a [usize],
    frames: Vec<Frame>,
    lines: Vec<Line>,
    words: Vec<Words>,
}

impl Placing<'_> {
    fn output_row(&self, (item, port): Port) -> usize {
        self.rows[item] + self.extents[item].outputs[port]
    }

    fn input_row(&self, (item, port): Port) -> usize {
        self.rows[item] + self.extents[item].inputs[port]
    }

    /// Plans the gap before column `index`.
    fn gap(&self, index: usize) -> Gap {
        let links = &self.graph.links;
        let arriving = (0..links.len()).filter(|&link| self.graph.items[links[link].to.0].column == index);
        let mut nets: Vec<(Port, Vec<usize>)> = Vec::new();
        for link in arriving {
            match nets.iter_mut().find(|(port, _)| *port == links[link].from) {
                Some((_, links)) => links.push(link),
                None => nets.push((links[link].from, vec![link])),
            }
        }
        let routed: Vec<Net> = nets
            .iter()
            .map(|(port, links)| Net {
                source: self.output_row(*port),
                targets: links.iter().map(|&link| self.input_row(self.graph.links[link].to)).collect(),
            })
            .collect();
        let (routes, tracks) = route(&routed);
        let written =
            nets.iter().flat_map(|(_, links)| links).map(|&link| width(&links[link])).max().unwrap_or(0);
        // One column of line before the first track and one after each; one on either side of the annotations; the arrow.
        let written_from = 1 + 2 * tracks;
        Gap { nets, routes, written_from, width: written_from + written + 3 }
    }

    /// Places a column of items that starts at `left`.
    fn column(&mut self, items: &[usize], left: usize) -> Column {
        let widest = |width: &dyn Fn(&NodeShape) -> usize| {
            items.iter().map(|&item| width(&self.graph.items[item].shape)).max().unwrap_or(0)
        };
        let names = widest(&|shape| match shape {
            NodeShape::Name(name, below) => below.as_deref().map_or(0, columns).max(columns(name)) + 1,
            NodeShape::Box(_) | NodeShape::Dummy => 0,
        });
        let frames = widest(&|shape| match shape {
            NodeShape::Box(label) => columns(label) + 4,
            NodeShape::Name(..) | NodeShape::Dummy => 0,
        });
        let right = left + names.max(frames).max(1) - 1;
        let column = Column { right, frame_left: (right + 1).saturating_sub(frames) };
        for &item in items {
            self.item(item, left, column);
        }
        column
    }

    fn item(&mut self, item: usize, left: usize, column: Column) {
        let (extent, first) = (&self.extents[item], self.rows[item]);
        match &self.graph.items[item].shape {
            NodeShape::Dummy => {}
            NodeShape::Name(name, below) => {
                let row = first + extent.frame.0;
                // A name follows the arrow where lines end, and precedes them where lines start.
                let ends = self.graph.items[item].outputs == 0;
                let start = |text: &str| if ends { left + 1 } else { column.right - columns(text) };
                let name_words =
                    Words { row, column: start(name), text: name.clone(), role: Role::Label(item) };
                self.words.push(name_words);
                if let Some(below) = below {
                    let (row, column) = (row + 1, start(below));
                    let role = Role::BelowName(item);
                    self.words.push(Words { row, column, text: below.clone(), role });
                }
            }
            NodeShape::Box(label) => {
                let rows = (first + extent.frame.0, first + extent.frame.1);
                let exits: Vec<usize> = extent.outputs.iter().map(|output| first + output).collect();
                self.frames.push(Frame { item, rows, columns: (column.frame_left, column.right), exits });
                let space = column.right - column.frame_left - 1;
                self.words.push(Words {
                    row: usize::midpoint(rows.0, rows.1),
                    column: column.frame_left + 1 + (space - columns(label)) / 2,
                    text: label.clone(),
                    role: Role::Label(item),
                });
            }
        }
    }

    /// Places the lines of a gap and their annotations.
    fn lines(&mut self, gap: &Gap, before: Column, after: Column) {
        let first = before.right + 1;
        let written = (first + gap.written_from, first + gap.width - 1);
        for ((port, links), route) in gap.nets.iter().zip(&gap.routes) {
            let (net, start) = (self.net(*port), self.output_row(*port));
            let from = if self.is_dummy(port.0) { first - 1 } else { first };
            for &link in links {
                let to = self.graph.links[link].to;
                let row = self.input_row(to);
                let mut points = vec![(from, start)];
                for (number, segment) in route.segments.iter().enumerate() {
                    let track = first + 1 + 2 * segment.track;
                    let is_last = number + 1 == route.segments.len();
                    points.push((track, segment.rows[0]));
                    points.push((track, if is_last { row } else { segment.rows[1] }));
                }
                let end = match self.graph.items[to.0].shape {
                    NodeShape::Dummy => after.right,
                    NodeShape::Name(..) => written.1,
                    NodeShape::Box(_) => after.frame_left - 1,
                };
                points.push((end, row));
                let ends = !self.is_dummy(to.0);
                self.lines[link] = Line { link, net, points, ends };
                self.write(link, row, written);
            }
        }
    }

    fn is_dummy(&self, item: usize) -> bool {
        matches!(self.graph.items[item].shape, NodeShape::Dummy)
    }

    fn write(&mut self, number: usize, row: usize, span: (usize, usize)) {
        let link = &self.graph.links[number];
        let above = link
            .above
            .iter()
            .enumerate()
            .map(|(line, text)| (row - link.above.len() + line, text, Role::Above(number, line)));
        let below = link
            .below
            .iter()
            .enumerate()
            .map(|(line, text)| (row + 1 + line, text, Role::Below(number, line)));
        for (row, text, role) in above.chain(below) {
            let spare = (span.1 - span.0).saturating_sub(columns(text));
            self.words.push(Words { row, column: span.0 + spare / 2, text: text.clone(), role });
        }
    }

    /// The id of the net of an output: all lines with its value.
    fn net(&self, (item, port): Port) -> usize {
        // A dummy item belongs to the net of the output that it continues.
        let mut at = (item, port);
        while self.is_dummy(at.0) {
            let before = self.graph.links.iter().find(|link| link.to.0 == at.0);
            at = before.expect("a pass is on the way of a link").from;
        }
        at.0 * self.graph.links.len() + at.1
    }
}

/// The width of the annotations of a link.
fn width(link: &Link) -> usize {
    link.above.iter().chain(&link.below).map(|text| columns(text)).max().unwrap_or(0)
}

//! The book's figure: a sheet laid out and drawn.

use super::Style;
use super::canvas::{Canvas, Ink};
use super::letters::columns;
use super::order::order;
use super::route::{Net, Way, route};
use super::rows::{BEND, rows};
use super::sheet::{Extent, Link, Look, Port, Sheet};

/// Lays out a sheet and draws it.
pub(super) fn draw(mut sheet: Sheet, style: Style) -> Canvas {
    sheet.cut();
    let order = order(&sheet);
    let (extents, rows) = arrange(&mut sheet, &order);
    let mut drawing =
        Drawing { sheet: &sheet, extents: &extents, rows: &rows, style, canvas: Canvas::default() };
    let mut left = 0;
    let mut before: Option<Column> = None;
    for (index, items) in order.iter().enumerate() {
        let gap = before.map(|_| drawing.gap(index));
        left += gap.as_ref().map_or(0, |gap| gap.width);
        let column = drawing.column(items, left);
        if let (Some(gap), Some(before)) = (gap, before) {
            drawing.lines(&gap, before, column);
        }
        left = column.right + 1;
        before = Some(column);
    }
    drawing.canvas
}

/// Sheets of at most so many items are worth some trouble.
const SMALL: usize = 24;
/// How many blank rows the inputs of a box may have between them.
const WIDEST_SPREAD: usize = 3;

/// The rows of all items. In a small figure, a box is made higher where that saves a line a bend.
fn arrange(sheet: &mut Sheet, order: &[Vec<usize>]) -> (Vec<Extent>, Vec<usize>) {
    let mut extents = sheet.extents();
    let (mut best, mut cost) = rows(sheet, order, &extents);
    if sheet.items.len() > SMALL {
        return (extents, best);
    }
    for item in 0..sheet.items.len() {
        if extents[item].inputs.len() < 2 {
            continue;
        }
        let mut chosen = sheet.items[item].spread;
        for spread in chosen + 1..=WIDEST_SPREAD {
            sheet.items[item].spread = spread;
            let spread_out = sheet.extents();
            let (rows, lower) = rows(sheet, order, &spread_out);
            if lower + BEND <= cost {
                (best, cost, extents, chosen) = (rows, lower, spread_out, spread);
            }
        }
        sheet.items[item].spread = chosen;
    }
    (extents, best)
}

/// The columns of letters that a column of items takes, and those of its frames.
#[derive(Clone, Copy)]
struct Column {
    right: usize,
    frame_left: usize,
}

/// The room between two columns of items: tracks, then what is written on the lines.
struct Gap {
    nets: Vec<(Port, Vec<usize>)>,
    ways: Vec<Way>,
    /// Where the written part starts, counted from the gap's first letter.
    written_from: usize,
    width: usize,
}

struct Drawing<'a> {
    sheet: &'a Sheet,
    extents: &'a [Extent],
    rows: &'a [usize],
    style: Style,
    canvas: Canvas,
}

impl Drawing<'_> {
    fn output_row(&self, (item, port): Port) -> usize {
        self.rows[item] + self.extents[item].outputs[port]
    }

    fn input_row(&self, (item, port): Port) -> usize {
        self.rows[item] + self.extents[item].inputs[port]
    }

    /// Plans the room before column `index`.
    fn gap(&self, index: usize) -> Gap {
        let links = &self.sheet.links;
        let arriving = (0..links.len()).filter(|&link| self.sheet.items[links[link].to.0].column == index);
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
                targets: links.iter().map(|&link| self.input_row(self.sheet.links[link].to)).collect(),
            })
            .collect();
        let (ways, tracks) = route(&routed);
        let written =
            nets.iter().flat_map(|(_, links)| links).map(|&link| width(&links[link])).max().unwrap_or(0);
        // A letter of line before the first track and one after each; one on either side of what is written; the arrow.
        let written_from = 1 + 2 * tracks;
        Gap { nets, ways, written_from, width: written_from + written + 3 }
    }

    /// Draws a column of items that starts at `left`.
    fn column(&mut self, items: &[usize], left: usize) -> Column {
        let widest = |width: &dyn Fn(&Look) -> usize| {
            items.iter().map(|&item| width(&self.sheet.items[item].look)).max().unwrap_or(0)
        };
        let names = widest(&|look| match look {
            Look::Name(name, below) => below.as_deref().map_or(0, columns).max(columns(name)) + 1,
            Look::Box(_) | Look::Pass => 0,
        });
        let frames = widest(&|look| match look {
            Look::Box(label) => columns(label) + 4,
            Look::Name(..) | Look::Pass => 0,
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
        match &self.sheet.items[item].look {
            Look::Pass => {}
            Look::Name(name, below) => {
                let row = first + extent.frame.0;
                // Where the arrow ends, the name follows it; where lines start, they follow the name.
                let ends = self.sheet.items[item].outputs == 0;
                let start = |text: &str| if ends { left + 1 } else { column.right - columns(text) };
                self.canvas.write(row, start(name), name, Ink::Name);
                if let Some(below) = below {
                    self.canvas.write(row + 1, start(below), below, Ink::Gradient);
                }
            }
            Look::Box(label) => {
                let (top, bottom) = (first + extent.frame.0, first + extent.frame.1);
                let exits: Vec<usize> = extent.outputs.iter().map(|output| first + output).collect();
                self.canvas.frame((top, bottom), (column.frame_left, column.right), &exits, self.style.ascii);
                let room = column.right - column.frame_left - 1;
                let at = column.frame_left + 1 + (room - columns(label)) / 2;
                self.canvas.write(usize::midpoint(top, bottom), at, label, Ink::Operation);
            }
        }
    }

    /// Draws the lines of a gap and what is written on them.
    fn lines(&mut self, gap: &Gap, before: Column, after: Column) {
        let first = before.right + 1;
        let written = (first + gap.written_from, first + gap.width - 1);
        for ((port, links), way) in gap.nets.iter().zip(&gap.ways) {
            // The number of the output names the net: one value, wherever it goes.
            let net = self.net(*port);
            let pass = |item: usize| matches!(self.sheet.items[item].look, Look::Pass);
            let (mut row, mut at) = (self.output_row(*port), if pass(port.0) { first - 1 } else { first });
            for stretch in &way.stretches {
                let track = first + 1 + 2 * stretch.track;
                self.canvas.across(net, row, at, track);
                let (low, high) = ends(&stretch.rows);
                self.canvas.along(net, track, low, high);
                row = stretch.rows[1];
                at = track;
            }
            for &link in links {
                let link = &self.sheet.links[link];
                let row = self.input_row(link.to);
                let end = match self.sheet.items[link.to.0].look {
                    Look::Pass => after.right,
                    Look::Name(..) => written.1,
                    Look::Box(_) => after.frame_left - 1,
                };
                self.canvas.across(net, row, at, end);
                if !pass(link.to.0) {
                    self.canvas.arrow(row, end, self.style.ascii);
                }
                self.write(link, row, written);
            }
        }
    }

    fn write(&mut self, link: &Link, row: usize, room: (usize, usize)) {
        let above = link
            .above
            .iter()
            .enumerate()
            .map(|(line, text)| (row - link.above.len() + line, text, Ink::Value));
        let below = link.below.iter().enumerate().map(|(line, text)| (row + 1 + line, text, Ink::Gradient));
        for (row, text, ink) in above.chain(below) {
            let spare = (room.1 - room.0).saturating_sub(columns(text));
            self.canvas.write(row, room.0 + spare / 2, text, ink);
        }
    }

    fn net(&self, (item, port): Port) -> usize {
        // Passes carry on the line of the output that they come from.
        let mut at = (item, port);
        while let Look::Pass = self.sheet.items[at.0].look {
            let before = self.sheet.links.iter().find(|link| link.to.0 == at.0);
            at = before.expect("a pass is on the way of a link").from;
        }
        at.0 * self.sheet.links.len() + at.1
    }
}

/// How many columns what is written on a link takes.
fn width(link: &Link) -> usize {
    link.above.iter().chain(&link.below).map(|text| columns(text)).max().unwrap_or(0)
}

fn ends(rows: &[usize]) -> (usize, usize) {
    let low = rows.iter().copied().fold(usize::MAX, usize::min);
    (low, rows.iter().copied().fold(0, usize::max))
}

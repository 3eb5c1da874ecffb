//! Draws a layout with characters: the book's figure.

use super::Style;
use super::canvas::{Canvas, Ink};
use crate::layout::{LayeredGraph, Layout, NodeShape, Role};

/// Lays out a graph and draws it.
pub(super) fn draw(graph: LayeredGraph, style: Style) -> Canvas {
    let layout = Layout::new(graph);
    let mut canvas = Canvas::default();
    for frame in &layout.frames {
        canvas.frame(frame.rows, frame.columns, &frame.exits, style.ascii);
    }
    for line in &layout.lines {
        for pair in line.points.windows(2) {
            let [(column, row), (to_column, to_row)] = [pair[0], pair[1]];
            if row == to_row {
                canvas.across(line.net, row, column, to_column);
            } else {
                canvas.along(line.net, column, row.min(to_row), row.max(to_row));
            }
        }
        if let (true, Some(&(column, row))) = (line.ends, line.points.last()) {
            canvas.arrow(row, column, style.ascii);
        }
    }
    for words in &layout.words {
        let ink = match words.role {
            Role::Above(..) => Ink::Value,
            Role::Below(..) | Role::BelowName(_) => Ink::Gradient,
            Role::Label(item) => match layout.graph.items[item].shape {
                NodeShape::Box(_) => Ink::Operation,
                NodeShape::Name(..) | NodeShape::Dummy => Ink::Name,
            },
        };
        canvas.write(words.row, words.column, &words.text, ink);
    }
    canvas
}

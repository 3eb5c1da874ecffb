//! The same numbers as a table, for graphs of any size.

use super::{BlockKind, Diagram, Ink, Style, Trace, columns, gradient_lines, label, printable, value_lines};
use crate::trace::{NodeKind, TracedNode};
use retrograde_core::graph::Tensor;

/// In a table wider than the terminal, wider cells than this do not move the next ones.
const WIDEST: usize = 40;

/// All nodes with their operands.
pub(super) fn all(trace: &Trace, style: Style) -> String {
    let mut rows = vec![heading("node")];
    for node in trace.nodes() {
        rows.push(row(described(trace, node, style), node, node.gradient.as_deref(), Ink::Name));
        for &edge in &node.inputs {
            let edge = &trace.edges()[edge];
            let from = &trace.nodes()[edge.from];
            let arrow = if style.ascii { "<-" } else { "←" };
            rows.push(row(format!("  {arrow} {}", label(from)), from, edge.gradient.as_deref(), Ink::Plain));
        }
    }
    table(&rows, style)
}

/// The parameters and inputs inside folded scopes; empty if there are none.
pub(super) fn folded(trace: &Trace, diagram: &Diagram, style: Style) -> String {
    let inside = diagram.blocks.iter().filter(|block| block.kind == BlockKind::Scope);
    let leaves = inside.flat_map(|block| &block.members).map(|&member| &trace.nodes()[member]);
    let mut rows = vec![heading("inside the boxes")];
    rows.extend(
        leaves
            .filter(|node| node.is_leaf() && node.gradient.is_some())
            .map(|node| row(label(node), node, node.gradient.as_deref(), Ink::Name)),
    );
    if rows.len() == 1 { String::new() } else { table(&rows, style) }
}

/// `price = apple_price × tax`, or `x: parameter`.
fn described(trace: &Trace, node: &TracedNode, style: Style) -> String {
    let operands = || node.inputs.iter().map(|&edge| label(&trace.nodes()[trace.edges()[edge].from]));
    let text = match &node.what {
        NodeKind::Leaf(kind) => format!("{} ({kind})", label(node)),
        NodeKind::Operation { name, attributes, .. } => {
            let call = match (node.symbol(), &operands().collect::<Vec<_>>()[..]) {
                (symbol, [a, b]) if symbol != *name => format!("{a} {symbol} {b}"),
                (name, operands) => format!("{name}({})", operands.join(", ")),
            };
            let attributes =
                if attributes.is_empty() { String::new() } else { format!(" {}", printable(attributes)) };
            format!("{} = {call}{attributes}", label(node))
        }
    };
    style.encode(&text)
}

struct Row {
    cells: [String; 3],
    inks: [Ink; 3],
}

fn heading(first: &str) -> Row {
    Row { cells: [first.into(), "value".into(), "gradient".into()], inks: [Ink::Line; 3] }
}

fn row(first: String, node: &TracedNode, gradient: Option<&Tensor>, ink: Ink) -> Row {
    let gradient = gradient.map(gradient_lines).unwrap_or_default();
    Row {
        cells: [first, value_lines(&node.value).join(", "), gradient.join(", ")],
        inks: [ink, Ink::Value, Ink::Gradient],
    }
}

fn table(rows: &[Row], style: Style) -> String {
    let width = |cell: usize, limit: usize| {
        let widths = rows.iter().map(|row| columns(&row.cells[cell]));
        widths.filter(|&width| width <= limit).max().unwrap_or(0)
    };
    let all = |limit: usize| [width(0, limit), width(1, limit), width(2, limit)];
    let fits = all(usize::MAX).iter().sum::<usize>() + 4 <= style.width;
    let widths = all(if fits { usize::MAX } else { WIDEST });
    let mut text = String::new();
    for Row { cells, inks } in rows {
        let mut line = String::new();
        let filled = cells.iter().rposition(|cell| !cell.is_empty()).map_or(0, |last| last + 1);
        for (cell, ink) in (0..filled).zip(inks) {
            line.push_str(&ink.write(&cells[cell], style.color));
            if cell + 1 < filled {
                line.push_str(&" ".repeat(widths[cell].saturating_sub(columns(&cells[cell])) + 2));
            }
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}

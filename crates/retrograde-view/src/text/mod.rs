//! The figure for a terminal: values above the lines, gradients below them.
//!
//! The book's computational graph: given values at the left, operations in boxes, and on each line the number that
//! flows forward above it and the number that flows back below it. The room `layout` says where everything
//! stands. Here:
//!
//! | file | what it does |
//! | --- | --- |
//! | `figure` | draws a layout |
//! | `canvas` | cells that become letters, in color or not |
//! | `bands` | a figure wider than the terminal, cut into bands |
//! | `listing` | a table, for graphs that no figure can show |

mod bands;
mod canvas;
mod figure;
mod listing;

use super::diagram::{BlockKind, Diagram};
use super::summary::{gradient_lines, value_lines};
use super::trace::{Trace, TracedNode};
pub(super) use canvas::Ink;
use retrograde_base::letters::{columns, printable};

/// How a figure is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// How many columns the terminal has. Wider figures are cut into bands.
    pub width: usize,
    /// Whether values and gradients are told apart by color (ANSI escape sequences).
    pub color: bool,
    /// Whether lines are drawn in ASCII only. Names are printed as they are.
    pub ascii: bool,
    /// Whether each outermost scope, such as a layer, is one box, with its parameters in a table below the figure.
    pub fold: bool,
}

impl Default for Style {
    /// 100 columns, no color, scopes folded.
    fn default() -> Self {
        Style { width: 100, color: false, ascii: false, fold: true }
    }
}

impl Style {
    pub(super) fn ellipsis(self) -> &'static str {
        if self.ascii { "..." } else { "…" }
    }

    /// A text with the letters of mathematics replaced if need be.
    pub(super) fn encode(self, text: &str) -> String {
        let replaced = [('×', "*"), ('·', "@"), ('∂', "d "), ('→', "->"), ('←', "<-")];
        let replace = |text: String, (from, to): &(char, &str)| text.replace(*from, to);
        if self.ascii { replaced.iter().fold(text.into(), replace) } else { text.into() }
    }
}

impl Trace {
    /// The figure: the graph with the value above each line and the gradient below it; a table of the same numbers
    /// for graphs too large for a figure. Ends with a new line.
    pub fn text(&self, style: Style) -> String {
        let diagram = if style.fold { Diagram::folded(self) } else { Diagram::unfolded(self) };
        let figure = bands::figure(self, &diagram, style);
        let Some(mut text) = figure else {
            return self.listing(style);
        };
        let folded = listing::folded(self, &diagram, style);
        if !folded.is_empty() {
            text.push('\n');
            text.push_str(&folded);
        }
        text
    }

    /// The table: a row for each node, and below it one for each of its operands, with the value that came along and
    /// the gradient that went back. Ends with a new line.
    pub fn listing(&self, style: Style) -> String {
        listing::all(self, style)
    }
}

/// A node's label, safe to print.
pub(super) fn label(node: &TracedNode) -> String {
    printable(&node.label)
}

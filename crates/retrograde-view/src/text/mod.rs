//! The figure for a terminal: values above the lines, gradients below them.
//!
//! The book's computational graph: given values on the left, operations in boxes, and on each line the value above it and
//! the gradient below it. The module `layout` determines the positions. Files:
//!
//! | file | contents |
//! | --- | --- |
//! | `figure` | draws a layout |
//! | `canvas` | cells that become characters, in color or not |
//! | `bands` | a figure wider than the terminal, cut into bands |
//! | `listing` | a table, for graphs too large for a figure |

mod bands;
mod canvas;
mod figure;
mod listing;

use super::diagram::{BlockKind, Diagram};
use super::summary::{gradient_lines, value_lines};
use super::trace::{Trace, TracedNode};
pub(super) use canvas::Ink;
use retrograde_base::text_width::{columns, printable};

/// The style of a printed figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// The width of the terminal in columns. Wider figures are split into bands.
    pub width: usize,
    /// Whether values and gradients have different colors (ANSI escape sequences).
    pub color: bool,
    /// Whether lines are drawn in ASCII only. Names are printed unchanged.
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

    /// A text, with mathematical characters replaced in ASCII.
    pub(super) fn encode(self, text: &str) -> String {
        let replaced = [('×', "*"), ('·', "@"), ('∂', "d "), ('→', "->"), ('←', "<-")];
        let replace = |text: String, (from, to): &(char, &str)| text.replace(*from, to);
        if self.ascii { replaced.iter().fold(text.into(), replace) } else { text.into() }
    }
}

impl Trace {
    /// The figure: the graph with the value above each line and the gradient below it; for graphs too large for a figure, a
    /// table of the same numbers. Ends with a newline.
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

    /// The table: a row for each node, and below it one for each of its operands, with its value and its gradient. Ends
    /// with a newline.
    pub fn listing(&self, style: Style) -> String {
        listing::all(self, style)
    }
}

/// A node's label, safe to print.
pub(super) fn label(node: &TracedNode) -> String {
    printable(&node.label)
}

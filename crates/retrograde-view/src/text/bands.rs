//! Splits a diagram into bands one below the other if it is wider than the terminal.
//!
//! Operations are as far to the left as their operands allow. A band is a range of these levels; a value that a later band
//! needs leaves this one to its name and `…`, and enters that one from its name, with the value and the gradient on both.

use super::figure::draw;
use super::{Diagram, Style, Trace, gradient_lines, value_lines};
use crate::layout::{Annotations, Content};
use crate::trace::Value;
use retrograde_core::graph::Tensor;

/// Graphs with more blocks are printed as a table.
const MOST_BLOCKS: usize = 120;
/// So are figures with more bands.
const MOST_BANDS: usize = 8;

/// The figure, band below band; `None` if the width or the graph does not allow one.
pub(super) fn figure(trace: &Trace, diagram: &Diagram, style: Style) -> Option<String> {
    if diagram.blocks.len() > MOST_BLOCKS {
        return None;
    }
    let content = Content::new(trace, diagram);
    let end = content.end();
    let (mut bands, mut first) = (Vec::new(), 1);
    while first <= end {
        if bands.len() == MOST_BANDS {
            return None;
        }
        // The last operation and the end of its arrow stay together.
        let lasts =
            (first..=end.min(first + style.width / 5)).rev().filter(|&last| last + 1 != end || first == end);
        let (last, canvas) = { lasts }.find_map(|last| {
            let canvas = draw(content.layered_graph(first..=last, &style), style);
            (canvas.width() <= style.width).then_some((last, canvas))
        })?;
        bands.push(canvas.print(style.color, style.ascii));
        first = last + 1;
    }
    Some(bands.join("\n"))
}

/// The annotations of a figure for the terminal.
impl Annotations for Style {
    fn above(&self, _: usize, value: &Value) -> Vec<String> {
        value_lines(value)
    }

    fn below(&self, _: usize, gradient: &Tensor) -> Vec<String> {
        gradient_lines(gradient)
    }

    fn encode(&self, text: &str) -> String {
        Style::encode(*self, text)
    }

    fn ellipsis(&self) -> &str {
        Style::ellipsis(*self)
    }
}

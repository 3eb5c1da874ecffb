//! From a diagram to sheets: all of it, or, where it is wider than the terminal, one band below the other.
//!
//! Operations stand as far to the left as what they depend on allows. A band is a run of such levels; a value that a
//! later band needs leaves this one to its name and `…`, and enters that one from its name, with the value and the
//! gradient on both.

use super::figure::draw;
use super::{Diagram, Style, Trace, gradient_lines, value_lines};
use crate::layout::{Annotations, Content};
use crate::trace::Value;
use retrograde_core::graph::Tensor;

/// Graphs of more blocks are told in a table.
const MOST_BLOCKS: usize = 120;
/// Figures of more bands too.
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

/// What stands on the lines of a figure of letters.
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

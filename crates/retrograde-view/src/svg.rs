//! A figure as SVG: one file, in light or dark as the viewer prefers.

use super::diagram::Diagram;
use super::heat_map::HeatMap;
use super::html::escaped;
use super::scene::{ROW, Scene, SceneBlock, SceneWire};
use super::summary::{Summary, exact, rough};
use super::thumbnail::Thumbnails;
use super::trace::{Trace, Value};
use retrograde_base::error::Result;
use retrograde_base::file_signature::FileSignature;
use retrograde_core::graph::Tensor;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Colors and fonts.
const STYLE: &str = concat!(include_str!("assets/svg_colors.css"), include_str!("assets/figure.css"));

/// The radius of a line's corners.
const CORNER: f64 = 7.0;

impl Trace {
    /// The figure as an SVG file: values above the lines, gradients below; with folding, each outermost scope is one box.
    /// Tensors are shown as pictures, with all statistics in their titles.
    ///
    /// # Errors
    /// If it has too many boxes to draw.
    ///
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::prelude::*;
    /// use retrograde::view;
    ///
    /// let svg = view::apple(&Graph::new()).trace()?.svg(true)?;
    /// assert!(svg.starts_with("<svg") && svg.contains(">220.00000000000003</text>"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn svg(&self, fold: bool) -> Result<String> {
        let shown = Thumbnails::new(self);
        let diagram = if fold { Diagram::folded(self) } else { Diagram::unfolded(self) };
        let scene = Scene::of(self, &diagram, &shown, &BTreeSet::new())?;
        let [width, height] = scene.size;
        let (name, mark) = (escaped(&self.output().label), FileSignature::GraphSvg.text());
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
            height=\"{height}\" role=\"img\" aria-label=\"The graph of {name}: values and gradients\">\n\
            {mark}\n<style>{STYLE}</style>\n<rect class=\"ground\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>\n"
        );
        for wire in &scene.wires {
            draw_wire(&mut svg, self, &shown, wire);
        }
        for block in &scene.blocks {
            draw_block(&mut svg, self, block);
        }
        svg.push_str("</svg>\n");
        Ok(svg)
    }
}

fn draw_wire(svg: &mut String, trace: &Trace, shown: &Thumbnails, wire: &SceneWire) {
    let node = &trace.nodes()[wire.node];
    let gradient = if wire.edges.is_empty() {
        node.gradient.clone()
    } else {
        trace.sum_of_gradients(wire.edges.iter().copied())
    };
    let mut title = format!("{}\n{}", node.label, described(&node.value));
    if let Some(gradient) = &gradient {
        // Writing to a string cannot fail, here and below.
        let _ = write!(title, "\n∂: {}", statistics(gradient));
    }
    let _ = write!(
        svg,
        "<g class=\"wire\"><title>{}</title><path d=\"{}\"/>{}",
        escaped(&title),
        path(&wire.points),
        head(&wire.points),
    );
    let value = if let Value::Real(tensor) = &node.value { Some(tensor) } else { None };
    for (place, tensor, is_gradient) in
        [(wire.pictures[0], value, false), (wire.pictures[1], gradient.as_ref(), true)]
    {
        let thumbnail = tensor.and_then(|tensor| shown.thumbnail(wire.node, tensor, is_gradient));
        if let (Some([left, top, width, height]), Some(thumbnail)) = (place, thumbnail) {
            let [w, h] = thumbnail.size;
            let y = if is_gradient { top + 2.0 } else { top + height - h - 2.0 };
            draw_picture(svg, &thumbnail.picture, [left + (width - w) / 2.0, y, w, h]);
        }
    }
    for words in &wire.words {
        let class = if words.is_gradient { "gradient" } else { "value" };
        draw_words(svg, class, words.at, &words.text);
    }
    svg.push_str("</g>\n");
}

fn draw_block(svg: &mut String, trace: &Trace, block: &SceneBlock) {
    let [left, top, width, height] = block.place;
    let middle = [left + width / 2.0, top + height / 2.0];
    let is_symbol = block.kind == "operation" && block.label.chars().count() == 1;
    let mut title = block.label.clone();
    if let [node] = block.nodes[..] {
        let node = &trace.nodes()[node];
        title = format!("{}\n{}:{}", node.label, node.location.file(), node.location.line());
    }
    let corner = if block.kind == "operation" || block.kind == "scope" { 8.0 } else { height / 2.0 };
    let _ = write!(
        svg,
        "<g class=\"block {}\"><title>{}</title><rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" \
        rx=\"{corner}\"/>",
        block.kind,
        escaped(&title),
    );
    draw_words(svg, if is_symbol { "symbol" } else { "label" }, middle, &block.label);
    if let Some(below) = &block.below {
        draw_words(svg, "gradient", [middle[0], top + height + ROW / 2.0], below);
    }
    svg.push_str("</g>\n");
}

fn draw_words(svg: &mut String, class: &str, [x, y]: [f64; 2], text: &str) {
    let _ = write!(svg, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", escaped(text));
}

fn draw_picture(svg: &mut String, picture: &HeatMap, [x, y, width, height]: [f64; 4]) {
    let _ = write!(
        svg,
        "<image x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" preserveAspectRatio=\"none\" \
        href=\"{}\"/>",
        picture.address(),
    );
}

/// A line with rounded corners.
pub(super) fn path(points: &[[f64; 2]]) -> String {
    let mut path = String::new();
    for (number, &[x, y]) in points.iter().enumerate() {
        let (before, after) = (number.checked_sub(1).map(|before| points[before]), points.get(number + 1));
        let _ = match (before, after) {
            (None, _) => write!(path, "M{x:.1} {y:.1}"),
            (Some(_), None) => write!(path, "L{x:.1} {y:.1}"),
            (Some(before), Some(&after)) => {
                let corner = CORNER.min(distance(before, [x, y]) / 2.0).min(distance([x, y], after) / 2.0);
                let [from, to] = [toward([x, y], before, corner), toward([x, y], after, corner)];
                write!(path, "L{:.1} {:.1}Q{x:.1} {y:.1} {:.1} {:.1}", from[0], from[1], to[0], to[1])
            }
        };
    }
    path
}

/// The head of an arrow to the right.
fn head(points: &[[f64; 2]]) -> String {
    points
        .last()
        .map_or_else(String::new, |[x, y]| format!("<path class=\"head\" d=\"M{x:.1} {y:.1}l-8 -4.5v9z\"/>"))
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).abs() + (a[1] - b[1]).abs()
}

/// A point at a distance from `from`, on the straight line to `to`.
fn toward(from: [f64; 2], to: [f64; 2], length: f64) -> [f64; 2] {
    let whole = distance(from, to).max(f64::MIN_POSITIVE);
    [0, 1].map(|axis| from[axis] + (to[axis] - from[axis]) * length / whole)
}

fn described(value: &Value) -> String {
    match value {
        Value::Real(tensor) => statistics(tensor),
        Value::Indices(shape, _) | Value::Bytes(shape) => format!("shape {shape}"),
    }
}

/// All statistics of a tensor, in a few lines.
fn statistics(tensor: &Tensor) -> String {
    let values = tensor.values();
    if let [number] = values {
        return exact(*number);
    }
    let summary = Summary::of(values);
    let mut text = format!("shape {}", tensor.shape());
    if summary.elements > 0 {
        let _ = write!(
            text,
            "\nminimum {}, mean {}, maximum {}\ndeviation {}, norm {}, zeros {:.1} %",
            rough(summary.minimum),
            rough(summary.mean),
            rough(summary.maximum),
            rough(summary.deviation),
            rough(summary.norm),
            100.0 * summary.zeros as f64 / summary.elements as f64,
        );
    }
    text
}

//! A figure in the DOT language of Graphviz.

use super::diagram::{BlockKind, Diagram, scopes_of};
use super::html::escaped;
use super::summary::{gradient_lines, value_lines};
use super::trace::Trace;
use retrograde_base::file_signature::FileSignature;
use retrograde_base::text_width::printable;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Colors that are readable on white, as in the other figures.
const VALUE: &str = "#0b6e78";
const GRADIENT: &str = "#a1237e";

impl Trace {
    /// The figure as a file for Graphviz: `dot -Tsvg`. Scopes are boxes when folded, clusters when not.
    ///
    /// ```
    /// # fn main() -> retrograde::Result<()> {
    /// use retrograde::prelude::*;
    /// use retrograde::view;
    ///
    /// let dot = view::apple(&Graph::new()).trace()?.dot(true);
    /// assert!(dot.starts_with("digraph") && dot.contains("220.00000000000003"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn dot(&self, fold: bool) -> String {
        let diagram = if fold { Diagram::folded(self) } else { Diagram::unfolded(self) };
        let mut dot = format!(
            "digraph retrograde {{\n  {}\n  rankdir=LR;\n  node [fontname=\"monospace\", fontsize=12];\n  \
            edge [fontname=\"monospace\", fontsize=11];\n",
            FileSignature::GraphDot.text(),
        );
        let mut clusters: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (number, block) in diagram.blocks.iter().enumerate() {
            let scope = block.members.first().and_then(|&node| scopes_of(&self.nodes()[node]).next());
            match scope.filter(|_| block.kind != BlockKind::Scope) {
                Some(scope) => clusters.entry(scope).or_default().push(number),
                None => node(&mut dot, &diagram, number, "  "),
            }
        }
        for (number, (scope, blocks)) in clusters.into_iter().enumerate() {
            // Writing to a string cannot fail, here and below.
            let _ = writeln!(dot, "  subgraph cluster_{number} {{\n    label={};", quoted(scope));
            for block in blocks {
                node(&mut dot, &diagram, block, "    ");
            }
            dot.push_str("  }\n");
        }
        for wire in &diagram.wires {
            let gradient = wire.gradient.as_deref().map(gradient_lines).unwrap_or_default();
            let lines: Vec<String> = value_lines(&wire.value)
                .iter()
                .map(|line| colored(line, VALUE))
                .chain(gradient.iter().map(|line| colored(line, GRADIENT)))
                .collect();
            let _ = writeln!(dot, "  b{} -> b{} [label=<{}>];", wire.from, wire.to, lines.join("<br/>"));
        }
        dot.push_str("}\n");
        dot
    }
}

fn node(dot: &mut String, diagram: &Diagram, number: usize, indent: &str) {
    let block = &diagram.blocks[number];
    let shape = match block.kind {
        BlockKind::Operation => "box",
        BlockKind::Scope => "box3d",
        BlockKind::Leaf | BlockKind::End => "plain",
    };
    let _ = writeln!(dot, "{indent}b{number} [label={}, shape={shape}];", quoted(&block.label));
}

/// A quoted string; quotes and backslashes are escaped.
fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace('\\', "\\\\").replace('"', "\\\""))
}

fn colored(text: &str, color: &str) -> String {
    format!("<font color=\"{color}\">{}</font>", escaped(text))
}

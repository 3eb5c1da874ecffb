//! A report as a page: Markdown, or HTML that needs nothing else.

mod html;
mod markdown;

use super::{Comparison, Report, Severity};
use crate::error::Result;
use crate::files::write_whole;
use std::path::Path;

impl Report {
    /// The report as one HTML file, with its style inside, light or dark as the reader has it. It asks for nothing from
    /// anywhere.
    pub fn html(&self) -> String {
        html::page(self)
    }

    /// The report as Markdown.
    pub fn markdown(&self) -> String {
        markdown::page(self)
    }

    /// Writes the page of [`html`](Self::html) into a file, whole or not at all.
    pub fn save_html(&self, path: impl AsRef<Path>) -> Result<()> {
        write_whole(path.as_ref(), self.html().as_bytes())
    }

    /// Writes the page of [`markdown`](Self::markdown) into a file, whole or not at all.
    pub fn save_markdown(&self, path: impl AsRef<Path>) -> Result<()> {
        write_whole(path.as_ref(), self.markdown().as_bytes())
    }

    /// The blocks of the whole, or those of all layers where there is no whole, each with what it belongs to.
    fn all_blocks(&self) -> Vec<(String, &Comparison)> {
        if !self.blocks.is_empty() {
            return self.blocks.iter().map(|block| (block.block.clone(), block)).collect();
        }
        let of = |name: &str, block: &Comparison| format!("{name}, {}", block.block);
        (self.layers.iter())
            .flat_map(|layer| layer.blocks.iter().map(move |block| (of(&layer.name, block), block)))
            .collect()
    }
}

/// The columns of the table of blocks.
const COLUMNS: [&str; 7] =
    ["gradient", "compared", "largest error", "median error", "cosine", "ratio of norms", "verdict"];

/// A row of it.
fn cells(name: &str, block: &Comparison) -> [String; 7] {
    let all: usize = block.shape.iter().product();
    [
        name.to_string(),
        format!("{} of {all}", block.compared),
        format!("{:.2e}", block.largest),
        format!("{:.2e}", block.median),
        format!("{:.6}", block.cosine),
        format!("{:.6}", block.ratio),
        block.verdict.to_string(),
    ]
}

/// A number of evidence.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if (1e-4..1e6).contains(&size) => format!("{value:.8}"),
        _ => format!("{value:.5e}"),
    }
}

fn kind(severity: Severity) -> &'static str {
    match severity {
        Severity::Fault => "fault",
        Severity::Warning => "warning",
        Severity::Remark => "remark",
    }
}

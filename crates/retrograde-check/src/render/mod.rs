//! Renders the report of a check: text for a terminal, Markdown, or a self-contained page of HTML.

mod html;
mod markdown;
mod text;

use crate::message::text;
use crate::report::place;
use crate::{Comparison, Finding, Language, Message, Report, Severity};
use retrograde_base::error::Result;
use retrograde_base::files::write_whole;
use retrograde_base::markup::{both, escaped};
use std::path::Path;

impl Report {
    /// The report as one HTML file in English and Korean, light and dark, with buttons to switch. It requests no other
    /// resource.
    pub fn html(&self) -> String {
        html::page(self)
    }

    /// The report as Markdown.
    pub fn markdown(&self, language: Language) -> String {
        markdown::page(self, language)
    }

    /// Writes the page of [`html`](Self::html) into a file, whole or not at all.
    pub fn save_html(&self, path: impl AsRef<Path>) -> Result<()> {
        write_whole(path.as_ref(), self.html().as_bytes())
    }

    /// Writes the page of [`markdown`](Self::markdown) into a file, whole or not at all.
    pub fn save_markdown(&self, path: impl AsRef<Path>, language: Language) -> Result<()> {
        write_whole(path.as_ref(), self.markdown(language).as_bytes())
    }

    /// The blocks of the loss gradient, or those of all layers if there are none, each with its owner.
    fn all_blocks(&self) -> Vec<(Message, &Comparison)> {
        if !self.blocks.is_empty() {
            return self.blocks.iter().map(|block| (place(&block.block), block)).collect();
        }
        let of = |name: &str, block: &Comparison| Message::verbatim(format!("{name}.{}", block.block));
        (self.layers.iter())
            .flat_map(|layer| layer.blocks.iter().map(move |block| (of(&layer.name, block), block)))
            .collect()
    }
}

/// Renders messages: in one language, or as HTML in all of them.
trait Writer: Copy {
    fn write(self, of: &dyn Fn(Language) -> String) -> String;

    fn render(self, message: &Message) -> String {
        self.write(&|language| message.text(language))
    }
}

/// Plain text in a language.
#[derive(Clone, Copy)]
struct Words(Language);

impl Writer for Words {
    fn write(self, of: &dyn Fn(Language) -> String) -> String {
        of(self.0)
    }
}

/// HTML in both languages.
#[derive(Clone, Copy)]
struct Both;

impl Writer for Both {
    fn write(self, of: &dyn Fn(Language) -> String) -> String {
        both(&escaped(&of(Language::English)), &escaped(&of(Language::Korean)))
    }
}

/// The heading of a finding: its location, its gradients, and its title.
fn title(finding: &Finding, writer: impl Writer) -> String {
    let blocks = finding.blocks.iter().filter(|block| **block != finding.location);
    let blocks = joined(blocks, |block| format!(", d{block}"));
    writer.write(&|language| {
        let (place, title) = (place(&finding.location).text(language), finding.title().text(language));
        format!("{place}{blocks}: {title}")
    })
}

/// The texts of all, joined.
fn joined<T>(all: impl IntoIterator<Item = T>, text: impl Fn(T) -> String) -> String {
    all.into_iter().map(text).collect()
}

/// The number of compared elements.
fn compared(block: &Comparison) -> Message {
    let all: usize = block.shape.iter().product();
    text!(if block.compared == all { "page-all" } else { "page-some" }, compared = block.compared, all)
}

/// The columns of the table of blocks.
fn columns() -> [Message; 7] {
    [
        text!("page-gradient"),
        text!("page-compared"),
        text!("page-largest"),
        text!("page-median"),
        text!("column-cosine"),
        text!("page-ratio"),
        text!("page-verdict"),
    ]
}

/// A row of the table.
fn cells(name: &Message, block: &Comparison, writer: impl Writer) -> [String; 7] {
    [
        writer.render(name),
        writer.render(&compared(block)),
        format!("{:.2e}", block.largest),
        format!("{:.2e}", block.median),
        format!("{:.6}", block.cosine),
        format!("{:.6}", block.ratio),
        writer.render(&block.verdict.name()),
    ]
}

/// A number of a table.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".into(),
        size if (1e-4..1e6).contains(&size) => format!("{value:.8}"),
        _ => format!("{value:.5e}"),
    }
}

fn kind(severity: Severity) -> Message {
    text!(match severity {
        Severity::Fault => "page-fault",
        Severity::Warning => "page-warning",
        Severity::Remark => "page-remark",
    })
}

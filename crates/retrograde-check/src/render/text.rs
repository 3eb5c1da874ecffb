//! Renders a report for the terminal.

use std::fmt;

use super::{Words, compared, number, title};
use crate::message::text;
use crate::{Comparison, Finding, Language, Message, Report, Severity, Table};
use retrograde_base::text_width::{columns, padded};

/// The width of prose: that of a default terminal.
const WIDTH: usize = 80;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::English))
    }
}

impl Report {
    /// The report for a terminal of 80 columns.
    pub fn text(&self, language: Language) -> String {
        let mut page = Page { lines: Vec::new(), language };
        page.report(self);
        page.lines.join("\n") + "\n"
    }
}

struct Page {
    lines: Vec<String>,
    language: Language,
}

/// Pads a text on the left to this width.
fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

impl Page {
    fn render(&self, message: &Message) -> String {
        message.text(self.language)
    }

    fn report(&mut self, report: &Report) {
        self.lines.push(format!("{}: {}", self.render(&report.subject), self.render(&report.verdict.name())));
        if report.layers.len() > 1 {
            self.lines.push(String::new());
            self.row_of_layers(report);
        }
        for finding in &report.findings {
            self.lines.push(String::new());
            self.finding(finding);
        }
        let blocks = report.all_blocks();
        if !blocks.is_empty() {
            self.lines.push(String::new());
            self.blocks(&blocks);
        }
        if !report.method.is_empty() {
            self.lines.push(String::new());
        }
        for line in &report.method {
            self.wrapped("  ", &self.render(line));
        }
    }

    /// `affine1 ✓ → relu1 ✓ → loss ✗`, wrapped, with a mark below the first wrong one.
    fn row_of_layers(&mut self, report: &Report) {
        let mut lines = vec![String::from("  ")];
        let mut mark = None;
        for (at, layer) in report.layers.iter().enumerate() {
            let arrow = if at == 0 { "" } else { "→ " };
            let part = format!("{arrow}{} {}", layer.name, layer.verdict.mark());
            let line = lines.len() - 1;
            if at > 0 && columns(&lines[line]) + 1 + columns(&part) > WIDTH {
                lines.push(String::from("  "));
            } else if at > 0 {
                lines[line].push(' ');
            }
            let line = lines.len() - 1;
            lines[line].push_str(&part);
            if layer.verdict.is_wrong() && mark.is_none() {
                mark = Some((line, columns(&lines[line]) - 1));
            }
        }
        if let Some((line, column)) = mark {
            // On the left of the mark if the text does not fit on its right.
            let words = self.render(&text!("page-first_wrong"));
            let note = if column + 2 + columns(&words) <= WIDTH {
                format!("{}↑ {words}", " ".repeat(column))
            } else {
                right(&format!("{words} ↑"), column + 1)
            };
            lines.insert(line + 1, note);
        }
        self.lines.extend(lines);
    }

    fn finding(&mut self, finding: &Finding) {
        let mark = match finding.severity {
            Severity::Fault => "✗",
            Severity::Warning => "!",
            Severity::Remark => "·",
        };
        let title = title(finding, Words(self.language));
        self.wrapped(&format!("{mark} "), &title);
        self.wrapped("    ", &finding.sentence(self.language));
        if let Some(formulas) = &finding.formulas() {
            self.labeled("page-code", &formulas.code);
            self.labeled("page-right", &formulas.right);
        }
        for evidence in &finding.evidence {
            self.wrapped("    ", &self.render(&evidence.statement));
            evidence.table.iter().for_each(|table| self.table(table));
        }
        for (label, text) in [("page-help", finding.help()), ("page-training", finding.consequence())] {
            text.iter().for_each(|text| self.labeled(label, text));
        }
    }

    /// A text after a label of eleven columns.
    fn labeled(&mut self, label: &str, text: &Message) {
        let label = padded(&self.render(&text!(label)), 11);
        self.wrapped(&format!("    {label}"), &self.render(text));
    }

    fn table(&mut self, table: &Table) {
        let label = table.rows.iter().map(|(label, _)| columns(label)).max().unwrap_or(0);
        let heads: Vec<String> = table.columns.iter().map(|column| right(&self.render(column), 15)).collect();
        self.lines.push(format!("      {}  {}", " ".repeat(label), heads.join("  ")));
        for (name, values) in &table.rows {
            let cells: Vec<String> = values.iter().map(|value| right(&number(*value), 15)).collect();
            self.lines.push(format!("      {}  {}", padded(name, label), cells.join("  ")));
        }
    }

    fn blocks(&mut self, blocks: &[(Message, &Comparison)]) {
        let names: Vec<String> = blocks.iter().map(|(name, _)| self.render(name)).collect();
        let wide = names.iter().map(|name| columns(name)).max().unwrap_or(0).max(8);
        let head = ["compared", "largest", "median", "distance", "cosine", "ratio"];
        let widths = [11, 7, 7, 8, 6, 6];
        let mut line = format!("  {}", padded(&self.render(&text!("page-gradient")), wide));
        for (name, width) in head.into_iter().zip(widths) {
            line = format!("{line} {}", right(&self.render(&text!(format!("short-{name}"))), width));
        }
        self.lines.push(format!("{line}  {}", self.render(&text!("page-verdict"))));
        for (name, (_, block)) in names.iter().zip(blocks) {
            let cells = [
                self.render(&compared(block)),
                format!("{:.1e}", block.largest),
                format!("{:.1e}", block.median),
                short(block.mean_difference),
                format!("{:.3}", block.cosine),
                format!("{:.3}", block.ratio),
            ];
            let cells: Vec<String> =
                cells.iter().zip(widths).map(|(cell, width)| right(cell, width)).collect();
            let verdict = self.render(&block.verdict.name());
            self.lines.push(format!("  {} {}  {verdict}", padded(name, wide), cells.join(" ")));
        }
        self.wrapped("  ", &self.render(&text!("short-legend")));
    }

    /// Prose in lines of at most [`WIDTH`] columns, with `first` before the first line.
    fn wrapped(&mut self, first: &str, text: &str) {
        let next = " ".repeat(if columns(first) < 4 { 4 } else { columns(first) });
        let next = if first.trim().is_empty() { first.to_owned() } else { next };
        let mut line = first.to_owned();
        let mut empty = true;
        for word in text.split_whitespace() {
            if !empty && columns(&line) + 1 + columns(word) > WIDTH {
                self.lines.push(std::mem::replace(&mut line, next.clone()));
                empty = true;
            }
            if !empty {
                line.push(' ');
            }
            line.push_str(word);
            empty = false;
        }
        self.lines.push(line);
    }
}

fn short(value: f64) -> String {
    if value >= 1e-3 { format!("{value:.4}") } else { format!("{value:.2e}") }
}

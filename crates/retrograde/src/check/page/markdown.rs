//! Markdown.

use super::super::{Finding, Report};
use super::{COLUMNS, cells, kind, number};
use crate::mark::Mark;
use std::fmt::Write;

/// What a cell or a line of Markdown must not take for its own.
fn plain(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

fn row<S: AsRef<str>>(text: &mut String, cells: impl IntoIterator<Item = S>) {
    for cell in cells {
        let _ = write!(text, "| {} ", plain(cell.as_ref()));
    }
    text.push_str("|\n");
}

fn rule(text: &mut String, columns: usize) {
    text.push_str(&"| --- ".repeat(columns));
    text.push_str("|\n");
}

pub(super) fn page(report: &Report) -> String {
    let (mark, subject) = (Mark::CheckMarkdown.text(), plain(&report.subject));
    let mut text = format!("{mark}\n\n# Gradient check of {subject}: {}\n\n", report.verdict);
    if report.layers.len() > 1 {
        let marks: Vec<String> =
            report.layers.iter().map(|s| format!("{} {}", plain(&s.name), s.verdict.mark())).collect();
        let _ = writeln!(text, "{}\n", marks.join(" → "));
    }
    if let Some(first) = report.first_wrong() {
        let _ = writeln!(text, "The first wrong one from the left: **{}**.\n", plain(&first.name));
    }
    report.findings.iter().for_each(|found| finding(&mut text, found));
    let blocks = report.all_blocks();
    if !blocks.is_empty() {
        text.push_str("## The gradients\n\n");
        row(&mut text, COLUMNS);
        rule(&mut text, COLUMNS.len());
        blocks.iter().for_each(|(name, block)| row(&mut text, cells(name, block)));
        text.push('\n');
    }
    for line in &report.method {
        let _ = writeln!(text, "- {}", plain(line));
    }
    text
}

fn finding(text: &mut String, finding: &Finding) {
    let _ = writeln!(
        text,
        "## {}: {} ({})\n",
        plain(&finding.location),
        plain(&finding.title()),
        kind(finding.severity)
    );
    let _ = writeln!(text, "{}\n", plain(&finding.sentence));
    if let Some(formulas) = &finding.formulas {
        let _ = writeln!(text, "    the code:  {}\n    right:     {}\n", formulas.code, formulas.right);
    }
    for evidence in &finding.evidence {
        let _ = writeln!(text, "{}\n", plain(&evidence.statement));
        if let Some(table) = &evidence.table {
            row(text, [String::new()].iter().chain(&table.columns));
            rule(text, table.columns.len() + 1);
            for (name, values) in &table.rows {
                row(text, [name.clone()].into_iter().chain(values.iter().map(|&value| number(value))));
            }
            text.push('\n');
        }
    }
    if let Some(help) = &finding.help {
        let lines: Vec<String> = help.lines().map(|line| format!("    {line}")).collect();
        let _ = writeln!(text, "Help:\n\n{}\n", lines.join("\n"));
    }
    if let Some(consequence) = &finding.consequence {
        let _ = writeln!(text, "In training: {}\n", plain(consequence));
    }
}

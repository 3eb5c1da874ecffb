//! Markdown.

use super::{Words, cells, columns, joined, kind, number, title};
use crate::message::text;
use crate::{Finding, Language, LayerReport, Message, Report};
use retrograde_base::file_signature::FileSignature;

/// Escapes the characters that have a meaning in Markdown.
fn plain(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

fn row<S: AsRef<str>>(cells: impl IntoIterator<Item = S>) -> String {
    joined(cells, |cell| format!("| {} ", plain(cell.as_ref()))) + "|\n"
}

fn table(head: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    row(head) + &"| --- ".repeat(head.len()) + "|\n" + &rows.into_iter().map(row).collect::<String>() + "\n"
}

pub(super) fn page(report: &Report, language: Language) -> String {
    let render = |message: &Message| plain(&message.text(language));
    let mut parts = vec![
        FileSignature::CheckMarkdown.text().to_owned(),
        format!(
            "# {}: {}",
            render(&text!("page-of", subject = report.subject.clone())),
            render(&report.verdict.name())
        ),
    ];
    if report.layers.len() > 1 {
        let mark = |layer: &LayerReport| format!("{} {}", plain(&layer.name), layer.verdict.mark());
        parts.push(report.layers.iter().map(mark).collect::<Vec<_>>().join(" → "));
    }
    if let Some(first) = report.first_wrong() {
        parts.push(format!("{}: **{}**", render(&text!("page-first_wrong")), plain(&first.name)));
    }
    for found in &report.findings {
        finding(&mut parts, found, language);
    }
    let blocks = report.all_blocks();
    if !blocks.is_empty() {
        parts.push(format!("## {}", render(&text!("page-gradients"))));
        let rows = blocks.iter().map(|(name, block)| cells(name, block, Words(language)).to_vec());
        parts.push(table(&columns().map(|column| render(&column)), rows));
    }
    let method: Vec<String> = report.method.iter().map(|line| format!("- {}", render(line))).collect();
    parts.push(method.join("\n"));
    parts.join("\n\n") + "\n"
}

/// An indented code block.
fn code(lines: &str) -> String {
    lines.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn finding(parts: &mut Vec<String>, finding: &Finding, language: Language) {
    let render = |message: &Message| message.text(language);
    let heading = title(finding, Words(language));
    parts.push(format!("## {} ({})", plain(&heading), render(&kind(finding.severity))));
    parts.push(plain(&finding.sentence(language)));
    if let Some(formulas) = finding.formulas() {
        let line = |label: &str, formula: &Message| format!("{}: {}", render(&text!(label)), render(formula));
        parts
            .push(code(&[line("page-code", &formulas.code), line("page-right", &formulas.right)].join("\n")));
    }
    for evidence in &finding.evidence {
        parts.push(plain(&render(&evidence.statement)));
        if let Some(numbers) = &evidence.table {
            let head: Vec<String> =
                std::iter::once(String::new()).chain(numbers.columns.iter().map(render)).collect();
            let rows = numbers.rows.iter().map(|(name, values)| {
                std::iter::once(name.clone()).chain(values.iter().map(|&value| number(value))).collect()
            });
            parts.push(table(&head, rows));
        }
    }
    if let Some(help) = finding.help() {
        parts.push(format!("{}:\n\n{}", render(&text!("page-help")), code(&render(&help))));
    }
    if let Some(consequence) = finding.consequence() {
        parts.push(format!("{}: {}", render(&text!("page-in_training")), plain(&render(&consequence))));
    }
}

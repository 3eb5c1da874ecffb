//! HTML with both languages; a button switches between them.

use super::{Both, Writer, cells, columns, joined, kind, number, title};
use crate::message::text;
use crate::{Finding, Formulas, Report, Severity, Verdict};
use retrograde_base::file_signature::FileSignature;
use retrograde_base::markup::escaped;
use retrograde_base::page::{COMMON_SCRIPT, HEAD, LANGUAGE_SCRIPT, REPORT_STYLE, THEME};
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");

/// The CSS class of a verdict.
fn class(verdict: Verdict) -> &'static str {
    match verdict.mark() {
        '✓' => "right",
        '✗' => "wrong",
        _ => "open",
    }
}

/// A table, with cells in HTML.
fn table(columns: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let head = joined(columns, |column| format!("<th scope=\"col\">{column}</th>"));
    let rows = joined(rows, |row| {
        let cells = joined(&row[1..], |cell| format!("<td>{cell}</td>"));
        format!("<tr><th scope=\"row\">{}</th>{cells}</tr>", row[0])
    });
    format!(
        "<div class=\"scroll\" tabindex=\"0\"><table class=\"numbers\"><thead><tr>{head}</tr></thead>\
        <tbody>{rows}</tbody></table></div>"
    )
}

pub(super) fn page(report: &Report) -> String {
    let render = |id: &str| Both.render(&text!(id));
    let mut body = String::new();
    let state = match class(report.verdict) {
        "right" => "complete",
        "wrong" => "failed",
        _ => "stopped",
    };
    // Writing to a string cannot fail.
    let _ = write!(
        body,
        "<p class=\"status {state}\"><b>{} {}</b>",
        report.verdict.mark(),
        Both.render(&report.verdict.name())
    );
    if let Some(first) = report.first_wrong() {
        let _ = write!(body, " · {}: <code>{}</code>", render("page-first_wrong"), escaped(&first.name));
    }
    body.push_str("</p>");
    if report.layers.len() > 1 {
        let _ = write!(body, "<section><h2>{}</h2><ol class=\"layers\">", render("page-layers"));
        for layer in &report.layers {
            let _ = write!(
                body,
                "<li class=\"{}\"><b>{} {}</b><small>{} {:?}</small></li>",
                class(layer.verdict),
                layer.verdict.mark(),
                escaped(&layer.name),
                escaped(&layer.kind),
                layer.output
            );
        }
        body.push_str("</ol></section>");
    }
    if !report.findings.is_empty() {
        let findings: String = report.findings.iter().map(finding).collect();
        let _ = write!(body, "<section><h2>{}</h2>{findings}</section>", render("page-findings"));
    }
    let blocks = report.all_blocks();
    if !blocks.is_empty() {
        let rows = blocks.iter().map(|(name, block)| cells(name, block, Both).to_vec());
        let table = table(&columns().map(|column| Both.render(&column)), rows);
        let _ = write!(body, "<section><h2>{}</h2>{table}</section>", render("page-gradients"));
    }
    if !report.method.is_empty() {
        let method = joined(&report.method, |line| format!("<li>{}</li>", Both.render(line)));
        let heading = render("page-method");
        let _ = write!(
            body,
            "<section><details><summary>{heading}</summary><ul class=\"note\">{method}</ul></details></section>"
        );
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n{HEAD}{mark}\n<title>{subject} – Retrograde</title>\n\
        <style>{THEME}{REPORT_STYLE}{STYLE}</style></head>\n<body>\n<header><div><h1>{title}</h1><p class=\"subtitle\">{of}</p></div>\
        <nav><button type=\"button\" id=\"language\" lang=\"ko\">한국어</button>\
        <button type=\"button\" id=\"theme\">◐</button></nav></header>\n<main>{body}</main>\n\
        <footer>Retrograde {version}</footer>\n<script>{COMMON_SCRIPT}{LANGUAGE_SCRIPT}</script>\n</body></html>\n",
        mark = FileSignature::CheckPage.text(),
        subject = escaped(&report.subject.to_string()),
        title = render("page-check"),
        of = Both.render(&report.subject),
        version = env!("CARGO_PKG_VERSION")
    )
}

fn finding(finding: &Finding) -> String {
    let color = match finding.severity {
        Severity::Fault => "wrong",
        Severity::Warning => "open",
        Severity::Remark => "remark",
    };
    let render = |id: &str| Both.render(&text!(id));
    let mut body = format!(
        "<article class=\"card finding {color}\"><h3>{} <small>{}</small></h3><p>{}</p>",
        title(finding, Both),
        Both.render(&kind(finding.severity)),
        Both.write(&|language| finding.sentence(language))
    );
    if let Some(Formulas { code, right }) = finding.formulas() {
        let _ = write!(
            body,
            "<dl><dt>{}</dt><dd><code>{}</code></dd><dt>{}</dt><dd><code>{}</code></dd></dl>",
            render("page-code"),
            Both.render(&code),
            render("page-right"),
            Both.render(&right)
        );
    }
    for evidence in &finding.evidence {
        let _ = write!(body, "<p>{}</p>", Both.render(&evidence.statement));
        if let Some(numbers) = &evidence.table {
            let head: Vec<String> = std::iter::once(String::new())
                .chain(numbers.columns.iter().map(|column| Both.render(column)))
                .collect();
            let row = |(name, values): &(String, Vec<f64>)| {
                std::iter::once(escaped(name)).chain(values.iter().map(|&value| number(value))).collect()
            };
            body.push_str(&table(&head, numbers.rows.iter().map(row)));
        }
    }
    if let Some(help) = finding.help() {
        let _ =
            write!(body, "<h4>{}</h4><pre><code>{}</code></pre>", render("page-help"), Both.render(&help));
    }
    if let Some(consequence) = finding.consequence() {
        let _ = write!(body, "<h4>{}</h4><p>{}</p>", render("page-in_training"), Both.render(&consequence));
    }
    body + "</article>"
}

//! HTML.

use super::super::{Finding, Report, Severity, Verdict};
use super::{COLUMNS, cells, kind, number};
use crate::mark::Mark;
use crate::markup::escaped;
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");

/// The class by which a verdict is coloured.
fn class(verdict: Verdict) -> &'static str {
    match verdict.mark() {
        '✓' => "right",
        '✗' => "wrong",
        _ => "open",
    }
}

fn table<'a>(
    columns: impl IntoIterator<Item = &'a str>,
    rows: impl IntoIterator<Item = Vec<String>>,
) -> String {
    let mut text = String::from("<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>");
    for column in columns {
        let _ = write!(text, "<th scope=\"col\">{}</th>", escaped(column));
    }
    text.push_str("</tr></thead><tbody>");
    for row in rows {
        text.push_str("<tr>");
        for (number, cell) in row.iter().enumerate() {
            let (open, close) = if number == 0 { ("<th scope=\"row\">", "</th>") } else { ("<td>", "</td>") };
            let _ = write!(text, "{open}{}{close}", escaped(cell));
        }
        text.push_str("</tr>");
    }
    text + "</tbody></table></div>"
}

pub(super) fn page(report: &Report) -> String {
    let mut body = String::new();
    if report.layers.len() > 1 {
        body.push_str("<section><h2>From left to right</h2><ol class=\"layers\">");
        let first = report.first_wrong().map(|first| &first.name);
        for layer in &report.layers {
            let mark = if first == Some(&layer.name) { "<em>the first wrong one</em>" } else { "" };
            let _ = write!(
                body,
                "<li class=\"{}\"><b>{} {}</b><small>{} {:?}</small>{mark}</li>",
                class(layer.verdict),
                layer.verdict.mark(),
                escaped(&layer.name),
                escaped(&layer.kind),
                layer.output
            );
        }
        body.push_str("</ol></section>");
    }
    report.findings.iter().for_each(|found| finding(&mut body, found));
    let blocks = report.all_blocks();
    if !blocks.is_empty() {
        let rows = blocks.iter().map(|(name, block)| cells(name, block).to_vec());
        let _ = write!(body, "<section><h2>The gradients</h2>{}</section>", table(COLUMNS, rows));
    }
    let method: Vec<String> =
        report.method.iter().map(|line| format!("<li>{}</li>", escaped(line))).collect();
    let method = method.concat();
    let (subject, mark) = (escaped(&report.subject), Mark::CheckPage.text());
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{mark}\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
        <meta name=\"color-scheme\" content=\"light dark\">\n<title>Gradient check of {subject}</title>\n\
        <style>{STYLE}</style>\n</head>\n<body>\n<header><p>Gradient check</p><h1>{subject}: \
        <span class=\"{}\">{}</span></h1></header>\n<main>{body}</main>\n\
        <footer><ul>{method}</ul><p>Retrograde {}</p></footer>\n</body>\n</html>\n",
        class(report.verdict),
        report.verdict,
        env!("CARGO_PKG_VERSION")
    )
}

fn finding(body: &mut String, finding: &Finding) {
    let colour = match finding.severity {
        Severity::Fault => "wrong",
        Severity::Warning => "open",
        Severity::Remark => "remark",
    };
    let _ = write!(
        body,
        "<section class=\"finding {colour}\"><h2>{}: {} <small>{}</small></h2><p>{}</p>",
        escaped(&finding.location),
        escaped(&finding.title()),
        kind(finding.severity),
        escaped(&finding.sentence)
    );
    if let Some(formulas) = &finding.formulas {
        let _ = write!(
            body,
            "<dl><dt>the code</dt><dd><code>{}</code></dd><dt>right</dt><dd><code>{}</code></dd></dl>",
            escaped(&formulas.code),
            escaped(&formulas.right)
        );
    }
    for evidence in &finding.evidence {
        let _ = write!(body, "<p>{}</p>", escaped(&evidence.statement));
        if let Some(numbers) = &evidence.table {
            let columns = [""].into_iter().chain(numbers.columns.iter().map(String::as_str));
            let row = |(name, values): &(String, Vec<f64>)| {
                [name.clone()].into_iter().chain(values.iter().map(|&value| number(value))).collect()
            };
            body.push_str(&table(columns, numbers.rows.iter().map(row)));
        }
    }
    if let Some(help) = &finding.help {
        let _ = write!(body, "<h3>Help</h3><pre><code>{}</code></pre>", escaped(help));
    }
    if let Some(consequence) = &finding.consequence {
        let _ = write!(body, "<h3>In training</h3><p>{}</p>", escaped(consequence));
    }
    body.push_str("</section>");
}

//! A report for the terminal.

use std::fmt;

use super::{Comparison, Finding, Report, Severity, Table};

/// How wide a line of prose is: that of a terminal as it opens.
const WIDTH: usize = 80;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.subject, self.verdict)?;
        if self.layers.len() > 1 {
            writeln!(f, "\n{}", row_of_layers(self))?;
        }
        for finding in &self.findings {
            writeln!(f)?;
            write_finding(f, finding)?;
        }
        let parts: Vec<(&str, &Comparison)> = if self.blocks.is_empty() {
            let all = self.layers.iter();
            all.flat_map(|layer| layer.blocks.iter().map(|block| (layer.name.as_str(), block))).collect()
        } else {
            self.blocks.iter().map(|block| ("", block)).collect()
        };
        if !parts.is_empty() {
            writeln!(f)?;
            write_blocks(f, &parts)?;
        }
        if !self.method.is_empty() {
            writeln!(f)?;
            for line in &self.method {
                write_wrapped(f, line, "  ", "  ")?;
            }
        }
        Ok(())
    }
}

/// `affine1 ✓ → relu1 ✓ → loss ✗`, in as many lines as it takes, with a mark below the first wrong one.
fn row_of_layers(report: &Report) -> String {
    let mut lines = vec![String::from("  ")];
    let mut mark = None;
    for (at, layer) in report.layers.iter().enumerate() {
        let arrow = if at == 0 { "" } else { "→ " };
        let part = format!("{arrow}{} {}", layer.name, layer.verdict.mark());
        let width = |line: &String| line.chars().count();
        let line = lines.len() - 1;
        if at > 0 && width(&lines[line]) + 1 + part.chars().count() > WIDTH {
            lines.push(String::from("  "));
        } else if at > 0 {
            lines[line].push(' ');
        }
        let line = lines.len() - 1;
        lines[line].push_str(&part);
        if layer.verdict.is_wrong() && mark.is_none() {
            mark = Some((line, width(&lines[line]) - 1));
        }
    }
    if let Some((line, column)) = mark {
        // To the left of the mark where the words would not fit to its right.
        let words = "the first wrong one";
        let note = if column + 2 + words.len() <= WIDTH {
            format!("{}↑ {words}", " ".repeat(column))
        } else {
            format!("{}{words} ↑", " ".repeat(column - words.len() - 1))
        };
        lines.insert(line + 1, note);
    }
    lines.join("\n")
}

fn write_finding(f: &mut fmt::Formatter<'_>, finding: &Finding) -> fmt::Result {
    let kind = match finding.severity {
        Severity::Fault => "✗",
        Severity::Warning => "!",
        Severity::Remark => "·",
    };
    let blocks: Vec<String> = finding.blocks.iter().map(|block| format!("d{block}")).collect();
    let place = if blocks.is_empty() { String::new() } else { format!(", {}", blocks.join(", ")) };
    writeln!(f, "{kind} {}{place}: {}", finding.location, finding.title())?;
    write_wrapped(f, &finding.sentence, "    ", "    ")?;
    if let Some(formulas) = &finding.formulas {
        write_wrapped(f, &formulas.code, "    the code   ", "               ")?;
        write_wrapped(f, &formulas.right, "    right      ", "               ")?;
    }
    for evidence in &finding.evidence {
        write_wrapped(f, &evidence.statement, "    ", "    ")?;
        if let Some(table) = &evidence.table {
            write_table(f, table)?;
        }
    }
    if let Some(help) = &finding.help {
        write_wrapped(f, help, "    help       ", "               ")?;
    }
    if let Some(consequence) = &finding.consequence {
        write_wrapped(f, consequence, "    training   ", "               ")?;
    }
    Ok(())
}

/// A number in twelve places.
fn number(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 {
        "0".into()
    } else if (1e-4..1e6).contains(&size) {
        format!("{value:.8}")
    } else {
        format!("{value:.5e}")
    }
}

fn write_table(f: &mut fmt::Formatter<'_>, table: &Table) -> fmt::Result {
    let label = table.rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    write!(f, "      {:label$}", "")?;
    for column in &table.columns {
        write!(f, "  {column:>15}")?;
    }
    writeln!(f)?;
    for (name, values) in &table.rows {
        write!(f, "      {name:label$}")?;
        for value in values {
            write!(f, "  {:>15}", number(*value))?;
        }
        writeln!(f)?;
    }
    Ok(())
}

fn write_blocks(f: &mut fmt::Formatter<'_>, parts: &[(&str, &Comparison)]) -> fmt::Result {
    let name = |(layer, block): &(&str, &Comparison)| {
        if layer.is_empty() { block.block.clone() } else { format!("{layer}.{}", block.block) }
    };
    let wide = parts.iter().map(|part| name(part).chars().count()).max().unwrap_or(0).max(8);
    writeln!(
        f,
        "  {:wide$} {:>11} {:>7} {:>7} {:>8} {:>6} {:>6}  verdict",
        "gradient", "compared", "largest", "median", "mean |Δ|", "cosine", "ratio"
    )?;
    for part in parts {
        let block = part.1;
        let all: usize = block.shape.iter().product();
        writeln!(
            f,
            "  {:wide$} {:>11} {:>7.1e} {:>7.1e} {:>8} {:>6.3} {:>6.3}  {}",
            name(part),
            if block.compared == all { format!("all {all}") } else { format!("{} of {all}", block.compared) },
            block.largest,
            block.median,
            number_short(block.mean_difference),
            block.cosine,
            block.ratio,
            block.verdict
        )?;
    }
    write_wrapped(
        f,
        "largest, median: relative error of an element; mean |Δ|: mean distance; cosine: of the angle between the gradient and the differences; ratio: of their lengths",
        "  ",
        "  ",
    )
}

fn number_short(value: f64) -> String {
    if value >= 1e-3 { format!("{value:.4}") } else { format!("{value:.2e}") }
}

/// Prose in lines of at most [`WIDTH`] characters.
fn write_wrapped(f: &mut fmt::Formatter<'_>, text: &str, first: &str, next: &str) -> fmt::Result {
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(f, "{line}")?;
            next.clone_into(&mut line);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(f, "{line}")
}

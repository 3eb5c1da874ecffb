//! The figure with the chain rule and its numbers for each operation.

use super::steps::{Share, Step, meeting, step};
use super::summary::exact;
use super::text::{Ink, Style, label};
use super::trace::{Trace, TracedNode};
use retrograde_base::text_width::{columns, padded};
use std::fmt;

/// A printable explanation of a trace, created by [`Explain::explain`](crate::Explain::explain).
#[derive(Debug, Clone)]
pub struct Explanation {
    trace: Trace,
    style: Style,
}

impl Explanation {
    /// The explanation of this trace, in 100 columns without color.
    pub fn new(trace: Trace) -> Self {
        Explanation { trace, style: Style::default() }
    }

    /// Sets the style.
    pub fn styled(self, style: Style) -> Self {
        Explanation { style, ..self }
    }

    /// The trace.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (color, of) = (self.style.color, label(self.trace.output()));
        let encode = |text: &str| self.style.encode(text);
        writeln!(
            f,
            "Above each line: {} Below: {}",
            Ink::Value.write(&encode("the value, forward →."), color),
            Ink::Gradient.write(&encode(&format!("the gradient of {of}, backward ←.")), color),
        )?;
        write!(f, "\n{}", self.trace.text(self.style))?;
        let lines = lines(&self.trace);
        if !lines.is_empty() {
            writeln!(f, "\nThe chain rule from right to left; g is the upstream gradient:\n")?;
        }
        lines.iter().try_for_each(|line| line.write(f, self.style))
    }
}

/// One operation on scalars in the backward pass.
struct Line {
    /// `price = apple_price × tax`.
    forward: String,
    /// The upstream gradient: `1.1`, or `1 + 2 = 3` where paths meet.
    upstream: String,
    /// The gradient of each operand.
    contributions: Vec<ContributionLine>,
}

/// An operand, its rule in symbols and in numbers, and the result.
type ContributionLine = (String, Option<(String, String)>, String);

impl Line {
    fn write(&self, f: &mut fmt::Formatter<'_>, style: Style) -> fmt::Result {
        let encode = |text: &str| style.encode(text);
        let gradient = |text: &str| Ink::Gradient.write(&encode(text), style.color);
        let forward = Ink::Name.write(&encode(&self.forward), style.color);
        writeln!(f, "  {forward}    {}", gradient(&format!("g = {}", self.upstream)))?;
        let widest =
            |texts: &mut dyn Iterator<Item = &String>| texts.map(|text| columns(text)).max().unwrap_or(0);
        let operands = widest(&mut self.contributions.iter().map(|(operand, ..)| operand));
        let rules = widest(&mut self.contributions.iter().filter_map(|(_, rule, _)| Some(&rule.as_ref()?.0)));
        for (operand, rule, result) in &self.contributions {
            write!(f, "      {} = ", encode(&padded(&format!("∂{operand}"), operands + 1)))?;
            if let Some((rule, numbers)) = rule {
                write!(f, "{}", encode(&format!("{} = ", padded(rule, rules))))?;
                if numbers != result {
                    write!(f, "{} = ", encode(numbers))?;
                }
            }
            writeln!(f, "{}", gradient(result))?;
        }
        Ok(())
    }
}

/// The backward steps of all operations on scalars, last operation first.
fn lines(trace: &Trace) -> Vec<Line> {
    trace.nodes().iter().rev().filter_map(|node| line(trace, node)).collect()
}

fn line(trace: &Trace, node: &TracedNode) -> Option<Line> {
    let is_scalar = |edge: &usize| trace.nodes()[trace.edges()[*edge].from].value.scalar().is_some();
    node.value.scalar().filter(|_| node.inputs.iter().all(is_scalar))?;
    let upstream = exact(node.gradient.as_ref()?.scalar().ok()?);
    let upstream = meeting(trace, node)
        .map_or(upstream.clone(), |contributions| format!("{contributions} = {upstream}"));
    let Step { formula, shares: contributions, .. } = step(trace, node)?;
    let contribution = |contribution: Share| {
        let result = exact(trace.edges()[contribution.edge].gradient.as_ref()?.scalar().ok()?);
        let rule = contribution.rule.zip(contribution.numbers.map(|arithmetic| arithmetic.numbers));
        Some((contribution.operand, rule, result))
    };
    let contributions: Vec<_> = contributions.into_iter().filter_map(contribution).collect();
    let forward = format!("{} = {formula}", label(node));
    (!contributions.is_empty()).then_some(Line { forward, upstream, contributions })
}

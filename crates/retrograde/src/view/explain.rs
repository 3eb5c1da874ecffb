//! The figure, and below it each operation's chain rule with its numbers.

use super::letters::{columns, padded};
use super::summary::exact;
use super::text::{Ink, Style, label};
use super::trace::{Trace, TracedNode, What};
use std::fmt;

/// A trace explained: print it. Made by [`Var::explain`](crate::Var::explain).
#[derive(Debug, Clone)]
pub struct Explanation {
    trace: Trace,
    style: Style,
}

impl Explanation {
    /// Of this trace, in 100 columns without colour.
    pub fn new(trace: Trace) -> Self {
        Explanation { trace, style: Style::default() }
    }

    /// In another style.
    pub fn styled(self, style: Style) -> Self {
        Explanation { style, ..self }
    }

    /// The numbers behind it.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (colour, of) = (self.style.colour, label(self.trace.output()));
        let letters = |text: &str| self.style.letters(text);
        writeln!(
            f,
            "Above each line: {} Below: {}",
            Ink::Value.write(&letters("the value, forward →."), colour),
            Ink::Gradient.write(&letters(&format!("the gradient of {of}, backward ←.")), colour),
        )?;
        write!(f, "\n{}", self.trace.text(self.style))?;
        let steps = steps(&self.trace);
        if !steps.is_empty() {
            writeln!(f, "\nThe chain rule from right to left; g is the upstream gradient:\n")?;
        }
        steps.iter().try_for_each(|step| step.write(f, self.style))
    }
}

/// One operation on scalars, on the way back.
struct Step {
    /// `price = apple_price × tax`.
    forward: String,
    /// What arrived: `1.1`, or `1 + 2 = 3` where paths meet.
    upstream: String,
    /// What goes on to each operand: its label, the rule, and the result.
    shares: Vec<Share>,
}

struct Share {
    operand: String,
    /// `g × tax`, then the same in numbers.
    rule: Option<(String, String)>,
    result: String,
}

impl Step {
    fn write(&self, f: &mut fmt::Formatter<'_>, style: Style) -> fmt::Result {
        let letters = |text: &str| style.letters(text);
        let gradient = |text: &str| Ink::Gradient.write(&letters(text), style.colour);
        let forward = Ink::Name.write(&letters(&self.forward), style.colour);
        writeln!(f, "  {forward}    {}", gradient(&format!("g = {}", self.upstream)))?;
        let widest = |part: &dyn Fn(&Share) -> String| {
            self.shares.iter().map(|share| columns(&part(share))).max().unwrap_or(0)
        };
        let operands = widest(&|share| share.operand.clone());
        let rules = widest(&|share| share.rule.as_ref().map_or(String::new(), |(rule, _)| rule.clone()));
        for Share { operand, rule, result } in &self.shares {
            write!(f, "      {} = ", letters(&padded(&format!("∂{operand}"), operands + 1)))?;
            if let Some((rule, numbers)) = rule {
                write!(f, "{}", letters(&format!("{} = ", padded(rule, rules))))?;
                if numbers != result {
                    write!(f, "{} = ", letters(numbers))?;
                }
            }
            writeln!(f, "{}", gradient(result))?;
        }
        Ok(())
    }
}

/// The steps back through all operations on scalars, last operation first.
fn steps(trace: &Trace) -> Vec<Step> {
    trace.nodes().iter().rev().filter_map(|node| step(trace, node)).collect()
}

fn step(trace: &Trace, node: &TracedNode) -> Option<Step> {
    let What::Operation { name, entry, .. } = &node.what else {
        return None;
    };
    let operands: Vec<&TracedNode> =
        node.inputs.iter().map(|&edge| &trace.nodes()[trace.edges()[edge].from]).collect();
    let numbers: Vec<f64> = operands.iter().map(|operand| operand.value.scalar()).collect::<Option<_>>()?;
    let value = node.value.scalar()?;
    let upstream = node.gradient.as_ref()?.scalar().ok()?;
    let names: Vec<String> = operands.iter().map(|operand| label(operand)).collect();
    let in_names = |letter: char| match letter {
        'g' => Some("g".to_string()),
        'y' => Some(label(node)),
        _ => operand_of(letter, names.len()).map(|operand| names[operand].clone()),
    };
    let in_numbers = |letter: char| {
        let number = match letter {
            'g' => upstream,
            'y' => value,
            _ => numbers[operand_of(letter, numbers.len())?],
        };
        Some(in_parentheses(number))
    };
    let formula = entry.and_then(|entry| substituted(entry.formula.strip_prefix("y = ")?, &in_names));
    let formula = formula.unwrap_or_else(|| format!("{name}({})", names.join(", ")));
    let mut shares = Vec::new();
    for (input, &edge) in node.inputs.iter().enumerate() {
        let Some(share) = &trace.edges()[edge].gradient else {
            continue;
        };
        let rule = entry.and_then(|entry| rule(entry.derivative, input, names.len()));
        let rule =
            rule.and_then(|rule| Some((substituted(rule, &in_names)?, substituted(rule, &in_numbers)?)));
        let result = exact(share.scalar().ok()?);
        shares.push(Share { operand: names[input].clone(), rule, result });
    }
    let forward = format!("{} = {formula}", label(node));
    (!shares.is_empty()).then(|| Step { forward, upstream: meeting(trace, node, upstream), shares })
}

/// The upstream gradient, with the shares it is the sum of where paths meet.
fn meeting(trace: &Trace, node: &TracedNode, upstream: f64) -> String {
    let shares = node.outputs.iter().rev().filter_map(|&edge| trace.edges()[edge].gradient.as_ref());
    let shares: Vec<String> = shares.filter_map(|share| share.scalar().ok()).map(in_parentheses).collect();
    if shares.len() < 2 { exact(upstream) } else { format!("{} = {}", shares.join(" + "), exact(upstream)) }
}

/// A number as a part of a larger expression.
fn in_parentheses(number: f64) -> String {
    let text = exact(number);
    if text.starts_with('-') { format!("({text})") } else { text }
}

/// Which operand a letter of a formula stands for: `x` for an only one, else `a`, `b`, ….
fn operand_of(letter: char, operands: usize) -> Option<usize> {
    let operand = match letter {
        'x' if operands == 1 => 0,
        'a'..='f' if operands > 1 => letter as usize - 'a' as usize,
        _ => return None,
    };
    (operand < operands).then_some(operand)
}

/// The right-hand side of `da = …` in a list such as `da = g * b, db = g * a`.
fn rule(derivative: &'static str, input: usize, operands: usize) -> Option<&'static str> {
    derivative.split(", ").find_map(|part| {
        let (letter, rule) = part.strip_prefix('d')?.split_once(" = ")?;
        let mut letters = letter.chars();
        let operand = operand_of(letters.next()?, operands).filter(|_| letters.next().is_none())?;
        (operand == input).then_some(rule)
    })
}

/// A formula with something else for each of its letters; `None` if it is not one of plain numbers.
fn substituted(formula: &str, of: &dyn Fn(char) -> Option<String>) -> Option<String> {
    // Indexed letters and sums are about tensors.
    if formula.contains(['[', '{']) || formula.contains("sum") || formula.contains(" in ") {
        return None;
    }
    let mut text = String::new();
    let mut word = String::new();
    for letter in formula.chars().chain([' ']) {
        if letter.is_alphanumeric() || letter == '_' {
            word.push(letter);
            continue;
        }
        let mut letters = word.chars();
        let replacement = letters.next().filter(|_| letters.next().is_none()).and_then(of);
        text.push_str(&replacement.unwrap_or_else(|| word.clone()));
        word.clear();
        text.push(if letter == '*' { '×' } else { letter });
    }
    text.pop();
    Some(text)
}

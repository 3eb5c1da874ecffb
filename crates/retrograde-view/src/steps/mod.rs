//! The arithmetic of each node, forward and backward: its formula with names, and the same with numbers.
//!
//! Formulas are those of the list of operations, whose letters are replaced. Of tensors one element is calculated: the
//! largest of the result. Where its formula says how an element comes about, the formula's numbers are told
//! (`arithmetic`). Where it does not, the operation's own slopes do (`slopes`): backward it is the chain rule itself,
//! upstream × local; forward it holds for all that is copied, summed or averaged.

mod arithmetic;
mod expression;
mod formula;
mod slopes;

use super::summary::exact;
use super::text::label;
use super::trace::{NodeKind, Trace, TracedNode, Value};
use arithmetic::{by_formula, by_slopes_back, by_slopes_forth};
use expression::Written;
use formula::{operand_of, rule, substituted};
use retrograde_core::graph::Tensor;
use serde::Serialize;
use slopes::Alone;
use std::cell::OnceCell;

/// One operation: what it computes, and what it hands back.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    /// `apple_price × tax`.
    pub(super) formula: String,
    pub(super) numbers: Option<Arithmetic>,
    /// What goes on to each operand that has a gradient.
    pub(super) shares: Vec<Share>,
}

/// What goes back to one operand.
#[derive(Debug, Serialize)]
pub(super) struct Share {
    /// The place of its edge in [`Trace::edges`].
    pub(super) edge: usize,
    pub(super) operand: String,
    /// `g × tax`.
    pub(super) rule: Option<String>,
    pub(super) numbers: Option<Arithmetic>,
}

/// A calculation with its result, of one element where there are several.
#[derive(Debug, Serialize)]
pub(super) struct Arithmetic {
    /// `[0, 3]`; nothing for the only one.
    pub(super) element: Option<String>,
    /// `1 × 1.1`.
    pub(super) numbers: String,
    /// `1.1`.
    pub(super) result: String,
    /// Whether its numbers are rounded, as those of tensors are.
    pub(super) is_rough: bool,
}

/// What the letters of a node's formulas stand for.
struct Letters<'a> {
    node: &'a TracedNode,
    operands: Vec<&'a TracedNode>,
    /// A number among the operation's attributes: an axis.
    attribute: Option<f64>,
}

impl<'a> Letters<'a> {
    fn operand(&self, letter: char) -> Option<&'a TracedNode> {
        self.operands.get(operand_of(letter, self.operands.len())?).copied()
    }

    fn tensor(&self, letter: char) -> Option<&'a Tensor> {
        match letter {
            'g' => self.node.gradient.as_deref(),
            'y' => real(&self.node.value),
            _ => real(&self.operand(letter)?.value),
        }
    }

    fn indices(&self, letter: char) -> Option<&'a [u32]> {
        match &self.operand(letter)?.value {
            Value::Indices(_, indices) => Some(indices),
            Value::Real(_) | Value::Bytes(_) => None,
        }
    }

    fn name(&self, letter: char) -> Option<String> {
        match letter {
            'g' => Some("g".to_string()),
            'y' => Some(label(self.node)),
            _ => self.operand(letter).map(label),
        }
    }
}

/// The step of a node; `None` of a given value.
pub(super) fn step(trace: &Trace, node: &TracedNode) -> Option<Step> {
    let NodeKind::Operation { name, entry, attributes } = &node.what else {
        return None;
    };
    let operands: Vec<&TracedNode> =
        node.inputs.iter().map(|&edge| &trace.nodes()[trace.edges()[edge].from]).collect();
    let names: Vec<String> = operands.iter().map(|operand| label(operand)).collect();
    let attribute = attributes.split(' ').next_back().and_then(|word| word.parse().ok());
    let letters = Letters { node, operands, attribute };
    let in_names = |letter: char| letters.name(letter);
    // Only made when a formula does not tell.
    let alone = OnceCell::new();
    let alone = || alone.get_or_init(|| Alone::new(trace, node)).as_ref();
    let written = Written::of(&letters);
    let own = entry.and_then(|entry| entry.formula.split_once(" = ")).map(|(_, formula)| formula);
    let numbers = real(&node.value).and_then(|value| match &written {
        Some(written) => written.numbers(&letters),
        None => own
            .and_then(|formula| by_formula(formula, value, &letters))
            .or_else(|| by_slopes_forth(value, &letters, alone()?)),
    });
    let mut shares = Vec::new();
    for (input, &edge) in node.inputs.iter().enumerate() {
        let Some(share) = &trace.edges()[edge].gradient else {
            continue;
        };
        let mut rule_in_names = None;
        let mut numbers = None;
        if let Some(written) = &written {
            (rule_in_names, numbers) = written.rule(input, share, &letters).unzip();
        } else if let Some(rule) = entry.and_then(|entry| rule(entry.derivative, input, names.len())) {
            (rule_in_names, numbers) = (substituted(rule, &in_names), by_formula(rule, share, &letters));
        }
        shares.push(Share {
            edge,
            operand: names[input].clone(),
            rule: rule_in_names,
            numbers: numbers.or_else(|| by_slopes_back(share, node.gradient.as_deref()?, input, alone()?)),
        });
    }
    let call = || format!("{name}({})", names.join(", "));
    let formula = match &written {
        Some(written) => written.formula(&letters),
        None => own.and_then(|formula| substituted(formula, &in_names)).unwrap_or_else(call),
    };
    Some(Step { formula, numbers, shares })
}

/// The shares of a number's gradient, `1 + (-2)`, where paths meet.
pub(super) fn meeting(trace: &Trace, node: &TracedNode) -> Option<String> {
    let shares = node.outputs.iter().rev().filter_map(|&edge| trace.edges()[edge].gradient.as_ref());
    let shares: Vec<&Tensor> = shares.map(|share| &**share).collect();
    let numbers: Option<Vec<String>> =
        shares.iter().map(|share| share.scalar().ok().map(in_parentheses)).collect();
    numbers.filter(|numbers| numbers.len() > 1).map(|numbers| numbers.join(" + "))
}

fn real(value: &Value) -> Option<&Tensor> {
    if let Value::Real(tensor) = value { Some(tensor) } else { None }
}

/// A number as a part of a larger expression.
fn in_parentheses(number: f64) -> String {
    parenthesised(exact(number))
}

fn parenthesised(text: String) -> String {
    if text.starts_with('-') { format!("({text})") } else { text }
}

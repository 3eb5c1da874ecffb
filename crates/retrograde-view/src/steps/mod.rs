//! The arithmetic of each node, forward and backward: its formula with names, and the same with numbers.
//!
//! Of a tensor the largest element is calculated. An elementwise operation is its expression (`formula`). Of another one the
//! recorded graph is the formula: that of its decomposition, of its vector-Jacobian product, or its own slopes (`recorded`).

mod formula;
mod recorded;

use super::summary::exact;
use super::text::label;
use super::trace::{NodeKind, Trace, TracedNode, Value};
use formula::{Formula, Operand, largest};
use recorded::Isolated;
use retrograde_core::graph::Tensor;
use retrograde_core::kernel::{Expr, Form};
use serde::Serialize;
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

/// The step of a node; `None` of a given value.
pub(super) fn step(trace: &Trace, node: &TracedNode) -> Option<Step> {
    let NodeKind::Operation { name, .. } = &node.what else {
        return None;
    };
    let operands: Vec<&TracedNode> =
        node.inputs.iter().map(|&edge| &trace.nodes()[trace.edges()[edge].from]).collect();
    let is_rough =
        operands.iter().any(|operand| operand.value.shape().rank() > 0) || node.value.shape().rank() > 0;
    let value = real(&node.value);
    let expr = node.node.form().and_then(Form::expr);
    let isolated = OnceCell::new();
    let isolated = || isolated.get_or_init(|| Isolated::new(trace, node)).as_ref();
    // The inputs of the derivative of an expression are followed by the upstream gradient and the value.
    let rules = expr.map(|expr| {
        let inputs = expr.inputs();
        expr.vjp(&Expr::input(inputs), Some(&Expr::input(inputs + 1)))
    });
    let explained = |expr: &Expr, result: &Tensor| {
        let reads = |operand: usize| match operand.checked_sub(operands.len()) {
            None => (label(operands[operand]), real(&operands[operand].value)),
            Some(0) => ("g".to_owned(), node.gradient.as_deref()),
            Some(_) => (label(node), value),
        };
        let of = |operand: &dyn Fn(usize) -> Operand| {
            Formula::joined(expr, (0..expr.inputs()).map(|input| Formula::of(operand(input))).collect())
        };
        let names = of(&|input| Operand::Tensor(reads(input).0)).in_names();
        let numbers = largest(result.values()).and_then(|element| {
            let number = |input| reads(input).1.map_or(f64::NAN, |tensor| tensor.values()[element]);
            of(&|input| Operand::Number(number(input), None)).in_numbers(result, element, is_rough)
        });
        (names, numbers)
    };
    let recorded = |recorded: recorded::Recorded, result: &Tensor| {
        let element = largest(result.values());
        let numbers = element.and_then(|at| match recorded.element(at) {
            Some(formula) => formula.in_numbers(result, at, is_rough),
            None => recorded.call(result, at),
        });
        (recorded.in_names(), numbers)
    };
    let contribution = |input: usize, result: &Tensor| {
        let rule = rules.as_ref().and_then(|rules| rules.get(input)?.as_ref());
        // At a point where the operation has another derivative than its expression, its own is shown.
        let explained = rule.map(|rule| explained(rule, result)).filter(|(_, numbers)| numbers.is_some());
        explained.or_else(|| Some(recorded(isolated()?.contribution(input, label(node))?, result)))
    };
    let explained_value = match expr {
        Some(expr) => value.map(|value| explained(expr, value)),
        None => value.and_then(|value| Some(recorded(isolated()?.result().ok()?, value))),
    };
    let (formula, numbers) = explained_value.unwrap_or_else(|| {
        let names: Vec<String> = operands.iter().map(|operand| label(operand)).collect();
        (format!("{name}({})", names.join(", ")), None)
    });
    let shares = node.inputs.iter().enumerate().filter_map(|(input, &edge)| {
        let result = trace.edges()[edge].gradient.as_deref()?;
        let (rule, numbers) = contribution(input, result).unzip();
        Some(Share { edge, operand: label(operands[input]), rule, numbers: numbers.flatten() })
    });
    Some(Step { formula, numbers, shares: shares.collect() })
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
    let text = exact(number);
    if text.starts_with('-') { format!("({text})") } else { text }
}

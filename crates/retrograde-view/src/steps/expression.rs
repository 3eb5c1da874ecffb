//! The arithmetic of an elementwise operation: its expression, with names and with the numbers of one element.

use super::arithmetic::{largest, place};
use super::{Arithmetic, Letters, real};
use crate::summary::{exact, rough};
use crate::text::label;
use retrograde_core::graph::Tensor;
use retrograde_core::kernel::{Expr, Form, FormulaStyle};

/// The expression of a node, and the rule for the gradient of each input: of the inputs, of the upstream gradient behind
/// them, and of the node's own value behind that.
pub(super) struct Written {
    value: Expr,
    rules: Vec<Option<Expr>>,
}

impl Written {
    /// `None` of what is not elementwise.
    pub(super) fn of(letters: &Letters<'_>) -> Option<Self> {
        let Some(Form::Elementwise(value)) = letters.node.node.form() else {
            return None;
        };
        let inputs = value.inputs();
        let rules = value.vjp(&Expr::input(inputs), Some(&Expr::input(inputs + 1)));
        Some(Written { value: value.clone(), rules })
    }

    /// `x × tax`.
    pub(super) fn formula(&self, letters: &Letters<'_>) -> String {
        in_names(&self.value, letters)
    }

    /// The same with numbers.
    pub(super) fn numbers(&self, letters: &Letters<'_>) -> Option<Arithmetic> {
        in_numbers(&self.value, real(&letters.node.value)?, letters)
    }

    /// The rule for the gradient of an input, with names and with numbers, if it leads to this gradient.
    pub(super) fn rule(
        &self,
        input: usize,
        gradient: &Tensor,
        letters: &Letters<'_>,
    ) -> Option<(String, Arithmetic)> {
        let rule = self.rules.get(input)?.as_ref()?;
        Some((in_names(rule, letters), in_numbers(rule, gradient, letters)?))
    }
}

/// The tensor that an input of an expression stands for.
fn tensor<'a>(letters: &Letters<'a>, input: usize) -> Option<&'a Tensor> {
    match input.checked_sub(letters.operands.len()) {
        None => real(&letters.operands[input].value),
        Some(0) => letters.node.gradient.as_deref(),
        Some(_) => real(&letters.node.value),
    }
}

/// A constant, as numbers are written here.
fn constant(number: f64, write: &dyn Fn(f64) -> String) -> String {
    if number.is_nan() { "undefined".to_owned() } else { write(number) }
}

fn in_names(expr: &Expr, letters: &Letters<'_>) -> String {
    let name = |input: usize| match input.checked_sub(letters.operands.len()) {
        None => label(letters.operands[input]),
        Some(0) => "g".to_owned(),
        Some(_) => label(letters.node),
    };
    expr.formula(&FormulaStyle { input: &name, constant: &|number| constant(number, &exact), times: "×" })
}

/// The calculation of the largest element of `result`, if that is what the expression makes of the numbers there.
fn in_numbers(expr: &Expr, result: &Tensor, letters: &Letters<'_>) -> Option<Arithmetic> {
    let element = largest(result.values())?;
    let count = letters.operands.len() + 2;
    let numbers: Vec<f64> = (0..count)
        .map(|input| tensor(letters, input).and_then(|tensor| tensor.values().get(element)).copied())
        .map(|number| number.unwrap_or(f64::NAN))
        .collect();
    let (made, expected) = (expr.evaluate(&numbers), result.values()[element]);
    if (made - expected).abs() > 1e-9 * (made.abs() + expected.abs()) {
        return None;
    }
    let is_rough = result.shape().rank() > 0;
    let write = |number: f64| if is_rough { rough(number) } else { exact(number) };
    let input = |input: usize| write(numbers[input]);
    Some(Arithmetic {
        element: is_rough.then(|| place(result, element)),
        numbers: expr.formula(&FormulaStyle {
            input: &input,
            constant: &|number| constant(number, &write),
            times: "×",
        }),
        result: write(expected),
        is_rough,
    })
}

//! A formula of single numbers or of whole tensors: an expression, and what its inputs are.

use super::Arithmetic;
use crate::summary::{exact, rough};
use retrograde_core::graph::Tensor;
use retrograde_core::kernel::{Expr, FormulaStyle, Node};

/// An expression, and what its inputs stand for.
#[derive(Debug, Clone)]
pub(super) struct Formula {
    expr: Expr,
    operands: Vec<Operand>,
    /// The sum of the sizes of the terms of its sums: rounding is relative to it.
    size: f64,
}

/// What an input of a formula stands for.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// A whole tensor, by its name.
    Tensor(String),
    /// One number; as an element of a tensor it has a name.
    Number(f64, Option<String>),
    /// The result of an operation of which nothing else is known.
    Unexplained(f64),
    /// The sum of this many terms that are not written out.
    Rest(f64, usize),
}

/// How many terms of a sum are written out.
const TERMS: usize = 3;

impl Formula {
    /// One operand and nothing else.
    pub(super) fn of(operand: Operand) -> Self {
        Formula { expr: Expr::input(0), operands: vec![operand], size: 0.0 }
    }

    /// An expression of these formulas.
    pub(super) fn joined(expr: &Expr, parts: Vec<Formula>) -> Self {
        let (mut inputs, mut operands, mut size) = (Vec::new(), Vec::new(), 0.0_f64);
        for part in parts {
            let first = operands.len();
            inputs.push(part.expr.substitute(|input| Expr::input(first + input)));
            operands.extend(part.operands);
            size = size.max(part.size);
        }
        Formula { expr: expr.substitute(|input| inputs[input].clone()), operands, size }
    }

    /// The sum of terms, each a number (as a formula) times a factor. Terms that are zero are left out.
    pub(super) fn sum(terms: &[Term], write: impl Fn(&Term) -> Formula) -> Self {
        let product = |term: &Term| term.number * term.slope;
        let mut shown: Vec<&Term> = terms.iter().filter(|term| product(term) != 0.0).collect();
        if shown.is_empty() {
            // A sum of zeros is one of them.
            shown.extend(terms.first());
        }
        let rest = shown.split_off(shown.len().min(TERMS));
        let mut parts: Vec<Formula> = shown
            .iter()
            .map(|term| match (write(term), term.slope) {
                (number, 1.0) => number,
                (number, slope) => {
                    let slope = Formula::of(Operand::Number(slope, None));
                    Formula::joined(&(Expr::input(0) * Expr::input(1)), vec![number, slope])
                }
            })
            .collect();
        if !rest.is_empty() {
            let total = rest.iter().map(|term| product(term)).sum();
            parts.push(Formula::of(Operand::Rest(total, rest.len())));
        }
        let sum = (0..parts.len()).map(Expr::input).reduce(|sum, term| sum + term);
        let sum = Formula::joined(&sum.unwrap_or_else(|| 0.0.into()), parts);
        Formula { size: terms.iter().map(|term| product(term).abs()).sum(), ..sum }
    }

    /// The text with names.
    pub(super) fn in_names(&self) -> String {
        self.written(&exact)
    }

    /// The calculation of an element, if that is what the formula makes of the numbers there.
    pub(super) fn in_numbers(&self, result: &Tensor, element: usize, is_rough: bool) -> Option<Arithmetic> {
        let numbers: Vec<f64> = self.operands.iter().map(Operand::value).collect();
        let (made, expected) = (self.expr.evaluate(&numbers), result.values()[element]);
        // Large numbers that cancel leave their rounding.
        let largest = numbers.iter().fold(0.0_f64, |largest, number| largest.max(number.abs()));
        if (made - expected).abs() > 1e-9 * (made.abs() + expected.abs() + self.size) + 1e-14 * largest {
            return None;
        }
        let write = |number: f64| if is_rough { rough(number) } else { exact(number) };
        let numbers = match (self.expr.nodes(), &self.operands[..]) {
            // A number that is only passed on is shown by its name.
            ([Node::Input(_)], [Operand::Number(_, Some(name))]) => name.clone(),
            _ => self.written(&write),
        };
        let element = (result.shape().rank() > 0).then(|| place(result, element));
        Some(Arithmetic { element, numbers, result: write(expected), is_rough })
    }

    /// Whether there is more to show than a number.
    pub(super) fn is_explained(&self) -> bool {
        !matches!((self.expr.nodes(), &self.operands[..]), ([Node::Input(_)], [Operand::Unexplained(_)]))
    }

    fn written(&self, write: &dyn Fn(f64) -> String) -> String {
        let input = |input: usize| match &self.operands[input] {
            Operand::Tensor(name) => name.clone(),
            Operand::Number(number, _) | Operand::Unexplained(number) => write(*number),
            Operand::Rest(_, count) => format!("… ({count})"),
        };
        let constant = |number: f64| if number.is_nan() { "undefined".to_owned() } else { write(number) };
        self.expr.formula(&FormulaStyle { input: &input, constant: &constant, times: "×", compact: false })
    }
}

impl Operand {
    fn value(&self) -> f64 {
        match self {
            Operand::Tensor(_) => f64::NAN,
            Operand::Number(number, _) | Operand::Unexplained(number) | Operand::Rest(number, _) => *number,
        }
    }
}

/// A term of a sum: an element of an input, times a slope.
#[derive(Debug, Clone, Copy)]
pub(super) struct Term {
    /// The input.
    pub(super) input: usize,
    /// The element.
    pub(super) element: usize,
    /// Its value.
    pub(super) number: f64,
    /// The factor.
    pub(super) slope: f64,
}

impl Term {
    /// Whether terms sum to a number, up to rounding.
    pub(super) fn sum_to(terms: &[Term], sum: f64) -> bool {
        let products = terms.iter().map(|term| term.number * term.slope);
        let (total, size) = products.fold((0.0, 0.0), |(total, size), x: f64| (total + x, size + x.abs()));
        (total - sum).abs() <= 1e-9 * size
    }
}

/// The element with the largest absolute value; one that is not finite is the largest.
pub(super) fn largest(values: &[f64]) -> Option<usize> {
    let size = |&at: &usize| if values[at].is_finite() { values[at].abs() } else { f64::INFINITY };
    // Of equal ones the first.
    (0..values.len()).rev().max_by(|a, b| size(a).total_cmp(&size(b)))
}

/// The indices of an element: `[0, 3]`.
pub(super) fn place(tensor: &Tensor, element: usize) -> String {
    let mut rest = element;
    let mut indices: Vec<usize> = tensor
        .shape()
        .iter()
        .rev()
        .map(|&length| {
            let index = rest % length;
            rest /= length;
            index
        })
        .collect();
    indices.reverse();
    format!("{indices:?}")
}

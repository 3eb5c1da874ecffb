//! The value of an expression for given numbers: the reference that execution is held against.

use super::{Binary, Comparison, Expr, Node, Unary};
use std::f64::consts::FRAC_2_SQRT_PI;

impl Expr {
    /// The value where the inputs have these values, in double precision. An input that is not given is NaN.
    pub fn evaluate(&self, inputs: &[f64]) -> f64 {
        let mut values: Vec<f64> = Vec::with_capacity(self.nodes.len());
        for node in &*self.nodes {
            values.push(match *node {
                Node::Input(index) => inputs.get(index).copied().unwrap_or(f64::NAN),
                Node::Constant(number) => number.value(),
                Node::Unary(function, x) => function.evaluate(values[x]),
                Node::Binary(function, a, b) => function.evaluate(values[a], values[b]),
                Node::Select(comparison, [a, b, then, otherwise]) => {
                    values[if comparison.holds(values[a], values[b]) { then } else { otherwise }]
                }
            });
        }
        values[values.len() - 1]
    }
}

impl Unary {
    /// The value of the function.
    pub(crate) fn evaluate(self, x: f64) -> f64 {
        match self {
            Unary::Negate => -x,
            Unary::Sqrt => x.sqrt(),
            Unary::Abs => x.abs(),
            Unary::Sign if x == 0.0 || x.is_nan() => x,
            Unary::Sign => x.signum(),
            Unary::Exp => x.exp(),
            Unary::Ln => x.ln(),
            // The power never overflows; of NaN it is NaN.
            Unary::Softplus => x.max(0.0) + (-x.abs()).exp().ln_1p(),
            Unary::Erf => erf(x),
            Unary::Sin => x.sin(),
            Unary::Cos => x.cos(),
            Unary::Tanh => x.tanh(),
            // The power never overflows.
            Unary::Sigmoid if x < 0.0 => x.exp() / (1.0 + x.exp()),
            Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
            Unary::Flush if x.abs() < f64::MIN_POSITIVE => 0.0,
            Unary::Flush => x,
        }
    }
}

impl Binary {
    /// The value of the function.
    pub(crate) fn evaluate(self, a: f64, b: f64) -> f64 {
        match self {
            Binary::Add => a + b,
            Binary::Subtract => a - b,
            Binary::Multiply => a * b,
            Binary::Divide => a / b,
            Binary::Minimum if a < b || a.is_nan() => a,
            Binary::Maximum if a > b || a.is_nan() => a,
            Binary::Minimum | Binary::Maximum => b,
            Binary::Power => a.powf(b),
        }
    }
}

impl Comparison {
    /// Whether it holds.
    pub(crate) fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Comparison::Less => a < b,
            Comparison::LessOrEqual => a <= b,
            Comparison::Greater => a > b,
            Comparison::GreaterOrEqual => a >= b,
            Comparison::Equal => a == b,
        }
    }
}

/// The error function: near 0 by its series of positive terms, elsewhere by the continued fraction of its complement (Abramowitz
/// and Stegun, 7.1.6 and 7.1.14).
fn erf(x: f64) -> f64 {
    if x.abs() >= 2.0 {
        let fraction = (1..=60).rev().fold(x.abs(), |rest, k| x.abs() + 0.5 * f64::from(k) / rest);
        return x.signum() * (1.0 - 0.5 * FRAC_2_SQRT_PI * (-x * x).exp() / fraction);
    }
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 0.1 * f64::EPSILON * sum.abs() {
        odd += 2.0;
        term *= 2.0 * x * x / odd;
        sum += term;
    }
    FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

//! Writing expressions as formulas: operators, functions and conditions.

use super::{Binary, Comparison, Expr, Node, Unary};
use std::collections::HashMap;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// From so many nodes on a table finds equal ones faster than a walk over all of them.
const FEW: usize = 32;

/// A list of nodes without duplicates, and where each one is.
#[derive(Default)]
pub(super) struct Builder {
    pub(super) nodes: Vec<Node>,
    places: HashMap<Node, usize>,
}

impl Builder {
    /// The place of a node whose operands are in the list.
    pub(super) fn push(&mut self, node: Node) -> usize {
        let known = if self.nodes.len() < FEW {
            self.nodes.iter().position(|other| *other == node)
        } else {
            if self.places.is_empty() {
                self.places = self.nodes.iter().enumerate().map(|(place, node)| (*node, place)).collect();
            }
            self.places.get(&node).copied()
        };
        known.unwrap_or_else(|| {
            if self.nodes.len() >= FEW {
                self.places.insert(node, self.nodes.len());
            }
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }

    /// The place of an expression's value; its nodes are added where they are missing.
    pub(super) fn include(&mut self, expr: &Expr) -> usize {
        let mut places = Vec::with_capacity(expr.nodes.len());
        for node in &*expr.nodes {
            places.push(self.push(node.mapped(|operand| places[operand])));
        }
        places[places.len() - 1]
    }

    /// The expression whose value is the node at `root`, with the nodes that it needs alone.
    pub(super) fn finish(&self, root: usize) -> Expr {
        let mut needed = vec![false; root + 1];
        needed[root] = true;
        for place in (0..=root).rev() {
            if needed[place] {
                self.nodes[place].operands().for_each(|operand| needed[operand] = true);
            }
        }
        let mut places = vec![0; root + 1];
        let mut nodes = Vec::new();
        for place in (0..=root).filter(|&place| needed[place]) {
            places[place] = nodes.len();
            nodes.push(self.nodes[place].mapped(|operand| places[operand]));
        }
        Expr { nodes: nodes.into() }
    }
}

fn joined<const N: usize>(parts: [&Expr; N], node: impl FnOnce([usize; N]) -> Node) -> Expr {
    let mut builder = Builder::default();
    let places = parts.map(|part| builder.include(part));
    let root = builder.push(node(places));
    // The new node may be one that a part has already, though not its last: nodes behind it are then superfluous.
    builder.finish(root)
}

/// A comparison of two numbers; [`Expr::select`] takes it. Nothing holds of NaN.
#[derive(Debug, Clone)]
pub struct Condition {
    comparison: Comparison,
    left: Expr,
    right: Expr,
}

impl Expr {
    /// `then` where the condition holds, else `otherwise`. What is not selected has no influence, NaN and infinity included.
    pub fn select(condition: Condition, then: impl Into<Expr>, otherwise: impl Into<Expr>) -> Expr {
        let Condition { comparison, left, right } = condition;
        joined([&left, &right, &then.into(), &otherwise.into()], |all| Node::Select(comparison, all))
    }

    fn compare(&self, comparison: Comparison, right: impl Into<Expr>) -> Condition {
        Condition { comparison, left: self.clone(), right: right.into() }
    }

    /// Whether this is greater than `other`.
    pub fn gt(&self, other: impl Into<Expr>) -> Condition {
        self.compare(Comparison::Greater, other)
    }

    /// Whether this is greater than `other` or equal to it.
    pub fn ge(&self, other: impl Into<Expr>) -> Condition {
        self.compare(Comparison::GreaterOrEqual, other)
    }

    /// Whether this is less than `other`.
    pub fn lt(&self, other: impl Into<Expr>) -> Condition {
        self.compare(Comparison::Less, other)
    }

    /// Whether this is less than `other` or equal to it.
    pub fn le(&self, other: impl Into<Expr>) -> Condition {
        self.compare(Comparison::LessOrEqual, other)
    }

    /// Whether this equals `other`.
    pub fn equals(&self, other: impl Into<Expr>) -> Condition {
        self.compare(Comparison::Equal, other)
    }

    /// The smaller of two, `other` at a tie; NaN if either is NaN.
    pub fn min(&self, other: impl Into<Expr>) -> Expr {
        Expr::binary(Binary::Minimum, self, &other.into())
    }

    /// The larger of two, `other` at a tie; NaN if either is NaN.
    pub fn max(&self, other: impl Into<Expr>) -> Expr {
        Expr::binary(Binary::Maximum, self, &other.into())
    }

    /// This to the power of `exponent`. Squares, cubes and reciprocals are products and quotients.
    pub fn power(&self, exponent: impl Into<Expr>) -> Expr {
        Expr::binary(Binary::Power, self, &exponent.into())
    }

    /// √x; NaN below 0.
    pub fn sqrt(&self) -> Expr {
        Expr::unary(Unary::Sqrt, self)
    }

    /// |x|
    pub fn abs(&self) -> Expr {
        Expr::unary(Unary::Abs, self)
    }

    /// −1, 0 or 1 as x is negative, zero or positive; zero keeps its sign and NaN stays NaN.
    pub fn sign(&self) -> Expr {
        Expr::unary(Unary::Sign, self)
    }

    /// eˣ
    pub fn exp(&self) -> Expr {
        Expr::unary(Unary::Exp, self)
    }

    /// The natural logarithm; minus infinity at 0, NaN below.
    pub fn ln(&self) -> Expr {
        Expr::unary(Unary::Ln, self)
    }

    /// log(1 + eˣ), accurate at both ends.
    pub fn softplus(&self) -> Expr {
        Expr::unary(Unary::Softplus, self)
    }

    /// The error function, 2/√π times the integral of e^(−t²) from 0 to x.
    pub fn erf(&self) -> Expr {
        Expr::unary(Unary::Erf, self)
    }

    /// The sine, of an angle in radians.
    pub fn sin(&self) -> Expr {
        Expr::unary(Unary::Sin, self)
    }

    /// The cosine, of an angle in radians.
    pub fn cos(&self) -> Expr {
        Expr::unary(Unary::Cos, self)
    }

    /// The hyperbolic tangent.
    pub fn tanh(&self) -> Expr {
        Expr::unary(Unary::Tanh, self)
    }

    /// 1/(1 + e⁻ˣ), accurate at both ends.
    pub fn sigmoid(&self) -> Expr {
        Expr::unary(Unary::Sigmoid, self)
    }

    /// A function of this.
    pub fn unary(function: Unary, x: &Expr) -> Expr {
        joined([x], |[x]| Node::Unary(function, x))
    }

    /// A function of two.
    pub fn binary(function: Binary, a: &Expr, b: &Expr) -> Expr {
        joined([a, b], |[a, b]| Node::Binary(function, a, b))
    }

    /// x, with 0 for a number that is nearer to zero than the smallest normal one of its type. A processor may take a hundred
    /// times as long for these, and a running mean that fades out would stay there for ever.
    pub fn flush(&self) -> Expr {
        Expr::unary(Unary::Flush, self)
    }
}

/// An operator on expressions and numbers, owned or borrowed.
macro_rules! operator {
    ($operator:ident, $method:ident, $function:ident) => {
        impl<R: Into<Expr>> $operator<R> for &Expr {
            type Output = Expr;
            fn $method(self, other: R) -> Expr {
                Expr::binary(Binary::$function, self, &other.into())
            }
        }

        impl<R: Into<Expr>> $operator<R> for Expr {
            type Output = Expr;
            fn $method(self, other: R) -> Expr {
                Expr::binary(Binary::$function, &self, &other.into())
            }
        }

        impl $operator<&Expr> for f64 {
            type Output = Expr;
            fn $method(self, other: &Expr) -> Expr {
                Expr::binary(Binary::$function, &self.into(), other)
            }
        }

        impl $operator<Expr> for f64 {
            type Output = Expr;
            fn $method(self, other: Expr) -> Expr {
                Expr::binary(Binary::$function, &self.into(), &other)
            }
        }
    };
}

operator!(Add, add, Add);
operator!(Sub, sub, Subtract);
operator!(Mul, mul, Multiply);
operator!(Div, div, Divide);

impl Neg for &Expr {
    type Output = Expr;
    fn neg(self) -> Expr {
        Expr::unary(Unary::Negate, self)
    }
}

impl Neg for Expr {
    type Output = Expr;
    fn neg(self) -> Expr {
        -&self
    }
}

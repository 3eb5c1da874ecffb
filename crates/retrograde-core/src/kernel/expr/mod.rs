//! Elementwise operations as data.
//!
//! An [`Expr`] says how one element of an output follows from the elements of the inputs at the same place. Everything that
//! is known of an elementwise operation comes from it: its execution (a [fusion group](super::chain) compiles the
//! expressions of its operations together), its formula ([`Display`](std::fmt::Display)), its vector-Jacobian product
//! ([`Expr::vjp`]) and its value for given numbers ([`Expr::evaluate`]).
//!
//! An expression is a list of [nodes](Node) in topological order: each node reads earlier ones, and the last one is the value.
//! Equal nodes exist once, so a common part is computed once, and no walk over an expression is recursive.

mod build;
mod display;
mod evaluate;
mod vjp;

use build::Builder;
pub use build::Condition;
pub use display::FormulaStyle;
use std::fmt;
use std::sync::Arc;

/// An elementwise function of some inputs. Clones are cheap: they share the nodes.
///
/// ```
/// use retrograde::kernel::Expr;
///
/// let x = Expr::input(0);
/// let leaky = Expr::select(x.gt(0.0), x.clone(), 0.1 * x);
/// assert_eq!(leaky.to_string(), "x > 0 ? x : 0.1 * x");
/// assert_eq!(leaky.evaluate(&[-2.0]), -0.2);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Expr {
    nodes: Arc<[Node]>,
}

/// One step of an expression. Numbers that refer to other nodes are their places in [`Expr::nodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Node {
    /// An input, counted from 0.
    Input(usize),
    /// A number, the same for all elements; see [`Constant::value`].
    Constant(Constant),
    /// A function of one number.
    Unary(Unary, usize),
    /// A function of two numbers.
    Binary(Binary, usize, usize),
    /// The third number where the first compares with the second as stated, else the fourth.
    Select(Comparison, [usize; 4]),
}

/// A number in an expression, compared by its bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Constant(u64);

/// Functions of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unary {
    /// −x
    Negate,
    /// √x
    Sqrt,
    /// |x|
    Abs,
    /// −1, 0 or 1 as x is negative, zero or positive; zero keeps its sign and NaN stays NaN.
    Sign,
    /// eˣ
    Exp,
    /// The natural logarithm.
    Ln,
    /// log(1 + eˣ), accurate at both ends.
    Softplus,
    /// The error function, 2/√π times the integral of e^(−t²) from 0 to x.
    Erf,
    /// The sine, of an angle in radians.
    Sin,
    /// The cosine, of an angle in radians.
    Cos,
    /// The hyperbolic tangent.
    Tanh,
    /// 1/(1 + e⁻ˣ), accurate at both ends.
    Sigmoid,
    /// x, with 0 for a number that is nearer to zero than the smallest normal one of its type. A formula does not show it:
    /// like rounding, it is a property of the numbers.
    Flush,
}

/// Functions of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binary {
    /// a + b
    Add,
    /// a − b
    Subtract,
    /// a · b
    Multiply,
    /// a / b
    Divide,
    /// The smaller of two, the second at a tie; NaN if either is NaN.
    Minimum,
    /// The larger of two, the second at a tie; NaN if either is NaN.
    Maximum,
    /// aᵇ
    Power,
}

/// How two numbers are compared. Nothing holds of NaN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// a < b
    Less,
    /// a ≤ b
    LessOrEqual,
    /// a > b
    Greater,
    /// a ≥ b
    GreaterOrEqual,
    /// a = b
    Equal,
}

impl Constant {
    /// The number.
    pub fn value(self) -> f64 {
        f64::from_bits(self.0)
    }
}

impl From<f64> for Constant {
    fn from(value: f64) -> Self {
        Constant(value.to_bits())
    }
}

impl fmt::Debug for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.value())
    }
}

impl Node {
    /// The nodes that it reads.
    pub(crate) fn operands(&self) -> impl Iterator<Item = usize> + use<> {
        let (count, operands) = match *self {
            Node::Input(_) | Node::Constant(_) => (0, [0; 4]),
            Node::Unary(_, x) => (1, [x, 0, 0, 0]),
            Node::Binary(_, a, b) => (2, [a, b, 0, 0]),
            Node::Select(_, operands) => (4, operands),
        };
        operands.into_iter().take(count)
    }

    /// The same node, reading other nodes.
    pub(crate) fn mapped(&self, map: impl Fn(usize) -> usize) -> Node {
        match *self {
            leaf @ (Node::Input(_) | Node::Constant(_)) => leaf,
            Node::Unary(function, x) => Node::Unary(function, map(x)),
            Node::Binary(function, a, b) => Node::Binary(function, map(a), map(b)),
            Node::Select(comparison, operands) => Node::Select(comparison, operands.map(map)),
        }
    }
}

impl Expr {
    /// Input number `index`, counted from 0.
    pub fn input(index: usize) -> Self {
        Expr { nodes: Arc::new([Node::Input(index)]) }
    }

    /// The same number for all elements.
    pub fn constant(value: f64) -> Self {
        Expr { nodes: Arc::new([Node::Constant(value.into())]) }
    }

    /// The nodes in topological order, without duplicates. The last one is the value.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// How many inputs it takes: one more than the number of the last one that it reads.
    pub fn inputs(&self) -> usize {
        let input = |node: &Node| if let Node::Input(index) = node { index.saturating_add(1) } else { 0 };
        self.nodes.iter().map(input).max().unwrap_or(0)
    }

    /// Whether it reads input number `index`.
    pub fn reads(&self, index: usize) -> bool {
        self.nodes.contains(&Node::Input(index))
    }

    /// The number that it is throughout, if it reads no input and computes nothing.
    pub fn as_constant(&self) -> Option<f64> {
        if let [Node::Constant(number)] = self.nodes[..] { Some(number.value()) } else { None }
    }

    /// The node at a place as an expression of its own.
    pub fn part(&self, place: usize) -> Expr {
        let mut builder = Builder::default();
        let root = self.nodes[..=place].iter().fold(0, |_, node| builder.push(*node));
        builder.finish(root)
    }

    /// The same function with another expression in place of a node.
    pub fn with_part(&self, place: usize, part: &Expr) -> Expr {
        self.rewritten(|at, _| (at == place).then(|| part.clone()))
    }

    /// The same function with other numbers in place of its own.
    pub fn with_constants(&self, number: impl Fn(f64) -> f64) -> Expr {
        self.rewritten(|_, node| match node {
            Node::Constant(constant) => Some(number(constant.value()).into()),
            _ => None,
        })
    }

    /// The same function with an expression in place of each input.
    pub fn substitute(&self, input: impl Fn(usize) -> Expr) -> Expr {
        self.rewritten(|_, node| if let Node::Input(index) = node { Some(input(*index)) } else { None })
    }

    /// The same function with other expressions in place of some nodes.
    fn rewritten(&self, replacement: impl Fn(usize, &Node) -> Option<Expr>) -> Expr {
        let mut builder = Builder::default();
        let mut places = Vec::with_capacity(self.nodes.len());
        for (at, node) in self.nodes.iter().enumerate() {
            places.push(match replacement(at, node) {
                Some(expr) => builder.include(&expr),
                None => builder.push(node.mapped(|operand| places[operand])),
            });
        }
        builder.finish(places[places.len() - 1])
    }
}

impl From<f64> for Expr {
    fn from(value: f64) -> Self {
        Expr::constant(value)
    }
}

impl From<&Expr> for Expr {
    fn from(expr: &Expr) -> Self {
        expr.clone()
    }
}

#[cfg(test)]
mod tests;

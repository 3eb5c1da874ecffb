//! The vector-Jacobian product of an expression, as expressions: reverse-mode differentiation over its nodes.
//!
//! Contributions are selected rather than multiplied by 0 or 1 where the expression selects, so that an infinite upstream
//! gradient does not reach a branch that is not taken. At a tie of `min` and `max` each of two numbers that depend on inputs
//! receives half, and one that ties with a constant nothing; the slope of |x| at 0 is 0.

use super::build::Builder;
use super::{Binary, Comparison, Expr, Node, Unary};
use std::f64::consts::FRAC_2_SQRT_PI;

impl Expr {
    /// For each input the upstream gradient times the derivative with respect to that input, or `None` where no gradient
    /// flows. `upstream` may read inputs of this expression and others, and so may `output`: if it is given, it stands for the
    /// value of this expression, which need not be computed again.
    pub fn vjp(&self, upstream: &Expr, output: Option<&Expr>) -> Vec<Option<Expr>> {
        let mut builder = Builder::default();
        // Its nodes are the first ones of the builder, at the same places.
        builder.include(self);
        let root = self.nodes.len() - 1;
        let (upstream, output) = (builder.include(upstream), output.map(|output| builder.include(output)));
        let mut reverse = Reverse { builder, gradients: vec![None; self.nodes.len()], active: self.active() };
        reverse.contribute(root, upstream);
        for place in (0..self.nodes.len()).rev() {
            if let Some(gradient) = reverse.gradients[place] {
                let value = output.filter(|_| place == root).unwrap_or(place);
                reverse.node(&self.nodes[place], value, gradient);
            }
        }
        let gradient = |input| {
            let place = self.nodes.iter().position(|node| *node == Node::Input(input))?;
            Some(reverse.builder.finish(reverse.gradients[place]?))
        };
        (0..self.inputs()).map(gradient).collect()
    }

    /// The derivative with respect to an input; the constant 0 where there is none.
    pub fn derivative(&self, input: usize) -> Expr {
        let all = self.vjp(&Expr::constant(1.0), None);
        all.into_iter().nth(input).flatten().unwrap_or_else(|| Expr::constant(0.0))
    }

    /// Which nodes depend on an input.
    fn active(&self) -> Vec<bool> {
        let mut active = Vec::with_capacity(self.nodes.len());
        for node in &*self.nodes {
            active.push(matches!(node, Node::Input(_)) || node.operands().any(|operand| active[operand]));
        }
        active
    }
}

/// A walk back over the nodes, which are the first ones of the builder.
struct Reverse {
    builder: Builder,
    /// What is known so far of the gradient of each node.
    gradients: Vec<Option<usize>>,
    active: Vec<bool>,
}

impl Reverse {
    fn contribute(&mut self, place: usize, contribution: usize) {
        if self.active[place] {
            self.gradients[place] = Some(match self.gradients[place] {
                Some(sum) => self.builder.binary(Binary::Add, sum, contribution),
                None => contribution,
            });
        }
    }

    /// Adds the contributions of a node, whose value is `y`, to the gradients of what it reads.
    fn node(&mut self, node: &Node, y: usize, g: usize) {
        let build = &mut self.builder;
        match *node {
            Node::Input(_) | Node::Constant(_) | Node::Unary(Unary::Sign, _) => {}
            Node::Unary(function, x) => {
                let contribution = match function {
                    Unary::Negate => build.unary(Unary::Negate, g),
                    Unary::Sqrt => {
                        let double = build.twice(y);
                        build.binary(Binary::Divide, g, double)
                    }
                    Unary::Abs => {
                        let sign = build.unary(Unary::Sign, x);
                        build.binary(Binary::Multiply, g, sign)
                    }
                    Unary::Exp => build.binary(Binary::Multiply, g, y),
                    Unary::Ln => build.binary(Binary::Divide, g, x),
                    Unary::Softplus => {
                        let slope = build.unary(Unary::Sigmoid, x);
                        build.binary(Binary::Multiply, g, slope)
                    }
                    Unary::Erf => {
                        let square = build.binary(Binary::Multiply, x, x);
                        let exponent = build.unary(Unary::Negate, square);
                        let power = build.unary(Unary::Exp, exponent);
                        let factor = build.constant(FRAC_2_SQRT_PI);
                        let slope = build.binary(Binary::Multiply, factor, power);
                        build.binary(Binary::Multiply, g, slope)
                    }
                    Unary::Sin => {
                        let slope = build.unary(Unary::Cos, x);
                        build.binary(Binary::Multiply, g, slope)
                    }
                    Unary::Cos => {
                        let slope = build.unary(Unary::Sin, x);
                        let product = build.binary(Binary::Multiply, g, slope);
                        build.unary(Unary::Negate, product)
                    }
                    Unary::Tanh => {
                        let square = build.binary(Binary::Multiply, y, y);
                        let slope = build.one_minus(square);
                        build.binary(Binary::Multiply, g, slope)
                    }
                    Unary::Sigmoid => {
                        let rest = build.one_minus(y);
                        let slope = build.binary(Binary::Multiply, y, rest);
                        build.binary(Binary::Multiply, g, slope)
                    }
                    Unary::Flush | Unary::Sign => g,
                };
                self.contribute(x, contribution);
            }
            Node::Binary(function, a, b) => {
                let (of_a, of_b) = (self.active[a], self.active[b]);
                if of_a {
                    let contribution = self.builder.of_first(function, a, b, g);
                    self.contribute(a, contribution);
                }
                if of_b {
                    let contribution = self.builder.of_second(function, (a, b), y, g);
                    self.contribute(b, contribution);
                }
            }
            Node::Select(comparison, [a, b, then, otherwise]) => {
                let zero = build.constant(0.0);
                let of_then = build.push(Node::Select(comparison, [a, b, g, zero]));
                let of_otherwise = build.push(Node::Select(comparison, [a, b, zero, g]));
                self.contribute(then, of_then);
                self.contribute(otherwise, of_otherwise);
            }
        }
    }
}

impl Builder {
    fn constant(&mut self, value: f64) -> usize {
        self.push(Node::Constant(value.into()))
    }

    fn twice(&mut self, x: usize) -> usize {
        let two = self.constant(2.0);
        self.binary(Binary::Multiply, two, x)
    }

    fn one_minus(&mut self, x: usize) -> usize {
        let one = self.constant(1.0);
        self.binary(Binary::Subtract, one, x)
    }

    /// The contribution to the first operand of a function of two.
    fn of_first(&mut self, function: Binary, a: usize, b: usize, g: usize) -> usize {
        match function {
            Binary::Add | Binary::Subtract => g,
            Binary::Multiply => self.product(g, b),
            Binary::Divide => self.binary(Binary::Divide, g, b),
            Binary::Maximum => self.of_chosen(Comparison::Greater, a, b, g),
            Binary::Minimum => self.of_chosen(Comparison::Less, a, b, g),
            Binary::Power => {
                let one = self.constant(1.0);
                let lower = self.binary(Binary::Subtract, b, one);
                let power = self.binary(Binary::Power, a, lower);
                let slope = self.binary(Binary::Multiply, b, power);
                self.binary(Binary::Multiply, g, slope)
            }
        }
    }

    /// The contribution to the second operand of a function of two, whose value is `y`.
    fn of_second(&mut self, function: Binary, (a, b): (usize, usize), y: usize, g: usize) -> usize {
        match function {
            Binary::Add => g,
            Binary::Subtract => self.unary(Unary::Negate, g),
            Binary::Multiply => self.product(g, a),
            Binary::Divide => {
                let product = self.binary(Binary::Multiply, g, y);
                let quotient = self.binary(Binary::Divide, product, b);
                self.unary(Unary::Negate, quotient)
            }
            Binary::Maximum => self.of_chosen(Comparison::Greater, b, a, g),
            Binary::Minimum => self.of_chosen(Comparison::Less, b, a, g),
            Binary::Power => {
                let log = self.unary(Unary::Ln, a);
                let slope = self.binary(Binary::Multiply, y, log);
                self.binary(Binary::Multiply, g, slope)
            }
        }
    }

    /// `g` where `own` is chosen rather than `other`, half of it at a tie, else 0.
    fn of_chosen(&mut self, comparison: Comparison, own: usize, other: usize, g: usize) -> usize {
        let zero = self.constant(0.0);
        let mut tied = zero;
        if self.value(other).is_none() {
            let half = self.constant(0.5);
            let half = self.binary(Binary::Multiply, half, g);
            tied = self.push(Node::Select(Comparison::Equal, [own, other, half, zero]));
        }
        self.push(Node::Select(comparison, [own, other, g, tied]))
    }

    /// A product, with a constant as the first factor.
    fn product(&mut self, g: usize, factor: usize) -> usize {
        let (a, b) = if self.value(factor).is_some() { (factor, g) } else { (g, factor) };
        self.binary(Binary::Multiply, a, b)
    }

    fn value(&self, place: usize) -> Option<f64> {
        if let Node::Constant(number) = self.nodes[place] { Some(number.value()) } else { None }
    }

    /// A function of one number, simplified.
    fn unary(&mut self, function: Unary, x: usize) -> usize {
        match (function, self.nodes[x], self.value(x)) {
            (_, _, Some(number)) => self.constant(function.evaluate(number)),
            (Unary::Negate, Node::Unary(Unary::Negate, x), _) => x,
            _ => self.push(Node::Unary(function, x)),
        }
    }

    /// A function of two numbers, simplified.
    fn binary(&mut self, function: Binary, a: usize, b: usize) -> usize {
        match (function, self.value(a), self.value(b)) {
            (_, Some(a), Some(b)) => self.constant(function.evaluate(a, b)),
            // A slope of zero is zero whatever it is multiplied by.
            (Binary::Multiply, Some(0.0), _) | (Binary::Multiply, _, Some(0.0)) => self.constant(0.0),
            (Binary::Add, Some(0.0), _) | (Binary::Multiply, Some(1.0), _) => b,
            (Binary::Add | Binary::Subtract, _, Some(0.0))
            | (Binary::Multiply | Binary::Divide | Binary::Power, _, Some(1.0)) => a,
            (Binary::Subtract, Some(0.0), _) => self.unary(Unary::Negate, b),
            (Binary::Power, _, Some(0.0)) => self.constant(1.0),
            _ => self.push(Node::Binary(function, a, b)),
        }
    }
}

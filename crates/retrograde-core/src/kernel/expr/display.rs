//! An expression as a formula, with as few parentheses as its meaning allows.

use super::{Binary, Comparison, Expr, Node, Unary};
use std::fmt;

/// A longer formula is cut off: of an expression that uses its parts again and again, the text may be exponentially long.
const LONGEST: usize = 4000;

/// How tightly the parts of a formula hold together, from the loosest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Choice,
    Negative,
    Sum,
    Product,
    Sign,
    Power,
    Whole,
}

/// A part of a formula.
#[derive(Debug, Clone)]
struct Part {
    text: String,
    binding: Binding,
}

impl Part {
    /// The text as an operand of what binds so tightly.
    fn within(&self, binding: Binding) -> String {
        if self.binding < binding { format!("({})", self.text) } else { self.text.clone() }
    }
}

/// How a formula is written.
pub struct FormulaStyle<'a> {
    /// The text for each input.
    pub input: &'a dyn Fn(usize) -> String,
    /// The text for each constant.
    pub constant: &'a dyn Fn(f64) -> String,
    /// The sign of multiplication.
    pub times: &'a str,
}

impl fmt::Display for Expr {
    /// The formula in the letters of the list of operations: `x` for an only input, else `a`, `b`, ….
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = if self.inputs() == 1 { "x" } else { "abcdef" };
        let letter = |index| letters.chars().nth(index).map_or_else(|| format!("x{index}"), String::from);
        f.write_str(&self.with_names(letter))
    }
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Expr {
    /// The formula with other names for the inputs.
    pub fn with_names(&self, name: impl Fn(usize) -> String) -> String {
        self.formula(&FormulaStyle { input: &name, constant: &decimal, times: "*" })
    }

    /// The formula in this style.
    pub fn formula(&self, style: &FormulaStyle<'_>) -> String {
        let mut parts: Vec<Part> = Vec::with_capacity(self.nodes.len());
        for node in &*self.nodes {
            let mut part = part(node, &parts, style);
            if part.text.len() > LONGEST {
                part = Part { text: "…".into(), binding: Binding::Whole };
            }
            parts.push(part);
        }
        let x = |x: usize| [parts[x].text.clone(), parts[x].within(Binding::Power)];
        match self.nodes[self.nodes.len() - 1] {
            // What is a whole formula is written by its definition.
            Node::Unary(Unary::Sigmoid, at) => format!("1 / (1 + exp(-{}))", x(at)[1]),
            Node::Unary(Unary::Tanh, at) => {
                let [x, factor] = x(at);
                format!("(exp({x}) - exp(-{factor})) / (exp({x}) + exp(-{factor}))")
            }
            _ => parts.pop().map(|part| part.text).unwrap_or_default(),
        }
    }
}

fn part(node: &Node, parts: &[Part], style: &FormulaStyle<'_>) -> Part {
    use Binding::{Choice, Negative, Power, Product, Sign, Sum, Whole};
    let whole = |text| Part { text, binding: Whole };
    let leaf = |text: String| {
        let binding = if text.starts_with('-') { Negative } else { Whole };
        Part { text, binding }
    };
    let call = |name: &str, operands: &[usize]| {
        let operands: Vec<&str> = operands.iter().map(|&operand| &*parts[operand].text).collect();
        whole(format!("{name}({})", operands.join(", ")))
    };
    let infix = |sign: &str, [a, b]: [usize; 2], binding: Binding, sides: [Binding; 2]| {
        let (a, b) = (parts[a].within(sides[0]), parts[b].within(sides[1]));
        Part { text: format!("{a} {sign} {b}"), binding }
    };
    match *node {
        Node::Input(index) => leaf((style.input)(index)),
        Node::Constant(number) => leaf((style.constant)(number.value())),
        // The sign of a product is that of its first factor.
        Node::Unary(Unary::Negate, x) => {
            let (binding, inside) =
                if parts[x].binding == Product { (Product, Product) } else { (Sign, Power) };
            Part { text: format!("-{}", parts[x].within(inside)), binding }
        }
        Node::Unary(Unary::Abs, x) => whole(format!("|{}|", parts[x].text)),
        Node::Unary(Unary::Sigmoid, x) => call("sigmoid", &[x]),
        Node::Unary(Unary::Flush, x) => parts[x].clone(),
        Node::Unary(Unary::Sqrt, x) => call("sqrt", &[x]),
        Node::Unary(Unary::Sign, x) => call("sign", &[x]),
        Node::Unary(Unary::Exp, x) => call("exp", &[x]),
        Node::Unary(Unary::Ln, x) => call("log", &[x]),
        Node::Unary(Unary::Tanh, x) => call("tanh", &[x]),
        // A sum or product of three numbers needs no parentheses, whichever two come first.
        Node::Binary(Binary::Add, a, b) => infix("+", [a, b], Sum, [Sum, Sum]),
        Node::Binary(Binary::Subtract, a, b) => infix("-", [a, b], Sum, [Sum, Product]),
        Node::Binary(Binary::Multiply, a, b) => infix(style.times, [a, b], Product, [Product, Product]),
        Node::Binary(Binary::Divide, a, b) => infix("/", [a, b], Product, [Product, Sign]),
        Node::Binary(Binary::Power, a, b) => infix("^", [a, b], Power, [Whole, Power]),
        Node::Binary(Binary::Minimum, a, b) => call("min", &[a, b]),
        Node::Binary(Binary::Maximum, a, b) => call("max", &[a, b]),
        Node::Select(comparison, [a, b, then, otherwise]) => {
            let sides = [a, b].map(|side| parts[side].within(Sum));
            let then = parts[then].within(Negative);
            // A choice between more than two is read from left to right.
            let otherwise = &parts[otherwise].text;
            let text = format!("{} {} {} ? {then} : {otherwise}", sides[0], comparison.sign(), sides[1]);
            Part { text, binding: Choice }
        }
    }
}

/// A number in full, with an exponent where it would have many zeros.
fn decimal(number: f64) -> String {
    let is_usual = number == 0.0 || (1e-5..1e16).contains(&number.abs()) || !number.is_finite();
    if is_usual { number.to_string() } else { format!("{number:e}") }
}

impl Comparison {
    fn sign(self) -> &'static str {
        match self {
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
            Comparison::Equal => "==",
        }
    }
}

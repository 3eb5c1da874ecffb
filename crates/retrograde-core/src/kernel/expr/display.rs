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
    /// Its number, if it is one.
    constant: Option<f64>,
}

impl Part {
    fn new(text: String, binding: Binding) -> Self {
        Part { text, binding, constant: None }
    }

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
    /// Whether it is written as in a book rather than as in code: x², √x, a/b, `[x > 0]`, − for minus, tanh(x) and sigmoid(x)
    /// by their names.
    pub compact: bool,
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
        self.formula(&FormulaStyle { input: &name, constant: &decimal, times: "*", compact: false })
    }

    /// The formula in this style.
    pub fn formula(&self, style: &FormulaStyle<'_>) -> String {
        let mut parts: Vec<Part> = Vec::with_capacity(self.nodes.len());
        for node in &*self.nodes {
            let mut part = part(node, &parts, style);
            if part.text.len() > LONGEST {
                part = Part::new("…".into(), Binding::Whole);
            }
            parts.push(part);
        }
        let x = |x: usize| [parts[x].text.clone(), parts[x].within(Binding::Power)];
        match self.nodes[self.nodes.len() - 1] {
            // What is a whole formula is written by its definition.
            Node::Unary(Unary::Sigmoid, at) if !style.compact => format!("1 / (1 + exp(-{}))", x(at)[1]),
            Node::Unary(Unary::Softplus, at) if !style.compact => format!("log(1 + exp({}))", x(at)[0]),
            Node::Unary(Unary::Tanh, at) if !style.compact => {
                let [x, factor] = x(at);
                format!("(exp({x}) - exp(-{factor})) / (exp({x}) + exp(-{factor}))")
            }
            _ => parts.pop().map(|part| part.text).unwrap_or_default(),
        }
    }
}

fn part(node: &Node, parts: &[Part], style: &FormulaStyle<'_>) -> Part {
    use Binding::{Choice, Negative, Power, Product, Sign, Sum, Whole};
    let whole = |text| Part::new(text, Whole);
    let leaf = |text: String| {
        let binding = if text.starts_with(['-', '−']) { Negative } else { Whole };
        Part::new(text, binding)
    };
    let call = |name: &str, operands: &[usize]| {
        let operands: Vec<&str> = operands.iter().map(|&operand| &*parts[operand].text).collect();
        whole(format!("{name}({})", operands.join(", ")))
    };
    let infix = |sign: &str, [a, b]: [usize; 2], binding: Binding, sides: [Binding; 2]| {
        let (a, b) = (parts[a].within(sides[0]), parts[b].within(sides[1]));
        Part::new(format!("{a} {sign} {b}"), binding)
    };
    let minus = if style.compact { "−" } else { "-" };
    let is = |place: usize, number: f64| parts[place].constant == Some(number);
    match *node {
        Node::Input(index) => leaf((style.input)(index)),
        Node::Constant(number) => {
            Part { constant: Some(number.value()), ..leaf((style.constant)(number.value())) }
        }
        Node::Binary(Binary::Multiply, a, b) if style.compact && a == b => superscript(&parts[a], '²'),
        Node::Binary(Binary::Power, a, b) if style.compact && (is(b, 2.0) || is(b, 3.0)) => {
            superscript(&parts[a], if is(b, 2.0) { '²' } else { '³' })
        }
        Node::Binary(Binary::Divide, a, b) if style.compact => {
            Part::new(format!("{}/{}", parts[a].within(Sign), parts[b].within(Power)), Product)
        }
        Node::Unary(Unary::Sqrt, x) if style.compact => whole(format!("√{}", parts[x].within(Whole))),
        Node::Select(comparison, [a, b, then, otherwise])
            if style.compact && is(then, 1.0) && is(otherwise, 0.0) =>
        {
            let sides = [a, b].map(|side| parts[side].within(Sum));
            whole(format!("[{} {} {}]", sides[0], comparison.sign(), sides[1]))
        }
        // The sign of a product is that of its first factor.
        Node::Unary(Unary::Negate, x) => {
            let (binding, inside) =
                if parts[x].binding == Product { (Product, Product) } else { (Sign, Power) };
            Part::new(format!("{minus}{}", parts[x].within(inside)), binding)
        }
        Node::Unary(Unary::Abs, x) => whole(format!("|{}|", parts[x].text)),
        Node::Unary(Unary::Sigmoid, x) => call("sigmoid", &[x]),
        Node::Unary(Unary::Flush, x) => parts[x].clone(),
        Node::Unary(Unary::Sqrt, x) => call("sqrt", &[x]),
        Node::Unary(Unary::Sign, x) => call("sign", &[x]),
        Node::Unary(Unary::Exp, x) => call("exp", &[x]),
        Node::Unary(Unary::Ln, x) => call("log", &[x]),
        Node::Unary(Unary::Softplus, x) => call("softplus", &[x]),
        Node::Unary(Unary::Erf, x) => call("erf", &[x]),
        Node::Unary(Unary::Sin, x) => call("sin", &[x]),
        Node::Unary(Unary::Cos, x) => call("cos", &[x]),
        Node::Unary(Unary::Tanh, x) => call("tanh", &[x]),
        // A sum or product of three numbers needs no parentheses, whichever two come first.
        Node::Binary(Binary::Add, a, b) => infix("+", [a, b], Sum, [Sum, Sum]),
        Node::Binary(Binary::Subtract, a, b) => infix(minus, [a, b], Sum, [Sum, Product]),
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
            Part::new(text, Choice)
        }
    }
}

/// The square or cube of a part: `x²`, `(1 + x)²`, `tanh²(x)`.
fn superscript(base: &Part, sign: char) -> Part {
    let text = base.within(Binding::Whole);
    let text = match text.split_once('(') {
        Some((name, operands)) if !name.is_empty() && base.binding == Binding::Whole => {
            format!("{name}{sign}({operands}")
        }
        _ => format!("{text}{sign}"),
    };
    Part::new(text, Binding::Power)
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

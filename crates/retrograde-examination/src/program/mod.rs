//! The language in which the generator writes layers: arrays, nested loops, scalar expressions. It reads like NumPy code
//! with its loops written out, so that a reader sees a layer whole, and what a mutant changes in it.
//!
//! ```text
//! layer Affine
//! size D 1..4, M 1..4
//! input x[N, D]
//! param w[D, M], b[M]
//! output out[N, M]
//!
//! forward
//! for n in N, m in M:
//!     out[n, m] = b[m]
//!     for d in D:
//!         out[n, m] += x[n, d] * w[d, m]
//!
//! backward
//! dx = 0
//! ...
//! ```
//!
//! `N` is the number of rows. For each array there is that of its gradient, named with a `d` in front: `dx`, `dw`, and
//! `dout`, which backward is given. A name without an index stands for a scalar; assigned to, for all elements of its
//! array. Arrays keep their numbers from call to call (a `kept` array is what Python would have as `self.y`), but for
//! `local` ones. `index i[L] < D` is an array of indices and `mask m[D]` one of zeros and ones, drawn once. A loss has
//! `labels t[N] < C` (classes) or `labels t[N, C]` (distributions) and the scalar `out`.

mod parse;
mod print;

/// A layer or a loss: its arrays and what its two passes do.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    /// Its name: `Affine`.
    pub name: String,
    /// Whether it is a loss.
    pub is_loss: bool,
    /// All sizes; the first is `N`, the number of rows.
    pub sizes: Vec<Size>,
    /// All arrays, those of gradients among them.
    pub arrays: Vec<Array>,
    /// The names of the loops' variables.
    pub variables: Vec<String>,
    /// The statements of forward.
    pub forward: Vec<Statement>,
    /// The statements of backward.
    pub backward: Vec<Statement>,
}

/// A size of arrays.
#[derive(Debug, Clone, PartialEq)]
pub struct Size {
    /// Its name.
    pub name: String,
    /// How it is found.
    pub rule: Rule,
}

/// How a size is found.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// By the case: the number of rows.
    Rows,
    /// Drawn within these bounds, the last included; or that of the input's axis.
    Drawn(i64, i64),
    /// From the sizes before it.
    Formula(Index),
}

impl Rule {
    fn is_free(&self) -> bool {
        !matches!(self, Rule::Formula(_))
    }
}

/// An array.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: Role,
    /// Its shape, in the sizes; none for a scalar.
    pub shape: Vec<Index>,
}

/// What an array is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Role {
    /// The input.
    Input,
    /// The output; of a loss, the loss.
    Output,
    /// A parameter.
    Parameter,
    /// What forward leaves for backward.
    Kept,
    /// What is written before it is read within a pass.
    Local,
    /// Indices below this bound, drawn once.
    Indices(Index),
    /// Zeros and ones, drawn once.
    Mask,
    /// The classes of a loss's rows, below this bound.
    Classes(Index),
    /// A distribution for each row of a loss.
    Distributions,
    /// The gradient with respect to the output, given.
    Upstream,
    /// The gradient with respect to this array.
    Gradient(usize),
}

/// An integer: an index, a size, a bound.
#[derive(Debug, Clone, PartialEq)]
pub enum Index {
    /// A number.
    Constant(i64),
    /// The variable of a loop.
    Variable(usize),
    /// A size.
    Size(usize),
    /// `+ - * / %` of two.
    Binary(char, Box<Index>, Box<Index>),
    /// An element of an array of indices.
    Element(Place),
}

/// An element of an array; without an index, a scalar or (assigned to) the whole array.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The array.
    pub array: usize,
    /// An index for each of its axes.
    pub index: Vec<Index>,
}

/// A real number.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A number.
    Constant(f64),
    /// An integer as a real number.
    Integer(Index),
    /// An element.
    Read(Place),
    /// A function of one number.
    Unary(Function, Box<Expression>),
    /// Two numbers.
    Binary(Operator, Box<Expression>, Box<Expression>),
    /// `(a if condition else b)`.
    Select(Box<Condition>, Box<Expression>, Box<Expression>),
}

/// A comparison of two numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// How they are compared.
    pub comparison: Comparison,
    /// What is on its left.
    pub left: Expression,
    /// What is on its right.
    pub right: Expression,
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of the variants say all")]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

/// Functions of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of the variants say all")]
pub enum Function {
    Negate,
    Exp,
    Ln,
    Tanh,
    Sqrt,
    Abs,
}

/// Functions of two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of the variants say all")]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Max,
}

/// A statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// `place = value`, `place += value` and so on; the operator is none for `=`.
    Assign(Place, Option<Operator>, Expression),
    /// `for variable in from..to:`, upwards or downwards.
    For {
        /// The variable.
        variable: usize,
        /// Its first value.
        from: Index,
        /// The bound that it stays below.
        to: Index,
        /// Whether it begins with the largest.
        down: bool,
        /// What is repeated.
        body: Vec<Statement>,
    },
    /// `if a and b:`.
    If(Vec<Condition>, Vec<Statement>),
}

impl Function {
    /// All, with their names; `-` is written before its argument.
    pub const NAMES: [(Function, &str); 6] = [
        (Function::Negate, "-"),
        (Function::Exp, "exp"),
        (Function::Ln, "ln"),
        (Function::Tanh, "tanh"),
        (Function::Sqrt, "sqrt"),
        (Function::Abs, "abs"),
    ];
}

impl Comparison {
    /// All, as they are written.
    pub const SIGNS: [(Comparison, &str); 5] = [
        (Comparison::LessOrEqual, "<="),
        (Comparison::GreaterOrEqual, ">="),
        (Comparison::Equal, "=="),
        (Comparison::Less, "<"),
        (Comparison::Greater, ">"),
    ];
}

impl Program {
    /// The position of the array of this name.
    pub fn array(&self, name: &str) -> Option<usize> {
        self.arrays.iter().position(|array| array.name == name)
    }

    /// The only array with this role.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn with_role(&self, role: &Role) -> usize {
        self.arrays.iter().position(|array| array.role == *role).expect("an array of this role")
    }

    /// The parameters, in the order in which they are declared.
    pub fn parameters(&self) -> Vec<usize> {
        (0..self.arrays.len()).filter(|&array| self.arrays[array].role == Role::Parameter).collect()
    }

    /// The array of the gradient with respect to this one.
    pub fn gradient_of(&self, array: usize) -> usize {
        self.with_role(&Role::Gradient(array))
    }

    /// The sizes that other calls may change: axes of the input on which no parameter or drawn array depends.
    pub fn free_sizes(&self) -> Vec<usize> {
        let fixed = |array: &&Array| matches!(array.role, Role::Parameter | Role::Indices(_) | Role::Mask);
        let mut bound = Vec::new();
        for array in self.arrays.iter().filter(fixed) {
            array.shape.iter().for_each(|length| length.sizes(&mut bound));
            if let Role::Indices(below) = &array.role {
                below.sizes(&mut bound);
            }
        }
        // What a formula that is bound depends on is bound.
        for size in (0..self.sizes.len()).rev() {
            if let (true, Rule::Formula(formula)) = (bound.contains(&size), &self.sizes[size].rule) {
                formula.sizes(&mut bound);
            }
        }
        let input = &self.arrays[self.with_role(&Role::Input)];
        let axis = |length: &Index| match length {
            Index::Size(size) if !bound.contains(size) && self.sizes[*size].rule.is_free() => Some(*size),
            _ => None,
        };
        input.shape.iter().filter_map(axis).collect()
    }
}

impl Index {
    /// Adds the sizes that it depends on.
    pub fn sizes(&self, found: &mut Vec<usize>) {
        match self {
            Index::Size(size) => found.push(*size),
            Index::Binary(_, left, right) => {
                left.sizes(found);
                right.sizes(found);
            }
            Index::Element(place) => place.index.iter().for_each(|index| index.sizes(found)),
            Index::Constant(_) | Index::Variable(_) => {}
        }
    }
}

impl Statement {
    /// Calls `visit` for this statement and all within it, outer ones first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Statement)) {
        visit(self);
        if let Statement::For { body, .. } | Statement::If(_, body) = self {
            body.iter().for_each(|statement| statement.walk(visit));
        }
    }
}

/// Whether any of the statements assigns to the array.
pub fn writes(statements: &[Statement], array: usize) -> bool {
    let mut found = false;
    for statement in statements {
        statement.walk(&mut |statement| {
            found |= matches!(statement, Statement::Assign(place, ..) if place.array == array);
        });
    }
    found
}

impl Index {
    /// Its value in sizes alone; `None` where it depends on variables or elements, or divides by zero.
    pub fn value(&self, sizes: &[i64]) -> Option<i64> {
        match self {
            Index::Constant(value) => Some(*value),
            Index::Size(size) => sizes.get(*size).copied(),
            Index::Variable(_) | Index::Element(_) => None,
            Index::Binary(sign, left, right) => {
                let (left, right) = (left.value(sizes)?, right.value(sizes)?);
                match sign {
                    '+' => Some(left + right),
                    '-' => Some(left - right),
                    '*' => Some(left * right),
                    '/' => left.checked_div(right),
                    _ => left.checked_rem(right),
                }
            }
        }
    }
}

impl Array {
    /// Its shape at these sizes; `None` if an axis would have no element.
    pub fn shape_at(&self, sizes: &[i64]) -> Option<Vec<usize>> {
        let length =
            |length: &Index| length.value(sizes).filter(|&length| length > 0).map(|length| length as usize);
        self.shape.iter().map(length).collect()
    }
}

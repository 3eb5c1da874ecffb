//! From a program back to its text, so that a reader sees a mutant as source and its difference as lines.

use std::fmt::{self, Write as _};

use super::{
    Comparison, Condition, Expression, Function, Index, Operator, Place, Program, Role, Rule, Statement,
};

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", if self.is_loss { "loss" } else { "layer" }, self.name)?;
        for size in &self.sizes {
            match &size.rule {
                Rule::Rows => {}
                Rule::Drawn(from, to) => writeln!(f, "size {} {from}..{to}", size.name)?,
                Rule::Formula(formula) => writeln!(f, "size {} = {}", size.name, self.index(formula))?,
            }
        }
        for array in &self.arrays {
            let (word, bound) = match &array.role {
                Role::Input => ("input", None),
                Role::Output => ("output", None),
                Role::Parameter => ("param", None),
                Role::Kept => ("kept", None),
                Role::Local => ("local", None),
                Role::Mask => ("mask", None),
                Role::Indices(bound) => ("index", Some(bound)),
                Role::Classes(bound) => ("labels", Some(bound)),
                Role::Distributions => ("labels", None),
                Role::Upstream | Role::Gradient(_) => continue,
            };
            let bound = bound.map_or(String::new(), |bound| format!(" < {}", self.index(bound)));
            writeln!(f, "{word} {}{}{bound}", array.name, self.indices(&array.shape))?;
        }
        writeln!(f, "\nforward\n{}\nbackward\n{}", self.block(&self.forward), self.block(&self.backward))
    }
}

impl Program {
    /// Statements as text, a line each.
    pub fn block(&self, statements: &[Statement]) -> String {
        let mut text = String::new();
        self.write_block(&mut text, statements, 0);
        text
    }

    fn write_block(&self, text: &mut String, statements: &[Statement], depth: usize) {
        for statement in statements {
            let _ = write!(text, "{:1$}", "", 4 * depth);
            match statement {
                Statement::Assign(place, operator, value) => {
                    let sign = operator.map_or("", sign);
                    let _ = writeln!(text, "{} {sign}= {}", self.place(place), self.expression(value));
                }
                Statement::For { .. } => {
                    let mut heads = Vec::new();
                    let mut inner = std::slice::from_ref(statement);
                    while let [Statement::For { variable, from, to, down, body }] = inner {
                        let from = match from {
                            Index::Constant(0) => String::new(),
                            other => format!("{}..", self.index(other)),
                        };
                        let down = if *down { " down" } else { "" };
                        heads.push(format!(
                            "{} in {from}{}{down}",
                            self.variables[*variable],
                            self.index(to)
                        ));
                        inner = body;
                    }
                    let _ = writeln!(text, "for {}:", heads.join(", "));
                    self.write_block(text, inner, depth + 1);
                }
                Statement::If(conditions, body) => {
                    let conditions: Vec<_> = conditions.iter().map(|other| self.condition(other)).collect();
                    let _ = writeln!(text, "if {}:", conditions.join(" and "));
                    self.write_block(text, body, depth + 1);
                }
            }
        }
    }

    fn indices(&self, indices: &[Index]) -> String {
        let inside: Vec<String> = indices.iter().map(|index| self.index(index)).collect();
        if inside.is_empty() { String::new() } else { format!("[{}]", inside.join(", ")) }
    }

    fn place(&self, place: &Place) -> String {
        format!("{}{}", self.arrays[place.array].name, self.indices(&place.index))
    }

    fn index(&self, index: &Index) -> String {
        match index {
            Index::Constant(value) => value.to_string(),
            Index::Variable(variable) => self.variables[*variable].clone(),
            Index::Size(size) => self.sizes[*size].name.clone(),
            Index::Element(place) => self.place(place),
            Index::Binary(sign, left, right) => {
                let bracketed = |side: &Index, always: bool| match side {
                    Index::Binary(inner, ..)
                        if always || ("*/%".contains(*sign) && "+-".contains(*inner)) =>
                    {
                        format!("({})", self.index(side))
                    }
                    _ => self.index(side),
                };
                format!("{} {sign} {}", bracketed(left, false), bracketed(right, true))
            }
        }
    }

    fn condition(&self, condition: &Condition) -> String {
        let sign = Comparison::SIGNS.into_iter().find(|(known, _)| *known == condition.comparison);
        let sign = sign.map_or("", |(_, sign)| sign);
        format!("{} {sign} {}", self.expression(&condition.left), self.expression(&condition.right))
    }

    fn expression(&self, expression: &Expression) -> String {
        match expression {
            Expression::Constant(value) if *value != 0.0 && value.abs() < 1e-3 => format!("{value:e}"),
            Expression::Constant(value) => value.to_string(),
            Expression::Integer(index @ Index::Binary(..)) => format!("({})", self.index(index)),
            Expression::Integer(index) => self.index(index),
            Expression::Read(place) => self.place(place),
            Expression::Unary(Function::Negate, inner) => format!("-{}", self.factor(inner)),
            Expression::Unary(function, inner) => {
                let name = Function::NAMES.into_iter().find(|(known, _)| known == function);
                format!("{}({})", name.map_or("", |(_, name)| name), self.expression(inner))
            }
            Expression::Binary(Operator::Max, left, right) => {
                format!("max({}, {})", self.expression(left), self.expression(right))
            }
            Expression::Binary(operator @ (Operator::Add | Operator::Subtract), left, right) => {
                let right = match **right {
                    Expression::Binary(Operator::Add | Operator::Subtract, ..) => {
                        format!("({})", self.expression(right))
                    }
                    _ => self.expression(right),
                };
                format!("{} {} {right}", self.expression(left), sign(*operator))
            }
            Expression::Binary(operator, left, right) => {
                let left = match **left {
                    Expression::Binary(Operator::Multiply | Operator::Divide, ..) => self.expression(left),
                    _ => self.factor(left),
                };
                format!("{left} {} {}", sign(*operator), self.factor(right))
            }
            Expression::Select(condition, yes, no) => format!(
                "({} if {} else {})",
                self.expression(yes),
                self.condition(condition),
                self.expression(no)
            ),
        }
    }

    /// An expression that something binds to: in brackets, if it is a sum, a product or has a sign.
    fn factor(&self, expression: &Expression) -> String {
        let simple = !matches!(
            expression,
            Expression::Binary(
                Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide,
                ..
            ) | Expression::Unary(Function::Negate, _)
        );
        let text = self.expression(expression);
        if simple { text } else { format!("({text})") }
    }
}

fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Add => "+",
        Operator::Subtract => "-",
        Operator::Multiply => "*",
        Operator::Divide => "/",
        Operator::Max => "max",
    }
}

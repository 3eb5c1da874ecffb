//! Mutations: one change in the source of a backward pass.

use crate::program::{
    Array, Comparison, Expression, Function, Index, Operator, Place, Program, Role, Statement,
};
use crate::random::Random;

/// The kind of a mutation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `+` for `-`, `*` for `/`, and the reverse.
    Operator,
    /// Another array or scalar of the same number of axes.
    Operand,
    /// Two indices exchanged, or another loop's variable.
    Index,
    /// Another number.
    Constant,
    /// A loop that begins one later or ends one earlier, or runs the other way.
    Bound,
    /// A statement removed.
    Removed,
    /// A statement twice.
    Repeated,
    /// A statement moved behind the next one, or out of its loop.
    Moved,
    /// `=` for `+=`, and the reverse.
    Assignment,
    /// A function left out or exchanged.
    Function,
    /// A sign too many or too few.
    Sign,
    /// A comparison turned round, or its two results exchanged.
    Comparison,
    /// A factor or a term left out.
    Part,
    /// An extra factor: a number that is read, squared.
    Twice,
    /// A value of an earlier call is read.
    Stale,
    /// `dout` is overwritten before it is read again.
    WrittenInto,
    /// 1 in place of `dout`.
    DoutIgnored,
}

/// All kinds.
pub const KINDS: [Kind; 17] = [
    Kind::Operator,
    Kind::Operand,
    Kind::Index,
    Kind::Constant,
    Kind::Bound,
    Kind::Removed,
    Kind::Repeated,
    Kind::Moved,
    Kind::Assignment,
    Kind::Function,
    Kind::Sign,
    Kind::Comparison,
    Kind::Part,
    Kind::Twice,
    Kind::Stale,
    Kind::WrittenInto,
    Kind::DoutIgnored,
];

/// The program with one change of this kind; `None` if the kind does not apply.
pub fn mutate(program: &Program, kind: Kind, random: &mut Random) -> Option<Program> {
    if kind == Kind::Stale {
        return stale(program, random);
    }
    let mut count = Edit::new(program, kind, None, random.clone());
    count.block(&mut program.backward.clone(), &mut Vec::new());
    if count.seen == 0 {
        return None;
    }
    let chosen = random.integer(0, count.seen as i64 - 1) as usize;
    let mut changed = program.clone();
    let mut edit = Edit::new(program, kind, Some(chosen), random.clone());
    edit.block(&mut changed.backward, &mut Vec::new());
    (changed.backward != program.backward).then_some(changed)
}

/// The lines that differ, with `-` before the right ones and `+` before the others.
pub fn difference(right: &Program, wrong: &Program) -> String {
    let texts = [right, wrong].map(|program| {
        format!("{}\nbackward\n{}", program.block(&program.forward), program.block(&program.backward))
    });
    let [right, wrong] = [&texts[0], &texts[1]].map(|text| text.lines().collect::<Vec<_>>());
    let ahead = right.iter().zip(&wrong).take_while(|(a, b)| a == b).count();
    let rest = right.len().min(wrong.len()) - ahead;
    let behind = right.iter().rev().zip(wrong.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let marked = |lines: &[&str], mark: &'static str| -> String {
        lines[ahead..lines.len() - behind].iter().flat_map(|line| [mark, " ", line, "\n"]).collect()
    };
    marked(&right, "-") + &marked(&wrong, "+")
}

/// A walk through a backward pass that counts the places for a change and makes the chosen one.
struct Edit<'a> {
    program: &'a Program,
    kind: Kind,
    /// The number of the place to change; none to count them only.
    chosen: Option<usize>,
    seen: usize,
    random: Random,
}

impl<'a> Edit<'a> {
    fn new(program: &'a Program, kind: Kind, chosen: Option<usize>, random: Random) -> Self {
        Edit { program, kind, chosen, seen: 0, random }
    }

    /// Whether this place, one of those of `kind`, is the one to change.
    fn hits(&mut self, kind: Kind) -> bool {
        if self.kind != kind {
            return false;
        }
        self.seen += 1;
        self.chosen == Some(self.seen - 1)
    }

    fn block(&mut self, statements: &mut Vec<Statement>, scope: &mut Vec<usize>) {
        let mut position = 0;
        while position < statements.len() {
            if self.hits(Kind::Removed) {
                statements.remove(position);
                return;
            }
            let is_addition = matches!(statements[position], Statement::Assign(_, Some(_), _));
            if (is_addition || matches!(statements[position], Statement::For { .. }))
                && self.hits(Kind::Repeated)
            {
                statements.insert(position, statements[position].clone());
                return;
            }
            if position + 1 < statements.len() && self.hits(Kind::Moved) {
                statements.swap(position, position + 1);
                return;
            }
            // The last statement of a loop behind it: there the variable has its last value.
            if let Statement::For { body, .. } = &mut statements[position]
                && body.len() > 1
                && self.hits(Kind::Moved)
            {
                let last = body.pop().expect("more than one");
                statements.insert(position + 1, last);
                return;
            }
            if let Some(replacement) = self.written_into(&statements[position]) {
                statements.splice(position..=position, replacement);
                return;
            }
            self.statement(&mut statements[position], scope);
            position += 1;
        }
    }

    /// `dout[i] = …; dx[i] = dout[i]` for `dx[i] = …`.
    fn written_into(&mut self, statement: &Statement) -> Option<[Statement; 2]> {
        let Statement::Assign(place, operator, value) = statement else { return None };
        let dout = self.program.with_role(&Role::Upstream);
        let mut read = None;
        visit(value, &mut |expression| {
            if let Expression::Read(place) = expression
                && place.array == dout
            {
                read = Some(place.clone());
            }
        });
        let read = read.filter(|_| place.array != dout)?;
        self.hits(Kind::WrittenInto).then(|| {
            [
                Statement::Assign(read.clone(), None, value.clone()),
                Statement::Assign(place.clone(), *operator, Expression::Read(read)),
            ]
        })
    }

    fn statement(&mut self, statement: &mut Statement, scope: &mut Vec<usize>) {
        match statement {
            Statement::Assign(place, operator, value) => {
                if operator.is_some() && self.hits(Kind::Operator) {
                    *operator = operator.map(opposite);
                }
                if matches!(operator, None | Some(Operator::Add | Operator::Subtract))
                    && self.hits(Kind::Assignment)
                {
                    *operator = if operator.is_none() { Some(Operator::Add) } else { None };
                }
                if *value != Expression::Constant(0.0) && self.hits(Kind::Sign) {
                    *value = Expression::Unary(Function::Negate, Box::new(value.clone()));
                    return;
                }
                self.place(place, scope, false);
                self.expression(value, scope);
            }
            Statement::For { variable, from, to, down, body } => {
                if self.hits(Kind::Bound) {
                    match self.random.integer(0, 2) {
                        0 => *from = Index::Binary('+', Box::new(from.clone()), Box::new(Index::Constant(1))),
                        1 => *to = Index::Binary('-', Box::new(to.clone()), Box::new(Index::Constant(1))),
                        _ => *down = !*down,
                    }
                }
                scope.push(*variable);
                self.block(body, scope);
                scope.pop();
            }
            Statement::If(conditions, body) => {
                for condition in conditions {
                    if self.hits(Kind::Comparison) {
                        condition.comparison = turned(condition.comparison);
                    }
                    self.expression(&mut condition.left, scope);
                    self.expression(&mut condition.right, scope);
                }
                self.block(body, scope);
            }
        }
    }

    fn expression(&mut self, expression: &mut Expression, scope: &[usize]) {
        match expression {
            Expression::Constant(value) => {
                if self.hits(Kind::Constant) {
                    *value = *self.random.choose(&[*value + 1.0, *value * 2.0, *value * 0.5, -*value, 0.0]);
                }
            }
            Expression::Integer(Index::Size(size)) => {
                if self.hits(Kind::Constant) {
                    *size = self.random.integer(0, self.program.sizes.len() as i64 - 1) as usize;
                }
            }
            Expression::Integer(_) => {}
            Expression::Read(place) => {
                let is_dout = place.array == self.program.with_role(&Role::Upstream);
                if is_dout && self.hits(Kind::DoutIgnored) {
                    *expression = Expression::Constant(1.0);
                    return;
                }
                if self.hits(Kind::Twice) {
                    let read = Box::new(expression.clone());
                    *expression = Expression::Binary(Operator::Multiply, read.clone(), read);
                    return;
                }
                self.place(place, scope, true);
            }
            Expression::Unary(function, inner) => {
                let kind = if *function == Function::Negate { Kind::Sign } else { Kind::Function };
                if self.hits(kind) {
                    let drop = *function == Function::Negate || self.random.chance(0.5);
                    if drop {
                        *expression = (**inner).clone();
                    } else {
                        let others = [Function::Exp, Function::Tanh, Function::Sqrt, Function::Abs];
                        *function = *self.random.choose(&others);
                    }
                    return;
                }
                self.expression(inner, scope);
            }
            Expression::Binary(operator, left, right) => {
                if self.hits(Kind::Operator) {
                    *operator = opposite(*operator);
                    return;
                }
                for only_first in [true, false] {
                    if self.hits(Kind::Part) {
                        *expression = if only_first { (**left).clone() } else { (**right).clone() };
                        return;
                    }
                }
                self.expression(left, scope);
                self.expression(right, scope);
            }
            Expression::Select(condition, yes, no) => {
                if self.hits(Kind::Comparison) {
                    if self.random.chance(0.5) {
                        condition.comparison = turned(condition.comparison);
                    } else {
                        std::mem::swap(yes, no);
                    }
                    return;
                }
                for only_first in [true, false] {
                    if self.hits(Kind::Part) {
                        *expression = if only_first { (**yes).clone() } else { (**no).clone() };
                        return;
                    }
                }
                self.expression(&mut condition.left, scope);
                self.expression(&mut condition.right, scope);
                self.expression(yes, scope);
                self.expression(no, scope);
            }
        }
    }

    /// A place that is read or assigned to.
    fn place(&mut self, place: &mut Place, scope: &[usize], is_read: bool) {
        let own = &self.program.arrays[place.array];
        let fits = |array: &Array| {
            array.shape.len() == own.shape.len()
                && array.name != own.name
                && !matches!(array.role, Role::Classes(_) | Role::Indices(_))
        };
        let others: Vec<usize> =
            (0..self.program.arrays.len()).filter(|&other| fits(&self.program.arrays[other])).collect();
        if is_read && !others.is_empty() && self.hits(Kind::Operand) {
            place.array = *self.random.choose(&others);
            return;
        }
        if place.index.len() > 1 && self.hits(Kind::Index) {
            let first = self.random.integer(0, place.index.len() as i64 - 2) as usize;
            place.index.swap(first, first + 1);
            return;
        }
        for index in &mut place.index {
            self.index(index, scope);
        }
    }

    fn index(&mut self, index: &mut Index, scope: &[usize]) {
        match index {
            Index::Variable(variable) => {
                let others: Vec<usize> = scope.iter().copied().filter(|other| other != variable).collect();
                if !others.is_empty() && self.hits(Kind::Index) {
                    *variable = *self.random.choose(&others);
                }
            }
            Index::Constant(value) => {
                if self.hits(Kind::Constant) {
                    *value += if self.random.chance(0.5) { 1 } else { -1 };
                }
            }
            Index::Binary(sign, left, right) => {
                if self.hits(Kind::Index) {
                    *sign = if *sign == '+' { '-' } else { '+' };
                    return;
                }
                self.index(left, scope);
                self.index(right, scope);
            }
            Index::Element(place) => {
                for index in &mut place.index {
                    self.index(index, scope);
                }
            }
            Index::Size(_) => {}
        }
    }
}

/// Calls `see` for an expression and all within it.
fn visit(expression: &Expression, see: &mut dyn FnMut(&Expression)) {
    see(expression);
    match expression {
        Expression::Unary(_, inner) => visit(inner, see),
        Expression::Binary(_, left, right) => {
            visit(left, see);
            visit(right, see);
        }
        Expression::Select(condition, yes, no) => {
            for part in [&condition.left, &condition.right, &**yes, &**no] {
                visit(part, see);
            }
        }
        Expression::Constant(_) | Expression::Integer(_) | Expression::Read(_) => {}
    }
}

fn opposite(operator: Operator) -> Operator {
    match operator {
        Operator::Add => Operator::Subtract,
        Operator::Multiply => Operator::Divide,
        Operator::Divide => Operator::Multiply,
        Operator::Subtract | Operator::Max => Operator::Add,
    }
}

fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        Comparison::Greater | Comparison::Equal => Comparison::Less,
    }
}

/// Backward reads an array of forward as the previous call left it: the copy is made before forward writes it.
fn stale(program: &Program, random: &mut Random) -> Option<Program> {
    let remembered = |&array: &usize| {
        let Array { role, shape, .. } = &program.arrays[array];
        matches!(role, Role::Input | Role::Output | Role::Kept) && !shape.is_empty() && !program.is_loss
            || *role == Role::Kept
    };
    let mut read = Vec::new();
    let mut walk = program.backward.clone();
    crate::conventions::rewrite(&mut walk, &mut |expression| {
        if let Expression::Read(place) = expression {
            read.push(place.array);
        }
    });
    let candidates: Vec<usize> =
        (0..program.arrays.len()).filter(remembered).filter(|a| read.contains(a)).collect();
    if candidates.is_empty() {
        return None;
    }
    let array = *random.choose(&candidates);
    let mut changed = program.clone();
    let (previous, current) = (changed.arrays.len(), changed.arrays.len() + 1);
    let Array { name, shape, .. } = program.arrays[array].clone();
    for prefix in ["previous", "current"] {
        let name = format!("{prefix}_{name}");
        changed.arrays.push(Array { name, role: Role::Kept, shape: shape.clone() });
    }
    // At the end of forward: previous = current; current = what forward has left.
    let copy = |to: usize, from: usize, program: &mut Program| {
        let variables: Vec<usize> = (0..shape.len())
            .map(|axis| {
                program.variables.push(format!("i{axis}"));
                program.variables.len() - 1
            })
            .collect();
        let index: Vec<Index> = variables.iter().map(|&variable| Index::Variable(variable)).collect();
        let value = Expression::Read(Place { array: from, index: index.clone() });
        let mut statement = Statement::Assign(Place { array: to, index }, None, value);
        for (&variable, length) in variables.iter().zip(&shape).rev() {
            let (from, to) = (Index::Constant(0), length.clone());
            statement = Statement::For { variable, from, to, down: false, body: vec![statement] };
        }
        statement
    };
    let first = copy(previous, current, &mut changed);
    let second = copy(current, array, &mut changed);
    changed.forward.extend([first, second]);
    crate::conventions::rewrite(&mut changed.backward, &mut |expression| {
        if let Expression::Read(place) = expression
            && place.array == array
        {
            place.array = previous;
        }
    });
    Some(changed)
}

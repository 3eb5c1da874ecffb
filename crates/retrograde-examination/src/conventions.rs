//! Conventions: code whose parts differ from the plain derivative while the used gradients are right. Each is a change of the
//! source.

use std::rc::Rc;

use crate::case::{Case, Subject};
use crate::program::{Expression, Index, Operator, Place, Program, Role, Statement, writes};
use crate::random::Random;

/// Applies none, one or several conventions that fit the case.
pub fn apply(random: &mut Random, case: &mut Case) {
    let network = case.subject == Subject::Network;
    if case.units.iter().any(|unit| writes(&unit.program.backward, unit.program.with_role(&Role::Upstream))) {
        case.conventions.push("backward writes into dout");
    }
    if case.loss().is_some() && random.chance(0.2) {
        let last = case.units.len() - 1;
        change(case, last, "the loss ignores dout", ignore_dout);
    }
    if network && random.chance(0.15) {
        move_mean(case);
    }
    if network && random.chance(0.15) {
        change(case, 0, "the first layer has no dx", without_dx);
    }
    if network && random.chance(0.1) {
        case.decay = 10_f64.powf(random.between(-4.0, 0.0));
        case.conventions.push("weight decay in loss and gradient");
    }
    if network && random.chance(0.1) {
        for unit in 0..case.units.len() {
            change(case, unit, "gradients are accumulated, and zeroed by forward", zeroed_by_forward);
        }
    }
}

fn change(case: &mut Case, unit: usize, name: &'static str, change: fn(&Program) -> Option<Program>) {
    if let Some(program) = change(&case.units[unit].program) {
        case.units[unit].program = Rc::new(program);
        if !case.conventions.contains(&name) {
            case.conventions.push(name);
        }
    }
}

/// A loss whose dout is always 1 may ignore it.
#[allow(clippy::unnecessary_wraps, reason = "of the type that `change` takes")]
fn ignore_dout(program: &Program) -> Option<Program> {
    let dout = program.with_role(&Role::Upstream);
    let mut changed = program.clone();
    rewrite(&mut changed.backward, &mut |expression| {
        if matches!(expression, Expression::Read(place) if place.array == dout) {
            *expression = Expression::Constant(1.0);
        }
    });
    Some(changed)
}

/// The mean's 1/N leaves the loss's backward and enters the gradients of all parameters.
fn move_mean(case: &mut Case) {
    let Some(loss) = case.loss() else { return };
    let rows = loss.sizes[0];
    if case.units.iter().any(|unit| unit.sizes[0] != rows) {
        return;
    }
    // Every layer must have its rows along the same first axis, or its N is another.
    let has_rows = |program: &Program| {
        program.arrays[program.with_role(&Role::Input)].shape.first() == Some(&Index::Size(0))
    };
    if !case.units.iter().all(|unit| has_rows(&unit.program)) {
        return;
    }
    let mut program = (*loss.program).clone();
    let mut divisions = 0;
    rewrite(&mut program.backward, &mut |expression| {
        if let Expression::Binary(Operator::Divide, left, right) = expression
            && **right == Expression::Integer(Index::Size(0))
        {
            *expression = (**left).clone();
            divisions += 1;
        }
    });
    if divisions == 0 {
        return;
    }
    let last = case.units.len() - 1;
    case.units[last].program = Rc::new(program);
    for unit in &mut case.units[..last] {
        let mut program = (*unit.program).clone();
        for parameter in program.parameters() {
            let gradient = program.gradient_of(parameter);
            let rows = Expression::Integer(Index::Size(0));
            let whole = Place { array: gradient, index: Vec::new() };
            program.backward.push(Statement::Assign(whole, Some(Operator::Divide), rows));
        }
        unit.program = Rc::new(program);
    }
    case.conventions.push("1/N in the gradients of the parameters instead of the loss's");
}

/// The gradient of the network's input is not used.
fn without_dx(program: &Program) -> Option<Program> {
    let dx = program.gradient_of(program.with_role(&Role::Input));
    let mut reads = false;
    let mut changed = program.clone();
    rewrite(&mut changed.backward, &mut |expression| {
        reads |= matches!(expression, Expression::Read(place) if place.array == dx);
    });
    if reads {
        return None;
    }
    changed.backward = without_writes(&changed.backward, dx);
    let whole = Place { array: dx, index: Vec::new() };
    changed.backward.insert(0, Statement::Assign(whole, None, Expression::Constant(0.0)));
    Some(changed)
}

fn without_writes(statements: &[Statement], array: usize) -> Vec<Statement> {
    let kept = |statement: &Statement| match statement {
        Statement::Assign(place, ..) if place.array == array => None,
        Statement::Assign(..) => Some(statement.clone()),
        Statement::For { variable, from, to, down, body } => {
            let body = without_writes(body, array);
            (!body.is_empty()).then(|| Statement::For {
                variable: *variable,
                from: from.clone(),
                to: to.clone(),
                down: *down,
                body,
            })
        }
        Statement::If(conditions, body) => {
            let body = without_writes(body, array);
            (!body.is_empty()).then(|| Statement::If(conditions.clone(), body))
        }
    };
    statements.iter().filter_map(kept).collect()
}

/// The parameters' gradients are zeroed before forward, and backward adds to them.
fn zeroed_by_forward(program: &Program) -> Option<Program> {
    let mut changed = program.clone();
    let gradients: Vec<usize> =
        program.parameters().iter().map(|&array| program.gradient_of(array)).collect();
    let zeroes = |statement: &Statement| {
        matches!(statement, Statement::Assign(Place { array, index }, None, Expression::Constant(0.0))
            if index.is_empty() && gradients.contains(array))
    };
    let (moved, kept): (Vec<_>, Vec<_>) = changed.backward.into_iter().partition(zeroes);
    if moved.is_empty() {
        return None;
    }
    changed.backward = kept;
    changed.forward.splice(0..0, moved);
    Some(changed)
}

/// Calls `change` for all expressions of the statements, outer ones first.
pub fn rewrite(statements: &mut [Statement], change: &mut dyn FnMut(&mut Expression)) {
    for statement in statements {
        match statement {
            Statement::Assign(_, _, value) => rewrite_expression(value, change),
            Statement::For { body, .. } => rewrite(body, change),
            Statement::If(conditions, body) => {
                for condition in conditions {
                    rewrite_expression(&mut condition.left, change);
                    rewrite_expression(&mut condition.right, change);
                }
                rewrite(body, change);
            }
        }
    }
}

fn rewrite_expression(expression: &mut Expression, change: &mut dyn FnMut(&mut Expression)) {
    change(expression);
    match expression {
        Expression::Unary(_, inner) => rewrite_expression(inner, change),
        Expression::Binary(_, left, right) => {
            rewrite_expression(left, change);
            rewrite_expression(right, change);
        }
        Expression::Select(condition, yes, no) => {
            rewrite_expression(&mut condition.left, change);
            rewrite_expression(&mut condition.right, change);
            rewrite_expression(yes, change);
            rewrite_expression(no, change);
        }
        Expression::Constant(_) | Expression::Integer(_) | Expression::Read(_) => {}
    }
}

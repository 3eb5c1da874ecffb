//! Edits of an expression: one term, factor, function, exponent or branch dropped or exchanged, or a sign.

use retrograde_core::kernel::{Binary, Expr, Node, Unary};

/// An expression with one edit.
pub(super) struct Edited {
    /// The edited expression.
    pub(super) expr: Expr,
    pub(super) edit: Edit,
}

/// What was edited.
pub(super) enum Edit {
    /// This part is missing.
    Dropped(Expr),
    /// The second stands in place of the first.
    Exchanged(Expr, Expr),
}

/// Every expression that differs from this one by an edit. Edits of large parts come first.
pub(super) fn edits(expr: &Expr) -> Vec<Edited> {
    let mut all = Vec::new();
    for (place, node) in expr.nodes().iter().enumerate().rev() {
        let part = |place| expr.part(place);
        let own = part(place);
        let mut push = |replacement: Expr, edit: Edit| {
            all.push(Edited { expr: expr.with_part(place, &replacement), edit });
        };
        let exchange = |other: Expr, push: &mut dyn FnMut(Expr, Edit)| {
            push(other.clone(), Edit::Exchanged(own.clone(), other));
        };
        match *node {
            Node::Input(input) => {
                // x in place of y, or the reverse.
                if input < 2 {
                    exchange(Expr::input(1 - input), &mut push);
                }
            }
            Node::Constant(_) => {}
            Node::Unary(function, x) => {
                let x = part(x);
                push(x.clone(), Edit::Dropped(own.clone()));
                let others = [Unary::Exp, Unary::Tanh, Unary::Sigmoid].into_iter();
                for other in others.filter(|other| *other != function && function != Unary::Negate) {
                    exchange(Expr::unary(other, &x), &mut push);
                }
                if matches!(function, Unary::Tanh | Unary::Sigmoid) {
                    let slope = Expr::unary(function, &Expr::input(0)).derivative(0);
                    exchange(slope.substitute(|_| x.clone()), &mut push);
                }
            }
            Node::Binary(function, a, b) => {
                let (a, b) = (part(a), part(b));
                push(a.clone(), Edit::Dropped(b.clone()));
                let without_first = if function == Binary::Subtract { -&b } else { b.clone() };
                push(without_first, Edit::Dropped(a.clone()));
                let other = match function {
                    Binary::Add => Binary::Subtract,
                    Binary::Subtract => Binary::Add,
                    Binary::Multiply => Binary::Divide,
                    Binary::Divide => Binary::Multiply,
                    Binary::Maximum => Binary::Minimum,
                    Binary::Minimum => Binary::Maximum,
                    Binary::Power => {
                        exchange(a.power(&b - 1.0), &mut push);
                        exchange(a.power(&b + 1.0), &mut push);
                        continue;
                    }
                };
                exchange(Expr::binary(other, &a, &b), &mut push);
                if !matches!(function, Binary::Add | Binary::Multiply) {
                    exchange(Expr::binary(function, &b, &a), &mut push);
                }
                if function == Binary::Add {
                    exchange(Expr::binary(Binary::Multiply, &a, &b), &mut push);
                }
            }
            Node::Select(_, [_, _, then, otherwise]) => {
                let (then, otherwise) = (part(then), part(otherwise));
                push(then.clone(), Edit::Dropped(otherwise.clone()));
                push(otherwise, Edit::Dropped(then));
            }
        }
    }
    all
}

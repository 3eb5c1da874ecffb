//! User-defined operations, y = x + x²·0.5, with derivatives that are wrong in different ways.

use retrograde::Var;
use retrograde::graph::{Mismatch, Operation, Type, VjpContext};
use retrograde::kernel::{Call, Expr, Form, Real, Rows, RowsKernel};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Flaw {
    Sign,
    Factor,
    SlopeMissing,
    SlopeAtOutput,
    Detached,
    DoutIgnored,
    /// One number of many is wrong.
    OneElement,
    /// By so little that only good differences see it.
    Slightly,
    /// As `Factor`, in an operation that is not pointwise for all the check knows.
    Rows,
    /// Right, but made of an operation that passes no gradient.
    SecondOrder,
    /// Of another shape than the input.
    Shape,
    /// Right; the operation itself gives other values each time.
    Noise,
}

impl Flaw {
    /// Those for which the first derivative is another than the function's.
    pub const WRONG: [Flaw; 9] = [
        Flaw::Sign,
        Flaw::Factor,
        Flaw::SlopeMissing,
        Flaw::SlopeAtOutput,
        Flaw::Detached,
        Flaw::DoutIgnored,
        Flaw::OneElement,
        Flaw::Slightly,
        Flaw::Rows,
    ];
}

/// The operation with this flaw.
#[track_caller]
pub fn flawed(x: &Var, flaw: Flaw) -> Var {
    x.graph().apply(Flawed(flaw), &[x])
}

#[derive(Debug)]
struct Flawed(Flaw);

impl Operation for Flawed {
    fn name(&self) -> &'static str {
        "flawed"
    }

    fn attributes(&self) -> String {
        format!("{:?}", self.0)
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        Ok(inputs[0].clone())
    }

    fn form(self: Arc<Self>) -> Form {
        match self.0 {
            Flaw::Rows | Flaw::Noise => Form::rows(self),
            _ => Form::Elementwise(Expr::input(0) + 0.5 * Expr::input(0) * Expr::input(0)),
        }
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (x, g) = (context.input(0), context.upstream());
        let right = || g * (1.0 + x);
        let graph = x.graph();
        vec![match self.0 {
            Flaw::Sign => Some(-right()),
            Flaw::Factor | Flaw::Rows => Some(2.0 * right()),
            Flaw::SlopeMissing => Some(g * 1.0),
            Flaw::SlopeAtOutput => Some(g * (1.0 + context.output())),
            Flaw::Detached => None,
            Flaw::DoutIgnored => Some(1.0 + x),
            Flaw::OneElement => {
                let first = |i| if i == 0 { 1.3 } else { 1.0 };
                Some(right() * graph.constant(retrograde::Tensor::from_fn(x.shape(), first).unwrap()))
            }
            Flaw::Slightly => Some(1.00001 * right()),
            Flaw::SecondOrder => Some(g * (1.0 + graph.apply(Frozen, &[x]))),
            Flaw::Shape => Some(right().reshape([1, x.shape().elements()])),
            Flaw::Noise => Some(right()),
        }]
    }
}

/// y = x, without a derivative.
#[derive(Debug)]
struct Frozen;

impl Operation for Frozen {
    fn name(&self) -> &'static str {
        "frozen"
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        Ok(inputs[0].clone())
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0))
    }

    fn vjp(&self, _: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![None]
    }
}

impl RowsKernel for Flawed {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        1
    }
}

impl<T: Real> Rows<T> for Flawed {
    fn evaluate(&self, call: Call<'_, T>) {
        static TURN: AtomicU32 = AtomicU32::new(0);
        let x = call.inputs.get(0);
        for (y, &x) in call.output.real().iter_mut().zip(x.real()) {
            *y = x + T::of(0.5) * x * x;
            if self.0 == Flaw::Noise {
                *y *= T::of(1.0 + f64::from(TURN.fetch_add(1, Ordering::Relaxed) % 7));
            }
        }
    }
}

/// How a maximum gives its gradient to numbers that are tied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shares {
    First,
    Last,
    Equal,
    /// All of it to each.
    Each,
}

/// The largest of each row of a matrix, as a column.
#[track_caller]
pub fn largest(x: &Var, shares: Shares) -> Var {
    x.graph().apply(Largest(shares), &[x])
}

#[derive(Debug)]
struct Largest(Shares);

impl Operation for Largest {
    fn name(&self) -> &'static str {
        "largest"
    }

    fn attributes(&self) -> String {
        format!("{:?}", self.0)
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        Ok(Type::real([inputs[0].shape[0], 1]))
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (x, g) = (context.input(0), context.upstream());
        let to = x.graph().apply(Receives(self.0), &[x]);
        vec![Some(g.broadcast(x.shape()) * to)]
    }
}

impl RowsKernel for Largest {
    fn rows(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        inputs[0][0]
    }
}

impl<T: Real> Rows<T> for Largest {
    fn evaluate(&self, call: Call<'_, T>) {
        let x = call.inputs.get(0).real();
        let width = x.len() / call.shape[0];
        for (y, row) in call.output.real().iter_mut().zip(x[call.rows.start * width..].chunks(width)) {
            *y = row.iter().copied().fold(row[0], |most, x| if x > most { x } else { most });
        }
    }
}

/// What each number receives of the gradient of its row's largest.
#[derive(Debug)]
struct Receives(Shares);

impl Operation for Receives {
    fn name(&self) -> &'static str {
        "receives"
    }

    fn attributes(&self) -> String {
        format!("{:?}", self.0)
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        Ok(inputs[0].clone())
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self)
    }

    fn vjp(&self, _: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![None]
    }
}

impl RowsKernel for Receives {
    fn rows(&self, inputs: &[&[usize]], _: &[usize]) -> usize {
        inputs[0][0]
    }
}

impl<T: Real> Rows<T> for Receives {
    fn evaluate(&self, call: Call<'_, T>) {
        let (x, width) = (call.inputs.get(0).real(), call.shape[1]);
        let rows = x[call.rows.start * width..].chunks(width);
        for (to, row) in call.output.real().chunks_mut(width).zip(rows) {
            let most = row.iter().copied().fold(row[0], |most, x| if x > most { x } else { most });
            let tied: Vec<usize> = (0..width).filter(|&at| row[at] == most).collect();
            to.fill(T::of(0.0));
            match self.0 {
                Shares::First => to[tied[0]] = T::of(1.0),
                Shares::Last => to[tied[tied.len() - 1]] = T::of(1.0),
                Shares::Equal => tied.iter().for_each(|&at| to[at] = T::of(1.0 / tied.len() as f64)),
                Shares::Each => tied.iter().for_each(|&at| to[at] = T::of(1.0)),
            }
        }
    }
}

/// The larger of two numbers, with what each of them receives of the gradient where they are equal.
#[track_caller]
pub fn larger(a: &Var, b: &Var, at_tie: [f64; 2]) -> Var {
    a.graph().apply(Larger(at_tie), &[a, b])
}

#[derive(Debug)]
struct Larger([f64; 2]);

impl Operation for Larger {
    fn name(&self) -> &'static str {
        "larger"
    }

    fn attributes(&self) -> String {
        format!("{:?}", self.0)
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        Ok(inputs[0].clone())
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0).max(Expr::input(1)))
    }

    fn vjp(&self, context: &VjpContext<'_>) -> Vec<Option<Var>> {
        let (a, b, g) = (context.input(0), context.input(1), context.upstream());
        let sign = (a - b).sign();
        let tie = 1.0 - &sign * &sign;
        let share = |sign: &Var, at_tie: f64| g * (0.5 * (sign + 1.0 - &tie) + at_tie * &tie);
        vec![Some(share(&sign, self.0[0])), Some(share(&-&sign, self.0[1]))]
    }
}

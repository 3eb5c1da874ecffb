//! An operation of a program's own: swish, y = x · sigmoid(β·x) (Ramachandran, Zoph and Le, 2017).
//!
//! Nothing in the library knows it. It is recorded by `Graph::apply`, fused into chains with its neighbours like any
//! other elementwise operation, differentiated as often as one likes, and this repository's laws are run over its entry.

use retrograde::graph::{Mismatch, Operation, Type};
use retrograde::kernel::{Expr, Form};
use retrograde::ops::{Entry, InputSpec, InvalidCase, OpCase};
use retrograde::{Graph, Result, Var};
use std::sync::Arc;

/// What help, tables and the laws know of it.
pub static ENTRY: Entry = Entry {
    name: "swish",
    summary: "A number times the sigmoid of its multiple.",
    formula: "y = x * sigmoid(beta * x)",
    derivative: "dx = g * sigmoid(beta * x) + beta * g * x * sigmoid(beta * x) * (1 - sigmoid(beta * x))",
    cases: || {
        let reference = |v: &[Var]| &v[0] * (1.5 * &v[0]).sigmoid();
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| {
                OpCase::new([InputSpec::real(shape)], |v| swish(&v[0], 1.5)).with_reference(reference)
            })
            .to_vec()
    },
    kinks: Vec::new,
    invalid_cases: || {
        vec![InvalidCase {
            types: vec![Type::index([2])],
            record: |v| swish(&v[0], 1.5),
            mentions: &["indices"],
        }]
    },
};

/// The operation: its attributes are its fields.
#[derive(Debug)]
struct Swish {
    beta: f64,
}

/// x · sigmoid(β·x), element by element.
#[track_caller]
pub fn swish(x: &Var, beta: f64) -> Var {
    x.graph().apply(Swish { beta }, &[x])
}

impl Operation for Swish {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn attributes(&self) -> String {
        format!("beta = {}", self.beta)
    }

    /// Its derived `Debug` shows all of its fields: a plan computes equal ones of equal inputs once.
    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        let fits = *inputs == [Type::real(&inputs[0].shape)];
        fits.then(|| inputs[0].clone())
            .ok_or_else(|| Mismatch::new("swish takes no indices", "give one real tensor"))
    }

    /// Its derivative follows from the expression.
    fn form(self: Arc<Self>) -> Form {
        let x = Expr::input(0);
        Form::Elementwise(&x * (self.beta * &x).sigmoid())
    }
}

fn main() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [-2.0, 0.0, 2.0]);
    let y = swish(&x, 1.5);
    let slope = y.sum_all().backward()?.wrt(&x)?;
    let curvature = slope.sum_all().backward()?.wrt(&x)?;
    println!("x   {}", x.value()?);
    println!("y   {}", y.value()?);
    println!("y'  {}", slope.value()?);
    println!("y'' {}", curvature.value()?);
    Ok(())
}

//! A user's operation: swish, y = x · sigmoid(β·x) (Ramachandran, Zoph and Le, 2017).
//!
//! It is recorded with `Graph::apply`, fused like any elementwise operation of the library, and differentiable any number
//! of times. The laws of this repository run over its entry.

use retrograde::graph::{Mismatch, Operation, Type};
use retrograde::kernel::{Expr, Form};
use retrograde::ops::{Entry, InputSpec, InvalidCase, OpCase};
use retrograde::{Graph, Result, Var};
use std::sync::Arc;

/// The entry for help, tables and laws.
pub static ENTRY: Entry = Entry {
    name: "swish",
    summary: "x times the sigmoid of beta * x.",
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

/// The operation; its fields are its attributes.
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

    /// The derived `Debug` shows all fields, so that a plan merges equal operations of equal inputs.
    fn merge_key(&self) -> Option<String> {
        Some(format!("{self:?}"))
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        let fits = *inputs == [Type::real(&inputs[0].shape)];
        fits.then(|| inputs[0].clone())
            .ok_or_else(|| Mismatch::new("swish does not accept indices", "give a real tensor"))
    }

    /// The derivative is derived from the expression.
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

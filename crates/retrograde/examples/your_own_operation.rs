//! An operation of a program's own: swish, y = x · sigmoid(β·x) (Ramachandran, Zoph and Le, 2017).
//!
//! Nothing in the library knows it. It is recorded by `Graph::apply`, fused into chains with its neighbours like any
//! other pointwise operation, differentiated as often as one likes, and this repository's laws are run over its entry.

use retrograde::graph::{Mismatch, Operation, Site, Type};
use retrograde::kernel::{Body, Form, InstructionSet, Pointwise, Real, dispatch};
use retrograde::ops::{Entry, Given, Refusal, Sample};
use retrograde::{Graph, Result, Var};
use std::sync::Arc;

/// What help, tables and the laws know of it.
pub static ENTRY: Entry = Entry {
    name: "swish",
    summary: "A number times the sigmoid of its multiple.",
    formula: "y = x * sigmoid(beta * x)",
    derivative: "dx = g * (s + beta * y * (1 - s)), where s = sigmoid(beta * x)",
    samples: || {
        let spelling = |v: &[Var]| &v[0] * (1.5 * &v[0]).sigmoid();
        [[].as_slice(), &[0], &[1], &[5, 7]]
            .map(|shape| Sample::new([Given::real(shape)], |v| swish(&v[0], 1.5)).spelled(spelling))
            .to_vec()
    },
    kinks: Vec::new,
    refusals: || {
        vec![Refusal { types: vec![Type::index([2])], record: |v| swish(&v[0], 1.5), says: &["indices"] }]
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
        format!("beta {}", self.beta)
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

    fn form(self: Arc<Self>) -> Form {
        Form::Pointwise(self)
    }

    /// ∂y/∂x = s + x·β·s(1 − s) = s + β·y·(1 − s) with s = sigmoid(β·x).
    fn derivative(&self, site: &Site<'_>) -> Vec<Option<Var>> {
        vec![site.when_wanted(0, || {
            let s = (self.beta * site.input(0)).sigmoid();
            site.upstream() * (&s + self.beta * site.output() * (1.0 - &s))
        })]
    }
}

impl<T: Real> Pointwise<T> for Swish {
    fn map(&self, inputs: &[&[T]], output: &mut [T]) {
        dispatch(Loop { x: inputs[0], output, beta: T::of(self.beta) });
    }
}

/// The loop over a tile, which `dispatch` runs compiled for the processor's vector instructions.
struct Loop<'a, T> {
    x: &'a [T],
    output: &'a mut [T],
    beta: T,
}

impl<T: Real> Body for Loop<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<I: InstructionSet>(self) {
        for (y, &x) in self.output.iter_mut().zip(self.x) {
            // e^(−β·x) may overflow to infinity, for which the quotient is the 0 that it should be.
            *y = x / (T::one() + (-self.beta * x).exponential());
        }
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

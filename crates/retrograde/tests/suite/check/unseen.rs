//! Layers that the catalogue does not have, as a user might write them: right ones have no false positives, and plausible
//! mistakes have the right cause.

mod dense;
mod elementwise;
mod gates;
mod losses;
mod margins;
mod mutants;
mod normalization;
mod sequences;
mod several_uses;
mod whole_networks;
mod windows;

use ndarray::{Array2, Ix2};
use retrograde::Result;
use retrograde::check::{self, Report, Verdict};
use retrograde::textbook::{Layer, Parameter, Tensor, remembered};

/// What a backward is made from: the input, the parameters, the output and the gradient from above.
struct Given<'a> {
    x: &'a Tensor,
    p: &'a [Tensor],
    y: &'a Tensor,
    d: &'a Tensor,
}

type Forward = fn(&Tensor, &[Tensor]) -> Tensor;
/// The gradients of the input and of the parameters.
type Backward = fn(&Given<'_>) -> (Tensor, Vec<Tensor>);
/// What the mistake is, how its cause begins, and the backward.
type Wrong = (&'static str, &'static str, Backward);

/// A layer with its right backward and with wrong ones.
struct Subject {
    name: &'static str,
    x: Tensor,
    parameters: Vec<Tensor>,
    forward: Forward,
    right: Backward,
    wrong: Vec<Wrong>,
}

/// A layer of a user's.
struct Own {
    parameters: Vec<Tensor>,
    gradients: Vec<Tensor>,
    forward: Forward,
    backward: Backward,
    memory: Option<(Tensor, Tensor)>,
}

impl Layer for Own {
    fn forward(&mut self, x: &Tensor) -> Result<Tensor> {
        let y = (self.forward)(x, &self.parameters);
        self.memory = Some((x.clone(), y.clone()));
        Ok(y)
    }

    fn backward(&mut self, d: &Tensor) -> Result<Tensor> {
        let (x, y) = remembered(self.memory.as_ref(), "Own")?;
        let (dx, gradients) = (self.backward)(&Given { x, p: &self.parameters, y, d });
        self.gradients = gradients;
        Ok(dx)
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let named = ["w", "b", "v"].into_iter().zip(&mut self.parameters).zip(&self.gradients);
        named
            .map(|((name, value), gradient)| Parameter {
                name,
                value: value.view_mut(),
                gradient: Some(gradient.view()),
            })
            .collect()
    }
}

impl Subject {
    fn layer(&self, backward: Backward) -> Own {
        Own {
            parameters: self.parameters.clone(),
            gradients: self.parameters.clone(),
            forward: self.forward,
            backward,
            memory: None,
        }
    }
}

/// Numbers of either sign, no two alike in a small array.
fn numbers(shape: &[usize], seed: usize) -> Tensor {
    let mut at = seed;
    Tensor::from_shape_simple_fn(shape, || {
        at += 1;
        ((at * 7919 + 13) % 1009) as f64 / 504.5 - 1.0
    })
}

fn matrix(x: &Tensor) -> Array2<f64> {
    x.view().into_dimensionality::<Ix2>().expect("two axes").to_owned()
}

/// a · b, with either as it is or transposed by the caller.
fn product(a: &Array2<f64>, b: &Array2<f64>) -> Tensor {
    a.dot(b).into_dyn()
}

fn zip(x: &Tensor, d: &Tensor, f: impl Fn(f64, f64) -> f64) -> Tensor {
    ndarray::Zip::from(x).and(d).map_collect(|x, d| f(*x, *d))
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn said(report: &Report) -> Vec<String> {
    report.causes().map(ToString::to_string).collect()
}

/// Right is right, and each mistake has its cause.
fn examine(subjects: Vec<Subject>) -> Result<()> {
    let mut trouble = Vec::new();
    for subject in subjects {
        let report = check::layer(&mut subject.layer(subject.right), &subject.x)?;
        if !matches!(report.verdict, Verdict::Right | Verdict::Kink) {
            trouble.push(format!("{} done right is {}\n{report}", subject.name, report.verdict));
        }
        for (what, cause, backward) in &subject.wrong {
            let report = check::layer(&mut subject.layer(*backward), &subject.x)?;
            super::support::read(&report);
            if !report.verdict.is_wrong() || !said(&report).iter().any(|said| said.starts_with(cause)) {
                let said = said(&report);
                trouble.push(format!("{}, {what}: {} {said:?}, not {cause}", subject.name, report.verdict));
            }
        }
    }
    assert!(trouble.is_empty(), "{}", trouble.join("\n"));
    Ok(())
}

//! Layers that are recognised, by what forward gives, as batch or layer normalisation.

use ndarray::Axis;

use super::{Case, Diagnosis};
use crate::check::Cause;
use crate::check::view::View;
use crate::textbook::{Layer, Tensor};

/// A recognised normalisation: the axis of its statistics, its epsilon, and which parameters are gamma and beta.
#[derive(Clone, Copy)]
struct Norm {
    batch: bool,
    epsilon: f64,
    gamma: Option<usize>,
    beta: Option<usize>,
}

const EPSILONS: [f64; 9] = [1e-5, 1e-7, 1e-8, 1e-6, 1e-3, 1e-10, 1e-12, 0.0, 1e-4];

/// The parts of a normalisation at a view: x̂, σ, and the means over the axis of the statistics.
struct Parts {
    xhat: Tensor,
    sigma: Tensor,
    axis: usize,
}

impl Parts {
    fn mean(&self, values: &Tensor) -> Tensor {
        mean(values, self.axis)
    }
}

/// The mean along an axis, in the place of each element.
fn mean(values: &Tensor, axis: usize) -> Tensor {
    let mean = values.sum_axis(Axis(axis)).insert_axis(Axis(axis)) / values.len_of(Axis(axis)) as f64;
    mean.broadcast(values.raw_dim()).expect("a mean fits what it is the mean of").to_owned()
}

impl Norm {
    fn parts(self, x: &Tensor) -> Parts {
        let axis = if self.batch { 0 } else { x.ndim() - 1 };
        let centred = x - &mean(x, axis);
        let sigma = mean(&(&centred * &centred), axis).mapv(|variance| (variance + self.epsilon).sqrt());
        Parts { xhat: &centred / &sigma, sigma, axis }
    }

    fn gamma(self, view: &View<'_>) -> Tensor {
        let ones = || Tensor::ones(vec![1; view.probe.x.ndim()]);
        self.gamma.map_or_else(ones, |at| view.probe.values[at].clone())
    }

    fn is(self, view: &View<'_>) -> bool {
        let expected = self.parts(&view.probe.x).xhat * self.gamma(view);
        let expected = match self.beta {
            Some(at) => expected + &view.probe.values[at],
            None => expected,
        };
        super::softmax::same(&view.probe.out, &expected)
    }
}

fn recognise(case: &Case<'_>) -> Option<Norm> {
    let first = case.views.first()?;
    let shape = first.probe.x.shape();
    if shape.len() < 2 || first.probe.out.shape() != shape {
        return None;
    }
    let width = shape.last();
    // One number for each column, however many axes of length 1 it has.
    let fitting = |at: &usize| {
        let of = first.probe.values[*at].shape();
        of.last() == width && of.len() <= shape.len() && of[..of.len() - 1].iter().all(|length| *length == 1)
    };
    let parameters: Vec<Option<usize>> =
        std::iter::once(None).chain((1..first.probe.values.len()).filter(fitting).map(Some)).collect();
    for batch in [true, false] {
        for epsilon in EPSILONS {
            for &gamma in &parameters {
                for &beta in &parameters {
                    let norm = Norm { batch, epsilon, gamma, beta };
                    if (gamma.is_none() || gamma != beta) && case.views.iter().all(|view| norm.is(view)) {
                        return Some(norm);
                    }
                }
            }
        }
    }
    None
}

/// The gradient of a normalisation with a path missing, or with x for x̂.
pub(super) fn paths(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    type Form = (&'static str, &'static str, fn(&Parts, &Tensor, &Tensor) -> Tensor);
    // From the parts, the gradient of x̂ (dout · γ), and dout.
    const FORMS: &[Form] = &[
        ("mean", "(dx̂ − x̂ · mean(dx̂ · x̂)) / σ", |p, g, _| {
            (g - &(&p.xhat * &p.mean(&(g * &p.xhat)))) / &p.sigma
        }),
        ("variance", "(dx̂ − mean(dx̂)) / σ", |p, g, _| (g - &p.mean(g)) / &p.sigma),
        ("mean and variance", "dx̂ / σ", |p, g, _| g / &p.sigma),
        ("gamma", "(dout − mean(dout) − x̂ · mean(dout · x̂)) / σ", |p, _, d| {
            (d - &p.mean(d) - &p.xhat * &p.mean(&(d * &p.xhat))) / &p.sigma
        }),
        ("division by σ", "dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)", |p, g, _| {
            g - &p.mean(g) - &p.xhat * &p.mean(&(g * &p.xhat))
        }),
        ("root of the variance", "(dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)) / σ²", |p, g, _| {
            (g - &p.mean(g) - &p.xhat * &p.mean(&(g * &p.xhat))) / &(&p.sigma * &p.sigma)
        }),
        ("x̂ in the variance's share", "(dx̂ − mean(dx̂) − mean(dx̂ · x̂)) / σ", |p, g, _| {
            (g - &p.mean(g) - p.mean(&(g * &p.xhat))) / &p.sigma
        }),
        ("mean, variance and gamma", "dout / σ", |p, _, d| d / &p.sigma),
    ];
    let norm = recognise(case)?;
    let kind = if norm.batch { "batch" } else { "layer" };
    let right = "(dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)) / σ, dx̂ = dout · γ";
    if case.block == 0 {
        for (path, code, form) in FORMS {
            let fit = case.fit(|view| {
                let (parts, d) = (norm.parts(&view.probe.x), view.upstream());
                let g = &d * &norm.gamma(view);
                Some(form(&parts, &g, &d))
            });
            if let Some(predicted) = fit {
                return Some(
                    Diagnosis::new(Cause::NormalisationPath { kind: kind.into(), path: (*path).to_owned() }, predicted)
                        .saying(format!("Forward is a {kind} normalisation, and backward lacks the {path}: x reaches the output directly, through the mean and through the variance, and all three shares must be added up."))
                        .formulas(format!("dx = {code}"), format!("dx = {right}"))
                        .mend(format!("dx = (dxhat - dxhat.mean({a}) - xhat * (dxhat * xhat).mean({a})) / sigma", a = if norm.batch { "axis=0" } else { "axis=-1, keepdims=True" }))
                        .would("the layers before it are pushed in directions that the normalisation takes out again: slow, unsteady learning"),
                );
            }
        }
        return None;
    }
    if norm.gamma != Some(case.block) {
        return None;
    }
    for (path, code, raw) in [
        ("x̂: the raw x is in its place", "Σ dout · x", true),
        ("x̂: the output is in its place", "Σ dout · out", false),
    ] {
        let fit = case.fit(|view| {
            let product = view.upstream() * if raw { &view.probe.x } else { &view.probe.out };
            let mut sum = product;
            while sum.ndim() > view.claimed.ndim() {
                sum = sum.sum_axis(Axis(0));
            }
            (sum.shape() == view.claimed.shape()).then_some(sum)
        });
        if let Some(predicted) = fit {
            return Some(
                Diagnosis::new(Cause::NormalisationPath { kind: kind.into(), path: path.to_owned() }, predicted)
                    .saying(format!("The gradient of gamma is the sum of dout times the normalised input x̂; backward has {code}."))
                    .formulas(format!("dgamma = {code}"), "dgamma = Σ dout · x̂")
                    .mend("dgamma = (dout * xhat).sum(axis=0)")
                    .would("gamma follows the scale of the inputs, which the layer is there to take out"),
            );
        }
    }
    None
}

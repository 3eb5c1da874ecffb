//! Layers recognized by their outputs as a normalization: of the batch, of a layer, by the root mean square, to length 1.

use ndarray::Axis;

use super::{Case, Diagnosis};
use crate::message::text;
use crate::probed_block::ProbedBlock;
use crate::{Cause, Message};
use retrograde_textbook::{Layer, Tensor};

/// A recognized normalization.
#[derive(Clone)]
struct Norm {
    /// The axes of its statistics.
    axes: Vec<usize>,
    /// Whether the mean is subtracted.
    centered: bool,
    /// The divisor of the sum of squares.
    divisor: Divisor,
    epsilon: f64,
    /// The parameter that scales, and whether it has one number for each channel, the second axis of an image.
    gamma: Option<(usize, bool)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Divisor {
    Count,
    CountLessOne,
    One,
}

impl Divisor {
    fn of(self, count: f64) -> f64 {
        match self {
            Divisor::Count => count,
            Divisor::CountLessOne => count - 1.0,
            Divisor::One => 1.0,
        }
    }
}

const EPSILONS: [f64; 9] = [1e-5, 1e-7, 1e-8, 1e-6, 1e-3, 1e-10, 1e-12, 0.0, 1e-4];

/// The terms of a normalization at a probed block: x̂ and σ, broadcast to each element.
struct Parts {
    xhat: Tensor,
    sigma: Tensor,
    axes: Vec<usize>,
    centered: bool,
    count: f64,
    divisor: f64,
}

/// The sum along axes, broadcast to each element.
fn total(values: &Tensor, axes: &[usize]) -> Tensor {
    let sum =
        axes.iter().fold(values.clone(), |sum, axis| sum.sum_axis(Axis(*axis)).insert_axis(Axis(*axis)));
    sum.broadcast(values.raw_dim()).expect("a sum fits what it is the sum of").to_owned()
}

impl Parts {
    /// The contribution of the mean; 0 if none is subtracted.
    fn mean(&self, g: &Tensor) -> Tensor {
        if self.centered { total(g, &self.axes) / self.count } else { g * 0.0 }
    }

    /// The contribution of the variance.
    fn variance(&self, g: &Tensor) -> Tensor {
        &self.xhat * &(total(&(g * &self.xhat), &self.axes) / self.divisor)
    }

    fn right(&self, g: &Tensor) -> Tensor {
        (g - &self.mean(g) - self.variance(g)) / &self.sigma
    }
}

impl Norm {
    fn parts(&self, x: &Tensor) -> Parts {
        let count: usize = self.axes.iter().map(|axis| x.len_of(Axis(*axis))).product();
        let (count, axes) = (count as f64, self.axes.clone());
        let divisor = self.divisor.of(count);
        let centered = if self.centered { x - &(total(x, &axes) / count) } else { x.clone() };
        let sigma = (total(&(&centered * &centered), &axes) / divisor)
            .mapv(|variance| (variance + self.epsilon).sqrt());
        Parts { xhat: &centered / &sigma, sigma, axes, centered: self.centered, count, divisor }
    }

    fn gamma(&self, probed: &ProbedBlock<'_>) -> Tensor {
        self.gamma.map_or_else(|| Tensor::ones(vec![1; probed.probe.x.ndim()]), |place| placed(probed, place))
    }

    fn kind(&self) -> &'static str {
        match (self.centered, self.divisor, self.axes.contains(&0)) {
            (false, Divisor::One, _) => "length",
            (false, ..) => "rms",
            (true, _, true) => "batch",
            (true, _, false) => "layer",
        }
    }
}

/// A parameter, broadcast to its input.
fn placed(probed: &ProbedBlock<'_>, (at, channels): (usize, bool)) -> Tensor {
    let mut value = probed.probe.values[at].clone();
    if channels {
        for _ in 2..probed.probe.x.ndim() {
            let last = value.ndim();
            value.insert_axis_inplace(Axis(last));
        }
    }
    value
}

/// The sets of axes over which statistics are taken.
fn axes_of(dimensions: usize) -> &'static [&'static [usize]] {
    match dimensions {
        2 => &[&[0], &[1]],
        3 => &[&[0], &[2], &[0, 1], &[0, 2], &[1, 2]],
        4 => &[&[0, 2, 3], &[1, 2, 3], &[2, 3], &[0], &[3], &[0, 1, 2]],
        _ => &[],
    }
}

fn recognize(case: &Case<'_>) -> Option<Norm> {
    let first = case.probed_blocks.first()?;
    let shape = first.probe.x.shape();
    if first.probe.out.shape() != shape {
        return None;
    }
    let fits = |place: &(usize, bool)| {
        let of = first.probe.values[place.0].shape();
        (!place.1 || (of.len() == 1 && shape.len() > 2 && of[0] == shape[1]))
            && placed(first, *place).broadcast(shape).is_some()
    };
    let places: Vec<Option<(usize, bool)>> = std::iter::once(None)
        .chain((1..first.probe.values.len()).flat_map(|at| [(at, false), (at, true)]).filter(fits).map(Some))
        .collect();
    let forms = [
        (true, Divisor::Count),
        (false, Divisor::Count),
        (true, Divisor::CountLessOne),
        (false, Divisor::One),
    ];
    for axes in axes_of(shape.len()) {
        for (centered, divisor) in forms {
            for epsilon in EPSILONS {
                let norm = Norm { axes: axes.to_vec(), centered, divisor, epsilon, gamma: None };
                let all: Vec<Parts> =
                    case.probed_blocks.iter().map(|probed| norm.parts(&probed.probe.x)).collect();
                for &gamma in &places {
                    for &beta in places.iter().filter(|beta| gamma.is_none() || **beta != gamma) {
                        let norm = Norm { gamma, ..norm.clone() };
                        let is = |(probed, parts): (&ProbedBlock<'_>, &Parts)| {
                            let out = &parts.xhat * &norm.gamma(probed);
                            let out = beta.map_or_else(|| out.clone(), |place| &out + &placed(probed, place));
                            super::softmax::same(&probed.probe.out, &out)
                        };
                        if case.probed_blocks.iter().zip(&all).all(is) {
                            return Some(norm);
                        }
                    }
                }
            }
        }
    }
    None
}

/// A variant of backward: the missing path, if it is one (`norm-…` in the texts), the formula, and the function of the
/// terms, the gradient of x̂ and dout.
type Form = (&'static str, &'static str, fn(&Parts, &Tensor, &Tensor) -> Tensor);

const FORMS: &[Form] = &[
    ("norm-mean", "(dx̂ − x̂ · mean(dx̂ · x̂)) / σ", |p, g, _| (g - &p.variance(g)) / &p.sigma),
    ("norm-variance", "(dx̂ − mean(dx̂)) / σ", |p, g, _| (g - &p.mean(g)) / &p.sigma),
    ("norm-mean_and_variance", "dx̂ / σ", |p, g, _| g / &p.sigma),
    ("norm-gamma", "(dout − mean(dout) − x̂ · mean(dout · x̂)) / σ", |p, _, d| p.right(d)),
    ("norm-all", "dout / σ", |p, _, d| d / &p.sigma),
    ("norm-sigma", "dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)", |p, g, _| p.right(g) * &p.sigma),
    ("norm-square_root", "(dx̂ − mean(dx̂) − x̂ · mean(dx̂ · x̂)) / σ²", |p, g, _| {
        p.right(g) / &p.sigma
    }),
    ("norm-xhat", "(dx̂ − mean(dx̂) − mean(dx̂ · x̂)) / σ", |p, g, _| {
        (g - &p.mean(g) - total(&(g * &p.xhat), &p.axes) / p.divisor) / &p.sigma
    }),
    ("", "(dx̂ − mean(dx̂)) / σ − x̂ · mean(dx̂ · x̂)", |p, g, _| {
        (g - &p.mean(g)) / &p.sigma - p.variance(g)
    }),
    ("", "(dx̂ − mean(dx̂) + x̂ · mean(dx̂ · x̂)) / σ", |p, g, _| {
        (g - &p.mean(g) + p.variance(g)) / &p.sigma
    }),
    ("", "(dx̂ + mean(dx̂) − x̂ · mean(dx̂ · x̂)) / σ", |p, g, _| {
        (g + &p.mean(g) - p.variance(g)) / &p.sigma
    }),
    ("", "(dx̂ − Σ dx̂ − x̂ · Σ dx̂ · x̂) / σ", |p, g, _| {
        (g - &(p.mean(g) * p.count) - p.variance(g) * p.divisor) / &p.sigma
    }),
    ("", "(dx̂ − mean(dx̂) − x̂ · Σ dx̂ · x̂) / σ", |p, g, _| {
        (g - &p.mean(g) - p.variance(g) * p.divisor) / &p.sigma
    }),
    ("", "(dx̂ − Σ dx̂ − x̂ · mean(dx̂ · x̂)) / σ", |p, g, _| {
        (g - &(p.mean(g) * p.count) - p.variance(g)) / &p.sigma
    }),
    ("", "(dx̂ − mean(dx̂) − x̂ · Σ dx̂ · x̂ / n) / σ", |p, g, _| {
        (g - &p.mean(g) - p.variance(g) * (p.divisor / p.count)) / &p.sigma
    }),
    ("", "(dx̂ − mean(dx̂) − x̂ · Σ dx̂ · x̂ / (n − 1)) / σ", |p, g, _| {
        (g - &p.mean(g) - p.variance(g) * (p.divisor / (p.count - 1.0))) / &p.sigma
    }),
];

/// The gradient of a normalization with a path missing or a term wrong.
pub(super) fn paths(case: &Case<'_>, _: &mut dyn Layer) -> Option<Diagnosis> {
    let norm = recognize(case)?;
    if case.block == 0 {
        return of_input(case, &norm);
    }
    if norm.gamma.map(|(at, _)| at) != Some(case.block) {
        return None;
    }
    let kind = norm.kind();
    for (path, code, raw) in [("norm-raw", "Σ dout · x", true), ("norm-output", "Σ dout · out", false)] {
        let fit = case.fit(|probed| {
            let product = probed.upstream() * if raw { &probed.probe.x } else { &probed.probe.out };
            let mut sum = product;
            while sum.ndim() > probed.claimed.ndim() {
                sum = sum.sum_axis(Axis(0));
            }
            (sum.shape() == probed.claimed.shape()).then_some(sum)
        });
        if let Some(predicted) = fit {
            let cause = Cause::NormalisationPath { kind: kind.into(), path: text!(path) };
            let found = Diagnosis::new(cause, predicted).with_text("normalisation_path-gamma");
            return Some(found.with("code", code));
        }
    }
    None
}

fn of_input(case: &Case<'_>, norm: &Norm) -> Option<Diagnosis> {
    let fit = |norm: &Norm, form: &dyn Fn(&Parts, &Tensor, &Tensor) -> Tensor| {
        case.fit(|probed| {
            let (parts, d) = (norm.parts(&probed.probe.x), probed.upstream());
            let g = &d * &norm.gamma(probed);
            Some(form(&parts, &g, &d))
        })
    };
    for (path, code, form) in FORMS {
        let Some(predicted) = fit(norm, form) else { continue };
        // Without a subtracted mean none can be missing, and the variance is the mean square.
        let (path, code) = if norm.centered {
            (*path, (*code).to_owned())
        } else {
            (
                if *path == "norm-variance" { "norm-root" } else { path },
                code.replace(" − mean(dx̂)", "").replace(" − mean(dout)", "").replace(" − Σ dx̂ − x̂", " − x̂"),
            )
        };
        return Some(diagnosis(norm, path, code, predicted));
    }
    // The right formula with other statistics.
    let mut others: Vec<(Norm, [Message; 2])> = Vec::new();
    for divisor in [Divisor::Count, Divisor::CountLessOne].into_iter().filter(|other| *other != norm.divisor)
    {
        let less = if divisor == Divisor::Count { "n for n − 1" } else { "n − 1 for n" };
        let codes = ["norm-count", "norm-count_in_sigma"].map(|id| text!(id, less));
        others.push((Norm { divisor, ..norm.clone() }, codes));
    }
    for axes in
        axes_of(case.probed_blocks[0].probe.x.ndim()).iter().filter(|axes| **axes != norm.axes.as_slice())
    {
        let id = if axes.len() == 1 { "axes-one" } else { "axes-several" };
        let code = text!("norm-statistics", axes = text!(id, axes = super::changed::tuple(axes)));
        others.push((Norm { axes: axes.to_vec(), ..norm.clone() }, [code.clone(), code]));
    }
    for (other, [code, in_sigma]) in others {
        if let Some(predicted) = fit(&other, &|parts, g, _| parts.right(g)) {
            return Some(diagnosis(norm, "", code, predicted));
        }
        // x̂ as in forward, σ with the other divisor.
        let mixed = case.fit(|probed| {
            let (own, wrong) = (norm.parts(&probed.probe.x), other.parts(&probed.probe.x));
            let g = probed.upstream() * &norm.gamma(probed);
            Some(own.right(&g) * &own.sigma / &wrong.sigma)
        });
        if let Some(predicted) = mixed {
            return Some(diagnosis(norm, "", in_sigma, predicted));
        }
    }
    running(case, norm)
}

/// Backward is that of the evaluation, dx̂ / σ with the σ of earlier batches: one factor for all that forward normalizes
/// together, and another one when the same is asked later.
fn running(case: &Case<'_>, norm: &Norm) -> Option<Diagnosis> {
    let observations = case.observations;
    let precision = 1e-6;
    let first = observations.probes[0].claimed[0].as_ref()?;
    let later = observations.extra_calls.same[0].as_ref().filter(|later| later.shape() == first.shape())?;
    let is_another = first.iter().zip(later).any(|(a, b)| (a - b).abs() > precision * a.abs());
    // Two numbers determine a factor and the deviation from it only barely.
    let is_enough = case.probed_blocks.iter().any(|probed| norm.parts(&probed.probe.x).count >= 3.0);
    if norm.kind() != "batch" || !is_another || !is_enough {
        return None;
    }
    let predicted = case.fit(|probed| {
        let g = probed.upstream() * &norm.gamma(probed);
        let factor = total(&(&probed.claimed * &g), &norm.axes) / total(&(&g * &g), &norm.axes);
        let is_deviation = factor.iter().all(|factor| *factor > 0.0);
        is_deviation.then(|| g * factor)
    })?;
    Some(diagnosis(norm, "", text!("norm-running"), predicted))
}

fn diagnosis(norm: &Norm, path: &str, code: impl Into<Message>, predicted: Vec<Option<Tensor>>) -> Diagnosis {
    let (kind, code) = (norm.kind().to_owned(), code.into());
    let cause = if path.is_empty() {
        Cause::NormalisationTerm { kind, code: code.clone() }
    } else {
        Cause::NormalisationPath { kind, path: text!(path) }
    };
    let axis = if norm.axes.contains(&0) { "axis=0" } else { "axis=-1, keepdims=True" };
    Diagnosis::new(cause, predicted).with("code", code).with("centred", norm.centered).with("axis", axis)
}

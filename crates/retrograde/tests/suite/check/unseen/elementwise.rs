//! Elementwise layers.

use super::{Given, Subject, examine, numbers, sigmoid, zip};
use ndarray::Axis;
use retrograde::Result;
use retrograde::textbook::Tensor;

/// Without parameters, from the slope at x and y.
fn slope(g: &Given<'_>, slope: impl Fn(f64, f64) -> f64) -> (Tensor, Vec<Tensor>) {
    let slopes = zip(g.x, g.y, slope);
    (slopes * g.d, Vec::new())
}

const ROOT: f64 = 0.797_884_560_802_865_4;

fn gelu(x: f64) -> f64 {
    0.5 * x * (1.0 + (ROOT * (x + 0.044_715 * x.powi(3))).tanh())
}

fn gelu_slope(x: f64) -> f64 {
    let t = (ROOT * (x + 0.044_715 * x.powi(3))).tanh();
    0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * ROOT * (1.0 + 3.0 * 0.044_715 * x * x)
}

/// Φ by its series, and far out, where it is to 1e-9, 0 or 1.
fn normal(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return f64::from(u8::from(x > 0.0));
    }
    let (mut term, mut sum) = (x, x);
    for k in 1..200 {
        term *= x * x / f64::from(2 * k + 1);
        sum += term;
    }
    0.5 + sum * normal_density(x)
}

fn normal_density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

const LAMBDA: f64 = 1.050_700_987_355_480_5;
const ALPHA: f64 = 1.673_263_242_354_377_2;

fn selu(x: f64) -> f64 {
    LAMBDA * if x > 0.0 { x } else { ALPHA * (x.exp() - 1.0) }
}

fn subject(
    name: &'static str,
    forward: super::Forward,
    right: super::Backward,
    wrong: Vec<super::Wrong>,
) -> Subject {
    Subject { name, x: numbers(&[3, 5], 11), parameters: Vec::new(), forward, right, wrong }
}

#[test]
fn gelu_and_swish() -> Result<()> {
    examine(vec![
        subject(
            "gelu by tanh",
            |x, _| x.mapv(gelu),
            |g| slope(g, |x, _| gelu_slope(x)),
            vec![
                ("the slope of the exact one", "wrong slope Φ(x) + x · φ(x)", |g| {
                    slope(g, |x, _| normal(x) + x * normal_density(x))
                }),
                ("the inner slope forgotten", "wrong slope ½ · (1 + t) + ½ · x · (1 − t²)", |g| {
                    slope(g, |x, _| {
                        let t = (ROOT * (x + 0.044_715 * x.powi(3))).tanh();
                        0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t)
                    })
                }),
                ("the factor alone", "wrong slope y/x", |g| slope(g, |x, y| y / x)),
            ],
        ),
        subject(
            "gelu",
            |x, _| x.mapv(|x| x * normal(x)),
            |g| slope(g, |x, _| normal(x) + x * normal_density(x)),
            vec![
                (
                    "the slope of the one by tanh",
                    "wrong slope ½ · (1 + t) + ½ · x · (1 − t²) · t₁",
                    |g| slope(g, |x, _| gelu_slope(x)),
                ),
                ("Φ alone", "wrong slope y/x", |g| slope(g, |x, _| normal(x))),
            ],
        ),
        subject(
            "swish",
            |x, _| x.mapv(|x| x * sigmoid(x)),
            |g| slope(g, |x, y| y + sigmoid(x) * (1.0 - y)),
            vec![
                ("sigmoid's slope", "wrong slope sigmoid(x) · (1 − sigmoid(x))", |g| {
                    slope(g, |x, _| sigmoid(x) * (1.0 - sigmoid(x)))
                }),
                ("sigmoid alone", "wrong slope sigmoid(x)", |g| slope(g, |x, _| sigmoid(x))),
                ("y + sigmoid(x)", "wrong slope y + sigmoid(x)", |g| slope(g, |x, y| y + sigmoid(x))),
            ],
        ),
        subject(
            "softplus",
            |x, _| x.mapv(|x| x.exp().ln_1p()),
            |g| slope(g, |x, _| sigmoid(x)),
            vec![
                ("the other side", "wrong slope 1 − sigmoid(x)", |g| slope(g, |x, _| 1.0 - sigmoid(x))),
                ("of y", "slope taken at the output", |g| slope(g, |_, y| sigmoid(y))),
                ("e^x", "wrong slope exp(x)", |g| slope(g, |x, _| x.exp())),
            ],
        ),
    ])
}

#[test]
fn rectifiers_with_exponentials() -> Result<()> {
    fn elu(x: f64) -> f64 {
        if x > 0.0 { x } else { 1.5 * (x.exp() - 1.0) }
    }
    examine(vec![
        subject(
            "elu",
            |x, _| x.mapv(elu),
            |g| slope(g, |x, y| if x > 0.0 { 1.0 } else { y + 1.5 }),
            vec![
                ("alpha taken for 1", "wrong slope 1 + y where x < 0", |g| {
                    slope(g, |x, y| if x > 0.0 { 1.0 } else { y + 1.0 })
                }),
                ("alpha forgotten", "wrong slope exp(x) where x < 0", |g| {
                    slope(g, |x, _| if x > 0.0 { 1.0 } else { x.exp() })
                }),
                ("alpha · y", "wrong slope 1.5 · y where x < 0", |g| {
                    slope(g, |x, y| if x > 0.0 { 1.0 } else { 1.5 * y })
                }),
            ],
        ),
        subject(
            "selu",
            |x, _| x.mapv(selu),
            |g| slope(g, |x, _| LAMBDA * if x > 0.0 { 1.0 } else { ALPHA * x.exp() }),
            vec![
                ("lambda forgotten on the left", "wrong slope 1.673263 · exp(x) where x < 0", |g| {
                    slope(g, |x, _| if x > 0.0 { LAMBDA } else { ALPHA * x.exp() })
                }),
                ("lambda forgotten", "factor 0.951746", |g| {
                    slope(g, |x, _| if x > 0.0 { 1.0 } else { ALPHA * x.exp() })
                }),
                ("y + alpha", "wrong slope y + 1.673263 where x < 0", |g| {
                    slope(g, |x, y| if x > 0.0 { LAMBDA } else { y + ALPHA })
                }),
                ("1 on the right", "wrong slope 1 where x > 0", |g| {
                    slope(g, |x, _| if x > 0.0 { 1.0 } else { LAMBDA * ALPHA * x.exp() })
                }),
            ],
        ),
    ])
}

#[test]
fn slopes_of_0_and_another() -> Result<()> {
    fn kept(x: &Tensor, seed: usize) -> Tensor {
        let mut at = seed;
        x.mapv(|_| {
            at += 1;
            if (at * 7919) % 10 < 4 { 0.0 } else { 1.0 / 0.6 }
        })
    }
    examine(vec![
        subject(
            "dropout",
            |x, _| x * &kept(x, 3),
            |g| (g.d * &kept(g.x, 3), Vec::new()),
            vec![
                ("the mask forgotten", "mask missing", |g| (g.d.clone(), Vec::new())),
                ("the mask forgotten, not the scale", "mask missing", |g| (g.d / 0.6, Vec::new())),
                ("the scale forgotten", "dropout not scaled", |g| (g.d * &kept(g.x, 3) * 0.6, Vec::new())),
                ("another mask", "mask of another draw", |g| (g.d * &kept(g.x, 8), Vec::new())),
            ],
        ),
        subject(
            "relu up to 6",
            |x, _| x.mapv(|x| x.clamp(0.0, 6.0)),
            |g| slope(g, |x, _| f64::from(u8::from(x > 0.0 && x < 6.0))),
            vec![("no end above", "mask missing", |g| slope(g, |x, _| f64::from(u8::from(x > 0.0))))],
        ),
        subject(
            "hard sigmoid",
            |x, _| x.mapv(|x| (x / 6.0 + 0.5).clamp(0.0, 1.0)),
            |g| slope(g, |x, _| if x.abs() < 3.0 { 1.0 / 6.0 } else { 0.0 }),
            vec![
                ("1 for 1/6", "factor 6", |g| slope(g, |x, _| if x.abs() < 3.0 { 1.0 } else { 0.0 })),
                ("without ends", "mask missing", |g| (g.d / 6.0, Vec::new())),
            ],
        ),
        subject(
            "absolute value",
            |x, _| x.mapv(f64::abs),
            |g| slope(g, |x, _| x.signum()),
            vec![("as if it were x", "mask missing", |g| (g.d.clone(), Vec::new()))],
        ),
    ])
}

#[test]
fn a_parameter_for_each_column() -> Result<()> {
    fn prelu(x: &Tensor, p: &[Tensor]) -> Tensor {
        x.mapv(|x| x.max(0.0)) + x.mapv(|x| x.min(0.0)) * &p[0]
    }
    fn dx(g: &Given<'_>) -> Tensor {
        let ones = Tensor::ones(g.x.shape());
        zip(g.x, &(ones * &g.p[0]), |x, a| if x > 0.0 { 1.0 } else { a }) * g.d
    }
    fn shares(g: &Given<'_>) -> Tensor {
        zip(g.x, g.d, |x, d| x.min(0.0) * d)
    }
    let right: super::Backward = |g| (dx(g), vec![shares(g).sum_axis(Axis(0))]);
    examine(vec![
        Subject {
            name: "prelu of a square batch",
            x: numbers(&[4, 4], 11),
            parameters: vec![numbers(&[4], 44)],
            forward: prelu,
            right,
            wrong: vec![
                ("summed over the columns", "summed over axes [1]", |g| {
                    (dx(g), vec![shares(g).sum_axis(Axis(1))])
                }),
                ("the other side", "wrong slope x · [x > 0] for x · [x < 0]", |g| {
                    (dx(g), vec![zip(g.x, g.d, |x, d| x.max(0.0) * d).sum_axis(Axis(0))])
                }),
                ("both sides", "wrong slope x", |g| (dx(g), vec![(g.x * g.d).sum_axis(Axis(0))])),
                ("|x|", "wrong sign", |g| {
                    (dx(g), vec![zip(g.x, g.d, |x, d| if x < 0.0 { -x * d } else { 0.0 }).sum_axis(Axis(0))])
                }),
            ],
        },
        Subject {
            name: "prelu",
            x: numbers(&[3, 5], 11),
            parameters: vec![numbers(&[5], 44)],
            forward: prelu,
            right,
            wrong: vec![
                ("summed over the columns", "summed over axes [1]", |g| {
                    (dx(g), vec![shares(g).sum_axis(Axis(1))])
                }),
                ("not summed", "sum over the rows missing", |g| (dx(g), vec![shares(g)])),
            ],
        },
        Subject {
            name: "prelu with one slope",
            x: numbers(&[3, 5], 11),
            parameters: vec![numbers(&[1], 44)],
            forward: prelu,
            right: |g| (dx(g), vec![ndarray::arr1(&[shares(g).sum()]).into_dyn()]),
            wrong: vec![
                ("the other side", "wrong slope x · [x > 0] for x · [x < 0]", |g| {
                    (dx(g), vec![ndarray::arr1(&[zip(g.x, g.d, |x, d| x.max(0.0) * d).sum()]).into_dyn()])
                }),
                ("the first row alone", "only the contributions of", |g| {
                    (dx(g), vec![ndarray::arr1(&[shares(g).index_axis(Axis(0), 0).sum()]).into_dyn()])
                }),
                ("the mean", "factor 1/(N·D)", |g| {
                    (dx(g), vec![ndarray::arr1(&[shares(g).sum() / g.x.len() as f64]).into_dyn()])
                }),
            ],
        },
        Subject {
            name: "scale",
            x: numbers(&[3, 5], 11),
            parameters: vec![numbers(&[5], 44)],
            forward: |x, p| x * &p[0],
            right: |g| (g.d * &g.p[0], vec![(g.d * g.x).sum_axis(Axis(0))]),
            wrong: vec![
                ("dscale from the output", "wrong slope y", |g| {
                    (g.d * &g.p[0], vec![(g.d * g.y).sum_axis(Axis(0))])
                }),
                ("dscale without x", "wrong slope 1", |g| (g.d * &g.p[0], vec![g.d.sum_axis(Axis(0))])),
                ("dx without the scale", "slope missing", |g| {
                    (g.d.clone(), vec![(g.d * g.x).sum_axis(Axis(0))])
                }),
            ],
        },
    ])
}

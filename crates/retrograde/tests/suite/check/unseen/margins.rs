//! Functions with thresholds and of whole rows: hinges, clips, sums of exponentials, angles, means of groups.

use super::{Given, Subject, examine, numbers, zip};
use ndarray::Axis;
use retrograde::Result;
use retrograde::textbook::Tensor;

fn only(dx: Tensor) -> (Tensor, Vec<Tensor>) {
    (dx, Vec::new())
}

fn subject(
    name: &'static str,
    x: Tensor,
    forward: super::Forward,
    right: super::Backward,
    wrong: Vec<super::Wrong>,
) -> Subject {
    Subject { name, x, parameters: Vec::new(), forward, right, wrong }
}

fn each(g: &Given<'_>, slope: fn(f64) -> f64) -> (Tensor, Vec<Tensor>) {
    only(zip(g.x, g.d, |x, d| d * slope(x)))
}

fn is(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

#[test]
fn edges() -> Result<()> {
    let x = || numbers(&[4, 5], 13) * 2.0;
    examine(vec![
        subject(
            "hinge",
            x(),
            |x, _| x.mapv(|x| (1.0 - x).max(0.0)),
            |g| each(g, |x| -is(x < 1.0)),
            vec![
                ("the sign", "wrong sign", |g| each(g, |x| is(x < 1.0))),
                ("the edge at 0", "mask at 0 instead of 1", |g| each(g, |x| -is(x < 0.0))),
                ("no edge", "mask missing", |g| only(g.d.clone())),
                ("no edge, and the sign", "mask missing", |g| only(-g.d)),
            ],
        ),
        subject(
            "huber",
            x(),
            |x, _| x.mapv(|x| if x.abs() < 1.0 { 0.5 * x * x } else { x.abs() - 0.5 }),
            |g| each(g, |x| x.clamp(-1.0, 1.0)),
            vec![
                ("not clipped", "wrong slope x", |g| each(g, |x| x)),
                ("the sign alone", "wrong slope sign(x)", |g| each(g, f64::signum)),
            ],
        ),
        subject(
            "clip",
            x(),
            |x, _| x.mapv(|x| x.clamp(-1.0, 1.0)),
            |g| each(g, |x| is(x.abs() < 1.0)),
            vec![
                ("passes everywhere", "mask missing", |g| only(g.d.clone())),
                ("inverted", "mask inverted", |g| each(g, |x| is(x.abs() > 1.0))),
                ("dout clipped", "gradient changed: np.clip(", |g| only(g.d.mapv(|d| d.clamp(-1.0, 1.0)))),
                ("below only", "mask missing", |g| each(g, |x| is(x > -1.0))),
            ],
        ),
        subject(
            "elu",
            x(),
            |x, _| x.mapv(|x| if x > 0.0 { x } else { x.exp_m1() }),
            |g| each(g, |x| if x > 0.0 { 1.0 } else { x.exp() }),
            vec![
                ("the sides exchanged", "wrong slope 1 where x < 0 and exp(x) where x > 0", |g| {
                    each(g, |x| if x > 0.0 { x.exp() } else { 1.0 })
                }),
                ("exp everywhere", "wrong slope exp(x)", |g| each(g, f64::exp)),
                ("1 − y", "wrong slope 1 − y where x < 0", |g| {
                    only(zip(g.y, g.d, |y, d| d * if y > 0.0 { 1.0 } else { 1.0 - y }))
                }),
            ],
        ),
        subject(
            "softsign",
            x(),
            |x, _| x.mapv(|x| x / (1.0 + x.abs())),
            |g| each(g, |x| 1.0 / (1.0 + x.abs()).powi(2)),
            vec![
                ("not squared", "wrong slope y/x for 1/(1 + |x|)²", |g| each(g, |x| 1.0 / (1.0 + x.abs()))),
                ("as arctangent", "wrong slope 1/(1 + x²) for 1/(1 + |x|)²", |g| {
                    each(g, |x| 1.0 / (1.0 + x * x))
                }),
            ],
        ),
        subject(
            "log cosh",
            x(),
            |x, _| x.mapv(|x| x.cosh().ln()),
            |g| each(g, f64::tanh),
            vec![
                ("its slope's slope", "wrong slope 1 − tanh²(x) for tanh(x)", |g| {
                    each(g, |x| 1.0 - x.tanh().powi(2))
                }),
                ("as a square", "wrong slope x for tanh(x)", |g| each(g, |x| x)),
            ],
        ),
        subject(
            "log sigmoid",
            x(),
            |x, _| x.mapv(|x| -(-x).exp().ln_1p()),
            |g| each(g, |x| 1.0 / (1.0 + x.exp())),
            vec![
                ("sigmoid", "wrong slope sigmoid(x) for 1 − sigmoid(x)", |g| {
                    each(g, |x| 1.0 / (1.0 + (-x).exp()))
                }),
                (
                    "sigmoid's slope",
                    "wrong slope sigmoid(x) · (1 − sigmoid(x)) for 1 − sigmoid(x)",
                    |g| each(g, |x| 1.0 / (1.0 + (-x).exp()) / (1.0 + x.exp())),
                ),
                ("negative", "wrong sign", |g| each(g, |x| -1.0 / (1.0 + x.exp()))),
            ],
        ),
    ])
}

fn across(values: &Tensor) -> Tensor {
    values.sum_axis(Axis(1)).insert_axis(Axis(1))
}

#[test]
fn rows() -> Result<()> {
    fn spread(g: &Given<'_>) -> Tensor {
        g.d.clone().insert_axis(Axis(1))
    }
    fn soft(g: &Given<'_>) -> Tensor {
        retrograde::textbook::softmax(g.x)
    }
    examine(vec![
        subject(
            "logarithm of a sum of exponentials",
            numbers(&[4, 5], 13),
            |x, _| x.mapv(f64::exp).sum_axis(Axis(1)).mapv(f64::ln),
            |g| only(soft(g) * &spread(g)),
            vec![("not normalized", "dout changed: dout * np.exp(out)", |g| {
                only(g.x.mapv(f64::exp) * &spread(g))
            })],
        ),
        subject(
            "length of the row",
            numbers(&[4, 5], 13),
            |x, _| (x * x).sum_axis(Axis(1)).mapv(f64::sqrt),
            |g| only(g.x / &g.y.clone().insert_axis(Axis(1)) * spread(g)),
            vec![
                ("not divided", "dout changed: dout * out", |g| only(g.x * &spread(g))),
                ("doubled", "factor 2", |g| only(2.0 * g.x / &g.y.clone().insert_axis(Axis(1)) * spread(g))),
                ("divided by the square", "dout changed: dout / out", |g| {
                    only(g.x / &(g.y * g.y).insert_axis(Axis(1)) * spread(g))
                }),
            ],
        ),
        subject(
            "mean of squares of the row",
            numbers(&[4, 5], 13),
            |x, _| (x * x).mean_axis(Axis(1)).expect("columns"),
            |g| only(g.x * 2.0 / g.x.shape()[1] as f64 * spread(g)),
            vec![
                ("without the 2", "factor 1/2", |g| only(g.x / g.x.shape()[1] as f64 * spread(g))),
                ("|x|", "each element times sign(x)", |g| {
                    only(g.x.mapv(f64::abs) * 2.0 / g.x.shape()[1] as f64 * spread(g))
                }),
            ],
        ),
        subject(
            "product of the row",
            numbers(&[4, 4], 13),
            |x, _| x.map_axis(Axis(1), |row| row.product()),
            |g| only(&g.y.clone().insert_axis(Axis(1)) / g.x * spread(g)),
            vec![
                ("the product itself", "each element times x", |g| {
                    only(g.x * 0.0 + &g.y.clone().insert_axis(Axis(1)) * &spread(g))
                }),
                ("times x", "each element times x²", |g| {
                    only(g.x * &g.y.clone().insert_axis(Axis(1)) * spread(g))
                }),
            ],
        ),
        subject(
            "entropy of the row",
            numbers(&[4, 5], 13).mapv(|x| x * 0.3 + 1.0),
            |x, _| -(x * &x.mapv(|x| x.abs().ln())).sum_axis(Axis(1)),
            |g| only(-(g.x.mapv(|x| x.abs().ln()) + 1.0) * spread(g)),
            vec![("the sign", "wrong sign", |g| only((g.x.mapv(|x| x.abs().ln()) + 1.0) * spread(g)))],
        ),
        subject(
            "shares, their powers",
            numbers(&[4, 5], 13),
            |x, _| {
                let squares = x * x;
                &squares / &across(&squares)
            },
            |g| {
                let total = across(&(g.x * g.x));
                let inner = across(&(g.d * g.y));
                only((g.d - &inner) * 2.0 * g.x / total)
            },
            vec![
                ("the sum held fixed", "path missing: the factor out/x", |g| {
                    only(g.d * 2.0 * g.x / across(&(g.x * g.x)))
                }),
                ("without the 2", "factor 1/2", |g| {
                    let inner = across(&(g.d * g.y));
                    only((g.d - &inner) * g.x / across(&(g.x * g.x)))
                }),
            ],
        ),
    ])
}

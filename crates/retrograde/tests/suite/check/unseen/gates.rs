//! Layers in which one part of the input is the gate of another, and products of a number with a function of it.

use super::{Given, Subject, examine, numbers, sigmoid, zip};
use ndarray::{Axis, Slice, concatenate};
use retrograde::Result;
use retrograde::textbook::Tensor;

/// One of `of` equal parts of the rows.
fn part(x: &Tensor, number: usize, of: usize) -> Tensor {
    let width = x.shape()[1] / of;
    x.slice_axis(Axis(1), Slice::from(number * width..(number + 1) * width)).to_owned()
}

fn beside(parts: &[Tensor]) -> Tensor {
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    concatenate(Axis(1), &views).expect("as many rows")
}

fn only(dx: Tensor) -> (Tensor, Vec<Tensor>) {
    (dx, Vec::new())
}

/// The gradient of a · g(b), for the values and the slopes of the gate.
fn gated(g: &Given<'_>, value: fn(f64) -> f64, slope: fn(f64) -> f64) -> (Tensor, Vec<Tensor>) {
    let (a, b) = (part(g.x, 0, 2), part(g.x, 1, 2));
    only(beside(&[g.d * &b.mapv(value), g.d * &a * b.mapv(slope)]))
}

fn subject(
    name: &'static str,
    width: usize,
    forward: super::Forward,
    right: super::Backward,
    wrong: Vec<super::Wrong>,
) -> Subject {
    Subject { name, x: numbers(&[3, width], 31), parameters: Vec::new(), forward, right, wrong }
}

fn sigmoid_slope(x: f64) -> f64 {
    sigmoid(x) * (1.0 - sigmoid(x))
}

fn tanh_slope(x: f64) -> f64 {
    1.0 - x.tanh().powi(2)
}

#[test]
fn gated_linear_units() -> Result<()> {
    examine(vec![
        subject(
            "gated by a sigmoid",
            6,
            |x, _| part(x, 0, 2) * part(x, 1, 2).mapv(sigmoid),
            |g| gated(g, sigmoid, sigmoid_slope),
            vec![
                ("the gate's slope without (1 − σ)", "wrong slope sigmoid(x) at [3, 4, 5]", |g| {
                    gated(g, sigmoid, sigmoid)
                }),
                ("the gate's slope forgotten", "wrong slope 1 at [3, 4, 5]", |g| gated(g, sigmoid, |_| 1.0)),
                ("the gate's slope from its input", "wrong slope x · (1 − x) at [3, 4, 5]", |g| {
                    gated(g, sigmoid, |x| x * (1.0 - x))
                }),
                ("the slope of tanh", "wrong slope 1 − tanh²(x) at [3, 4, 5]", |g| {
                    gated(g, sigmoid, tanh_slope)
                }),
                ("the gate's sign", "factor −1 at [3, 4, 5]", |g| gated(g, sigmoid, |x| -sigmoid_slope(x))),
                ("no gradient for the gate", "cut off at [3, 4, 5]", |g| gated(g, sigmoid, |_| 0.0)),
                ("the halves exchanged", "rearranged: np.roll(", |g| {
                    let (dx, _) = gated(g, sigmoid, sigmoid_slope);
                    only(beside(&[part(&dx, 1, 2), part(&dx, 0, 2)]))
                }),
            ],
        ),
        subject(
            "gated by a tanh",
            6,
            |x, _| part(x, 0, 2) * part(x, 1, 2).mapv(f64::tanh),
            |g| gated(g, f64::tanh, tanh_slope),
            vec![
                ("not squared", "wrong slope 1 − tanh(x) at [3, 4, 5]", |g| {
                    gated(g, f64::tanh, |x| 1.0 - x.tanh())
                }),
                ("from the input", "wrong slope 1 − x² at", |g| gated(g, f64::tanh, |x| 1.0 - x * x)),
                ("twice", "factor 1 − tanh²(x) at", |g| gated(g, f64::tanh, |x| tanh_slope(x).powi(2))),
            ],
        ),
    ])
}

/// Of an LSTM's cell the new state, from its gates' sums beside each other and the old state as parameter.
fn cell(x: &Tensor, p: &[Tensor]) -> Tensor {
    let [i, f, g] = [0, 1, 2].map(|number| part(x, number, 3));
    f.mapv(sigmoid) * &p[0] + i.mapv(sigmoid) * g.mapv(f64::tanh)
}

fn cell_back(given: &Given<'_>, slopes: [fn(f64) -> f64; 3]) -> (Tensor, Vec<Tensor>) {
    let [i, f, g] = [0, 1, 2].map(|number| part(given.x, number, 3));
    let d = given.d;
    let di = d * &g.mapv(f64::tanh) * i.mapv(slopes[0]);
    let df = d * &given.p[0] * f.mapv(slopes[1]);
    let dg = d * &i.mapv(sigmoid) * g.mapv(slopes[2]);
    (beside(&[di, df, dg]), vec![(d * &f.mapv(sigmoid)).sum_axis(Axis(0))])
}

#[test]
fn the_cell_of_an_lstm() -> Result<()> {
    examine(vec![Subject {
        name: "lstm cell",
        x: numbers(&[3, 6], 31),
        parameters: vec![numbers(&[2], 70)],
        forward: cell,
        right: |g| cell_back(g, [sigmoid_slope, sigmoid_slope, tanh_slope]),
        wrong: vec![
            (
                "the candidate with sigmoid's slope",
                "wrong slope sigmoid(x) · (1 − sigmoid(x)) at [4, 5]",
                |g| cell_back(g, [sigmoid_slope; 3]),
            ),
            ("the slope of the input gate forgotten", "wrong slope 1 at [0, 1]", |g| {
                cell_back(g, [|_| 1.0, sigmoid_slope, tanh_slope])
            }),
            ("the forget gate's sign", "factor −1 at [2, 3]", |g| {
                cell_back(g, [sigmoid_slope, |x| -sigmoid_slope(x), tanh_slope])
            }),
            ("the forget gate not trained", "cut off at [2, 3]", |g| {
                cell_back(g, [sigmoid_slope, |_| 0.0, tanh_slope])
            }),
            ("the old state times dout alone", "wrong slope 1", |g| {
                let (dx, _) = cell_back(g, [sigmoid_slope, sigmoid_slope, tanh_slope]);
                (dx, vec![g.d.sum_axis(Axis(0))])
            }),
        ],
    }])
}

fn mish(x: f64) -> f64 {
    x * x.exp().ln_1p().tanh()
}

/// Mish's slope, from that of tanh's argument.
fn mish_back(g: &Given<'_>, inner: fn(f64) -> f64) -> (Tensor, Vec<Tensor>) {
    let slopes = g.x.mapv(|x| {
        let t = x.exp().ln_1p().tanh();
        t + x * (1.0 - t * t) * inner(x)
    });
    only(slopes * g.d)
}

#[test]
fn mish_and_other_products() -> Result<()> {
    fn swish(g: &Given<'_>, slope: fn(f64) -> f64) -> (Tensor, Vec<Tensor>) {
        only(zip(g.x, g.d, |x, d| d * slope(x)))
    }
    examine(vec![
        subject(
            "mish",
            5,
            |x, _| x.mapv(mish),
            |g| mish_back(g, sigmoid),
            vec![
                ("the inner slope forgotten", "wrong slope t + x · (1 − t²), t = y/x", |g| {
                    mish_back(g, |_| 1.0)
                }),
                ("sigmoid's slope within", "wrong slope t + x · (1 − t²) · sigmoid(x) · (1", |g| {
                    mish_back(g, sigmoid_slope)
                }),
                ("the second share negative", "wrong slope t − x · (1 − t²) · sigmoid(x)", |g| {
                    mish_back(g, |x| -sigmoid(x))
                }),
                ("the second share alone", "wrong slope x · (1 − t²) · sigmoid(x), t = y/x", |g| {
                    let (all, _) = mish_back(g, sigmoid);
                    only(all - &(g.d * &(g.y / g.x)))
                }),
                ("the first share alone", "wrong slope y/x", |g| mish_back(g, |_| 0.0)),
                ("tanh's slope not squared", "wrong slope t + x · (1 − t) · sigmoid(x)", |g| {
                    only(zip(g.x, g.d, |x, d| {
                        let t = x.exp().ln_1p().tanh();
                        d * (t + x * (1.0 - t) * sigmoid(x))
                    }))
                }),
            ],
        ),
        subject(
            "swish",
            5,
            |x, _| x.mapv(|x| x * sigmoid(x)),
            |g| swish(g, |x| sigmoid(x) + x * sigmoid_slope(x)),
            vec![
                (
                    "the second share without x",
                    "wrong slope sigmoid(x) + sigmoid(x) · (1 − sigmoid(x))",
                    |g| swish(g, |x| sigmoid(x) + sigmoid_slope(x)),
                ),
                (
                    "the second share negative",
                    "wrong slope sigmoid(x) − x · sigmoid(x) · (1 − sigmoid(x))",
                    |g| swish(g, |x| sigmoid(x) - x * sigmoid_slope(x)),
                ),
                ("half of it", "wrong slope ½ · (s + t)", |g| {
                    swish(g, |x| sigmoid(x) + 0.5 * x * sigmoid_slope(x))
                }),
                ("tanh's slope within", "wrong slope t + x · (1 − t²)", |g| {
                    swish(g, |x| sigmoid(x) + x * (1.0 - sigmoid(x).powi(2)))
                }),
            ],
        ),
    ])
}

//! Layers that use one value several times: self-attention, tied weights.

use super::{Given, Subject, examine, matrix, numbers, product};
use ndarray::{Array2, Axis};
use retrograde::Result;
use retrograde::textbook::Tensor;

/// The weights of self-attention: softmax(x · xᵀ / √D).
fn weights(x: &Tensor) -> Array2<f64> {
    let x = matrix(x);
    let scores = x.dot(&x.t()) / (x.ncols() as f64).sqrt();
    matrix(&retrograde::textbook::softmax(&scores.into_dyn()))
}

fn through_softmax(p: &Array2<f64>, d: &Array2<f64>) -> Array2<f64> {
    p * &(d - &(p * d).sum_axis(Axis(1)).insert_axis(Axis(1)))
}

/// The contributions of query, key and value, the first two without their scale.
fn shares(g: &Given<'_>, back: fn(&Array2<f64>, &Array2<f64>) -> Array2<f64>) -> [Array2<f64>; 3] {
    let (x, d, p) = (matrix(g.x), matrix(g.d), weights(g.x));
    let ds = back(&p, &d.dot(&x.t()));
    [ds.dot(&x), ds.t().dot(&x), p.t().dot(&d)]
}

fn sum(g: &Given<'_>, shares: [Array2<f64>; 3], factors: [f64; 3]) -> (Tensor, Vec<Tensor>) {
    let scale = 1.0 / (g.x.shape()[1] as f64).sqrt();
    let [q, k, v] = shares;
    ((q * factors[0] * scale + k * factors[1] * scale + v * factors[2]).into_dyn(), Vec::new())
}

#[test]
fn self_attention() -> Result<()> {
    examine(vec![Subject {
        name: "self-attention",
        x: numbers(&[4, 3], 17),
        parameters: Vec::new(),
        forward: |x, _| product(&weights(x), &matrix(x)),
        right: |g| sum(g, shares(g, through_softmax), [1.0; 3]),
        wrong: vec![
            ("without its scale", "attention backward is dS · x + dSᵀ · x + Pᵀ · dout", |g| {
                let root = (g.x.shape()[1] as f64).sqrt();
                sum(g, shares(g, through_softmax), [root, root, 1.0])
            }),
            (
                "without the cross terms",
                "attention backward is s · dS · x + s · dSᵀ · x + Pᵀ · dout, dS = P · (1 − P) · dP",
                |g| sum(g, shares(g, |p, d| p * d * p.mapv(|p| 1.0 - p)), [1.0; 3]),
            ),
            (
                "without the sum",
                "attention backward is s · dS · x + s · dSᵀ · x + Pᵀ · dout, dS = P · dP",
                |g| sum(g, shares(g, |p, d| p * d), [1.0; 3]),
            ),
            ("without the query", "attention backward is s · dSᵀ · x + Pᵀ · dout", |g| {
                sum(g, shares(g, through_softmax), [0.0, 1.0, 1.0])
            }),
            ("without the key", "attention backward is s · dS · x + Pᵀ · dout", |g| {
                sum(g, shares(g, through_softmax), [1.0, 0.0, 1.0])
            }),
            ("without the value", "attention backward is s · dS · x + s · dSᵀ · x, dS", |g| {
                sum(g, shares(g, through_softmax), [1.0, 1.0, 0.0])
            }),
            ("the value alone", "attention backward is Pᵀ · dout", |g| {
                sum(g, shares(g, through_softmax), [0.0, 0.0, 1.0])
            }),
            (
                "the value not transposed",
                "attention backward is s · dS · x + s · dSᵀ · x + P · dout",
                |g| {
                    let [q, k, _] = shares(g, through_softmax);
                    sum(g, [q, k, weights(g.x).dot(&matrix(g.d))], [1.0; 3])
                },
            ),
            ("the key not transposed, and no scale", "attention backward is dS · x + dS · x", |g| {
                let [q, _, v] = shares(g, through_softmax);
                let root = (g.x.shape()[1] as f64).sqrt();
                sum(g, [q.clone(), q, v], [root, root, 1.0])
            }),
        ],
    }])
}

/// The part between the two uses of the tied weights, and the contributions of both.
fn tied(g: &Given<'_>, f: fn(f64) -> f64, slope_of_output: fn(f64) -> f64) -> (Tensor, [Array2<f64>; 2]) {
    let (x, w, d) = (matrix(g.x), matrix(&g.p[0]), matrix(g.d));
    let hidden = x.dot(&w).mapv(f);
    let dhidden = d.dot(&w) * hidden.mapv(slope_of_output);
    (dhidden.dot(&w.t()).into_dyn(), [x.t().dot(&dhidden), d.t().dot(&hidden)])
}

fn of_tanh(g: &Given<'_>) -> (Tensor, [Array2<f64>; 2]) {
    tied(g, f64::tanh, |h| 1.0 - h * h)
}

fn of_relu(g: &Given<'_>) -> (Tensor, [Array2<f64>; 2]) {
    tied(g, |z| z.max(0.0), |h| f64::from(u8::from(h > 0.0)))
}

#[test]
fn tied_weights() -> Result<()> {
    let (x, parameters) = (numbers(&[3, 5], 17), vec![numbers(&[5, 3], 60)]);
    examine(vec![
        Subject {
            name: "tied weights and tanh",
            x: x.clone(),
            parameters: parameters.clone(),
            forward: |x, p| {
                let w = matrix(&p[0]);
                product(&matrix(x).dot(&w).mapv(f64::tanh), &w.t().to_owned())
            },
            right: |g| {
                let (dx, [a, b]) = of_tanh(g);
                (dx, vec![(a + b).into_dyn()])
            },
            wrong: vec![
                ("the way in missing", "path missing: the first use of w", |g| {
                    let (dx, [_, b]) = of_tanh(g);
                    (dx, vec![b.into_dyn()])
                }),
                ("the way out missing", "path missing: the second use of w", |g| {
                    let (dx, [a, _]) = of_tanh(g);
                    (dx, vec![a.into_dyn()])
                }),
                ("both a half", "factor 1/2", |g| {
                    let (dx, [a, b]) = of_tanh(g);
                    (dx, vec![((a + b) / 2.0).into_dyn()])
                }),
            ],
        },
        Subject {
            name: "tied weights and relu",
            x,
            parameters,
            forward: |x, p| {
                let w = matrix(&p[0]);
                product(&matrix(x).dot(&w).mapv(|z| z.max(0.0)), &w.t().to_owned())
            },
            right: |g| {
                let (dx, [a, b]) = of_relu(g);
                (dx, vec![(a + b).into_dyn()])
            },
            wrong: vec![
                ("the way in missing", "path missing: the first use of w", |g| {
                    let (dx, [_, b]) = of_relu(g);
                    (dx, vec![b.into_dyn()])
                }),
                ("the way out missing", "path missing: the second use of w", |g| {
                    let (dx, [a, _]) = of_relu(g);
                    (dx, vec![a.into_dyn()])
                }),
            ],
        },
    ])
}

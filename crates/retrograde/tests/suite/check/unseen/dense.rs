//! Layers with a matrix product.

use super::{Subject, examine, matrix, numbers, product, sigmoid, zip};
use ndarray::Axis;
use retrograde::Result;
use retrograde::textbook::Tensor;

fn affine(x: &Tensor, p: &[Tensor]) -> Tensor {
    product(&matrix(x), &matrix(&p[0])) + &p[1]
}

/// The three gradients, for a gradient from above, an input and weights.
fn back(x: &Tensor, w: &Tensor, d: &Tensor) -> (Tensor, Vec<Tensor>) {
    let (x, w, d) = (matrix(x), matrix(w), matrix(d));
    let dw = product(&x.t().to_owned(), &d);
    (product(&d, &w.t().to_owned()), vec![dw, d.sum_axis(Axis(0)).into_dyn()])
}

fn relu(x: &Tensor) -> Tensor {
    x.mapv(|x| x.max(0.0))
}

#[test]
fn affine_layers() -> Result<()> {
    /// The gradients with the weights' one changed.
    fn weights(g: &super::Given<'_>, change: impl Fn(&Tensor) -> Tensor) -> (Tensor, Vec<Tensor>) {
        let (dx, all) = back(g.x, &g.p[0], g.d);
        (dx, vec![change(&all[0]), all[1].clone()])
    }
    fn weights_from(g: &super::Given<'_>, x: &Tensor) -> (Tensor, Vec<Tensor>) {
        let (dx, all) = back(g.x, &g.p[0], g.d);
        (dx, vec![back(x, &g.p[0], g.d).1[0].clone(), all[1].clone()])
    }
    fn flip(x: &Tensor, axis: usize) -> Tensor {
        let mut view = x.view();
        view.invert_axis(Axis(axis));
        view.as_standard_layout().to_owned()
    }
    examine(vec![Subject {
        name: "affine",
        x: numbers(&[3, 4], 1),
        parameters: vec![numbers(&[4, 4], 20), numbers(&[4], 50)],
        forward: affine,
        right: |g| back(g.x, &g.p[0], g.d),
        wrong: vec![
            ("dw from relu(x)", "wrong slope x · [x > 0] for x", |g| weights_from(g, &relu(g.x))),
            ("dw from sigmoid(x)", "wrong slope sigmoid(x) for x", |g| weights_from(g, &g.x.mapv(sigmoid))),
            ("dw from the output", "own output for input", |g| weights_from(g, g.y)),
            ("dw from x, its rows reversed", "dout changed: dout[::-1]", |g| weights_from(g, &flip(g.x, 0))),
            ("dw from x in whole numbers", "x changed: np.round(x)", |g| {
                weights_from(g, &g.x.mapv(f64::round))
            }),
            ("dx with |w|", "w changed: np.abs(w)", |g| {
                (back(g.x, &g.p[0].mapv(f64::abs), g.d).0, back(g.x, &g.p[0], g.d).1)
            }),
            ("dx with w transposed", "transposed", |g| {
                (back(g.x, &g.p[0].t().to_owned(), g.d).0, back(g.x, &g.p[0], g.d).1)
            }),
            ("dw negative and a mean", "factor −1/N", |g| weights(g, |dw| dw / -(g.x.shape()[0] as f64))),
            ("dw transposed and negative", "transposed", |g| weights(g, |dw| -dw.t().to_owned())),
            ("dw transposed and negative", "wrong sign", |g| weights(g, |dw| -dw.t().to_owned())),
            ("dw reversed and doubled", "factor 2", |g| weights(g, |dw| flip(dw, 1) * 2.0)),
            ("dw clipped", "gradient changed: np.clip(dw, -0.5, 0.5)", |g| {
                weights(g, |dw| dw.mapv(|dw| dw.clamp(-0.5, 0.5)))
            }),
            ("dw clipped in norm", "gradient changed: dw * 1 / np.linalg.norm(dw)", |g| {
                weights(g, |dw| dw * (1.0 / dw.mapv(|dw| dw * dw).sum().sqrt()).min(1.0))
            }),
            ("dw in whole numbers", "gradient changed: np.trunc(dw)", |g| {
                weights(g, |dw| dw.mapv(f64::trunc))
            }),
            ("dw with one decimal", "gradient changed: np.round(dw, 1)", |g| {
                weights(g, |dw| dw.mapv(|dw| (dw * 10.0).round() / 10.0))
            }),
            ("the sign of dw", "gradient changed: np.sign(dw)", |g| weights(g, |dw| dw.mapv(f64::signum))),
            ("the square of dw", "gradient changed: dw ** 2", |g| weights(g, |dw| dw * dw)),
            ("db a mean", "mean for sum", |g| {
                let (dx, all) = back(g.x, &g.p[0], g.d);
                (dx, vec![all[0].clone(), &all[1] / g.x.shape()[0] as f64])
            }),
            ("db over the columns", "summed over axes [1]", |g| {
                let (dx, all) = back(g.x, &g.p[0], g.d);
                (dx, vec![all[0].clone(), g.d.sum_axis(Axis(1))])
            }),
            ("dx over the root of the width", "factor 2", |g| {
                let (dx, all) = back(g.x, &g.p[0], g.d);
                (dx * (g.x.shape()[1] as f64).sqrt(), all)
            }),
            ("dx with x added", "gradient changed: dx + 1 · x", |g| {
                let (dx, all) = back(g.x, &g.p[0], g.d);
                (dx + g.x, all)
            }),
            ("dw times w", "each element times w", |g| weights(g, |dw| dw * &g.p[0])),
            ("dx over the columns for the rows", "factor N/D", |g| {
                let (dx, all) = back(g.x, &g.p[0], g.d);
                (dx * (g.x.shape()[0] as f64 / g.x.shape()[1] as f64), all)
            }),
        ],
    }])
}

#[test]
fn an_affine_layer_with_its_activation_in_one() -> Result<()> {
    let (x, parameters) = (numbers(&[3, 5], 3), vec![numbers(&[5, 4], 30), numbers(&[4], 80)]);
    examine(vec![
        Subject {
            name: "affine and relu",
            x: x.clone(),
            parameters: parameters.clone(),
            forward: |x, p| relu(&affine(x, p)),
            right: |g| back(g.x, &g.p[0], &zip(g.y, g.d, |y, d| if y > 0.0 { d } else { 0.0 })),
            wrong: vec![
                ("without the mask", "mask missing", |g| back(g.x, &g.p[0], g.d)),
                ("the mask inverted", "mask inverted", |g| {
                    back(g.x, &g.p[0], &zip(g.y, g.d, |y, d| if y > 0.0 { 0.0 } else { d }))
                }),
                ("the mask missing for the weights alone", "mask missing", |g| {
                    let masked = zip(g.y, g.d, |y, d| if y > 0.0 { d } else { 0.0 });
                    let (right, wrong) = (back(g.x, &g.p[0], &masked), back(g.x, &g.p[0], g.d));
                    (right.0, vec![wrong.1[0].clone(), right.1[1].clone()])
                }),
                ("the mask of dout", "dout changed: np.maximum(dout, 0)", |g| {
                    back(g.x, &g.p[0], &zip(g.y, g.d, |y, d| if y > 0.0 { d.max(0.0) } else { 0.0 }))
                }),
            ],
        },
        Subject {
            name: "affine and leaky relu",
            x: x.clone(),
            parameters: parameters.clone(),
            forward: |x, p| affine(x, p).mapv(|z| if z > 0.0 { z } else { 0.1 * z }),
            right: |g| back(g.x, &g.p[0], &zip(g.y, g.d, |y, d| if y > 0.0 { d } else { 0.1 * d })),
            wrong: vec![
                ("without the mask", "mask missing", |g| back(g.x, &g.p[0], g.d)),
                ("without the leak", "dout changed: dout * (out > 0)", |g| {
                    back(g.x, &g.p[0], &zip(g.y, g.d, |y, d| if y > 0.0 { d } else { 0.0 }))
                }),
            ],
        },
        Subject {
            name: "affine and sigmoid",
            x: x.clone(),
            parameters: parameters.clone(),
            forward: |x, p| affine(x, p).mapv(sigmoid),
            right: |g| back(g.x, &g.p[0], &zip(g.y, g.d, |y, d| d * y * (1.0 - y))),
            wrong: vec![
                ("without the slope", "wrong slope 1 for y · (1 − y)", |g| back(g.x, &g.p[0], g.d)),
                ("the slope twice", "wrong slope f′²", |g| {
                    back(g.x, &g.p[0], &zip(g.y, g.d, |y, d| d * (y * (1.0 - y)).powi(2)))
                }),
            ],
        },
        Subject {
            name: "affine and softmax",
            x: x.clone(),
            parameters: parameters.clone(),
            forward: |x, p| retrograde::textbook::softmax(&affine(x, p)),
            right: |g| {
                let total = (g.d * g.y).sum_axis(Axis(1)).insert_axis(Axis(1));
                back(g.x, &g.p[0], &(g.y * &(g.d - &total)))
            },
            wrong: vec![("without the cross terms", "only each output's own", |g| {
                back(g.x, &g.p[0], &(g.d * g.y * g.y.mapv(|y| 1.0 - y)))
            })],
        },
    ])
}

#[test]
fn an_activation_before_the_product() -> Result<()> {
    let (x, parameters) = (numbers(&[3, 5], 3), vec![numbers(&[5, 4], 30), numbers(&[4], 80)]);
    examine(vec![
        Subject {
            name: "relu and affine",
            x: x.clone(),
            parameters: parameters.clone(),
            forward: |x, p| affine(&relu(x), p),
            right: |g| {
                let (dx, all) = back(&relu(g.x), &g.p[0], g.d);
                (zip(g.x, &dx, |x, d| if x > 0.0 { d } else { 0.0 }), all)
            },
            wrong: vec![
                ("without the mask", "mask missing", |g| back(&relu(g.x), &g.p[0], g.d)),
                ("dw from x", "wrong slope x for", |g| {
                    let (dx, all) = back(&relu(g.x), &g.p[0], g.d);
                    let raw = back(g.x, &g.p[0], g.d).1.swap_remove(0);
                    (zip(g.x, &dx, |x, d| if x > 0.0 { d } else { 0.0 }), vec![raw, all[1].clone()])
                }),
            ],
        },
        Subject {
            name: "sigmoid and affine",
            x,
            parameters,
            forward: |x, p| affine(&x.mapv(sigmoid), p),
            right: |g| {
                let (dx, all) = back(&g.x.mapv(sigmoid), &g.p[0], g.d);
                (zip(g.x, &dx, |x, d| d * sigmoid(x) * (1.0 - sigmoid(x))), all)
            },
            wrong: vec![
                ("without the slope", "wrong slope 1 for sigmoid(x) · (1 − sigmoid(x))", |g| {
                    back(&g.x.mapv(sigmoid), &g.p[0], g.d)
                }),
                ("the slope of x", "wrong slope x · (1 − x) for sigmoid(x)", |g| {
                    let (dx, all) = back(&g.x.mapv(sigmoid), &g.p[0], g.d);
                    (zip(g.x, &dx, |x, d| d * x * (1.0 - x)), all)
                }),
                ("dw from x", "wrong slope x for sigmoid(x)", |g| {
                    let (dx, all) = back(&g.x.mapv(sigmoid), &g.p[0], g.d);
                    let raw = back(g.x, &g.p[0], g.d).1.swap_remove(0);
                    (zip(g.x, &dx, |x, d| d * sigmoid(x) * (1.0 - sigmoid(x))), vec![raw, all[1].clone()])
                }),
            ],
        },
    ])
}

//! Layers that divide by a function of their input.

use super::{Given, Subject, examine, numbers};
use ndarray::Axis;
use retrograde::Result;
use retrograde::textbook::{Tensor, log_softmax, softmax};

/// The sum along an axis, in the place of each element.
fn total(x: &Tensor, axis: usize) -> Tensor {
    x.sum_axis(Axis(axis)).insert_axis(Axis(axis)).broadcast(x.raw_dim()).expect("it fits").to_owned()
}

fn mean(x: &Tensor, axis: usize) -> Tensor {
    total(x, axis) / x.len_of(Axis(axis)) as f64
}

/// The normalized numbers and their deviation, its square divided by n − `less`.
fn standard(x: &Tensor, axis: usize, less: f64) -> (Tensor, Tensor) {
    let centered = x - &mean(x, axis);
    let count = x.len_of(Axis(axis)) as f64;
    let sigma = (total(&(&centered * &centered), axis) / (count - less)).mapv(|v| (v + 1e-5).sqrt());
    (&centered / &sigma, sigma)
}

fn normalized(x: &Tensor, p: &[Tensor], axis: usize) -> Tensor {
    standard(x, axis, 0.0).0 * &p[0] + &p[1]
}

/// The gradients of scale and shift.
fn scale_and_shift(g: &Given<'_>, xhat: &Tensor) -> Vec<Tensor> {
    vec![(g.d * xhat).sum_axis(Axis(0)), g.d.sum_axis(Axis(0))]
}

fn right(g: &Given<'_>, axis: usize) -> (Tensor, Vec<Tensor>) {
    let (xhat, sigma) = standard(g.x, axis, 0.0);
    let d = g.d * &g.p[0];
    let dx = (&d - &mean(&d, axis) - &xhat * &mean(&(&d * &xhat), axis)) / &sigma;
    (dx, scale_and_shift(g, &xhat))
}

#[test]
fn layer_and_batch_normalization() -> Result<()> {
    let (x, parameters) = (numbers(&[4, 5], 7), vec![numbers(&[5], 40), numbers(&[5], 60)]);
    examine(vec![
        Subject {
            name: "layer normalization",
            x: x.clone(),
            parameters: parameters.clone(),
            forward: |x, p| normalized(x, p, 1),
            right: |g| right(g, 1),
            wrong: vec![
                (
                    "n − 1 under the root",
                    "layer normalization backward is that with n − 1 for n in σ",
                    |g| {
                        let ((xhat, _), (_, sigma)) = (standard(g.x, 1, 0.0), standard(g.x, 1, 1.0));
                        let d = g.d * &g.p[0];
                        let dx = (&d - &mean(&d, 1) - &xhat * &mean(&(&d * &xhat), 1)) / &sigma;
                        (dx, scale_and_shift(g, &xhat))
                    },
                ),
                (
                    "n − 1 everywhere",
                    "layer normalization backward is that with n − 1 for n in σ and in",
                    |g| {
                        let (xhat, sigma) = standard(g.x, 1, 1.0);
                        let (d, less) = (g.d * &g.p[0], g.x.shape()[1] as f64 - 1.0);
                        let dx = (&d - &mean(&d, 1) - &xhat * &(total(&(&d * &xhat), 1) / less)) / &sigma;
                        (dx, right(g, 1).1)
                    },
                ),
                (
                    "means without their division",
                    "layer normalization backward is (dx̂ − Σ dx̂ − x̂ · Σ dx̂ · x̂) / σ",
                    |g| {
                        let (xhat, sigma) = standard(g.x, 1, 0.0);
                        let d = g.d * &g.p[0];
                        let dx = (&d - &total(&d, 1) - &xhat * &total(&(&d * &xhat), 1)) / &sigma;
                        (dx, scale_and_shift(g, &xhat))
                    },
                ),
                (
                    "the mean taken as constant",
                    "layer normalization without the path through the mean",
                    |g| {
                        let (xhat, sigma) = standard(g.x, 1, 0.0);
                        let d = g.d * &g.p[0];
                        ((&d - &(&xhat * &mean(&(&d * &xhat), 1))) / &sigma, scale_and_shift(g, &xhat))
                    },
                ),
                ("dgamma from x", "layer normalization without the path through the x̂", |g| {
                    (right(g, 1).0, scale_and_shift(g, g.x))
                }),
            ],
        },
        Subject {
            name: "batch normalization",
            x,
            parameters,
            forward: |x, p| normalized(x, p, 0),
            right: |g| right(g, 0),
            wrong: vec![
                (
                    "the variance taken as constant",
                    "batch normalization without the path through the variance",
                    |g| {
                        let (xhat, sigma) = standard(g.x, 0, 0.0);
                        let d = g.d * &g.p[0];
                        ((&d - &mean(&d, 0)) / &sigma, scale_and_shift(g, &xhat))
                    },
                ),
                (
                    "both taken as constant",
                    "batch normalization without the path through the mean and variance",
                    |g| {
                        let (xhat, sigma) = standard(g.x, 0, 0.0);
                        (g.d * &g.p[0] / &sigma, scale_and_shift(g, &xhat))
                    },
                ),
                (
                    "the backward of layer normalization",
                    "batch normalization backward is that of statistics along axis 1",
                    |g| (right(g, 1).0, right(g, 0).1),
                ),
            ],
        },
    ])
}

/// The root of the mean square of each row, in the place of each element.
fn rms(x: &Tensor) -> Tensor {
    mean(&(x * x), 1).mapv(|square| (square + 1e-6).sqrt())
}

fn rms_right(g: &Given<'_>) -> Tensor {
    let (r, d) = (rms(g.x), g.d * &g.p[0]);
    &d / &r - g.x * &mean(&(&d * g.x), 1) / &(&r * &r * &r)
}

#[test]
fn root_mean_square_and_length() -> Result<()> {
    fn dscale(g: &Given<'_>) -> Vec<Tensor> {
        vec![(g.d * g.x / rms(g.x)).sum_axis(Axis(0))]
    }
    fn length(x: &Tensor) -> Tensor {
        total(&(x * x), 1).mapv(f64::sqrt)
    }
    examine(vec![
        Subject {
            name: "normalization by the root mean square",
            x: numbers(&[3, 5], 7),
            parameters: vec![numbers(&[5], 40)],
            forward: |x, p| x / &rms(x) * &p[0],
            right: |g| (rms_right(g), dscale(g)),
            wrong: vec![
                ("the root taken as constant", "rms normalization without the path through the root", |g| {
                    (g.d * &g.p[0] / &rms(g.x), dscale(g))
                }),
                (
                    "the mean without its division",
                    "rms normalization backward is (dx̂ − x̂ · Σ dx̂ · x̂) / σ",
                    |g| {
                        let (r, d) = (rms(g.x), g.d * &g.p[0]);
                        (&d / &r - g.x * &total(&(&d * g.x), 1) / &(&r * &r * &r), dscale(g))
                    },
                ),
                ("the scale forgotten", "rms normalization without the path through the gamma", |g| {
                    let r = rms(g.x);
                    (g.d / &r - g.x * &mean(&(g.d * g.x), 1) / &(&r * &r * &r), dscale(g))
                }),
                (
                    "the second power of the root",
                    "rms normalization backward is (dx̂) / σ − x̂ · mean(dx̂ · x̂)",
                    |g| {
                        let (r, d) = (rms(g.x), g.d * &g.p[0]);
                        (&d / &r - g.x * &mean(&(&d * g.x), 1) / &(&r * &r), dscale(g))
                    },
                ),
            ],
        },
        Subject {
            name: "rows of length 1",
            x: numbers(&[3, 4], 7),
            parameters: Vec::new(),
            forward: |x, _| x / &length(x),
            right: |g| ((g.d - &(g.y * &total(&(g.d * g.y), 1))) / length(g.x), Vec::new()),
            wrong: vec![(
                "the length taken as constant",
                "length normalization without the path through the root",
                |g| (g.d / &length(g.x), Vec::new()),
            )],
        },
        Subject {
            name: "shares of the sum",
            x: numbers(&[3, 4], 7).mapv(|x| x.abs() + 0.3),
            parameters: Vec::new(),
            forward: |x, _| x / &total(x, 1),
            right: |g| ((g.d - &total(&(g.d * g.y), 1)) / total(g.x, 1), Vec::new()),
            wrong: vec![("the sum taken as constant", "path missing: the factor out/x", |g| {
                (g.d / &total(g.x, 1), Vec::new())
            })],
        },
        Subject {
            name: "rows without their mean",
            x: numbers(&[3, 4], 7),
            parameters: Vec::new(),
            forward: |x, _| x - &mean(x, 1),
            right: |g| (g.d - &mean(g.d, 1), Vec::new()),
            wrong: vec![("the mean taken as constant", "path missing", |g| (g.d.clone(), Vec::new()))],
        },
    ])
}

#[test]
fn images() -> Result<()> {
    fn flat(x: &Tensor) -> Tensor {
        // [N, C, H, W] → [N·H·W, C]
        let last = x.clone().permuted_axes(vec![0, 2, 3, 1]).as_standard_layout().to_owned();
        let rows = last.len() / x.shape()[1];
        last.into_shape_with_order(vec![rows, x.shape()[1]]).expect("as many numbers")
    }
    fn images(rows: &Tensor, like: &[usize]) -> Tensor {
        let shape = vec![like[0], like[2], like[3], like[1]];
        let last = rows.clone().into_shape_with_order(shape).expect("as many numbers");
        last.permuted_axes(vec![0, 3, 1, 2]).as_standard_layout().to_owned()
    }
    fn by_rows(g: &Given<'_>, back: impl Fn(&Given<'_>) -> (Tensor, Vec<Tensor>)) -> (Tensor, Vec<Tensor>) {
        let (x, y, d) = (flat(g.x), flat(g.y), flat(g.d));
        let (dx, all) = back(&Given { x: &x, p: g.p, y: &y, d: &d });
        (images(&dx, g.x.shape()), all)
    }
    examine(vec![Subject {
        name: "batch normalization of images",
        x: numbers(&[2, 3, 2, 2], 7),
        parameters: vec![numbers(&[3], 40), numbers(&[3], 60)],
        forward: |x, p| images(&normalized(&flat(x), p, 0), x.shape()),
        right: |g| by_rows(g, |g| right(g, 0)),
        wrong: vec![(
            "the variance taken as constant",
            "batch normalization without the path through the variance",
            |g| {
                by_rows(g, |g| {
                    let (_, sigma) = standard(g.x, 0, 0.0);
                    let d = g.d * &g.p[0];
                    ((&d - &mean(&d, 0)) / &sigma, right(g, 0).1)
                })
            },
        )],
    }])
}

#[test]
fn softmax_and_its_logarithm() -> Result<()> {
    let x = numbers(&[3, 4], 7);
    examine(vec![
        Subject {
            name: "softmax",
            x: x.clone(),
            parameters: Vec::new(),
            forward: |x, _| softmax(x),
            right: |g| (g.y * &(g.d - &total(&(g.d * g.y), 1)), Vec::new()),
            wrong: vec![
                ("without the cross terms", "softmax backward is dout · y · (1 − y)", |g| {
                    (g.d * g.y * g.y.mapv(|y| 1.0 - y), Vec::new())
                }),
                ("passed on", "softmax backward is dout", |g| (g.d.clone(), Vec::new())),
                ("y − dout", "softmax backward is y − dout", |g| (g.y - g.d, Vec::new())),
            ],
        },
        Subject {
            name: "softmax at a temperature",
            x: x.clone(),
            parameters: Vec::new(),
            forward: |x, _| softmax(&(x / 2.5)),
            right: |g| (g.y * &(g.d - &total(&(g.d * g.y), 1)) / 2.5, Vec::new()),
            wrong: vec![("the temperature forgotten", "factor 2.5", |g| {
                (g.y * &(g.d - &total(&(g.d * g.y), 1)), Vec::new())
            })],
        },
        Subject {
            name: "logarithm of the softmax",
            x,
            parameters: Vec::new(),
            forward: |x, _| log_softmax(x),
            right: |g| (g.d - &(g.y.mapv(f64::exp) * total(g.d, 1)), Vec::new()),
            wrong: vec![
                ("without the sum", "softmax backward is dout", |g| (g.d.clone(), Vec::new())),
                ("dout not summed", "softmax backward is dout − y · dout", |g| {
                    (g.d - &(g.y.mapv(f64::exp) * g.d), Vec::new())
                }),
            ],
        },
    ])
}

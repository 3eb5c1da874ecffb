//! Layers that slide a window over their input.

use super::{Subject, examine, numbers};
use ndarray::Axis;
use retrograde::Result;
use retrograde::textbook::Tensor;

/// x `[N, C, H, W]`, kernel `[O, C, h, w]`, bias `[O]`; no padding, step 1.
fn convolution(x: &Tensor, p: &[Tensor]) -> Tensor {
    let (xs, ws) = (x.shape().to_vec(), p[0].shape().to_vec());
    let out = vec![xs[0], ws[0], xs[2] - ws[2] + 1, xs[3] - ws[3] + 1];
    Tensor::from_shape_fn(out, |at| {
        let mut sum = p[1][[at[1]]];
        for c in 0..ws[1] {
            for i in 0..ws[2] {
                for j in 0..ws[3] {
                    sum += x[[at[0], c, at[2] + i, at[3] + j]] * p[0][[at[1], c, i, j]];
                }
            }
        }
        sum
    })
}

fn back(x: &Tensor, w: &Tensor, d: &Tensor) -> (Tensor, Vec<Tensor>) {
    let (mut dx, mut dw) = (x * 0.0, w * 0.0);
    for (at, d) in d.indexed_iter() {
        for c in 0..w.shape()[1] {
            for i in 0..w.shape()[2] {
                for j in 0..w.shape()[3] {
                    dx[[at[0], c, at[2] + i, at[3] + j]] += d * w[[at[1], c, i, j]];
                    dw[[at[1], c, i, j]] += d * x[[at[0], c, at[2] + i, at[3] + j]];
                }
            }
        }
    }
    (dx, vec![dw, d.sum_axis(Axis(3)).sum_axis(Axis(2)).sum_axis(Axis(0))])
}

fn flipped(x: &Tensor, axes: &[usize]) -> Tensor {
    let mut view = x.view();
    axes.iter().for_each(|axis| view.invert_axis(Axis(*axis)));
    view.as_standard_layout().to_owned()
}

#[test]
fn convolutions() -> Result<()> {
    examine(vec![Subject {
        name: "convolution",
        x: numbers(&[2, 2, 4, 4], 5),
        parameters: vec![numbers(&[2, 2, 3, 3], 90), numbers(&[2], 140)],
        forward: convolution,
        right: |g| back(g.x, &g.p[0], g.d),
        wrong: vec![
            ("the kernel not flipped in dx", "convolution backward with a flipped kernel", |g| {
                (back(g.x, &flipped(&g.p[0], &[2, 3]), g.d).0, back(g.x, &g.p[0], g.d).1)
            }),
            ("the kernel flipped in one axis only", "w changed: np.flip(w, axis=3)", |g| {
                (back(g.x, &flipped(&g.p[0], &[3]), g.d).0, back(g.x, &g.p[0], g.d).1)
            }),
            ("channels exchanged in dx", "w changed: w.transpose(1, 0, 2, 3)", |g| {
                let w = g.p[0].clone().permuted_axes(vec![1, 0, 2, 3]).as_standard_layout().to_owned();
                (back(g.x, &w, g.d).0, back(g.x, &g.p[0], g.d).1)
            }),
            ("dx upside down", "rearranged: np.flip(", |g| {
                let (dx, all) = back(g.x, &g.p[0], g.d);
                (flipped(&dx, &[2, 3]), all)
            }),
            ("dw upside down", "convolution backward with a flipped kernel", |g| {
                let (dx, all) = back(g.x, &g.p[0], g.d);
                (dx, vec![flipped(&all[0], &[2, 3]), all[1].clone()])
            }),
            ("dx off by one column", "rearranged: ", |g| {
                let (dx, all) = back(g.x, &g.p[0], g.d);
                (
                    Tensor::from_shape_fn(g.x.shape(), |at| {
                        if at[3] == 0 { 0.0 } else { dx[[at[0], at[1], at[2], at[3] - 1]] }
                    }),
                    all,
                )
            }),
            ("db a mean over positions", "factor 1/4", |g| {
                let (dx, all) = back(g.x, &g.p[0], g.d);
                (dx, vec![all[0].clone(), &all[1] / 4.0])
            }),
            ("db over the channels", "summed over axes", |g| {
                let (dx, all) = back(g.x, &g.p[0], g.d);
                (dx, vec![all[0].clone(), g.d.sum_axis(Axis(3)).sum_axis(Axis(1)).sum_axis(Axis(0))])
            }),
        ],
    }])
}

/// Windows of 2 × 2 that do not overlap: the positions in the input of one output.
fn window(at: &[usize]) -> [[usize; 3]; 4] {
    [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(i, j)| [at[0], 2 * at[1] + i, 2 * at[2] + j])
}

fn pooled(x: &Tensor, of: impl Fn([f64; 4]) -> f64) -> Tensor {
    Tensor::from_shape_fn(vec![x.shape()[0], x.shape()[1] / 2, x.shape()[2] / 2], |at| {
        of(window(&[at[0], at[1], at[2]]).map(|place| x[place.as_slice()]))
    })
}

/// The contributions by position of a window, from its numbers, times dout.
fn shared(x: &Tensor, d: &Tensor, share: impl Fn([f64; 4], usize) -> f64) -> (Tensor, Vec<Tensor>) {
    let mut dx = x * 0.0;
    for (at, d) in d.indexed_iter() {
        let places = window(&[at[0], at[1], at[2]]);
        let seen = places.map(|place| x[place.as_slice()]);
        for (number, place) in places.iter().enumerate() {
            dx[place.as_slice()] += d * share(seen, number);
        }
    }
    (dx, Vec::new())
}

fn largest(seen: [f64; 4]) -> f64 {
    seen.into_iter().fold(f64::NEG_INFINITY, f64::max)
}

fn is(yes: bool) -> f64 {
    f64::from(u8::from(yes))
}

#[test]
fn pooling() -> Result<()> {
    let x = numbers(&[3, 4, 4], 5);
    examine(vec![
        Subject {
            name: "maximum of windows",
            x: x.clone(),
            parameters: Vec::new(),
            forward: |x, _| pooled(x, largest),
            right: |g| shared(g.x, g.d, |seen, at| is(seen[at] == largest(seen))),
            wrong: vec![
                ("to the whole window", "dout of a maximum given by dx[window] += dout", |g| {
                    shared(g.x, g.d, |_, _| 1.0)
                }),
                ("a part to each", "dout of a maximum given by dx[window] += dout / n", |g| {
                    shared(g.x, g.d, |_, _| 0.25)
                }),
                ("to the first", "dout of a maximum given by dx[window[0]] += dout", |g| {
                    shared(g.x, g.d, |_, at| is(at == 0))
                }),
                ("to the smallest", "dout of a maximum given by dx[argmin] += dout", |g| {
                    shared(g.x, g.d, |seen, at| is(seen.iter().all(|other| seen[at] <= *other)))
                }),
            ],
        },
        Subject {
            name: "mean of windows",
            x: x.clone(),
            parameters: Vec::new(),
            forward: |x, _| pooled(x, |seen| seen.iter().sum::<f64>() / 4.0),
            right: |g| shared(g.x, g.d, |_, _| 0.25),
            wrong: vec![
                ("not divided", "factor 4", |g| shared(g.x, g.d, |_, _| 1.0)),
                ("to the largest", "path missing: dout of a mean given by dx[argmax] += dout", |g| {
                    shared(g.x, g.d, |seen, at| is(seen[at] == largest(seen)))
                }),
            ],
        },
        Subject {
            name: "largest of the row",
            x: numbers(&[3, 5], 9),
            parameters: Vec::new(),
            forward: |x, _| x.map_axis(Axis(1), |row| row.fold(f64::NEG_INFINITY, |max, x| max.max(*x))),
            right: |g| {
                let each = |at: ndarray::IxDyn| is(g.x[&at] == g.y[[at[0]]]) * g.d[[at[0]]];
                (Tensor::from_shape_fn(g.x.shape(), each), Vec::new())
            },
            wrong: vec![("to all of the row", "dout of a maximum given by dx[window] += dout", |g| {
                (Tensor::from_shape_fn(g.x.shape(), |at| g.d[[at[0]]]), Vec::new())
            })],
        },
    ])
}

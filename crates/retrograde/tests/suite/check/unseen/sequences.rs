//! Layers that rearrange numbers, and rows that are sequences.

use super::{Given, Subject, examine, matrix, numbers, product};
use ndarray::{Axis, Slice, concatenate};
use retrograde::Result;
use retrograde::textbook::Tensor;

fn half(x: &Tensor, second: bool) -> Tensor {
    let width = x.shape()[1] / 2;
    let range = if second { Slice::from(width..) } else { Slice::from(..width) };
    x.slice_axis(Axis(1), range).to_owned()
}

fn beside(a: &Tensor, b: &Tensor) -> Tensor {
    concatenate(Axis(1), &[a.view(), b.view()]).expect("as many rows")
}

fn only(dx: Tensor) -> (Tensor, Vec<Tensor>) {
    (dx, Vec::new())
}

/// x one step later, with zeros before it; or earlier, with zeros behind.
fn later(x: &Tensor, by: isize) -> Tensor {
    Tensor::from_shape_fn(x.shape(), |at| {
        let from = at[1] as isize - by;
        if from < 0 || from >= x.shape()[1] as isize { 0.0 } else { x[[at[0], from as usize]] }
    })
}

fn subject(
    name: &'static str,
    forward: super::Forward,
    right: super::Backward,
    wrong: Vec<super::Wrong>,
) -> Subject {
    Subject { name, x: numbers(&[3, 6], 23), parameters: Vec::new(), forward, right, wrong }
}

#[test]
fn halves() -> Result<()> {
    fn both(d: &Given<'_>, exchanged: bool) -> (Tensor, Vec<Tensor>) {
        let (first, second) = (half_of(d.d, exchanged), half_of(d.d, !exchanged));
        only(first * d.x.mapv(f64::cos) + second * &(d.x * 2.0))
    }
    fn half_of(d: &Tensor, second: bool) -> Tensor {
        half(d, second)
    }
    examine(vec![
        subject(
            "halves exchanged",
            |x, _| beside(&half(x, true), &half(x, false)),
            |g| only(beside(&half(g.d, true), &half(g.d, false))),
            vec![("not exchanged back", "rearranged: np.roll(dx", |g| only(g.d.clone()))],
        ),
        subject(
            "two functions side by side",
            |x, _| beside(&x.mapv(f64::sin), &(x * x)),
            |g| both(g, false),
            vec![
                (
                    "the halves of dout exchanged",
                    "dout changed: np.roll(dout, dout.shape[-1] // 2, axis=-1)",
                    |g| both(g, true),
                ),
                ("the second half forgotten", "only the contributions of", |g| {
                    only(half(g.d, false) * g.x.mapv(f64::cos))
                }),
            ],
        ),
    ])
}

#[test]
fn shifts_and_sums() -> Result<()> {
    fn cumulative(x: &Tensor, reverse: bool) -> Tensor {
        let mut sums = x.clone();
        let width = x.shape()[1];
        for mut row in sums.rows_mut() {
            for at in 1..width {
                let (from, to) = if reverse { (width - at, width - at - 1) } else { (at - 1, at) };
                row[to] += row[from];
            }
        }
        sums
    }
    examine(vec![
        subject(
            "one step later",
            |x, _| later(x, 1),
            |g| only(later(g.d, -1)),
            vec![
                ("not shifted back", "rearranged: ", |g| only(g.d.clone())),
                ("shifted on", "rearranged: ", |g| only(later(g.d, 1))),
            ],
        ),
        subject(
            "sums so far",
            |x, _| cumulative(x, false),
            |g| only(cumulative(g.d, true)),
            vec![
                ("the sums so far", "transposed", |g| only(cumulative(g.d, false))),
                ("its own alone", "only each output's own", |g| only(g.d.clone())),
            ],
        ),
        subject(
            "tanh of what is carried on",
            |x, _| {
                let mut y = x * 0.0;
                for at in 0..x.shape()[1] {
                    for row in 0..x.shape()[0] {
                        let before = if at == 0 { 0.0 } else { y[[row, at - 1]] };
                        y[[row, at]] = (x[[row, at]] + 0.5 * before).tanh();
                    }
                }
                y
            },
            |g| {
                let mut dx = g.d.clone();
                for at in (0..g.x.shape()[1]).rev() {
                    for row in 0..g.x.shape()[0] {
                        let on = if at + 1 == g.x.shape()[1] { 0.0 } else { 0.5 * dx[[row, at + 1]] };
                        dx[[row, at]] = (g.d[[row, at]] + on) * (1.0 - g.y[[row, at]].powi(2));
                    }
                }
                only(dx)
            },
            vec![("nothing through time", "only each output's own", |g| {
                only(g.d * &g.y.mapv(|y| 1.0 - y * y))
            })],
        ),
        subject(
            "mean of the row",
            |x, _| x.mean_axis(Axis(1)).expect("columns"),
            |g| only(g.x * 0.0 + &g.d.clone().insert_axis(Axis(1)) / g.x.shape()[1] as f64),
            vec![
                ("by the number of rows", "factor D/N", |g| {
                    only(g.x * 0.0 + &g.d.clone().insert_axis(Axis(1)) / g.x.shape()[0] as f64)
                }),
                ("by both", "factor 1/N", |g| {
                    only(g.x * 0.0 + &g.d.clone().insert_axis(Axis(1)) / g.x.len() as f64)
                }),
                ("not at all", "factor 6", |g| only(g.x * 0.0 + g.d.clone().insert_axis(Axis(1)))),
            ],
        ),
    ])
}

#[test]
fn paths_that_meet() -> Result<()> {
    fn back(g: &Given<'_>) -> (Tensor, Vec<Tensor>) {
        let (x, w, d) = (matrix(g.x), matrix(&g.p[0]), matrix(g.d));
        (product(&d, &w.t().to_owned()), vec![product(&x.t().to_owned(), &d)])
    }
    fn square(x: &Tensor, w: &Tensor) -> Tensor {
        product(&matrix(x), &matrix(w))
    }
    examine(vec![
        Subject {
            name: "residual",
            x: numbers(&[3, 4], 23),
            parameters: vec![numbers(&[4, 4], 60)],
            forward: |x, p| x + &square(x, &p[0]),
            right: |g| {
                let (dx, all) = back(g);
                (dx + g.d, all)
            },
            wrong: vec![
                ("the skip forgotten", "path missing: the direct path", back),
                ("the skip alone", "path missing", |g| (g.d.clone(), back(g).1)),
            ],
        },
        Subject {
            name: "projection of attention",
            x: numbers(&[3, 6], 23),
            parameters: vec![numbers(&[6, 4], 60)],
            forward: |x, p| square(x, &p[0]) / (x.shape()[1] as f64).sqrt(),
            right: |g| {
                let (dx, all) = back(g);
                let root = (g.x.shape()[1] as f64).sqrt();
                (dx / root, vec![&all[0] / root])
            },
            wrong: vec![("the root forgotten", "factor √D", back)],
        },
        Subject {
            name: "embedding",
            x: ndarray::arr1(&[0.0, 2.0, 2.0, 1.0, 0.0]).into_dyn(),
            parameters: vec![numbers(&[4, 3], 60)],
            forward: |x, p| {
                let row = |at: f64| (at + 0.25).max(0.0) as usize % p[0].shape()[0];
                Tensor::from_shape_fn(vec![x.len(), p[0].shape()[1]], |at| p[0][[row(x[[at[0]]]), at[1]]])
            },
            right: |g| embedded(g, |to, from| *to += from),
            wrong: vec![("= for +=", "only the contributions of", |g| embedded(g, |to, from| *to = from))],
        },
    ])
}

fn embedded(g: &Given<'_>, put: impl Fn(&mut f64, f64)) -> (Tensor, Vec<Tensor>) {
    let mut dw = &g.p[0] * 0.0;
    for (at, d) in g.d.indexed_iter() {
        let row = (g.x[[at[0]]] + 0.25).max(0.0) as usize % dw.shape()[0];
        put(&mut dw[[row, at[1]]], *d);
    }
    (g.x * 0.0, vec![dw])
}

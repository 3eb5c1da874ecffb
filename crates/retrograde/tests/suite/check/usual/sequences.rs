//! Embeddings with repeated rows, and backpropagation through time that is cut.

use ndarray::{Array2, Axis};
use retrograde::check;
use retrograde::textbook::Tensor;

use super::{layer, matrix, numbers};
use crate::check::support::Expect;

const WORDS: [usize; 6] = [2, 0, 2, 3, 2, 0];

#[derive(Clone, Copy)]
enum Rows {
    /// `np.add.at(dw, words, dout)`
    Added,
    /// `one_hot.T @ dout`
    OneHot,
    /// `dw[words] = dout`
    Assigned,
    /// `dw[words] += dout`, which NumPy adds once for each row.
    AddedOnce,
}

#[test]
fn rows_of_an_embedding_that_repeat() {
    let embedded = |w: &Tensor| w.select(Axis(0), &WORDS);
    let gradient = |w: &Tensor, dout: &Tensor, rows: Rows| {
        let mut dw = w * 0.0;
        match rows {
            Rows::OneHot => {
                let hot = Array2::from_shape_fn((WORDS.len(), w.shape()[0]), |(at, row)| {
                    f64::from(u8::from(WORDS[at] == row))
                });
                dw = hot.t().dot(&matrix(dout)).into_dyn();
            }
            Rows::Added => {
                for (word, d) in WORDS.iter().zip(dout.outer_iter()) {
                    let mut row = dw.index_axis_mut(Axis(0), *word);
                    row += &d;
                }
            }
            // What is read before all are written is the array as it was: zeros.
            Rows::Assigned | Rows::AddedOnce => {
                for (word, d) in WORDS.iter().zip(dout.outer_iter()) {
                    dw.index_axis_mut(Axis(0), *word).assign(&d);
                }
            }
        }
        dw
    };
    for (rows, expect) in [
        (Rows::Added, Expect::right()),
        (Rows::OneHot, Expect::right()),
        (Rows::Assigned, Expect::wrong("w", &["only the contributions of"])),
        (Rows::AddedOnce, Expect::wrong("w", &["only the contributions of"])),
    ] {
        let report = check::vjp(
            &[("w", numbers(&[4, 3], 60))],
            |p| Ok(vec![embedded(&p[0])]),
            |p, dout| Ok(vec![Some(gradient(&p[0], &dout[0], rows))]),
        );
        expect.of(&report.expect("a function that runs"));
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Time {
    /// Backwards through all steps.
    Full,
    /// For each step's dout, back to the first.
    StepByStep,
    /// `dh_next` is not added.
    Cut,
    /// For each step's dout, back this many steps.
    Truncated(usize),
}

fn at(x: &Tensor, t: usize) -> Array2<f64> {
    matrix(&x.index_axis(Axis(1), t).to_owned())
}

/// h[t] = tanh(x[t] · wx + h[t − 1] · wh + b), all steps: [N, T, H].
fn recurrent(p: &[Tensor]) -> Tensor {
    let (rows, steps, units) = (p[0].shape()[0], p[0].shape()[1], p[3].len());
    let mut all = Tensor::zeros(vec![rows, steps, units]);
    let mut h = Array2::zeros((rows, units));
    for t in 0..steps {
        let sum = at(&p[0], t).dot(&matrix(&p[1])) + h.dot(&matrix(&p[2]));
        h = matrix(&(sum.into_dyn() + &p[3])).mapv(f64::tanh);
        all.index_axis_mut(Axis(1), t).assign(&h);
    }
    all
}

fn recurrent_back(p: &[Tensor], dout: &Tensor, time: Time) -> Vec<Tensor> {
    let out = recurrent(p);
    let steps = dout.shape()[1];
    let mut all: Vec<Tensor> = p.iter().map(|p| p * 0.0).collect();
    let mut step = |t: usize, dh: &Array2<f64>| {
        let da = dh * &at(&out, t).mapv(|h| 1.0 - h * h);
        let before = if t == 0 { &da * 0.0 } else { at(&out, t - 1) };
        let mut dx = all[0].index_axis_mut(Axis(1), t);
        dx += &da.dot(&matrix(&p[1]).t());
        all[1] += &at(&p[0], t).t().dot(&da);
        all[2] += &before.t().dot(&da);
        all[3] += &da.sum_axis(Axis(0));
        da.dot(&matrix(&p[2]).t())
    };
    match time {
        Time::Full | Time::Cut => {
            let mut next = at(dout, 0) * 0.0;
            for t in (0..steps).rev() {
                next = step(t, &(at(dout, t) + if time == Time::Cut { &next * 0.0 } else { next }));
            }
        }
        Time::StepByStep | Time::Truncated(_) => {
            let reach = if let Time::Truncated(reach) = time { reach } else { steps };
            for from in 0..steps {
                let mut dh = at(dout, from);
                for t in (0..=from).rev().take(reach + 1) {
                    dh = step(t, &dh);
                }
            }
        }
    }
    all
}

#[test]
fn backpropagation_through_time_that_is_cut() {
    let parameters = [("wx", numbers(&[3, 2], 40)), ("wh", numbers(&[2, 2], 70)), ("b", numbers(&[2], 90))];
    let x = numbers(&[2, 5, 3], 7);
    let all = ["x", "wx", "wh", "b"];
    for (time, expect) in [
        (Time::Full, Expect::right()),
        (Time::StepByStep, Expect::right()),
        (Time::Cut, Expect::wrong_at(&all, &["no gradient to the previous step"])),
        (Time::Truncated(1), Expect::wrong_at(&all, &["no gradient over more than 1 of the steps"])),
        (Time::Truncated(2), Expect::wrong_at(&all, &["no gradient over more than 2 of the steps"])),
    ] {
        layer(&x, &parameters, &recurrent, &|p, d| recurrent_back(p, d, time), &expect);
    }
}

//! Convolutions and poolings by loops over the windows.

use ndarray::{Array4, Axis, Ix4, s};
use retrograde::textbook::Tensor;

use super::{layer, numbers};
use crate::check::support::{Expect, tensor};

const STRIDE: usize = 2;
const PAD: usize = 1;

#[derive(Clone, Copy, PartialEq)]
enum Back {
    Right,
    /// Position by position of the image, by what has read it.
    Gathered,
    /// `w[:, :, ::-1, ::-1]` in dx.
    Flipped,
    /// `dx[i:i+fh, j:j+fw]` for `dx[i*stride:i*stride+fh, …]`.
    NoStride,
    /// `dx = dpadded[:, :, :H, :W]` for `dpadded[:, :, pad:-pad, pad:-pad]`.
    NoPadding,
    /// `dx[window] = …` for `+=`.
    Assigned,
}

fn four(x: &Tensor) -> Array4<f64> {
    x.view().into_dimensionality::<Ix4>().expect("four axes").to_owned()
}

fn padded(x: &Array4<f64>) -> Array4<f64> {
    let (n, c, h, w) = x.dim();
    let mut all = Array4::zeros((n, c, h + 2 * PAD, w + 2 * PAD));
    all.slice_mut(s![.., .., PAD..PAD + h, PAD..PAD + w]).assign(x);
    all
}

fn convolution(p: &[Tensor]) -> Tensor {
    let (x, w) = (padded(&four(&p[0])), four(&p[1]));
    let ((n, _, h, wide), (f, _, fh, fw)) = (x.dim(), w.dim());
    let (oh, ow) = ((h - fh) / STRIDE + 1, (wide - fw) / STRIDE + 1);
    Tensor::from_shape_fn(vec![n, f, oh, ow], |at| {
        let (i, j) = (at[2] * STRIDE, at[3] * STRIDE);
        let window = x.slice(s![at[0], .., i..i + fh, j..j + fw]);
        (&window * &w.index_axis(Axis(0), at[1])).sum() + p[2][[at[1]]]
    })
}

fn convolution_back(p: &[Tensor], dout: &Tensor, back: Back) -> Vec<Tensor> {
    let (x, w, dout) = (four(&p[0]), four(&p[1]), four(dout));
    let ((_, _, h, wide), (_, _, fh, fw)) = (x.dim(), w.dim());
    let large = padded(&x);
    let (mut dlarge, mut dw) = (&large * 0.0, &w * 0.0);
    let flipped = w.slice(s![.., .., ..;-1, ..;-1]).to_owned();
    let used = if back == Back::Flipped { &flipped } else { &w };
    let step = if back == Back::NoStride { 1 } else { STRIDE };
    for ((n, f, i, j), d) in dout.indexed_iter() {
        let window = large.slice(s![n, .., i * STRIDE..i * STRIDE + fh, j * STRIDE..j * STRIDE + fw]);
        let mut own = dw.index_axis_mut(Axis(0), f);
        own += &(&window * *d);
        let mut to = dlarge.slice_mut(s![n, .., i * step..i * step + fh, j * step..j * step + fw]);
        if back != Back::Assigned {
            to += &(&used.index_axis(Axis(0), f) * *d);
        }
    }
    if back == Back::Assigned {
        // As with columns: all filters are summed, and the windows replace each other.
        let (n, _, oh, ow) = dout.dim();
        for (n, i, j) in ndarray::indices((n, oh, ow)) {
            let mut sum = &w.index_axis(Axis(0), 0) * 0.0;
            for f in 0..w.dim().0 {
                sum = sum + &w.index_axis(Axis(0), f) * dout[[n, f, i, j]];
            }
            dlarge
                .slice_mut(s![n, .., i * STRIDE..i * STRIDE + fh, j * STRIDE..j * STRIDE + fw])
                .assign(&sum);
        }
    }
    let dx = match back {
        Back::Gathered => Array4::from_shape_fn(x.raw_dim(), |(n, c, row, column)| {
            let mut sum = 0.0;
            for ((f, _, y, z), w) in w.indexed_iter().filter(|((_, of, ..), _)| *of == c) {
                let (Some(i), Some(j)) = ((row + PAD).checked_sub(y), (column + PAD).checked_sub(z)) else {
                    continue;
                };
                if i % STRIDE == 0 && j % STRIDE == 0 {
                    sum += w * dout.get((n, f, i / STRIDE, j / STRIDE)).copied().unwrap_or(0.0);
                }
            }
            sum
        }),
        Back::NoPadding => dlarge.slice(s![.., .., ..h, ..wide]).to_owned(),
        _ => dlarge.slice(s![.., .., PAD..PAD + h, PAD..PAD + wide]).to_owned(),
    };
    let db = dout.sum_axis(Axis(3)).sum_axis(Axis(2)).sum_axis(Axis(0));
    vec![dx.into_dyn(), dw.into_dyn(), db.into_dyn()]
}

#[test]
fn convolutions_with_stride_and_padding() {
    let parameters = [("w", numbers(&[2, 2, 3, 3], 90)), ("b", numbers(&[2], 140))];
    let check = |back: Back, expect: &Expect| {
        let x = numbers(&[2, 2, 5, 5], 5);
        layer(&x, &parameters, &convolution, &|p, d| convolution_back(p, d, back), expect);
    };
    check(Back::Right, &Expect::right());
    check(Back::Gathered, &Expect::right());
    for (back, cause) in [
        (Back::Flipped, &["convolution backward with a flipped kernel"] as &[&str]),
        (Back::NoStride, &["convolution backward without the stride"]),
        (Back::NoPadding, &["convolution backward without the padding"]),
        (Back::Assigned, &["convolution backward with windows that replace each other"]),
    ] {
        check(back, &Expect::wrong("x", cause));
    }
}

/// To which of several equal maxima of a window dout goes.
#[derive(Clone, Copy, PartialEq)]
enum Ties {
    /// `mask = window == window.max()`
    All,
    First,
    Last,
    /// `mask / mask.sum()`
    Divided,
}

const SIZE: usize = 2;

fn window(x: &Array4<f64>, at: [usize; 4]) -> ndarray::ArrayView2<'_, f64> {
    let [n, c, i, j] = at;
    x.slice(s![n, c, i * SIZE..(i + 1) * SIZE, j * SIZE..(j + 1) * SIZE])
}

fn pooled(p: &[Tensor]) -> Tensor {
    let x = four(&p[0]);
    let (n, c, h, w) = x.dim();
    Tensor::from_shape_fn(vec![n, c, h / SIZE, w / SIZE], |at| {
        window(&x, [at[0], at[1], at[2], at[3]]).fold(f64::NEG_INFINITY, |max, x| max.max(*x))
    })
}

fn pooled_back(p: &[Tensor], dout: &Tensor, ties: Ties) -> Vec<Tensor> {
    let x = four(&p[0]);
    let mut dx = &x * 0.0;
    for ((n, c, i, j), d) in four(dout).indexed_iter() {
        let seen = window(&x, [n, c, i, j]).to_owned();
        let max = seen.fold(f64::NEG_INFINITY, |max, x| max.max(*x));
        let places: Vec<(usize, usize)> =
            seen.indexed_iter().filter(|(_, x)| **x == max).map(|(at, _)| at).collect();
        let (chosen, share) = match ties {
            Ties::All => (&places[..], *d),
            Ties::First => (&places[..1], *d),
            Ties::Last => (&places[places.len() - 1..], *d),
            Ties::Divided => (&places[..], d / places.len() as f64),
        };
        for (y, z) in chosen {
            dx[[n, c, i * SIZE + y, j * SIZE + z]] += share;
        }
    }
    vec![dx.into_dyn()]
}

#[test]
fn ties_of_a_max_pooling() {
    // The zeros of a rectifier, a flat image, and equal numbers that are not 0.
    let rectified = numbers(&[1, 2, 4, 4], 5).mapv(|x| if x > 0.3 { x } else { 0.0 });
    let flat = tensor(&[1, 1, 2, 4], &[0.7; 8]);
    let pairs = tensor(&[1, 1, 2, 4], &[0.2, 0.9, -0.4, -0.4, 0.9, 0.1, -0.8, -0.6]);
    for x in [rectified, flat, pairs] {
        let check = |ties: Ties, expect: &Expect| {
            layer(&x, &[], &pooled, &|p, d| pooled_back(p, d, ties), expect);
        };
        check(Ties::All, &Expect::wrong("x", &["ties counted"]));
        for ties in [Ties::First, Ties::Last, Ties::Divided] {
            check(ties, &Expect::right());
        }
    }
    // Without ties all are the same.
    let x = numbers(&[2, 1, 4, 4], 31);
    layer(&x, &[], &pooled, &|p, d| pooled_back(p, d, Ties::All), &Expect::right());
}

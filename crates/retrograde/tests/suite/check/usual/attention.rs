//! Attention: scale and mask.

use ndarray::{Array2, Axis, s};
use retrograde::check;
use retrograde::textbook::Tensor;

use super::{layer, matrix, numbers};
use crate::check::support::Expect;

/// How the mask is applied in forward.
#[derive(Clone, Copy, PartialEq)]
enum Mask {
    No,
    /// `scores[j > i] = -inf`
    Infinite,
    /// `scores += -1e9 * (j > i)`
    Added,
    /// `P *= tril`, without a softmax of what is left.
    After,
    /// `scores[j < i] = -inf`: np.triu for np.tril, in forward and in backward.
    Upper,
}

/// What backward does.
#[derive(Clone, Copy, PartialEq)]
enum Back {
    Right,
    /// `dS[j > i] = 0`, which it is anyway.
    MaskedAgain,
    /// `dP[j > i] = 0`, which changes nothing either.
    MaskedP,
    /// `dS *= np.triu(ones)`
    Transposed,
    /// P from the scores without the mask.
    Forgotten,
    /// `dS *= np.tril(ones)`, and forward has no mask.
    OnlyBackward,
    /// `dP` without the mask that follows the softmax.
    AfterMissing,
    NoScale,
    ScaleTwice,
    Diagonal,
}

fn tril(x: &Array2<f64>, upper: bool, other: f64) -> Array2<f64> {
    Array2::from_shape_fn(
        x.raw_dim(),
        |(i, j)| {
            if (upper && j < i) || (!upper && j > i) { other } else { x[[i, j]] }
        },
    )
}

fn softmax(scores: &Array2<f64>) -> Array2<f64> {
    let max = scores.fold(f64::NEG_INFINITY, |max, score| max.max(*score));
    let exp = scores.mapv(|score| (score - max).exp());
    &exp / &exp.sum_axis(Axis(1)).insert_axis(Axis(1))
}

fn probabilities(q: &Array2<f64>, k: &Array2<f64>, mask: Mask, scale: f64) -> Array2<f64> {
    let scores = q.dot(&k.t()) * scale;
    softmax(&match mask {
        Mask::No | Mask::After => scores,
        Mask::Infinite => tril(&scores, false, f64::NEG_INFINITY),
        Mask::Added => {
            let hidden = tril(&(&scores * 0.0), false, 1.0);
            scores - hidden * 1e9
        }
        Mask::Upper => tril(&scores, true, f64::NEG_INFINITY),
    })
}

/// The output, and the gradients of q, k and v.
fn head(
    [q, k, v]: [&Array2<f64>; 3],
    dout: Option<&Array2<f64>>,
    (mask, back, scale): (Mask, Back, f64),
) -> (Array2<f64>, Option<[Array2<f64>; 3]>) {
    let mut p = probabilities(q, k, mask, scale);
    let seen = |p: &Array2<f64>| if mask == Mask::After { tril(p, false, 0.0) } else { p.clone() };
    let out = seen(&p).dot(v);
    let Some(dout) = dout else { return (out, None) };
    if back == Back::Forgotten {
        p = probabilities(q, k, Mask::No, scale);
    }
    let dv = seen(&p).t().dot(dout);
    let mut dp = dout.dot(&v.t());
    if back == Back::MaskedP || (mask == Mask::After && back != Back::AfterMissing) {
        dp = tril(&dp, false, 0.0);
    }
    let mut ds = if back == Back::Diagonal {
        &p * &(1.0 - &p) * &dp
    } else {
        &p * &(&dp - &(&dp * &p).sum_axis(Axis(1)).insert_axis(Axis(1)))
    };
    match back {
        Back::MaskedAgain | Back::OnlyBackward => ds = tril(&ds, false, 0.0),
        Back::Transposed => ds = tril(&ds, true, 0.0),
        _ => {}
    }
    ds *= match back {
        Back::NoScale => 1.0,
        Back::ScaleTwice => scale * scale,
        _ => scale,
    };
    (out, Some([ds.dot(k), ds.t().dot(q), dv]))
}

const NO_SCALE: &[&str] = &["attention backward is dq = dS · k, dk = dSᵀ · q"];
const SCALE_TWICE: &[&str] = &["attention backward is dq = s² · dS · k"];

/// The causes of a mistake, which the report says in these words.
fn named(back: Back) -> (&'static [&'static str], &'static [&'static str]) {
    const ANY: &[&str] = &["attention backward is"];
    match back {
        Back::Transposed => (ANY, &["forward's mask transposed"]),
        Back::Forgotten => (ANY, &["without forward's mask"]),
        Back::OnlyBackward => (ANY, &["a mask that forward does not have"]),
        Back::AfterMissing => (ANY, &["lacks the mask that forward multiplies P by"]),
        Back::NoScale => (NO_SCALE, &["the scale is not multiplied"]),
        Back::ScaleTwice => (SCALE_TWICE, &["the scale is multiplied twice"]),
        _ => (ANY, &["the softmax's backward is P · (1 − P) · dP"]),
    }
}

const RIGHT: [(Mask, Back); 7] = [
    (Mask::No, Back::Right),
    (Mask::Infinite, Back::Right),
    (Mask::Added, Back::Right),
    (Mask::After, Back::Right),
    (Mask::Upper, Back::Right),
    (Mask::Infinite, Back::MaskedAgain),
    (Mask::Added, Back::MaskedP),
];

/// With what is wrong: q and k only, or v too.
const WRONG: [(Mask, Back, bool); 9] = [
    (Mask::No, Back::NoScale, false),
    (Mask::Infinite, Back::NoScale, false),
    (Mask::Added, Back::ScaleTwice, false),
    (Mask::After, Back::NoScale, false),
    (Mask::Infinite, Back::Transposed, false),
    (Mask::Infinite, Back::Forgotten, true),
    (Mask::Added, Back::Diagonal, false),
    (Mask::No, Back::OnlyBackward, false),
    (Mask::After, Back::AfterMissing, false),
];

/// A function of q, k and v: `[T, D]`, for each of a batch or alone.
fn function(q: &Tensor, k: &Tensor, v: &Tensor, mask: Mask, back: Back, expect: &Expect) {
    let scale = 1.0 / (q.shape()[q.ndim() - 1] as f64).sqrt();
    let parts = |all: &Tensor| -> Vec<Array2<f64>> {
        if all.ndim() == 2 {
            vec![matrix(all)]
        } else {
            all.outer_iter().map(|one| matrix(&one.to_owned())).collect()
        }
    };
    let whole = |all: Vec<Array2<f64>>, axes: usize| -> Tensor {
        if axes == 2 {
            return all[0].clone().into_dyn();
        }
        let views: Vec<_> = all.iter().map(|one| one.view()).collect();
        ndarray::stack(Axis(0), &views).expect("equal shapes").into_dyn()
    };
    let report = check::vjp(
        &[("q", q.clone()), ("k", k.clone()), ("v", v.clone())],
        |p| {
            let [q, k, v] = [0, 1, 2].map(|at| parts(&p[at]));
            let heads = (0..q.len()).map(|n| head([&q[n], &k[n], &v[n]], None, (mask, back, scale)).0);
            Ok(vec![whole(heads.collect(), p[0].ndim())])
        },
        |p, dout| {
            let ([q, k, v], dout) = ([0, 1, 2].map(|at| parts(&p[at])), parts(&dout[0]));
            let mut all = [Vec::new(), Vec::new(), Vec::new()];
            for n in 0..q.len() {
                let (_, own) = head([&q[n], &k[n], &v[n]], Some(&dout[n]), (mask, back, scale));
                let own = own.expect("dout was given");
                all.iter_mut().zip(own).for_each(|(all, own)| all.push(own));
            }
            Ok(all.map(|all| Some(whole(all, p[0].ndim()))).into())
        },
    );
    expect.of(&report.expect("a function that runs"));
}

#[test]
fn a_function_of_query_key_and_value() {
    for shape in [vec![4, 3], vec![2, 3, 2]] {
        let all = [5, 50, 500].map(|seed| numbers(&shape, seed) * 1.5);
        for (mask, back) in RIGHT {
            function(&all[0], &all[1], &all[2], mask, back, &Expect::right());
        }
        for (mask, back, of_value) in WRONG {
            let (causes, said) = named(back);
            let expect = Expect::wrong_at(&["q", "k"], causes).says(said);
            let expect = if of_value { expect.and("v", causes) } else { expect };
            function(&all[0], &all[1], &all[2], mask, back, &expect);
        }
    }
}

#[test]
fn more_keys_than_queries() {
    let (q, k, v) = (numbers(&[3, 2], 5), numbers(&[5, 2], 50), numbers(&[5, 4], 500));
    function(&q, &k, &v, Mask::No, Back::Right, &Expect::right());
    let wrong = Expect::wrong_at(&["q", "k"], NO_SCALE);
    function(&q, &k, &v, Mask::No, Back::NoScale, &wrong);
}

/// A layer with projections, heads of two numbers and a projection of their outputs, without biases.
fn projected(x: &Tensor, mask: Mask, back: Back, expect: &Expect) {
    const HEAD: usize = 2;
    let width = x.shape()[2];
    let w = |seed: usize| numbers(&[width, width], seed);
    let parameters = [("wq", w(40)), ("wk", w(140)), ("wv", w(240)), ("wo", w(340))];
    let scale = 1.0 / (HEAD as f64).sqrt();
    // The outputs of a sample before wo, and the gradients of q, k and v.
    let heads = |x: &Array2<f64>, p: &[Tensor], dout: Option<&Array2<f64>>| {
        let [q, k, v] = [1, 2, 3].map(|at| x.dot(&matrix(&p[at])));
        let (mut out, mut all) = (&q * 0.0, [&q * 0.0, &q * 0.0, &q * 0.0]);
        for first in (0..width).step_by(HEAD) {
            let part = |of: &Array2<f64>| of.slice(s![.., first..first + HEAD]).to_owned();
            let dout = dout.map(part);
            let (own, gradients) =
                head([&part(&q), &part(&k), &part(&v)], dout.as_ref(), (mask, back, scale));
            out.slice_mut(s![.., first..first + HEAD]).assign(&own);
            for (all, own) in all.iter_mut().zip(gradients.into_iter().flatten()) {
                all.slice_mut(s![.., first..first + HEAD]).assign(&own);
            }
        }
        (out, all)
    };
    let forward = |p: &[Tensor]| {
        let mut out = &p[0] * 0.0;
        for (n, x) in p[0].outer_iter().enumerate() {
            let (joined, _) = heads(&matrix(&x.to_owned()), p, None);
            out.index_axis_mut(Axis(0), n).assign(&joined.dot(&matrix(&p[4])));
        }
        out
    };
    let backward = |p: &[Tensor], dout: &Tensor| {
        let mut all: Vec<Tensor> = p.iter().map(|p| p * 0.0).collect();
        for (n, (x, dout)) in p[0].outer_iter().zip(dout.outer_iter()).enumerate() {
            let (x, dout) = (matrix(&x.to_owned()), matrix(&dout.to_owned()));
            let (joined, d) = heads(&x, p, Some(&dout.dot(&matrix(&p[4]).t())));
            all[4] += &joined.t().dot(&dout);
            for (at, d) in d.iter().enumerate() {
                all[at + 1] += &x.t().dot(d);
                let mut dx = all[0].index_axis_mut(Axis(0), n);
                dx += &d.dot(&matrix(&p[at + 1]).t());
            }
        }
        all
    };
    layer(x, &parameters, &forward, &backward, expect);
}

#[test]
fn a_layer_with_projections_and_heads() {
    let x = numbers(&[2, 3, 4], 9);
    for (mask, back) in RIGHT {
        projected(&x, mask, back, &Expect::right());
    }
    for (mask, back, of_value) in WRONG {
        let (causes, said) = named(back);
        let expect = Expect::wrong_at(&["x", "wq", "wk"], causes).says(said);
        projected(&x, mask, back, &if of_value { expect.and("wv", causes) } else { expect });
    }
}

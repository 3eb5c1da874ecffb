//! Batch and layer normalization.

use std::cell::RefCell;

use ndarray::{Array1, Array2, Axis};
use retrograde::Result;
use retrograde::check::{self, Report, Verdict};
use retrograde::textbook::Tensor;

use crate::check::support::{Expect, assert_near, matrix, numbers, single, tensor};

const EPS: f64 = 1e-5;

/// The numbers normalized along an axis, and 1/√(variance + eps).
fn normalized(x: &Array2<f64>, axis: Axis) -> [Array2<f64>; 2] {
    let mean = x.mean_axis(axis).expect("not empty").insert_axis(axis);
    let centered = x - &mean;
    let variance = centered.mapv(|c| c * c).mean_axis(axis).expect("not empty").insert_axis(axis);
    let inverse = variance.mapv(|v| 1.0 / (v + EPS).sqrt());
    [&centered * &inverse, inverse]
}

/// The gradient of the input from that of the normalized numbers.
fn through(h: &Array2<f64>, inverse: &Array2<f64>, dh: &Array2<f64>, axis: Axis) -> Array2<f64> {
    let mean = |a: &Array2<f64>| a.mean_axis(axis).expect("not empty").insert_axis(axis);
    inverse * &(dh - &mean(dh) - &(h * &mean(&(dh * h))))
}

/// What dx is computed from: the upstream gradient and gamma.
type Upstream = fn(&Array2<f64>, &Array1<f64>) -> Array2<f64>;

/// A21, github denizyuret/Knet.jl issue 288: batch normalization as a pair of functions with a cache.
struct BatchNorm {
    upstream: Upstream,
    cache: RefCell<[Array2<f64>; 2]>,
}

impl BatchNorm {
    fn new(upstream: Upstream) -> Self {
        BatchNorm { upstream, cache: RefCell::default() }
    }

    fn forward(&self, p: &[Tensor]) -> Tensor {
        let [h, inverse] = normalized(&matrix(&p[0]), Axis(0));
        let y = h.clone().into_dyn() * &p[1] + &p[2];
        self.cache.replace([h, inverse]);
        y
    }

    fn backward(&self, p: &[Tensor], g: &Tensor) -> [Tensor; 3] {
        let [h, inverse] = &*self.cache.borrow();
        let (g, gamma) = (matrix(g), p[1].iter().copied().collect());
        let dx = through(h, inverse, &(self.upstream)(&g, &gamma), Axis(0));
        [dx.into_dyn(), (&g * h).sum_axis(Axis(0)).into_dyn(), g.sum_axis(Axis(0)).into_dyn()]
    }

    fn check(&self, x: &Tensor, gamma: &[f64], beta: &[f64]) -> Result<Report> {
        let arguments = [
            ("x", x.clone()),
            ("gamma", tensor(&[gamma.len()], gamma)),
            ("beta", tensor(&[beta.len()], beta)),
        ];
        check::vjp(
            &arguments,
            |p| Ok(vec![self.forward(p)]),
            |p, g| Ok(self.backward(p, &g[0]).map(Some).into()),
        )
    }
}

fn gamma_left_out(g: &Array2<f64>, _: &Array1<f64>) -> Array2<f64> {
    g.clone()
}

fn gamma_in_place(g: &Array2<f64>, gamma: &Array1<f64>) -> Array2<f64> {
    g * gamma
}

const GAMMA: &[&str] = &[
    "batch normalization without the path through the gamma",
    "gamma left out of dx",
    "gamma missing in dx",
    "factor 1/gamma",
];

#[test]
fn a21_gamma_left_out_of_dx() -> Result<()> {
    let x = tensor(&[4, 1], &[1.0, 2.0, 4.0, 7.0]);
    let right = [0.2930, -0.3086, -0.0717, 0.0873];
    for (upstream, share) in [(gamma_left_out as Upstream, 1.0 / 3.0), (gamma_in_place, 1.0)] {
        let layer = BatchNorm::new(upstream);
        let p = [x.clone(), tensor(&[1], &[3.0]), tensor(&[1], &[0.0])];
        layer.forward(&p);
        let [dx, ..] = layer.backward(&p, &tensor(&[4, 1], &[0.3, -0.1, 0.2, 0.5]));
        assert_near(&dx, &right.map(|dx| dx * share), 5.1e-5);
    }

    let wide = numbers(&[5, 3], 19);
    let cases: [(&Tensor, &[f64], &[f64]); 3] = [
        (&x, &[3.0], &[0.0]),
        (&wide, &[0.7, -1.4, 2.2], &[0.1, 0.3, -0.2]),
        // As initialized, where nothing is wrong with the numbers: at another gamma there is.
        (&wide, &[1.0; 3], &[0.0; 3]),
    ];
    for (x, gamma, beta) in cases {
        Expect::wrong("x", GAMMA).of(&BatchNorm::new(gamma_left_out).check(x, gamma, beta)?);
        Expect::right().of(&BatchNorm::new(gamma_in_place).check(x, gamma, beta)?);
    }
    Ok(())
}

/// B13, github HomericIntelligence/Odyssey pull 5107: the sum of the outputs, which no input changes.
fn summed(layer: &BatchNorm, precision: fn(&Tensor) -> Tensor) -> Result<Report> {
    let start = [
        ("x", numbers(&[6, 2], 19) * 2.0),
        ("gamma", tensor(&[2], &[1.5, 0.8])),
        ("beta", tensor(&[2], &[0.1, -0.4])),
    ];
    let rounded = |p: &[Tensor]| -> Vec<Tensor> { p.iter().map(precision).collect() };
    check::function(
        &start,
        |p| {
            let y = precision(&layer.forward(&rounded(p)));
            Ok(precision(&tensor(&[], &[y.sum()])).sum())
        },
        |p| {
            let y = layer.forward(&rounded(p));
            Ok(layer
                .backward(&rounded(p), &Tensor::ones(y.shape()))
                .map(|gradient| precision(&gradient))
                .into())
        },
    )
}

#[test]
fn b13_the_sum_of_a_batch_normalization_has_the_gradient_zero() -> Result<()> {
    let layer = BatchNorm::new(gamma_in_place);
    Expect::right().of(&summed(&layer, Tensor::clone)?);
    // In f32 the differences are all noise, which says nothing against a right formula.
    let noise = summed(&layer, single)?;
    assert!(!noise.verdict.is_wrong(), "{noise}");
    assert!(noise.blocks.iter().all(|block| !block.verdict.is_wrong()), "{noise}");
    Ok(())
}

/// dx, of the normalized numbers, 1/√(variance + eps), and the gradient of the former.
type Back = fn(&Array2<f64>, &Array2<f64>, &Array2<f64>) -> Array2<f64>;

#[test]
fn b13_what_ones_hide_another_upstream_gradient_shows() -> Result<()> {
    fn without_the_variance(h: &Array2<f64>, inverse: &Array2<f64>, dh: &Array2<f64>) -> Array2<f64> {
        inverse * &(dh - &dh.mean_axis(Axis(0)).expect("not empty")) + h * 0.0
    }
    let check = |back: Back| {
        check::vjp(
            &[("x", numbers(&[6, 2], 19) * 2.0)],
            |p| Ok(vec![normalized(&matrix(&p[0]), Axis(0))[0].clone().into_dyn()]),
            |p, g| {
                let [h, inverse] = normalized(&matrix(&p[0]), Axis(0));
                Ok(vec![Some(back(&h, &inverse, &matrix(&g[0])).into_dyn())])
            },
        )
    };
    Expect::wrong(
        "x",
        &["batch normalization without the path through the variance", "batch normalization backward is"],
    )
    .of(&check(without_the_variance)?);
    Expect::right().of(&check(|h, inverse, dh| through(h, inverse, dh, Axis(0)))?);
    Ok(())
}

#[test]
fn b13_large_outputs_in_single_precision() -> Result<()> {
    // y = x · w of some 44.5, as the pull request's convolution has them, and a step of 1e-4 in mind.
    let (x, w) =
        (numbers(&[4, 50], 3).mapv(|x| x.abs() + 1.0), numbers(&[50, 2], 40).mapv(|w| w.abs() + 0.3));
    let product = |p: &[Tensor]| single(&matrix(&single(&p[0])).dot(&matrix(&single(&p[1]))).into_dyn());
    let report = check::vjp(
        &[("x", x), ("w", w)],
        |p| Ok(vec![product(p)]),
        |p, g| {
            let (x, w, g) = (matrix(&single(&p[0])), matrix(&single(&p[1])), matrix(&single(&g[0])));
            let gradients = [g.dot(&w.t()).into_dyn(), x.t().dot(&g).into_dyn()];
            Ok(gradients.map(|gradient| Some(single(&gradient))).into())
        },
    )?;
    Expect::verdict(&[Verdict::Right, Verdict::Rounding]).of(&report);
    Ok(())
}

/// B15, github pytorch issue 141425: layer normalization by hand in f32, whose gradient has numbers next to 0.
fn layer_norm(precision: fn(&Tensor) -> Tensor, x: Tensor) -> Result<Report> {
    let width = x.shape()[1];
    let weights = numbers(&[x.shape()[0], width], 91);
    let parts = |p: &[Tensor]| {
        let [x, gamma, beta] = [0, 1, 2].map(|at| precision(&p[at]));
        let [h, inverse] = normalized(&matrix(&x), Axis(1));
        let h = precision(&h.into_dyn());
        let y = precision(&(&h * &gamma + &beta));
        (matrix(&h), inverse, gamma, y)
    };
    check::function(
        &[("x", x), ("gamma", numbers(&[width], 30)), ("beta", numbers(&[width], 60))],
        |p| {
            let (.., y) = parts(p);
            Ok(precision(&tensor(&[], &[(y * &weights).sum()])).sum())
        },
        |p| {
            let (h, inverse, gamma, _) = parts(p);
            let dx = through(&h, &inverse, &matrix(&(&weights * &gamma)), Axis(1)).into_dyn();
            let dgamma = (&weights * &h.into_dyn()).sum_axis(Axis(0));
            Ok([dx, dgamma, weights.sum_axis(Axis(0))].map(|gradient| precision(&gradient)).into())
        },
    )
}

#[test]
fn b15_numbers_next_to_zero_have_no_relative_error() -> Result<()> {
    let x = numbers(&[4, 8], 2) * 3.0;
    // A row of large numbers that differ little: its gradient is a small difference of larger ones.
    let mut near = x.clone();
    near.index_axis_mut(Axis(0), 1).mapv_inplace(|x| 20.0 + x);
    for x in [x, near] {
        Expect::right().of(&layer_norm(Tensor::clone, x.clone())?);
        Expect::verdict(&[Verdict::Right, Verdict::Rounding]).of(&layer_norm(single, x)?);
    }
    Ok(())
}

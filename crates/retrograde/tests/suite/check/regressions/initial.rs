//! Kind 4: Hypotheses that coincide at initial values, such as 1 or the identity. The order in which they are tested must
//! not decide.

use ndarray::{Array2, Axis};
use retrograde::Result;
use retrograde::check;
use retrograde::textbook::Tensor;

use super::{Backward, Forward, Given, Own, rows};
use crate::check::support::{Expect, matrix, numbers, tensor};

const EPS: f64 = 1e-5;

fn mean(a: &Array2<f64>, axis: Axis) -> Array2<f64> {
    a.mean_axis(axis).expect("not empty").insert_axis(axis)
}

/// Normalized along an axis, and 1/√(variance + eps).
fn normalized(x: &Array2<f64>, axis: Axis) -> [Array2<f64>; 2] {
    let centered = x - &mean(x, axis);
    let inverse = mean(&centered.mapv(|c| c * c), axis).mapv(|v| 1.0 / (v + EPS).sqrt());
    [&centered * &inverse, inverse]
}

fn forward(x: &Tensor, p: &[Tensor], axis: Axis) -> Tensor {
    normalized(&matrix(x), axis)[0].clone().into_dyn() * &p[0] + &p[1]
}

fn backward(g: &Given<'_>, axis: Axis, with_gamma: bool) -> (Tensor, Vec<Tensor>) {
    let [h, inverse] = normalized(&matrix(g.x), axis);
    let dh = matrix(&if with_gamma { g.d * &g.p[0] } else { g.d.clone() });
    let dx = inverse * (&dh - &mean(&dh, axis) - &h * &mean(&(&dh * &h), axis));
    (dx.into_dyn(), vec![(g.d * &h.into_dyn()).sum_axis(Axis(0)), g.d.sum_axis(Axis(0))])
}

fn layer(gamma: &[f64], forward: Forward, backward: Backward) -> Own {
    let width = gamma.len();
    Own::new(
        vec![("gamma", tensor(&[width], gamma)), ("beta", Tensor::zeros(vec![width]))],
        forward,
        backward,
    )
}

#[test]
fn batch_normalization_without_gamma_in_dx() -> Result<()> {
    let gamma = &[
        "batch normalization without the path through the gamma",
        "gamma left out of dx",
        "gamma missing in dx",
    ];
    let x = tensor(&[4, 2], &[1.0, 0.5, 2.0, -1.0, 4.0, 3.0, 7.0, 2.0]);
    for (x, values) in [(&x, [1.0, 1.0]), (&x, [1.3, 0.9]), (&numbers(&[6, 2], 21), [1.0, 1.0])] {
        let check = |back| check::layer(&mut layer(&values, |x, p| forward(x, p, Axis(0)), back), x);
        Expect::wrong("x", gamma).of(&check(|g| backward(g, Axis(0), false))?);
        Expect::right().of(&check(|g| backward(g, Axis(0), true))?);
    }
    Ok(())
}

#[test]
fn layer_normalization_without_gamma_in_dx() -> Result<()> {
    let gamma = &[
        "layer normalization without the path through the gamma",
        "gamma left out of dx",
        "gamma missing in dx",
    ];
    for values in [[1.0; 4], [0.6, 1.0, 1.7, -0.4]] {
        let x = numbers(&[3, 4], 33);
        let check = |back| check::layer(&mut layer(&values, |x, p| forward(x, p, Axis(1)), back), &x);
        Expect::wrong("x", gamma).of(&check(|g| backward(g, Axis(1), false))?);
        Expect::right().of(&check(|g| backward(g, Axis(1), true))?);
    }
    Ok(())
}

#[test]
fn a_scale_of_one_left_out_of_dx() -> Result<()> {
    let scaled: Forward = |x, p| x * &p[0] + &p[1];
    let without: Backward = |g| (g.d.clone(), vec![(g.d * g.x).sum_axis(Axis(0)), g.d.sum_axis(Axis(0))]);
    let with: Backward = |g| (g.d * &g.p[0], vec![(g.d * g.x).sum_axis(Axis(0)), g.d.sum_axis(Axis(0))]);
    let left_out = &["gamma left out of dx", "gamma missing in dx", "scale left out of dx", "slope missing"];
    for gamma in [[1.0, 1.0], [1.3, 0.9]] {
        let (x, _) = rows();
        Expect::wrong("x", left_out).of(&check::layer(&mut layer(&gamma, scaled, without), &x)?);
        Expect::right().of(&check::layer(&mut layer(&gamma, scaled, with), &x)?);
    }
    Ok(())
}

#[test]
fn weights_that_start_as_the_identity_left_out_of_dx() -> Result<()> {
    fn dw(g: &Given<'_>) -> Vec<Tensor> {
        vec![matrix(g.x).t().dot(&matrix(g.d)).into_dyn()]
    }
    let product: Forward = |x, p| matrix(x).dot(&matrix(&p[0])).into_dyn();
    let without: Backward = |g| (g.d.clone(), dw(g));
    let with: Backward = |g| (matrix(g.d).dot(&matrix(&g.p[0]).t()).into_dyn(), dw(g));
    let left_out = &["w left out of dx", "w missing in dx", "slope missing", "w changed: the identity"];
    for w in [tensor(&[2, 2], &[1.0, 0.0, 0.0, 1.0]), tensor(&[2, 2], &[0.5, -0.3, 0.8, 0.1])] {
        let check = |back| check::layer(&mut Own::new(vec![("w", w.clone())], product, back), &rows().0);
        Expect::wrong("x", left_out).of(&check(without)?);
        Expect::right().of(&check(with)?);
    }
    Ok(())
}

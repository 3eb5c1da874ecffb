//! Kind 5: A path overwritten, explained by a rounded weight: a contrived hypothesis coincides with a plain one.

use retrograde::Result;
use retrograde::check;
use retrograde::textbook::Tensor;

use super::{Backward, Forward, Given, Own, rows};
use crate::check::support::{Expect, matrix, numbers, sigmoid, tensor};

fn through_w(g: &Given<'_>) -> Tensor {
    matrix(g.d).dot(&matrix(&g.p[0]).t()).into_dyn()
}

fn dw(g: &Given<'_>) -> Vec<Tensor> {
    vec![matrix(g.x).t().dot(&matrix(g.d)).into_dyn()]
}

fn through_tanh(g: &Given<'_>) -> Tensor {
    g.d * &g.x.mapv(|x| 1.0 - x.tanh().powi(2))
}

/// A sum of x · w and a function of x: the contributions to dx, of which a second assignment leaves one.
struct Sum {
    forward: Forward,
    first_lost: Backward,
    second_lost: Backward,
    right: Backward,
}

const LOST: &[&str] = &["path missing"];

fn examine(sum: &Sum, w: &Tensor, x: &Tensor) -> Result<()> {
    let check = |back| check::layer(&mut Own::new(vec![("w", w.clone())], sum.forward, back), x);
    Expect::wrong("x", LOST).says(&["through x·w", "through x · w"]).of(&check(sum.first_lost)?);
    Expect::wrong("x", LOST).of(&check(sum.second_lost)?);
    Expect::right().of(&check(sum.right)?);
    Ok(())
}

#[test]
fn a_product_and_tanh() -> Result<()> {
    let sum = Sum {
        forward: |x, p| matrix(x).dot(&matrix(&p[0])).into_dyn() + x.mapv(f64::tanh),
        first_lost: |g| (through_tanh(g), dw(g)),
        second_lost: |g| (through_w(g), dw(g)),
        right: |g| (through_w(g) + through_tanh(g), dw(g)),
    };
    let small = tensor(&[2, 2], &[0.5, -0.3, 0.4, 0.1]);
    examine(&sum, &small, &rows().0)?;
    // Of these not all are rounded to 0.
    examine(&sum, &tensor(&[2, 2], &[1.7, -2.3, 3.4, -1.1]), &rows().0)?;
    examine(&sum, &(numbers(&[3, 3], 8) * 2.5), &numbers(&[5, 3], 61))
}

#[test]
fn a_product_and_sigmoid() -> Result<()> {
    fn through_sigmoid(g: &Given<'_>) -> Tensor {
        g.d * &g.x.mapv(|x| sigmoid(x) * (1.0 - sigmoid(x)))
    }
    let sum = Sum {
        forward: |x, p| matrix(x).dot(&matrix(&p[0])).into_dyn() + x.mapv(sigmoid),
        first_lost: |g| (through_sigmoid(g), dw(g)),
        second_lost: |g| (through_w(g), dw(g)),
        right: |g| (through_w(g) + through_sigmoid(g), dw(g)),
    };
    examine(&sum, &tensor(&[2, 2], &[0.5, -0.3, 0.4, 0.1]), &rows().0)?;
    examine(&sum, &numbers(&[4, 4], 15), &numbers(&[3, 4], 22))
}

#[test]
fn a_product_and_a_square() -> Result<()> {
    let sum = Sum {
        forward: |x, p| matrix(x).dot(&matrix(&p[0])).into_dyn() + x * x,
        first_lost: |g| (g.d * &(g.x * 2.0), dw(g)),
        second_lost: |g| (through_w(g), dw(g)),
        right: |g| (through_w(g) + g.d * &(g.x * 2.0), dw(g)),
    };
    examine(&sum, &tensor(&[2, 2], &[0.9, -0.6, 0.2, 0.3]), &rows().0)
}

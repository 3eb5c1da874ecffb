//! Kind 12: A gradient by hand of a whole graph: causes that depend on numbers alone need no layer.

use retrograde::check::{GraphCheck, Report};
use retrograde::{Graph, Result, Tensor, Var};

use crate::check::support::{Expect, numbers};

fn values(shape: [usize; 2], seed: usize) -> Tensor {
    Tensor::new(shape, numbers(&shape, seed).into_iter().collect()).expect("as many numbers as the shape has")
}

/// (1/2N) Σ (tanh(X W₁ + b₁) W₂ + b₂ − Y)², with its gradients by hand: w1, b1, w2, b2.
struct ByHand {
    loss: Var,
    parameters: [Var; 4],
    gradients: [Var; 4],
}

impl ByHand {
    fn new([rows, inputs, hidden, outputs]: [usize; 4]) -> Self {
        let graph = Graph::new();
        let (x, y) =
            (graph.constant(values([rows, inputs], 3)), graph.constant(values([rows, outputs], 400)));
        let w1 = graph.parameter("w1", values([inputs, hidden], 40));
        let b1 = graph.parameter("b1", values([1, hidden], 90));
        let w2 = graph.parameter("w2", values([hidden, outputs], 130));
        let b2 = graph.parameter("b2", values([1, outputs], 180));
        let a1 = (x.matmul(&w1) + b1.broadcast([rows, hidden])).tanh();
        let e = a1.matmul(&w2) + b2.broadcast([rows, outputs]) - &y;
        let loss = (0.5 / rows as f64) * (&e * &e).sum_all();

        let de = (1.0 / rows as f64) * &e;
        let dz1 = de.matmul_t(&w2) * (1.0 - &a1 * &a1);
        let gradients =
            [x.t_matmul(&dz1), dz1.sum_to([1, hidden]), a1.t_matmul(&de), de.sum_to([1, outputs])];
        ByHand { loss, parameters: [w1, b1, w2, b2], gradients }
    }

    fn check(&self, change: impl FnOnce(&mut [Var; 4])) -> Result<Report> {
        let mut gradients = self.gradients.clone();
        change(&mut gradients);
        let claims = self.parameters.iter().zip(&gradients);
        claims
            .fold(GraphCheck::new(&self.loss), |check, (parameter, gradient)| {
                check.claim(parameter, gradient)
            })
            .run()
    }
}

const W1: usize = 0;
const B1: usize = 1;
const W2: usize = 2;
const B2: usize = 3;

#[test]
fn two_factors_each_by_itself() -> Result<()> {
    for sizes in [[6, 4, 5, 3], [3, 2, 4, 1], [5, 3, 3, 3]] {
        let net = ByHand::new(sizes);
        let report = net.check(|d| {
            d[W2] = 2.0 * &d[W2];
            d[B1] = 4.0 * &d[B1];
        })?;
        Expect::wrong("w2", &["factor 2"]).and("b1", &["factor 4"]).of(&report);
        Expect::right().of(&net.check(|_| {})?);
    }
    Ok(())
}

#[test]
fn a_sign_and_a_mean_taken_once_too_often() -> Result<()> {
    let net = ByHand::new([6, 4, 5, 3]);
    Expect::wrong("w1", &["wrong sign"]).of(&net.check(|d| d[W1] = -1.0 * &d[W1])?);
    Expect::wrong_at(&["w1", "b1"], &["factor 1/N", "factor 1/6"]).of(&net.check(|d| {
        d[W1] = (1.0 / 6.0) * &d[W1];
        d[B1] = (1.0 / 6.0) * &d[B1];
    })?);
    Expect::wrong("b2", &["factor N", "factor 6"]).of(&net.check(|d| d[B2] = 6.0 * &d[B2])?);
    Ok(())
}

#[test]
fn one_that_is_transposed() -> Result<()> {
    let net = ByHand::new([6, 4, 3, 3]);
    Expect::wrong("w2", &["transposed"]).of(&net.check(|d| d[W2] = d[W2].transpose([1, 0]))?);
    let net = ByHand::new([5, 4, 4, 2]);
    Expect::wrong("w1", &["transposed"]).of(&net.check(|d| d[W1] = d[W1].transpose([1, 0]))?);
    Ok(())
}

#[test]
fn one_that_is_another_parameters() -> Result<()> {
    let net = ByHand::new([6, 3, 3, 3]);
    Expect::wrong("w1", &["gradient of w2"])
        .and("w2", &["gradient of w1"])
        .of(&net.check(|d| d.swap(W1, W2))?);
    Expect::wrong("b2", &["gradient of b1"]).of(&net.check(|d| d[B2] = d[B1].clone())?);
    Ok(())
}

#[test]
fn one_that_is_zero() -> Result<()> {
    for (sizes, block) in [([6, 4, 5, 3], W1), ([3, 2, 2, 4], W2)] {
        let net = ByHand::new(sizes);
        let report = net.check(|d| d[block] = 0.0 * &d[block])?;
        Expect::wrong(["w1", "b1", "w2", "b2"][block], &["zero: cut off"]).of(&report);
    }
    Ok(())
}

#[test]
fn one_that_has_no_name() -> Result<()> {
    let net = ByHand::new([6, 4, 5, 3]);
    let report = net.check(|d| d[W1] = (3.0 * &d[W1]).tanh())?;
    Expect::wrong("w1", &["gradient changed"]).cause_may_be_unknown().of(&report);
    Ok(())
}

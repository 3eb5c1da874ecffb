//! Kind 3: Ties of a maximum counted several times: kinks are admissible element by element, but some directions through a
//! kink are smooth.

use ndarray::{Array1, Axis};
use retrograde::Result;
use retrograde::check;
use retrograde::textbook::{Affine, Network, Relu, SoftmaxWithLoss, Tensor};

use super::{Given, Own};
use crate::check::support::{Expect, each, matrix, numbers, tensor};

/// [N, D] → [N, 1]
fn row_maximum(x: &Tensor, _: &[Tensor]) -> Tensor {
    x.map_axis(Axis(1), |row| row.fold(f64::NEG_INFINITY, |most, x| most.max(*x))).insert_axis(Axis(1))
}

/// The gradient to the largest of each row, with these weights by position.
fn shared(g: &Given<'_>, shares: fn(usize, usize) -> f64) -> (Tensor, Vec<Tensor>) {
    let mut dx = g.x * 0.0;
    for (row, x) in g.x.rows().into_iter().enumerate() {
        let tied: Vec<usize> = (0..x.len()).filter(|at| x[*at] == g.y[[row, 0]]).collect();
        for (order, at) in tied.iter().enumerate() {
            dx[[row, *at]] = g.d[[row, 0]] * shares(order, tied.len());
        }
    }
    (dx, vec![])
}

fn to_each(g: &Given<'_>) -> (Tensor, Vec<Tensor>) {
    shared(g, |_, _| 1.0)
}

fn to_the_first(g: &Given<'_>) -> (Tensor, Vec<Tensor>) {
    shared(g, |order, _| f64::from(u8::from(order == 0)))
}

fn to_the_last(g: &Given<'_>) -> (Tensor, Vec<Tensor>) {
    shared(g, |order, count| f64::from(u8::from(order + 1 == count)))
}

fn equal(g: &Given<'_>) -> (Tensor, Vec<Tensor>) {
    shared(g, |_, count| 1.0 / count as f64)
}

const TIED: &[&str] = &["dout of a maximum given", "gradient of a maximum given", "ties counted"];

#[test]
fn a_row_maximum_that_three_reach() -> Result<()> {
    let x = tensor(&[1, 4], &[1.0, 2.0, 2.0, 2.0]);
    Expect::wrong("x", TIED)
        .says(&["sum to 3", "add up to 3"])
        .of(&check::layer(&mut Own::new(vec![], row_maximum, to_each), &x)?);
    for backward in [to_the_first as super::Backward, to_the_last, equal] {
        Expect::right().of(&check::layer(&mut Own::new(vec![], row_maximum, backward), &x)?);
    }
    Ok(())
}

#[test]
fn row_maxima_with_other_ties() -> Result<()> {
    let pair = tensor(&[2, 3], &[3.0, 3.0, 1.0, -0.2, -0.7, -0.2]);
    let zeros = Tensor::zeros(vec![3, 4]);
    let mut one_row = numbers(&[3, 5], 3);
    one_row.index_axis_mut(Axis(0), 1).fill(0.4);
    for x in [pair, zeros, one_row] {
        Expect::wrong("x", TIED).of(&check::layer(&mut Own::new(vec![], row_maximum, to_each), &x)?);
        for backward in [to_the_first as super::Backward, to_the_last, equal] {
            Expect::right().of(&check::layer(&mut Own::new(vec![], row_maximum, backward), &x)?);
        }
    }
    Ok(())
}

/// The largest of two neighbors, [N, 2K] → [N, K].
fn pooled(x: &Tensor, _: &[Tensor]) -> Tensor {
    Tensor::from_shape_fn(vec![x.shape()[0], x.shape()[1] / 2], |at| {
        x[[at[0], 2 * at[1]]].max(x[[at[0], 2 * at[1] + 1]])
    })
}

fn pooled_back(g: &Given<'_>, second_of_equals: f64) -> (Tensor, Vec<Tensor>) {
    let dx = Tensor::from_shape_fn(g.x.shape(), |at| {
        let (window, second) = (at[1] / 2, at[1] % 2 == 1);
        let (own, other) = (g.x[[at[0], at[1]]], g.x[[at[0], at[1] ^ 1]]);
        let share = if own == other && second { second_of_equals } else { f64::from(u8::from(own >= other)) };
        g.d[[at[0], window]] * share
    });
    (dx, vec![])
}

#[test]
fn pooling_of_zeros_after_a_rectifier() -> Result<()> {
    let network = |pool: super::Backward| -> Result<Network> {
        Ok(Network::new(SoftmaxWithLoss::new())
            .then(Affine::new(matrix(&numbers(&[3, 6], 12)), Array1::from_elem(6, -0.4))?)
            .then(Relu::new())
            .then(Own::new(vec![], pooled, pool))
            .then(Affine::new(matrix(&numbers(&[3, 4], 71)), Array1::zeros(4))?))
    };
    let (x, labels) = (numbers(&[4, 3], 5), vec![0, 3, 1, 2].into());
    Expect::right().of_network(&check::network(&mut network(|g| pooled_back(g, 0.0))?, &x, &labels)?);
    // In the network the rectifier before it stops the excess: no parameter's gradient is wrong. The isolated layer is
    // wrong.
    let zeros = Tensor::zeros(vec![2, 6]);
    let alone = |pool: super::Backward| check::layer(&mut Own::new(vec![], pooled, pool), &zeros);
    Expect::wrong("x", TIED).of(&alone(|g| pooled_back(g, 1.0))?);
    Expect::right().of(&alone(|g| pooled_back(g, 0.0))?);
    Ok(())
}

#[test]
fn any_slope_of_a_rectifier_at_zero() -> Result<()> {
    fn relu(x: &Tensor, _: &[Tensor]) -> Tensor {
        x.mapv(|x| x.max(0.0))
    }
    fn with_slope(g: &Given<'_>, at_zero: f64) -> (Tensor, Vec<Tensor>) {
        let slope = |x: f64| if x == 0.0 { at_zero } else { f64::from(u8::from(x > 0.0)) };
        (each(g.x, g.d, |x, d| d * slope(x)), vec![])
    }
    let x = tensor(&[2, 3], &[0.0, 0.0, -0.4, 0.0, 1.2, 0.6]);
    let slopes: [super::Backward; 3] =
        [|g| with_slope(g, 0.0), |g| with_slope(g, 0.5), |g| with_slope(g, 1.0)];
    for backward in slopes {
        Expect::right().of(&check::layer(&mut Own::new(vec![], relu, backward), &x)?);
    }
    Ok(())
}

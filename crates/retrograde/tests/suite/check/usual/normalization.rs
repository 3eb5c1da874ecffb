//! Batch normalization, with running statistics.

use std::cell::RefCell;

use ndarray::Axis;
use retrograde::textbook::Tensor;

use super::{layer, numbers};
use crate::check::support::Expect;

const EPS: f64 = 1e-5;

#[derive(Clone, Copy, PartialEq)]
enum Back {
    /// `dx = gamma * istd / N * (N * dout - dbeta - xhat * dgamma)`
    OneLine,
    /// Node by node of the graph: dxc, dstd, dvar, dmu.
    InSteps,
    /// `dmu` forgotten.
    NoMean,
    /// `dvar` forgotten.
    NoVariance,
    /// The running statistics in place of those of the batch.
    Running,
    /// `dgamma` from x, not from xhat.
    RawGamma,
    /// The variance's mean divided by N − 1 in backward only.
    Unbiased,
}

fn mean(x: &Tensor) -> Tensor {
    x.mean_axis(Axis(0)).expect("rows")
}

/// The running mean and variance, with this momentum.
type Running = RefCell<[Tensor; 2]>;

fn forward(p: &[Tensor], running: &Running, momentum: f64) -> Tensor {
    let mu = mean(&p[0]);
    let xc = &p[0] - &mu;
    let var = mean(&(&xc * &xc));
    let xhat = &xc / &var.mapv(|var| (var + EPS).sqrt());
    let mut all = running.borrow_mut();
    let [old_mu, old_var] = &*all;
    *all = [old_mu * momentum + mu * (1.0 - momentum), old_var * momentum + var * (1.0 - momentum)];
    &p[1] * &xhat + &p[2]
}

fn backward(p: &[Tensor], dout: &Tensor, running: &Running, back: Back) -> Vec<Tensor> {
    let n = p[0].shape()[0] as f64;
    let [mu, var] = if back == Back::Running {
        running.borrow().clone()
    } else {
        let xc = &p[0] - &mean(&p[0]);
        [mean(&p[0]), mean(&(&xc * &xc))]
    };
    let xc = &p[0] - &mu;
    let std = var.mapv(|var| (var + EPS).sqrt());
    let xhat = &xc / &std;
    let dbeta = dout.sum_axis(Axis(0));
    let dgamma = (dout * if back == Back::RawGamma { &p[0] } else { &xhat }).sum_axis(Axis(0));
    let dxhat = dout * &p[1];
    let dx = match back {
        Back::OneLine | Back::RawGamma => {
            let full = (dout * &xhat).sum_axis(Axis(0));
            &p[1] / &std / n * (n * dout - &dbeta - &xhat * &full)
        }
        Back::Running => &dxhat / &std,
        _ => {
            let mut dxc = &dxhat / &std;
            let dstd = -(&dxhat * &xc / (&std * &std)).sum_axis(Axis(0));
            let dvar = 0.5 * dstd / &std;
            let count = if back == Back::Unbiased { n - 1.0 } else { n };
            if back != Back::NoVariance {
                dxc = dxc + 2.0 / count * &xc * &dvar;
            }
            let dmu = dxc.sum_axis(Axis(0));
            if back == Back::NoMean { dxc } else { dxc - dmu / n }
        }
    };
    vec![dx, dgamma, dbeta]
}

#[test]
fn batch_normalization_with_running_statistics() {
    let parameters = [("gamma", numbers(&[3], 60) + 1.5), ("beta", numbers(&[3], 80))];
    let x = numbers(&[5, 3], 19) * 2.0 + 0.7;
    let check = |back: Back, momentum: f64, expect: &Expect| {
        let running: Running = RefCell::new([Tensor::zeros(vec![3]), Tensor::ones(vec![3])]);
        layer(
            &x,
            &parameters,
            &|p| forward(p, &running, momentum),
            &|p, dout| backward(p, dout, &running, back),
            expect,
        );
    };
    for momentum in [0.9, 0.1] {
        check(Back::OneLine, momentum, &Expect::right());
        check(Back::InSteps, momentum, &Expect::right());
    }
    check(Back::NoMean, 0.9, &Expect::wrong("x", &["batch normalization without the path through the mean"]));
    check(
        Back::NoVariance,
        0.9,
        &Expect::wrong("x", &["batch normalization without the path through the variance"]),
    );
    check(
        Back::RawGamma,
        0.9,
        &Expect::wrong("gamma", &["batch normalization without the path through the x̂"]),
    );
    let running = &["batch normalization backward is dx̂ / σ of the running statistics"];
    // dgamma, with the running x̂, has no name yet.
    check(Back::Running, 0.9, &Expect::wrong("x", running).and("gamma", &[]));
    check(Back::Unbiased, 0.9, &Expect::wrong("x", &["batch normalization"]).cause_may_be_unknown());
}

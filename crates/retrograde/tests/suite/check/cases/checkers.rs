//! Where the checker was wrong: what is handed to it here is what its user had.

use std::cell::RefCell;

use ndarray::{Array2, Axis};
use retrograde::check::{self, GraphCheck, Report};
use retrograde::textbook::Tensor;
use retrograde::{Graph, Result};

use crate::check::support::{Expect, assert_near, matrix, numbers, tensor};

/// B1, stats.stackexchange 188678: a linear neuron, L = (t − o)²/2, with a numerical gradient of 1 at any step.
struct Neuron {
    target: f64,
}

impl Neuron {
    const X: [f64; 2] = [1.0, 0.0];

    fn output(p: &[Tensor]) -> f64 {
        p[0].iter().zip(Self::X).map(|(w, x)| w * x).sum::<f64>() + p[1].sum()
    }

    fn loss(&self, p: &[Tensor]) -> f64 {
        (self.target - Self::output(p)).powi(2) / 2.0
    }

    /// The backpropagation, with what the difference is multiplied by.
    fn gradients(&self, p: &[Tensor], factor: impl Fn(f64) -> f64) -> Vec<Tensor> {
        let o = Self::output(p);
        let delta = (o - self.target) * factor(o);
        vec![tensor(&[2], &Self::X.map(|x| delta * x)), tensor(&[1], &[delta])]
    }
}

fn neuron() -> [(&'static str, Tensor); 2] {
    [("w", tensor(&[2], &[0.34, 0.56])), ("b", tensor(&[1], &[0.54]))]
}

#[test]
fn b1_the_output_differenced_instead_of_the_loss() -> Result<()> {
    let start = neuron().map(|(_, value)| value);
    let of_target = Neuron { target: 0.1056 };
    assert_near(&of_target.gradients(&start, |_| 1.0)[0], &[0.7744, 0.0], 1e-12);
    Expect::right().of(&check::function(
        &neuron(),
        |p| Ok(of_target.loss(p)),
        |p| Ok(of_target.gradients(p, |_| 1.0)),
    )?);
    // What was given for the loss is the output: its gradient is 1, and what was given for it (o − t) times that.
    Expect::wrong_at(&["w", "b"], &["factor", "gradient of the squared error of the given loss"])
        .of(&check::function(&neuron(), |p| Ok(Neuron::output(p)), |p| Ok(of_target.gradients(p, |_| 1.0)))?);
    Ok(())
}

#[test]
fn b1_with_the_target_zero_the_backpropagation_is_wrong_too() -> Result<()> {
    let start = neuron().map(|(_, value)| value);
    let of_zero = Neuron { target: 0.0 };
    assert_near(&of_zero.gradients(&start, |o| o)[0], &[0.7744, 0.0], 1e-12);
    let check = |factor: fn(f64) -> f64| {
        check::function(&neuron(), |p| Ok(of_zero.loss(p)), |p| Ok(of_zero.gradients(p, factor)))
    };
    Expect::wrong_at(&["w", "b"], &["factor 0.88", "multiplied by the output"]).of(&check(|o| o)?);
    Expect::right().of(&check(|_| 1.0)?);
    Ok(())
}

/// B5, deeplearning.ai forum, Course 2 week 1 exercise 3: J = θ x, whose backward gives its first argument.
fn backward_propagation(x: f64, _theta: f64) -> f64 {
    x
}

#[test]
fn b5_a_gradient_compared_with_itself() -> Result<()> {
    const X: f64 = 3.0;
    let theta = || [("theta", tensor(&[1], &[4.0]))];
    let loss = |theta: f64| theta * X;
    // A parenthesis is missing: (J⁺ − J⁻)/2ε was meant.
    let gradapprox = |theta: f64| loss(theta + 1e-7) - loss(theta - 1e-7) / 2e-7;
    let check = |gradient: &dyn Fn(f64) -> f64| {
        check::function(&theta(), |p| Ok(loss(p[0][[0]])), |p| Ok(vec![tensor(&[1], &[gradient(p[0][[0]])])]))
    };
    // Their distance was exactly 0, as both sides were the numerical value.
    Expect::wrong("theta", &["numerical value for the gradient"])
        .cause_may_be_unknown()
        .of(&check(&|theta| backward_propagation(gradapprox(theta), theta))?);
    Expect::right().of(&check(&|theta| backward_propagation(X, theta))?);
    Ok(())
}

/// B9, github jax-ml/jax issue 3130: the rounding of a difference grows with the numbers that are summed.
fn large(length: usize, factor: f64) -> Result<Report> {
    let weights = numbers(&[length], 71);
    check::function(
        &[("x", numbers(&[length], 3))],
        |p| Ok((p[0].mapv(|x| (3.0 * x).sin()) * &weights).sum()),
        |p| Ok(vec![p[0].mapv(|x| 3.0 * (3.0 * x).cos()) * &weights * factor]),
    )
}

#[test]
fn b9_neither_large_inputs_fail_nor_small_ones_pass() -> Result<()> {
    for length in [1, 3, 700, 2000] {
        Expect::right().of(&large(length, 1.0)?);
        // Three digits are right.
        Expect::wrong("x", &["factor 1.0005", "factor"]).cause_may_be_unknown().of(&large(length, 1.0005)?);
    }
    Ok(())
}

#[test]
fn b9_in_random_directions() -> Result<()> {
    for length in [2_usize, 60_000] {
        let graph = Graph::new();
        let values: Vec<f64> = numbers(&[length], 3).into_iter().collect();
        let x = graph.parameter("x", retrograde::Tensor::new([length], values)?);
        let loss = x.tanh().sum_all();
        Expect::right().of(&GraphCheck::new(&loss).in_random_directions().run()?);
        let y = x.tanh();
        let claim = 1.0005 * (1.0 - &y * &y);
        let report = GraphCheck::new(&loss).claim(&x, &claim).in_random_directions().run()?;
        assert!(report.verdict.is_wrong(), "{length}\n{report}");
    }
    Ok(())
}

/// B17, community.deeplearning.ai 66727: tanh(Z1) computed again in backward, or taken from the cache. Both are right
/// where the cache belongs to the arguments.
struct Cached {
    again: bool,
    cache: RefCell<[Array2<f64>; 2]>,
}

impl Cached {
    fn forward(&self, p: &[Tensor]) -> Tensor {
        let [x, w1, b1, w2] = [0, 1, 2, 3].map(|at| matrix(&p[at]));
        let z1 = w1.dot(&x) + b1;
        let a1 = z1.mapv(f64::tanh);
        let y = w2.dot(&a1);
        self.cache.replace([z1, a1]);
        y.into_dyn()
    }

    fn backward(&self, p: &[Tensor], dz2: &Tensor) -> Vec<Option<Tensor>> {
        let [x, w1, w2] = [0, 1, 3].map(|at| matrix(&p[at]));
        let [z1, a1] = &*self.cache.borrow();
        let a1 = if self.again { z1.mapv(f64::tanh) } else { a1.clone() };
        let dz2 = matrix(dz2);
        let dz1 = w2.t().dot(&dz2) * a1.mapv(|a| 1.0 - a * a);
        [w1.t().dot(&dz1), dz1.dot(&x.t()), dz1.sum_axis(Axis(1)).insert_axis(Axis(1)), dz2.dot(&a1.t())]
            .map(|gradient| Some(gradient.into_dyn()))
            .into()
    }
}

#[test]
fn b17_values_computed_again_are_as_good_as_cached_ones() -> Result<()> {
    let arguments = [
        ("x", numbers(&[2, 5], 7)),
        ("w1", numbers(&[4, 2], 50)),
        ("b1", numbers(&[4, 1], 80)),
        ("w2", numbers(&[1, 4], 110)),
    ];
    for again in [true, false] {
        let net = Cached { again, cache: RefCell::default() };
        Expect::right().of(&check::vjp(
            &arguments,
            |p| Ok(vec![net.forward(p)]),
            |p, g| Ok(net.backward(p, &g[0])),
        )?);
    }
    Ok(())
}

//! Kind 10: A fault inside a composition: hypotheses are tested on the contributions along one edge within the layer.

use ndarray::{Array1, Array2, Axis};
use retrograde::Result;
use retrograde::check::{self, Report};
use retrograde::textbook::Tensor;

use super::{Backward, Given, Own};
use crate::check::support::{Expect, assert_near, matrix, numbers, tensor, text};

/// What backward does at each step.
#[derive(Clone, Copy, PartialEq)]
enum Version {
    Right,
    /// da · Wh is handed to the step before, not da · Whᵀ.
    NotTransposed,
    /// Nothing is.
    NothingHandedBack,
    /// What comes back to a step does not go through its tanh.
    WithoutItsSlope,
    /// dWh has h of the step where h of the step before belongs.
    OwnHidden,
    /// What comes back to a step goes through its tanh twice.
    ItsSlopeTwice,
    /// Half of what belongs there is handed back.
    Halved,
    /// A gradient from above comes back one step and no further.
    OneStepBack,
    /// dWx has x of another step: a fault of the steps themselves.
    AnotherInput,
}

fn of_tensor(b: &Tensor) -> Array1<f64> {
    b.iter().copied().collect()
}

/// h[t] = tanh(x[t] · Wx + h[t − 1] · Wh + b): [N, T, D] → [N, T, H].
fn forward(x: &Tensor, p: &[Tensor]) -> Tensor {
    let (wx, wh, b) = (matrix(&p[0]), matrix(&p[1]), of_tensor(&p[2]));
    let (rows, steps, hidden) = (x.shape()[0], x.shape()[1], b.len());
    let mut all = Tensor::zeros(vec![rows, steps, hidden]);
    let mut h = Array2::zeros((rows, hidden));
    for t in 0..steps {
        h = (at(x, t).dot(&wx) + h.dot(&wh) + &b).mapv(f64::tanh);
        all.index_axis_mut(Axis(1), t).assign(&h);
    }
    all
}

/// A step of a sequence.
fn at(x: &Tensor, t: usize) -> Array2<f64> {
    matrix(&x.index_axis(Axis(1), t).to_owned())
}

fn backward(g: &Given<'_>, version: Version) -> (Tensor, Vec<Tensor>) {
    let (wx, wh) = (matrix(&g.p[0]), matrix(&g.p[1]));
    let steps = g.x.shape()[1];
    let mut dx = g.x * 0.0;
    let (mut dwx, mut dwh, mut db) = (&wx * 0.0, &wh * 0.0, of_tensor(&g.p[2]) * 0.0);
    let mut handed = Array2::zeros((g.x.shape()[0], wh.nrows()));
    for t in (0..steps).rev() {
        let h = at(g.y, t);
        let slope = h.mapv(|h| 1.0 - h * h);
        let own = at(g.d, t) * &slope;
        let da = match version {
            Version::WithoutItsSlope => &own + &handed,
            Version::ItsSlopeTwice => &own + &handed * &slope * &slope,
            _ => &own + &handed * &slope,
        };
        let before = match t {
            0 => &h * 0.0,
            t => at(g.y, t - 1),
        };
        let multiplied = if version == Version::OwnHidden { &h } else { &before };
        dx.index_axis_mut(Axis(1), t).assign(&da.dot(&wx.t()));
        let other = if version == Version::AnotherInput { steps - 1 - t } else { t };
        dwx = dwx + at(g.x, other).t().dot(&da);
        dwh = dwh + multiplied.t().dot(&da);
        db = db + da.sum_axis(Axis(0));
        handed = match version {
            Version::NotTransposed => da.dot(&wh),
            Version::NothingHandedBack => handed * 0.0,
            Version::Halved => da.dot(&wh.t()) * 0.5,
            Version::OneStepBack => own.dot(&wh.t()),
            _ => da.dot(&wh.t()),
        };
    }
    (dx, vec![dwx.into_dyn(), dwh.into_dyn(), db.into_dyn()])
}

fn recurrent(wx: &Tensor, wh: &Tensor, b: &Tensor, backward: Backward) -> Own {
    Own::new(vec![("wx", wx.clone()), ("wh", wh.clone()), ("b", b.clone())], forward, backward)
}

const ALL: [&str; 4] = ["x", "wx", "wh", "b"];
/// The cause by the numbers alone: each step is right except for the gradient from the next one.
const HANDED: &str = "wrong gradient to the previous step";

/// All faults, with a check of the same layer done right.
fn examine(check: impl Fn(Backward) -> Result<Report>) -> Result<()> {
    Expect::right().of(&check(|g| backward(g, Version::Right))?);

    let not_transposed = check(|g| backward(g, Version::NotTransposed))?;
    Expect::wrong_at(&ALL, &["wh not transposed", "wh changed: wh.T", HANDED])
        .says(&["last step", "that a step passes to the previous one"])
        .of(&not_transposed);

    let nothing = check(|g| backward(g, Version::NothingHandedBack))?;
    Expect::wrong_at(&ALL, &["no gradient to the previous step", "path missing"]).of(&nothing);
    assert!(!text(&nothing).contains("not transposed"), "{nothing}");

    let slope = check(|g| backward(g, Version::WithoutItsSlope))?;
    Expect::wrong_at(
        &ALL,
        &["slope of tanh missing in the gradient to the previous step", "slope missing", HANDED],
    )
    .of(&slope);

    let own = check(|g| backward(g, Version::OwnHidden))?;
    Expect::wrong("wh", &["own hidden state for the one before", "own output for input", "stale h"]).of(&own);

    let twice = check(|g| backward(g, Version::ItsSlopeTwice))?;
    Expect::wrong_at(&ALL, &["slope of tanh twice in the gradient to the previous step", HANDED]).of(&twice);

    let halved = check(|g| backward(g, Version::Halved))?;
    Expect::wrong_at(&ALL, &["factor 0.5 in the gradient to the previous step", HANDED]).of(&halved);

    // A fault of the steps themselves is not one of the gradient to the previous step.
    let input = check(|g| backward(g, Version::AnotherInput))?;
    Expect::wrong("wx", &["x changed"]).cause_may_be_unknown().of(&input);
    Ok(())
}

#[test]
fn one_sequence_of_three_steps() -> Result<()> {
    let (wx, wh) = (tensor(&[1, 2], &[0.4, -0.6]), tensor(&[2, 2], &[0.5, -0.3, 0.8, 0.1]));
    let (b, x) = (tensor(&[2], &[0.1, 0.0]), tensor(&[1, 3, 1], &[1.0, -0.5, 2.0]));
    examine(|backward| check::layer(&mut recurrent(&wx, &wh, &b, backward), &x))
}

#[test]
fn sequences_of_other_lengths_and_widths() -> Result<()> {
    for (rows, steps, inputs, hidden) in [(3, 4, 2, 3), (2, 3, 1, 2), (2, 5, 3, 2)] {
        let (wx, wh) = (numbers(&[inputs, hidden], 20), numbers(&[hidden, hidden], 90));
        let (b, x) = (numbers(&[hidden], 140), numbers(&[rows, steps, inputs], 3));
        examine(|backward| check::layer(&mut recurrent(&wx, &wh, &b, backward), &x))?;
    }
    Ok(())
}

#[test]
fn one_step_returns_no_gradient() -> Result<()> {
    let (wx, wh, b) = (numbers(&[2, 3], 20), numbers(&[3, 3], 90), numbers(&[3], 140));
    let x = numbers(&[4, 1, 2], 3);
    let mut layer = recurrent(&wx, &wh, &b, |g| backward(g, Version::Right));
    Expect::right().of(&check::layer(&mut layer, &x)?);
    // Wh has no part in the output, and a gradient of 0.
    let given = Given {
        x: &x,
        p: &layer.values(),
        y: &forward(&x, &layer.values()),
        d: &Tensor::ones(vec![4, 1, 3]),
    };
    assert_near(&backward(&given, Version::NotTransposed).1[1], &[0.0; 9], 0.0);
    Ok(())
}

#[test]
fn a_gradient_that_comes_back_one_step() -> Result<()> {
    let (wx, wh, b) = (numbers(&[2, 3], 20), numbers(&[3, 3], 90), numbers(&[3], 140));
    let mut layer = recurrent(&wx, &wh, &b, |g| backward(g, Version::OneStepBack));
    let report = check::layer(&mut layer, &numbers(&[2, 4, 2], 3))?;
    Expect::wrong_at(&ALL, &["no gradient over more than 1 of the steps"]).of(&report);
    Ok(())
}

/// The axes of rows and steps exchanged.
fn exchanged(x: &Tensor) -> Tensor {
    x.view().permuted_axes(vec![1, 0, 2]).as_standard_layout().to_owned()
}

fn steps_first(g: &Given<'_>, version: Version) -> (Tensor, Vec<Tensor>) {
    let (x, y, d) = (exchanged(g.x), exchanged(g.y), exchanged(g.d));
    let (dx, gradients) = backward(&Given { x: &x, p: g.p, y: &y, d: &d }, version);
    (exchanged(&dx), gradients)
}

#[test]
fn steps_along_the_first_axis() -> Result<()> {
    let (wx, wh, b) = (numbers(&[2, 3], 20), numbers(&[3, 3], 90), numbers(&[3], 140));
    let x = numbers(&[4, 2, 2], 3);
    let check = |backward: Backward| {
        let parameters = vec![("wx", wx.clone()), ("wh", wh.clone()), ("b", b.clone())];
        let mut layer = Own::new(parameters, |x, p| exchanged(&forward(&exchanged(x), p)), backward);
        check::layer(&mut layer, &x)
    };
    Expect::right().of(&check(|g| steps_first(g, Version::Right))?);
    let wrong = check(|g| steps_first(g, Version::NotTransposed))?;
    Expect::wrong_at(&ALL, &["wh not transposed"]).of(&wrong);
    let nothing = check(|g| steps_first(g, Version::NothingHandedBack))?;
    Expect::wrong_at(&ALL, &["no gradient to the previous step"]).of(&nothing);
    Ok(())
}

/// h[t] = sin(x[t] · Wx + h[t − 1] · Wh), whose slope has no formula in h.
fn sines(x: &Tensor, p: &[Tensor]) -> (Tensor, Tensor) {
    let (wx, wh) = (matrix(&p[0]), matrix(&p[1]));
    let mut h = Array2::zeros((x.shape()[0], wh.nrows()));
    let mut all = Tensor::zeros(vec![x.shape()[0], x.shape()[1], wh.nrows()]);
    let mut slopes = all.clone();
    for t in 0..x.shape()[1] {
        let a = at(x, t).dot(&wx) + h.dot(&wh);
        h = a.mapv(f64::sin);
        all.index_axis_mut(Axis(1), t).assign(&h);
        slopes.index_axis_mut(Axis(1), t).assign(&a.mapv(f64::cos));
    }
    (all, slopes)
}

fn sines_back(g: &Given<'_>, hand: fn(&Array2<f64>, &Array2<f64>) -> Array2<f64>) -> (Tensor, Vec<Tensor>) {
    let (wx, wh) = (matrix(&g.p[0]), matrix(&g.p[1]));
    let (_, slopes) = sines(g.x, g.p);
    let (mut dx, mut dwx, mut dwh) = (g.x * 0.0, &wx * 0.0, &wh * 0.0);
    let mut handed = Array2::zeros((g.x.shape()[0], wh.nrows()));
    for t in (0..g.x.shape()[1]).rev() {
        let da = (at(g.d, t) + &handed) * at(&slopes, t);
        dx.index_axis_mut(Axis(1), t).assign(&da.dot(&wx.t()));
        dwx = dwx + at(g.x, t).t().dot(&da);
        dwh = if t == 0 { dwh } else { dwh + at(g.y, t - 1).t().dot(&da) };
        handed = hand(&da, &wh);
    }
    (dx, vec![dwx.into_dyn(), dwh.into_dyn()])
}

#[test]
fn steps_of_an_activation_that_is_not_recognized() -> Result<()> {
    let check = |backward: Backward| {
        let parameters = vec![("wx", numbers(&[2, 2], 20)), ("wh", numbers(&[2, 2], 90))];
        check::layer(&mut Own::new(parameters, |x, p| sines(x, p).0, backward), &numbers(&[2, 4, 2], 3))
    };
    Expect::right().of(&check(|g| sines_back(g, |da, wh| da.dot(&wh.t())))?);
    let not_transposed = check(|g| sines_back(g, |da, wh| da.dot(wh)))?;
    Expect::wrong_at(&ALL[..3], &["wh not transposed", HANDED]).of(&not_transposed);
    let nothing = check(|g| sines_back(g, |da, _| da * 0.0))?;
    Expect::wrong_at(&ALL[..3], &["no gradient to the previous step"]).of(&nothing);
    let tripled = check(|g| sines_back(g, |da, wh| da.dot(&wh.t()) * 3.0))?;
    Expect::wrong_at(&ALL[..3], &["factor 3 in the gradient to the previous step"]).of(&tripled);
    Ok(())
}

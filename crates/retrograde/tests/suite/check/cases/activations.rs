//! Functions of each element.

use retrograde::check::{self, Report};
use retrograde::textbook::Tensor;
use retrograde::{Error, Result};

use crate::check::support::{Expect, assert_near, each, numbers, sigmoid, step, tensor};

/// A33, github tenstorrent/tt-metal issue 6533: y = x · 2ᵒ, with what backward makes of x, o and the upstream gradient.
fn power(
    x: &Tensor,
    o: &Tensor,
    dx: fn(f64, f64, f64) -> f64,
    d_o: fn(f64, f64, f64) -> f64,
) -> Result<Report> {
    let of_all = |p: &[Tensor], g: &Tensor, f: fn(f64, f64, f64) -> f64| {
        ndarray::Zip::from(&p[0]).and(&p[1]).and(g).map_collect(|x, o, g| f(*x, *o, *g))
    };
    check::vjp(
        &[("x", x.clone()), ("o", o.clone())],
        |p| Ok(vec![each(&p[0], &p[1], |x, o| x * o.exp2())]),
        |p, g| Ok(vec![Some(of_all(p, &g[0], dx)), Some(of_all(p, &g[0], d_o))]),
    )
}

const LN_2: f64 = std::f64::consts::LN_2;
const IGNORED: &[&str] = &["dout ignored", "upstream ignored", "upstream gradient ignored"];
const BASE: &[&str] = &["base e for 2", "wrong base", "wrong slope", "each element times"];

#[test]
fn a33_wrong_base_and_upstream_unused() -> Result<()> {
    let one = (tensor(&[1], &[1.0]), tensor(&[1], &[0.0]));
    for (x, o) in [one, (numbers(&[3, 2], 5), numbers(&[3, 2], 81))] {
        let published = power(&x, &o, |_, o, _| o.exp() * LN_2, |x, o, _| x * o.exp() * LN_2 * LN_2)?;
        Expect::wrong_at(&["x", "o"], IGNORED).also_true("x", BASE).also_true("o", BASE).of(&published);
        // At o = 0 and x = 1 both are ln 2 times the truth, which is not true of any other o.
        let base = power(&x, &o, |_, o, g| g * o.exp() * LN_2, |x, o, g| g * x * o.exp() * LN_2 * LN_2)?;
        Expect::wrong_at(&["x", "o"], BASE).cause_may_be_unknown().of(&base);
        let right = power(&x, &o, |_, o, g| g * o.exp2(), |x, o, g| g * x * o.exp2() * LN_2)?;
        Expect::right().of(&right);
    }
    Ok(())
}

/// A35, github jax-ml/jax issue 2140: log σ(x) = −softplus(−x), softplus(t) = max(t, 0) + ln(1 + e^−|t|), and the slope
/// that an engine makes of that when it takes 0 for the slopes of max and of |t| at 0.
fn slope_of_parts(x: f64) -> f64 {
    let t = -x;
    let e = (-t.abs()).exp();
    let sign = if t == 0.0 { 0.0 } else { t.signum() };
    step(t) - sign * e / (1.0 + e)
}

#[test]
fn a35_smooth_function_wrong_at_one_point() -> Result<()> {
    assert_near(
        &[slope_of_parts(0.0), slope_of_parts(1e-9), slope_of_parts(-2.0)],
        &[0.0, 0.5, 0.8808],
        5e-5,
    );
    let check = |x: Tensor, slope: fn(f64) -> f64| {
        check::vjp(
            &[("x", x)],
            |p| Ok(vec![p[0].mapv(|x| x.min(0.0) - (-x.abs()).exp().ln_1p())]),
            |p, g| Ok(vec![Some(&g[0] * &p[0].mapv(slope))]),
        )
    };
    let some = tensor(&[2, 3], &[0.0, -1.3, 0.7, 2.0, 0.0, -0.4]);
    // What a first layer gives whose weights are zero.
    let all = Tensor::zeros(vec![3, 2]);
    for x in [some, all] {
        Expect::wrong("x", &["wrong at x = 0", "slope 0 for 1/2 at x = 0", "wrong slope 0 for 1/2 at x = 0"])
            .of(&check(x.clone(), slope_of_parts)?);
        Expect::right().of(&check(x, |x| sigmoid(-x))?);
    }
    Expect::right().of(&check(tensor(&[3], &[0.3, -0.2, 1.1]), |x| sigmoid(-x))?);
    Ok(())
}

/// A37, github oreilly-japan/deep-learning-from-scratch pull 43: `np.zeros(x)` where `np.zeros_like(x)` is meant. NumPy
/// takes x for the shape, and refuses it unless it is of integers.
fn zeros_of_shape(x: &Tensor) -> Result<Tensor> {
    if x.iter().any(|x| x.fract() != 0.0 || *x < 0.0) {
        let problem = "'numpy.float64' object cannot be interpreted as an integer";
        return Err(Error::invalid("relu_grad, zeros", problem, "write zeros_like(x)"));
    }
    Ok(Tensor::zeros(x.iter().map(|x| *x as usize).collect::<Vec<_>>()))
}

/// Σ relu(z), with the slope that a helper gives.
fn rectified(z: Tensor, relu_grad: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Report> {
    check::function(
        &[("z", z)],
        |p| Ok(p[0].iter().map(|z| z.max(0.0)).sum()),
        |p| Ok(vec![relu_grad(&p[0])?]),
    )
}

#[test]
fn a37_a_slope_helper_that_cannot_run() {
    let z = tensor(&[4], &[0.3, -1.2, 0.8, 2.5]);
    let message = rectified(z.clone(), zeros_of_shape).expect_err("the helper refuses it").to_string();
    assert!(message.contains("cannot be interpreted as an integer"), "{message}");

    let panics = |z: &Tensor| Ok(zeros_of_shape(z).expect("a TypeError"));
    let message = rectified(z, panics).expect_err("the helper panics").to_string();
    assert!(message.contains("panicked") && message.contains("a TypeError"), "{message}");
}

#[test]
fn a37_a_slope_of_the_shape_that_the_numbers_say() -> Result<()> {
    // The helper takes what it is given for a shape only at whole numbers, so these are kept whatever is asked.
    let z = tensor(&[2], &[3.0, 2.0]);
    let of_first = zeros_of_shape(&z)?.mapv(|_| 1.0);
    let report = rectified(z.clone(), |_| Ok(of_first.clone()))?;
    Expect::wrong("z", &["shape [3, 2] instead of [2]"]).of(&report);
    Expect::right().of(&rectified(z, |z| Ok(z.mapv(step)))?);
    Ok(())
}

#[test]
fn a37_either_slope_at_zero_is_right() -> Result<()> {
    let z = tensor(&[2, 3], &[0.0, -1.2, 0.8, 2.5, 0.0, -0.1]);
    Expect::right().of(&rectified(z.clone(), |z| Ok(z.mapv(|z| f64::from(u8::from(z >= 0.0)))))?);
    Expect::right().of(&rectified(z, |z| Ok(z.mapv(step)))?);
    Ok(())
}

//! Laws 1, 2 and 6: vjps against finite differences, and operations against their references.

use super::trial::{Trial, gradients_of, start};
use super::trials;
use retrograde::{Planner, Result, Tensor, Var};

/// The step of the differences. The truncation error of the formula below is h⁴·f⁽⁵⁾/30: 3e-18 times a fifth derivative,
/// which is below 1e8 for the cases. Rounding adds about 1e-16·|f|/h = 1e-12·|f|.
const STEP: f64 = 1e-4;

/// Four orders of magnitude above rounding, and far below the error of a wrong formula; relative to the largest value.
const TOLERANCE: f64 = 1e-8;

/// The derivative of `scalar` by each element of `leaf`, from its values on both sides at one and two steps.
fn differences(scalar: &Var, leaf: &Var) -> Result<Tensor> {
    let mut plan = Planner::new(scalar.graph()).fetch(scalar).compile::<f64>()?;
    let start = start(leaf);
    let mut slopes = Tensor::zeros(start.shape()).unwrap();
    // A leaf without consumers is not in the plan: all differences are zero.
    if plan.set(leaf, start.values()).is_err() {
        return Ok(slopes);
    }
    let mut values = start.values().to_vec();
    for i in 0..values.len() {
        let mut at = |steps: f64| -> Result<f64> {
            values[i] = start.values()[i] + steps * STEP;
            plan.set(leaf, &values)?;
            plan.run()?;
            let result = plan.scalar(scalar);
            values[i] = start.values()[i];
            result
        };
        slopes.values_mut()[i] = (8.0 * (at(1.0)? - at(-1.0)?) - (at(2.0)? - at(-2.0)?)) / (12.0 * STEP);
    }
    Ok(slopes)
}

/// Asserts that two tensors agree up to `tolerance`, relative to the largest value of the second, or to `scale`.
fn agree(label: &str, seen: &Tensor, expected: &Tensor, tolerance: f64, scale: f64) {
    assert_eq!(seen.shape(), expected.shape(), "{label}");
    let largest = expected.values().iter().fold(scale, |largest, value| largest.max(value.abs()));
    for (i, (seen, expected)) in seen.values().iter().zip(expected.values()).enumerate() {
        let close = (seen - expected).abs() <= tolerance * largest;
        assert!(close, "{label}, element {i}: {seen}, not {expected}");
    }
}

/// Asserts that the gradients of `scalar` agree with finite differences, for each of `leaves`.
fn check(label: &str, scalar: &Var, leaves: &[Var]) -> Result<()> {
    let gradients = gradients_of(&scalar.backward()?, leaves)?;
    let scale = 1.0 + scalar.value()?.scalar()?.abs();
    for (leaf, gradient) in leaves.iter().zip(gradients) {
        let label = format!("{label}, the gradient of {}", leaf.node().label());
        agree(&label, &gradient.value()?, &differences(scalar, leaf)?, TOLERANCE, scale);
    }
    Ok(())
}

/// Σ a · b over several tensors.
fn dot<'a>(pairs: impl Iterator<Item = (&'a Var, &'a Var)>) -> Option<Var> {
    pairs.map(|(a, b)| (a * b).sum_all()).reduce(|a, b| a + b)
}

#[test]
fn law_1_the_vjp_agrees_with_finite_differences() -> Result<()> {
    for (label, _, trial) in trials().filter(|(_, _, trial)| trial.is_real()) {
        let scalar = (&trial.output * &trial.upstream).sum_all();
        check(&label, &scalar, &trial.reals())?;
        // The same by `backward_from`, which `check` does not use.
        let direct = gradients_of(&scalar.backward()?, &trial.reals())?;
        for (one, other) in trial.gradients()?.iter().zip(&direct) {
            assert_eq!(one.value()?, other.value()?, "{label}");
        }
    }
    Ok(())
}

/// The gradients are functions of the inputs and of the upstream gradient; each of their derivatives is checked in a
/// random direction, as a Hessian-vector product.
#[test]
fn law_2_the_derivative_of_the_vjp_agrees_with_finite_differences() -> Result<()> {
    for (label, _, trial) in trials().filter(|(_, _, trial)| trial.is_real()) {
        let gradients = trial.gradients()?;
        let along = |i: usize, like: &Var| {
            let direction =
                Tensor::from_fn(like.shape(), |j| 0.5 + ((3 + 7 * i + 5 * j) % 11) as f64 / 7.0).unwrap();
            trial.graph.constant(direction)
        };
        let directions: Vec<Var> = gradients.iter().enumerate().map(|(i, like)| along(i, like)).collect();
        let Some(scalar) = dot(gradients.iter().zip(&directions)) else {
            continue;
        };
        let mut leaves = trial.reals();
        leaves.push(trial.upstream.clone());
        check(&label, &scalar, &leaves)?;
    }
    Ok(())
}

#[test]
fn law_6_an_operation_agrees_with_its_reference() -> Result<()> {
    // The order of evaluation differs for at most a few hundred operations: some hundred units in the last place.
    const ROUNDING: f64 = 1e-13;
    let mut compared = 0;
    for (label, _, trial) in trials() {
        let Trial { output, reference: Some(reference), upstream, .. } = &trial else {
            continue;
        };
        compared += 1;
        agree(&label, &output.value()?, &reference.value()?, ROUNDING, 1.0);
        let expected = gradients_of(&reference.backward_from(upstream)?, &trial.reals())?;
        for (index, (seen, expected)) in trial.gradients()?.iter().zip(&expected).enumerate() {
            let label = format!("{label}, the gradient of input {index}");
            agree(&label, &seen.value()?, &expected.value()?, 10.0 * ROUNDING, 1.0);
        }
    }
    assert!(compared > 30, "only {compared} cases have a reference");
    Ok(())
}

//! Elementwise operations against their expressions: execution, the written vector-Jacobian product, the printed formulas.

use super::trial::start;
use super::{entries, trials};
use retrograde::kernel::Expr;
use retrograde::{Result, Var};

/// The expression of an elementwise operation.
fn expr_of(output: &Var) -> Option<Expr> {
    output.node().form().and_then(|form| form.expr().cloned())
}

/// Four units of rounding of a few operations each, in double precision; infinities and NaN are the same.
fn close(seen: f64, expected: f64) -> bool {
    (seen - expected).abs() <= 1e-14 * (1.0 + expected.abs())
        || seen == expected
        || seen.is_nan() && expected.is_nan()
}

#[test]
fn execution_and_the_vjp_agree_with_the_expression() -> Result<()> {
    let mut compared = 0;
    for (label, _, trial) in trials() {
        // Some cases record more than the operation.
        let operands: Vec<_> = trial.variables.iter().map(Var::id).collect();
        let node = trial.output.node();
        let Some(expr) = expr_of(&trial.output).filter(|_| node.inputs == operands) else { continue };
        let derived = expr.vjp(&Expr::input(expr.inputs()), None);
        let (value, written) = (trial.output.value()?, trial.gradients()?);
        let inputs: Vec<_> = trial.variables.iter().chain([&trial.upstream]).map(start).collect();
        for (number, written) in written.iter().enumerate() {
            let written = written.value()?;
            for element in 0..value.shape().elements() {
                let at: Vec<f64> = inputs.iter().map(|input| input.values()[element]).collect();
                let expected = derived[number].as_ref().map_or(0.0, |derived| derived.evaluate(&at));
                let seen = written.values()[element];
                assert!(
                    close(seen, expected),
                    "{label}, gradient {number} at {at:?}: {seen}, not {expected}"
                );
                let (seen, expected) = (value.values()[element], expr.evaluate(&at));
                assert!(close(seen, expected), "{label} at {at:?}: {seen}, not {expected}");
                compared += 1;
            }
        }
    }
    assert!(compared > 1000, "only {compared} numbers were compared");
    Ok(())
}

#[test]
fn formulas_are_those_of_the_expressions() {
    let mut compared = 0;
    for entry in entries() {
        let trial = super::Trial::new(&(entry.cases)()[0], 1);
        let Some(expr) = expr_of(&trial.output) else { continue };
        compared += 1;
        let inputs = expr.inputs();
        // Numbers of the operation have letters in the list: `α = 0.9`.
        let attributes =
            trial.output.node().operation().map(|operation| operation.attributes()).unwrap_or_default();
        let named = |mut text: String| {
            for (name, number) in attributes.split(", ").filter_map(|attribute| attribute.split_once(" = ")) {
                text = text.replace(&format!("({number})"), name).replace(number, name);
            }
            text
        };
        let letter = |input: usize| match input {
            0 if inputs == 1 => "x".to_owned(),
            _ if input < inputs => char::from(b'a' + input as u8).to_string(),
            _ => if input == inputs { "g" } else { "y" }.to_owned(),
        };
        let formula = |expr: &Expr| named(expr.with_names(letter));
        assert_eq!(entry.formula, format!("y = {}", formula(&expr)));
        let vjp = expr.vjp(&Expr::input(inputs), Some(&Expr::input(inputs + 1)));
        let rule = |(input, rule): (usize, &Option<Expr>)| {
            format!("d{} = {}", letter(input), rule.as_ref().map_or_else(|| "0".to_owned(), &formula))
        };
        let rules: Vec<String> = vjp.iter().enumerate().map(rule).collect();
        assert_eq!(entry.derivative, rules.join(", "), "of {}", entry.name);
    }
    assert!(compared > 18, "only {compared} formulas were compared");
}

//! A plan merges equal operations of equal inputs, and no others.

use super::entries;
use super::trial::Trial;
use retrograde::graph::{Kind, Type};
use retrograde::{Planner, Result, Tensor, Var};

/// The number of nodes that a plan computes.
fn computed(wanted: &[Var]) -> Result<usize> {
    let plan = Planner::new(wanted[0].graph()).fetch_all(wanted).compile::<f32>()?;
    Ok(plan.steps().iter().map(Vec::len).sum())
}

/// An elementwise consumer of a value, which makes views visible in the number of computed nodes.
fn consumer(value: &Var) -> Var {
    if value.kind() == Kind::Real { value.exp() } else { value.clone() }
}

#[test]
fn the_same_operation_recorded_twice_is_computed_once() -> Result<()> {
    for entry in entries() {
        for (index, case) in (entry.cases)().iter().enumerate() {
            let trial = Trial::new(case, 1);
            let again = (trial.record)(&trial.variables).checked()?;
            let (once, twice) = ([consumer(&trial.output)], [consumer(&trial.output), consumer(&again)]);
            assert_eq!(computed(&twice)?, computed(&once)?, "{}, case {index}", entry.name);
        }
    }
    Ok(())
}

fn types(trial: &Trial) -> Vec<Type> {
    trial.variables.iter().map(|var| var.node().value_type.clone()).collect()
}

/// The values of several variables, computed by one plan.
fn together(wanted: &[Var]) -> Result<Vec<Tensor>> {
    let mut plan = Planner::new(wanted[0].graph()).fetch_all(wanted).compile::<f64>()?;
    plan.run()?;
    wanted.iter().map(|var| if var.kind() == Kind::Real { plan.value(var) } else { var.value() }).collect()
}

#[test]
fn operations_that_differ_in_a_field_are_not_merged() -> Result<()> {
    let mut pairs = 0;
    for entry in entries() {
        let cases = (entry.cases)();
        for (index, case) in cases.iter().enumerate() {
            let trial = Trial::new(case, 1);
            for other in
                cases[index + 1..].iter().filter(|other| types(&Trial::new(other, 1)) == types(&trial))
            {
                let other = (other.record)(&trial.variables).checked()?;
                let found = together(&[trial.output.clone(), other.clone()])?;
                let separate = [trial.output.value()?, other.value()?];
                // Compared as text, in which NaN equals NaN.
                let [found, separate] = [format!("{found:?}"), format!("{separate:?}")];
                assert_eq!(found, separate, "{}, case {index}", entry.name);
                pairs += 1;
            }
        }
    }
    assert!(pairs > 10, "{pairs} pairs");
    Ok(())
}

//! A plan computes equal operations of equal inputs once, and only those.

use super::entries;
use super::trial::Trial;
use retrograde::graph::{Kind, Type};
use retrograde::{Planner, Result, Tensor, Var};

/// How many nodes the steps of a plan make.
fn made(wanted: &[Var]) -> Result<usize> {
    let plan = Planner::new(wanted[0].graph()).want_all(wanted).compile::<f32>()?;
    Ok(plan.steps().iter().map(Vec::len).sum())
}

/// What reads a value element by element, so that also a value that takes no memory shows how often it is there.
fn read(value: &Var) -> Var {
    if value.kind() == Kind::Real { value.exp() } else { value.clone() }
}

#[test]
fn the_same_operation_recorded_twice_is_computed_once() -> Result<()> {
    for entry in entries() {
        for (number, sample) in (entry.samples)().iter().enumerate() {
            let trial = Trial::new(sample, 1);
            let again = (trial.record)(&trial.variables).checked()?;
            let (once, twice) = ([read(&trial.output)], [read(&trial.output), read(&again)]);
            assert_eq!(made(&twice)?, made(&once)?, "{}, sample {number}", entry.name);
        }
    }
    Ok(())
}

fn types(trial: &Trial) -> Vec<Type> {
    trial.variables.iter().map(|var| var.node().value_type.clone()).collect()
}

/// The values of several variables of one plan.
fn together(wanted: &[Var]) -> Result<Vec<Tensor>> {
    let mut plan = Planner::new(wanted[0].graph()).want_all(wanted).compile::<f64>()?;
    plan.run()?;
    wanted.iter().map(|var| if var.kind() == Kind::Real { plan.value(var) } else { var.value() }).collect()
}

#[test]
fn operations_that_differ_in_a_field_are_not_merged() -> Result<()> {
    let mut pairs = 0;
    for entry in entries() {
        let samples = (entry.samples)();
        for (number, sample) in samples.iter().enumerate() {
            let trial = Trial::new(sample, 1);
            for other in
                samples[number + 1..].iter().filter(|other| types(&Trial::new(other, 1)) == types(&trial))
            {
                let other = (other.record)(&trial.variables).checked()?;
                let found = together(&[trial.output.clone(), other.clone()])?;
                let alone = [trial.output.value()?, other.value()?];
                // As text, in which NaN equals NaN.
                let [found, alone] = [format!("{found:?}"), format!("{alone:?}")];
                assert_eq!(found, alone, "{}, sample {number}", entry.name);
                pairs += 1;
            }
        }
    }
    assert!(pairs > 10, "{pairs} pairs");
    Ok(())
}

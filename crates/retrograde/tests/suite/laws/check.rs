//! The gradient check passes every operation, in first and second order. The Jacobian columns that an operation reports
//! agree with its kernel.

use super::{entries, trial, trials};
use retrograde::check::{GraphCheck, Verdict};
use retrograde::graph::{Kind, Type};
use retrograde::{Planner, Result};
use std::collections::BTreeSet;

#[test]
fn every_operation_passes_the_gradient_check_in_both_orders() -> Result<()> {
    let mut second = 0;
    let mut checked = BTreeSet::new();
    for (label, _, trial) in trials().filter(|(_, _, trial)| trial.is_real()) {
        // Empty tensors have nothing to compare.
        if !trial.variables.iter().any(|var| var.kind() == Kind::Real && var.shape().elements() > 0) {
            continue;
        }
        let loss = (&trial.output * &trial.upstream).sum_all();
        let report = GraphCheck::new(&loss).second_order().threads(1).sample(40).run()?;
        assert_eq!(report.verdict, Verdict::Right, "{label}: {report:#?}");
        assert!(report.findings.is_empty(), "{label}: {:#?}", report.findings);
        checked.extend(report.layers.into_iter().map(|station| station.kind));
        second += usize::from(report.blocks.iter().any(|block| block.block.ends_with("second order")));
        let quick = GraphCheck::new(&loss).in_random_directions().run()?;
        assert_eq!(quick.verdict, Verdict::Right, "{label}: {quick:#?}");
    }
    // Operations of indices only have no derivative.
    let unchecked: Vec<&str> =
        entries().map(|entry| entry.name).filter(|name| !checked.contains(*name)).collect();
    assert_eq!(unchecked, ["argmax", "one_hot", "random_normal", "random_uniform"]);
    assert!(second > 50, "the second order of only {second} cases was checked");
    Ok(())
}

#[test]
fn jacobian_columns_agree_with_the_kernel() -> Result<()> {
    let mut columns = 0;
    for (label, _, trial) in trials().filter(|(_, _, trial)| trial.is_real()) {
        let node = trial.output.node();
        let Some(operation) = node.operation() else {
            continue;
        };
        let inputs = node.inputs.iter().map(|&input| trial.graph.var(input));
        let inputs: Vec<_> =
            inputs.filter(|input| trial.variables.iter().any(|var| var.id() == input.id())).collect();
        if inputs.len() != node.inputs.len() {
            continue;
        }
        let types: Vec<Type> = inputs.iter().map(|input| input.node().value_type.clone()).collect();
        let starts: Vec<_> = inputs.iter().map(trial::start_or_none).collect();
        let values: Vec<&[f64]> =
            starts.iter().map(|start| start.as_ref().map_or(&[][..], |start| start.values())).collect();
        let mut plan = Planner::new(&trial.graph).fetch(&trial.output).compile::<f64>()?;
        plan.run()?;
        let before = plan.read(&trial.output)?.to_vec();
        for (position, input) in inputs.iter().enumerate() {
            for element in 0..values[position].len() {
                let mut expected = before.clone();
                let mut emit = |to: usize, slope: f64| expected[to] += 0.5 * slope;
                if !operation.jacobian_column(position, element, &types, &values, &mut emit) {
                    continue;
                }
                columns += 1;
                plan.set_element(input, element, values[position][element] + 0.5)?;
                plan.run()?;
                for (seen, expected) in plan.read(&trial.output)?.iter().zip(&expected) {
                    // A few roundings of products of numbers up to 2.
                    assert!(
                        (seen - expected).abs() < 1e-13,
                        "{label}, element {element} of input {position}"
                    );
                }
                plan.set_element(input, element, values[position][element])?;
            }
        }
    }
    assert!(columns > 500, "only {columns} columns were reported");
    Ok(())
}

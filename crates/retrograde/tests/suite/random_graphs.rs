//! Random graphs, planned in several ways, against the same nodes evaluated one by one.
//!
//! A plan prunes, merges, views, fuses, reorders, reuses memory, updates in place and uses several threads. None of this
//! may change a bit. Graphs are recorded at random from all operations of the list ([`record`]), with gradients and
//! gradients of gradients. Some of the values are outputs, and some parameters get new values from other values, each
//! other's and their own. The results of two consecutive runs must be those of plans of single nodes ([`single_node`]).
//!
//! A second property compares the gradients of smooth random graphs with finite differences.

mod record;
mod single_node;

use proptest::prelude::*;
use record::{Instruction, RandomGraph, instruction_count};
use retrograde::kernel::{Real, Threads};
use retrograde::{Graph, Plan, Planner, Result, Var, ops};
use single_node::{SingleNodePlans, Values};
use std::collections::BTreeSet;

/// Parameters and their new values.
type Updates = Vec<(Var, Var)>;

/// New values for the parameters whose bit in `mask` is set: a value of the same shape, chosen by `pick`.
fn updates(random: &RandomGraph, mask: u8, pick: usize) -> Updates {
    let chosen = random.parameters.iter().enumerate().filter(|(i, _)| mask >> i & 1 == 1);
    let update = |(i, parameter): (usize, &Var)| {
        let fits: Vec<&Var> = random.pool.iter().filter(|var| var.shape() == parameter.shape()).collect();
        (parameter.clone(), fits[(pick + i) % fits.len()].clone())
    };
    chosen.map(update).collect()
}

fn same_bits<T: Real>(label: &str, seen: &[T], expected: &[T]) -> Result<(), TestCaseError> {
    prop_assert_eq!(seen.len(), expected.len());
    for (i, (&seen, &expected)) in seen.iter().zip(expected).enumerate() {
        let same = seen.widen().to_bits() == expected.widen().to_bits() || seen.is_nan() && expected.is_nan();
        prop_assert!(same, "{label}, element {i}: {seen}, not {expected}");
    }
    Ok(())
}

fn compare<T: Real>(
    label: &str,
    plan: &mut Plan<T>,
    var: &Var,
    values: &Values<T>,
) -> Result<(), TestCaseError> {
    let label = format!("{label}: {:?}", var.node());
    match values {
        Values::Real(expected) => same_bits(&label, plan.read(var).expect("is kept"), expected),
        Values::Index(expected) => {
            prop_assert_eq!(plan.read_indices(var).expect("is kept"), &expected[..], "{}", label);
            Ok(())
        }
    }
}

/// Plans the graph in all ways and compares each plan with single-node plans.
fn plans_agree<T: Real>(
    random: &RandomGraph,
    wanted: &[Var],
    updates: &Updates,
) -> Result<(), TestCaseError> {
    let planner = || {
        let planner = Planner::new(&random.graph).fetch_all(wanted);
        updates.iter().fold(planner, |planner, (leaf, value)| planner.update(leaf, value))
    };
    let threads = Threads::new(3).min_work(0);
    let mut plans = [
        ("fused", planner().compile::<T>().expect("is planned")),
        ("on three threads", planner().threads(threads).compile::<T>().expect("is planned")),
        ("every value kept", planner().keep_all().compile::<T>().expect("is planned")),
    ];
    let mut single = SingleNodePlans::<T>::new(&random.graph);
    for run in 0..2 {
        single.run();
        for (label, plan) in &mut plans {
            plan.run().expect("runs");
            for var in wanted {
                // Reading a parameter gives its updated value.
                if var.node().leaf().is_none() {
                    compare(&format!("run {run}, {label}"), plan, var, single.value(var))?;
                }
            }
        }
        let (_, kept) = &mut plans[2];
        for node in random.graph.nodes().iter().filter(|node| node.leaf().is_none()) {
            let var = random.graph.var(node.id);
            if kept.read(&var).is_ok() || kept.read_indices(&var).is_ok() {
                compare(&format!("run {run}, every value kept"), kept, &var, single.value(&var))?;
            }
        }
        single.update(updates);
        for (label, plan) in &mut plans {
            for (leaf, _) in updates {
                compare(&format!("after run {run}, {label}"), plan, leaf, single.value(leaf))?;
            }
        }
    }
    Ok(())
}

fn instructions(count: usize) -> impl Strategy<Value = Vec<Instruction>> {
    prop::collection::vec(any::<[u8; 4]>().prop_map(Instruction), 1..count)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_gives_the_bits_of_single_node_plans(
        instructions in instructions(40),
        wanted in any::<u16>(),
        mask in any::<u8>(),
        pick in any::<u8>(),
        single in any::<bool>(),
    ) {
        let mut random = RandomGraph::new();
        instructions.iter().for_each(|&instruction| random.record(instruction));
        // The last value, and those of the last 16 whose bit is set.
        let mut targets: Vec<Var> = random.pool.iter().rev().enumerate()
            .filter(|(i, _)| *i == 0 || *i < 16 && wanted >> i & 1 == 1)
            .map(|(_, var)| var.clone())
            .collect();
        targets.extend(random.indices.last().map(|(var, _)| var.clone()));
        let updates = updates(&random, mask, pick as usize);
        if single {
            plans_agree::<f32>(&random, &targets, &updates)?;
        } else {
            plans_agree::<f64>(&random, &targets, &updates)?;
        }
    }

    #[test]
    fn gradients_of_smooth_graphs_agree_with_differences(instructions in instructions(14), seed in any::<u8>()) {
        let mut random = RandomGraph::smooth();
        instructions.iter().for_each(|&instruction| random.record(instruction));
        let last = random.pool.iter().rev().take(3);
        let loss = last.map(|var| var.tanh().sum_all()).reduce(|a, b| a + b).expect("there are parameters");
        if let Some((seen, expected, scale)) = directional(&random, &loss, seed).expect("is planned") {
            prop_assert!((seen - expected).abs() <= 1e-6 * scale, "{seen}, not {expected}");
        }
    }
}

/// The directional derivative by the engine and by finite differences, and the size of the numbers. `None` if the
/// differences of two steps disagree, because a deep graph may be too steep.
fn directional(random: &RandomGraph, loss: &Var, seed: u8) -> Result<Option<(f64, f64, f64)>> {
    let gradients = loss.backward()?;
    let leaves = &random.parameters;
    let slopes = leaves.iter().map(|leaf| gradients.wrt_or_zero(leaf)).collect::<Result<Vec<_>>>()?;
    let mut plan =
        Planner::new(&random.graph).fetch(loss).fetch_all(&slopes).fetch_all(leaves).compile::<f64>()?;
    let starts =
        leaves.iter().map(|leaf| Ok(leaf.value()?.into_values())).collect::<Result<Vec<Vec<f64>>>>()?;
    let direction = |leaf: usize, i: usize| ((i * 7 + leaf * 3 + usize::from(seed)) as f64).sin();
    let at = |step: f64, plan: &mut Plan<f64>| -> Result<f64> {
        for (number, (leaf, start)) in leaves.iter().zip(&starts).enumerate() {
            let moved: Vec<f64> =
                start.iter().enumerate().map(|(i, x)| x + step * direction(number, i)).collect();
            plan.set(leaf, &moved)?;
        }
        plan.run()?;
        plan.scalar(loss)
    };
    let slope = |h: f64, plan: &mut Plan<f64>| -> Result<f64> {
        Ok((8.0 * (at(h, plan)? - at(-h, plan)?) - (at(2.0 * h, plan)? - at(-2.0 * h, plan)?)) / (12.0 * h))
    };
    let (coarse, fine) = (slope(1e-4, &mut plan)?, slope(5e-5, &mut plan)?);
    at(0.0, &mut plan)?;
    let mut seen = 0.0;
    let mut scale = 1.0 + plan.scalar(loss)?.abs();
    for (number, gradient) in slopes.iter().enumerate() {
        for (i, slope) in plan.read(gradient)?.iter().enumerate() {
            seen += slope * direction(number, i);
            scale += (slope * direction(number, i)).abs();
        }
    }
    Ok(((coarse - fine).abs() <= 1e-7 * scale).then_some((seen, fine, scale)))
}

#[test]
fn random_graphs_have_all_operations_of_the_list() {
    let mut seen = BTreeSet::new();
    for opcode in 0..instruction_count() {
        let mut random = RandomGraph::new();
        for variant in 0..12_u8 {
            random.record(Instruction([
                opcode as u8,
                variant,
                variant.wrapping_mul(7),
                variant.wrapping_mul(5),
            ]));
        }
        seen.extend(names(&random.graph));
    }
    for entry in ops::ALL {
        assert!(
            seen.contains(entry.name),
            "no random graph has a node of `{}`: add an instruction",
            entry.name
        );
    }
}

fn names(graph: &Graph) -> Vec<&'static str> {
    graph.nodes().iter().filter_map(|node| node.operation().map(|operation| operation.name())).collect()
}

//! Law 4: inputs are read only, and bits depend only on the inputs. Law 5, first half: f32 agrees with f64.

use super::trial::{Trial, start};
use super::trials;
use retrograde::graph::Kind;
use retrograde::kernel::{Real, Threads};
use retrograde::{Planner, Result, Var};

/// The output and its gradients.
fn results(trial: &Trial) -> Result<Vec<Var>> {
    let mut results = vec![trial.output.clone()];
    if trial.is_real() {
        results.extend(trial.gradients()?);
    }
    Ok(results)
}

/// The results of a run. Checks that the run does not change the inputs.
fn run<T: Real>(label: &str, trial: &Trial, threads: Threads) -> Result<Vec<Vec<f64>>> {
    let results = results(trial)?;
    let mut plan = Planner::new(&trial.graph).fetch_all(&results).threads(threads).compile::<T>()?;
    plan.run()?;
    // A second run over the same memory must give the same results.
    plan.run()?;
    for input in trial.reals() {
        let before: Vec<T> = start(&input).values().iter().map(|&value| T::of(value)).collect();
        if let Ok(after) = plan.read(&input) {
            assert_eq!(after, before, "{label} writes into its input");
        }
    }
    results
        .iter()
        .map(|result| match result.kind() {
            Kind::Real | Kind::Byte => Ok(plan.read(result)?.iter().map(|value| value.widen()).collect()),
            Kind::Index => Ok(plan.read_indices(result)?.iter().map(|&index| f64::from(index)).collect()),
            other => unreachable!("a new kind: {other:?}"),
        })
        .collect()
}

fn bits(results: &[Vec<f64>]) -> Vec<Vec<u64>> {
    results.iter().map(|values| values.iter().map(|value| value.to_bits()).collect()).collect()
}

#[test]
fn law_4_the_same_inputs_give_the_same_bits_on_any_number_of_threads() -> Result<()> {
    // These split even a few elements, down to one row or element per thread.
    let pools = [2, 3, 8].map(|count| Threads::new(count).min_work(0));
    for (label, _, trial) in trials() {
        let single = bits(&run::<f32>(&label, &trial, Threads::new(1))?);
        let double = bits(&run::<f64>(&label, &trial, Threads::new(1))?);
        for threads in &pools {
            let label = format!("{label}, {} threads", threads.count());
            assert_eq!(bits(&run::<f32>(&label, &trial, threads.clone())?), single, "{label}");
            assert_eq!(bits(&run::<f64>(&label, &trial, threads.clone())?), double, "{label}");
        }
    }
    Ok(())
}

#[test]
fn law_5_f32_and_f64_agree_to_the_rounding_of_f32() -> Result<()> {
    // The inputs are the same in both. A sum of 300 squares has a few hundred roundings of 6e-8 each, relative to the
    // largest value; most of them cancel. 1e-5 is an upper bound.
    const ROUNDING: f64 = 1e-5;
    for (label, _, trial) in trials() {
        let single = run::<f32>(&label, &trial, Threads::new(1))?;
        let double = run::<f64>(&label, &trial, Threads::new(1))?;
        for (single, double) in single.iter().zip(&double) {
            let scale = double.iter().fold(1.0_f64, |largest, value| largest.max(value.abs()));
            for (a, b) in single.iter().zip(double) {
                assert!((a - b).abs() <= ROUNDING * scale, "{label}: {a} in f32, {b} in f64");
            }
        }
    }
    Ok(())
}

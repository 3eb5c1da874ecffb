//! Random numbers that a plan makes: a function of the key and the place, also of the step that is set before each run.

use retrograde::kernel::{Real, Threads};
use retrograde::ops::RandomKey;
use retrograde::{Graph, Plan, Planner, Result, Tensor, Var};

/// The values at a step.
fn at<T: Real>(plan: &mut Plan<T>, key: &RandomKey, step: u64, var: &Var) -> Result<Vec<T>> {
    plan.set_indices(&key.step(), &RandomKey::step_indices(step))?;
    plan.run()?;
    Ok(plan.read(var)?.to_vec())
}

fn bits<T: Real>(values: &[T]) -> Vec<u64> {
    values.iter().map(|value| value.widen().to_bits()).collect()
}

/// Two streams of equal shape, uniform and normal, and a product of both, which is in a group of its own.
fn recorded(elements: usize) -> (Graph, RandomKey, [Var; 3]) {
    let graph = Graph::new();
    let key = RandomKey::new(11, &graph.index_input("step", [2]));
    let a = graph.random_uniform([elements], &key.stream(0));
    let b = graph.random_normal([elements], &key.stream(1));
    let product = &a * &b;
    (graph, key, [a, b, product])
}

#[test]
fn the_numbers_of_a_step_are_the_same_on_any_number_of_threads_and_in_any_order_of_steps() -> Result<()> {
    const STEPS: [u64; 4] = [3, 0, u64::MAX, 3];
    for elements in [1, 31, 1000, 70_001] {
        let (graph, key, wanted) = recorded(elements);
        let mut all: Vec<Vec<Vec<u64>>> = Vec::new();
        for threads in [1, 2, 3, 8] {
            let threads = Threads::new(threads).min_work(0);
            let mut plan = Planner::new(&graph).fetch_all(&wanted).threads(threads).compile::<f32>()?;
            let mut found = Vec::new();
            for step in STEPS {
                for var in &wanted {
                    found.push(bits(&at(&mut plan, &key, step, var)?));
                }
            }
            // The same step again, after others.
            assert_eq!(found[..3], found[9..]);
            assert_ne!(found[0], found[3], "another step has other numbers");
            assert_ne!(found[0], found[1], "another stream has other numbers");
            all.push(found);
        }
        assert!(all.iter().all(|found| *found == all[0]), "{elements} elements");
    }
    Ok(())
}

#[test]
fn a_new_plan_continues_where_another_one_stopped() -> Result<()> {
    let (graph, key, [a, ..]) = recorded(100);
    let plan = || Planner::new(&graph).fetch(&a).compile::<f64>();
    let mut through = plan()?;
    at(&mut through, &key, 4, &a)?;
    assert_eq!(at(&mut through, &key, 5, &a)?, at(&mut plan()?, &key, 5, &a)?);
    Ok(())
}

#[test]
fn numbers_are_uniform_from_0_to_below_1() -> Result<()> {
    const COUNT: usize = 100_000;
    let graph = Graph::new();
    let key = RandomKey::new(5, &graph.indices("step", [], [0]));
    let x = graph.random_uniform([COUNT], &key);
    let values = x.value()?;
    assert!(values.values().iter().all(|x| (0.0..1.0).contains(x)));
    // Of each tenth there is a tenth, within five standard deviations of a binomial distribution.
    let bound = 5.0 * (COUNT as f64 * 0.1 * 0.9).sqrt();
    for tenth in 0..10 {
        let count = values.values().iter().filter(|&&x| (x * 10.0) as usize == tenth).count() as f64;
        assert!((count - COUNT as f64 / 10.0).abs() < bound, "{count} in tenth {tenth}");
    }
    let ones = graph.random_bernoulli([COUNT], 0.3, &key).value()?.into_values();
    assert!(ones.iter().zip(values.values()).all(|(&one, &x)| one == f64::from(u8::from(x < 0.3))));
    Ok(())
}

#[test]
fn dropout_scales_what_it_keeps_and_its_gradient() -> Result<()> {
    let graph = Graph::new();
    let key = RandomKey::new(5, &graph.index_input("step", []));
    let x = graph.parameter("x", Tensor::from_fn([40, 50], |i| 1.0 + i as f64)?);
    let y = x.dropout(0.25, &key);
    let dx = y.sum_all().backward()?.wrt(&x)?;
    let mut plan = Planner::new(&graph).fetch_all([&x, &y, &dx]).compile::<f64>()?;
    plan.set_indices(&key.step(), &[7])?;
    plan.run()?;
    let [x, y, dx] = [&x, &y, &dx].map(|var| plan.read(var));
    let (x, y, dx) = (x?, y?, dx?);
    let mut kept = 0;
    for ((x, y), dx) in x.iter().zip(y).zip(dx) {
        assert!(*dx == 0.0 && *y == 0.0 || *dx == 1.0 / 0.75 && *y == x * (1.0 / 0.75), "{x} {y} {dx}");
        kept += usize::from(*dx != 0.0);
    }
    // Within five standard deviations of a binomial distribution: 5 · √(2000 · 0.25 · 0.75).
    assert!((kept as f64 - 1500.0).abs() < 97.0, "{kept} of 2000 are kept");
    Ok(())
}

#[test]
fn at_a_rate_of_0_all_is_kept_and_at_1_nothing() -> Result<()> {
    let graph = Graph::new();
    let key = RandomKey::new(5, &graph.indices("step", [], [0]));
    let x = graph.parameter("x", [1.0, -2.0, f64::INFINITY]);
    assert_eq!(x.dropout(0.0, &key).value()?, x.value()?);
    let none = x.dropout(1.0, &key);
    assert_eq!(none.value()?.values(), [0.0; 3]);
    assert_eq!(none.sum_all().backward()?.wrt_or_zero(&x)?.value()?.values(), [0.0; 3]);
    Ok(())
}

/// Dropout is executed where its numbers are made, block by block; they are not written to memory.
#[test]
fn dropout_is_one_step() -> Result<()> {
    let graph = Graph::new();
    let key = RandomKey::new(5, &graph.index_input("step", [2]));
    let y = graph.input("x", [64, 100]).dropout(0.5, &key);
    let plan = Planner::new(&graph).fetch(&y).compile::<f32>()?;
    assert_eq!(plan.steps().len(), 1, "{:?}", plan.steps());
    Ok(())
}

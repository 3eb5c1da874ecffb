//! The notebook's own numbers, from the engine.

use retrograde::{Graph, Planner, Result};

#[test]
fn the_apples() -> Result<()> {
    let graph = Graph::new();
    let apple = graph.parameter("apple", 100.0);
    let count = graph.parameter("count", 2.0);
    let tax = graph.parameter("tax", 1.1);
    let price = &apple * &count * &tax;
    assert_eq!(price.value()?.scalar()?, 220.000_000_000_000_03);
    let gradients = price.backward()?;
    let of = |var| -> Result<f64> { gradients.wrt(var)?.value()?.scalar() };
    assert_eq!((of(&tax)?, of(&apple)?, of(&count)?), (200.0, 2.2, 110.000_000_000_000_01));
    Ok(())
}

#[test]
fn the_apples_and_oranges() -> Result<()> {
    let graph = Graph::new();
    let apple = graph.parameter("apple", 100.0);
    let apples = graph.parameter("apples", 2.0);
    let orange = graph.parameter("orange", 150.0);
    let oranges = graph.parameter("oranges", 3.0);
    let tax = graph.parameter("tax", 1.1);
    let price = (&apple * &apples + &orange * &oranges) * &tax;
    let inputs = [&apple, &apples, &orange, &oranges, &tax];
    let gradients = price.gradient(&inputs)?;
    let mut plan = Planner::new(&graph).fetch(&price).fetch_all(&gradients).compile::<f64>()?;
    plan.run()?;
    assert_eq!(plan.scalar(&price)?, 715.000_000_000_000_1);
    let expected = [2.2, 110.000_000_000_000_01, 3.300_000_000_000_000_3, 165.0, 650.0];
    for (gradient, expected) in gradients.iter().zip(expected) {
        assert_eq!(plan.scalar(gradient)?, expected);
    }
    Ok(())
}

#[test]
fn the_mask() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [[1.0, -0.5], [-2.0, 3.0]]);
    let y = x.relu();
    assert_eq!(y.value()?.values(), [1.0, 0.0, 0.0, 3.0]);
    let gradient = y.sum_all().backward()?.wrt(&x)?;
    assert_eq!(gradient.value()?.values(), [1.0, 0.0, 0.0, 1.0]);
    Ok(())
}

#[test]
fn a_plan_too_large_for_memory_is_an_error() {
    let graph = Graph::new();
    let x = graph.input("x", [1 << 30, 1 << 20]);
    let enormous = graph.input("y", [usize::MAX, 3]);
    for value in [x.matmul_t(&x), x.relu(), enormous.exp(), graph.full([usize::MAX, 7], 1.0).sum_all()] {
        let error = Planner::new(&graph).fetch(&value).compile::<f32>().expect_err("too large").to_string();
        assert!(error.contains("GiB") && error.contains("help:"), "{error}");
    }
}

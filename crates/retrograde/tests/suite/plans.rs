//! Regression tests of plans with small graphs: failures found by random graphs, and cases named by the design.

use retrograde::{Graph, Planner, Result, Tensor, Var};

/// The value of `wanted` as the only output, in f64.
fn value(wanted: &Var) -> Result<Vec<f64>> {
    Ok(wanted.value()?.into_values())
}

#[test]
fn views_of_views_of_views() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    // [2, 3] broadcast to [2, 2, 3], sliced to the last two columns, transposed.
    let seen = x.broadcast([2, 2, 3]).slice(2, 1..).transpose([2, 0, 1]);
    let expected = [2.0, 5.0, 2.0, 5.0, 3.0, 6.0, 3.0, 6.0];
    assert_eq!(value(&seen)?, expected);
    // Read by an elementwise operation, by a row kernel and through a reshape.
    assert_eq!(value(&(&seen + &seen))?, expected.map(|x| 2.0 * x));
    assert_eq!(value(&seen.sum([0, 1]))?, [10.0, 22.0]);
    assert_eq!(value(&seen.reshape([4, 2]).t())?, [2.0, 2.0, 3.0, 3.0, 5.0, 5.0, 6.0, 6.0]);
    // The gradient of x is the number of uses of each element.
    let gradient = seen.reshape([8]).sum_all().backward()?.wrt(&x)?;
    assert_eq!(value(&gradient)?, [0.0, 2.0, 2.0, 0.0, 2.0, 2.0]);
    // A slice of a slice of a transpose.
    assert_eq!(value(&x.t().slice(0, 1..).slice(1, 1..).slice(0, 1..))?, [6.0]);
    // Views of empty tensors.
    let nothing = x.slice(0, 2..).slice(1, 3..).t().reshape([0, 7]);
    assert!(value(&nothing)?.is_empty());
    assert_eq!(value(&nothing.sum_all())?, [0.0]);
    Ok(())
}

#[test]
fn indices_go_through_views_and_concat() -> Result<()> {
    let graph = Graph::new();
    let table = graph.constant([10.0, 11.0, 12.0, 13.0]);
    let given = graph.index_input("given", [2, 2]);
    let rows = given.t().slice(0, 1..).reshape([2]).concat(&[&given.slice(1, ..1).reshape([2])], 0);
    let picked = table.gather_rows(&rows);
    let mut plan = Planner::new(&graph).fetch(&picked).fetch(&rows).compile::<f32>()?;
    plan.set_indices(&given, &[0, 1, 2, 3])?;
    plan.run()?;
    assert_eq!(plan.read_indices(&rows)?, [1, 3, 0, 2]);
    assert_eq!(plan.read(&picked)?, [11.0, 13.0, 10.0, 12.0]);
    // The index bound is propagated through all of them.
    let error = plan.set_indices(&given, &[0, 1, 2, 4]).expect_err("4 is no row").to_string();
    assert!(error.contains("index 4 at position 3") && error.contains("0 to 3"), "{error}");
    Ok(())
}

#[test]
fn parameters_are_swapped_through_any_identity() -> Result<()> {
    let swaps: [fn(&Var) -> Var; 5] = [
        |x| x.clone(),
        |x| x * 1.0,
        |x| x.reshape([3, 1]).reshape([3]),
        |x| -(-x),
        |x| x.broadcast([2, 3]).slice(0, 1..).reshape([3]),
    ];
    for swap in swaps {
        let graph = Graph::new();
        let a = graph.parameter("a", [1.0, 2.0, 3.0]);
        let b = graph.parameter("b", [4.0, 5.0, 6.0]);
        let mut plan = Planner::new(&graph).update(&a, &swap(&b)).update(&b, &swap(&a)).compile::<f64>()?;
        for _ in 0..3 {
            let before = (plan.read(&a)?.to_vec(), plan.read(&b)?.to_vec());
            plan.run()?;
            let after = (plan.read(&a)?.to_vec(), plan.read(&b)?.to_vec());
            assert_eq!(after, (before.1, before.0));
        }
    }
    Ok(())
}

#[test]
fn outputs_that_depend_on_an_updated_parameter_use_the_old_value() -> Result<()> {
    let graph = Graph::new();
    let w = graph.parameter("w", [1.0, 2.0]);
    let wanted = [&w * 1.0, w.reshape([2, 1]), w.slice(0, ..), w.powf(1.0), &w + 0.0];
    let mut plan = Planner::new(&graph).fetch_all(&wanted).update(&w, &(&w + 10.0)).compile::<f64>()?;
    for run in 0..2 {
        plan.run()?;
        for value in &wanted {
            assert_eq!(plan.read(value)?, [1.0 + 10.0 * f64::from(run), 2.0 + 10.0 * f64::from(run)]);
        }
    }
    assert_eq!(plan.read(&w)?, [21.0, 22.0], "reading the parameter gives the updated value");
    Ok(())
}

/// Two fusion groups must not be merged if a third depends on one and the other depends on the third, even if the third was
/// recorded before one of them and has grown since.
#[test]
fn fusion_does_not_create_a_cycle() -> Result<()> {
    let graph = Graph::new();
    let matrix = |name: &str, sign: f64| graph.parameter(name, [[1.0 * sign, 2.0], [3.0, 4.0 * sign]]);
    let (a, c) = (matrix("a", 1.0), matrix("c", -1.0));
    let third = c.abs();
    let early = -third.t();
    let late = a.relu();
    let third_grown = &third + late.t();
    let both = &late + &early;
    let mut plan = Planner::new(&graph).fetch_all([&third_grown, &both]).compile::<f64>()?;
    plan.run()?;
    assert_eq!(plan.read(&third_grown)?, [2.0, 5.0, 5.0, 8.0]);
    assert_eq!(plan.read(&both)?, [0.0, -1.0, 1.0, 0.0]);
    Ok(())
}

#[test]
fn a_fusion_group_longer_than_a_block_reads_broadcast_and_transposed_inputs() -> Result<()> {
    let graph = Graph::new();
    let (rows, columns) = (37, 53);
    let x = graph.constant(Tensor::from_fn([rows, columns], |i| i as f64).unwrap());
    let turned = graph.constant(Tensor::from_fn([columns, rows], |i| (i * i) as f64).unwrap());
    let row = graph.constant(Tensor::from_fn([columns], |i| 1000.0 * i as f64).unwrap());
    let y = (&x * 3.0 + turned.t()) * 2.0 - row.broadcast([rows, columns]);
    for (i, seen) in value(&y)?.into_iter().enumerate() {
        let (row, column) = (i / columns, i % columns);
        let other = column * rows + row;
        assert_eq!(seen, (i * 3 + other * other) as f64 * 2.0 - 1000.0 * column as f64);
    }
    Ok(())
}

#[test]
fn an_update_to_a_constant_happens_after_the_run() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [1.0, 2.0]);
    let seen = &x * 3.0;
    let constant = graph.constant([5.0, 6.0]) * 2.0;
    let mut plan = Planner::new(&graph).fetch(&seen).update(&x, &constant).compile::<f64>()?;
    plan.run()?;
    assert_eq!((plan.read(&seen)?.to_vec(), plan.read(&x)?.to_vec()), (vec![3.0, 6.0], vec![10.0, 12.0]));
    Ok(())
}

#[test]
fn memory_is_reused_unless_every_value_is_kept() -> Result<()> {
    let graph = Graph::new();
    let mut x = graph.parameter("x", Tensor::full([64, 64], 0.1).unwrap());
    let w = graph.parameter("w", Tensor::full([64, 64], 0.01).unwrap());
    for _ in 0..50 {
        // The product from the left needs all rows of the previous value, which ends a parallel region.
        x = w.matmul(&x).tanh();
    }
    let planner = || Planner::new(&graph).fetch(&x);
    let (mut fast, mut glass) = (planner().compile::<f64>()?, planner().keep_all().compile::<f64>()?);
    fast.run()?;
    glass.run()?;
    assert_eq!(fast.read(&x)?, glass.read(&x)?);
    assert!(fast.memory() * 10 < glass.memory(), "{} and {} bytes", fast.memory(), glass.memory());
    Ok(())
}

/// A regression on sparse rows of a table: the weight after four steps, and the operations of each step of the plan.
fn trained(
    rows: usize,
    momentum: f64,
    make: impl FnOnce(Planner) -> Planner,
) -> Result<(Vec<f32>, Vec<Vec<&'static str>>)> {
    let (count, width, columns) = (300, 150, 20);
    let graph = Graph::new();
    let bytes: Vec<u8> =
        (0..count * width).map(|i| if i * 7919 % 23 < 4 { (i % 255) as u8 } else { 0 }).collect();
    let table = graph.bytes("table", [count, width], bytes, 1.0 / 255.0);
    let picked = graph.index_input("picked", [rows]);
    let numbers = |count: usize| (0..count).map(|i| (i as f64 * 0.7).sin()).collect::<Vec<f64>>();
    let weight = graph.parameter("weight", Tensor::new([width, columns], numbers(width * columns))?);
    let rate = graph.input("rate", []);
    let outputs = table.gather_rows(&picked).matmul(&weight);
    let loss = (&outputs * &outputs).mean_all();
    let gradient = loss.backward()?.wrt(&weight)?;
    let mut planner = Planner::new(&graph).fetch(&loss);
    if momentum == 0.0 {
        planner = planner.update(&weight, &(&weight - rate.broadcast([width, columns]) * &gradient));
    } else {
        let velocity = graph.state("velocity", Tensor::new([width, columns], numbers(width * columns))?);
        let new = momentum * &velocity + &gradient;
        planner = planner.update(&weight, &(&weight - rate.broadcast([width, columns]) * &new));
        planner = planner.update(&velocity, &new);
    }
    let mut plan = make(planner).compile::<f32>()?;
    plan.set(&rate, &[0.1])?;
    for step in 0..4 {
        let picked_rows: Vec<u32> = (0..rows).map(|i| ((i * 17 + step * 5) % count) as u32).collect();
        plan.set_indices(&picked, &picked_rows)?;
        plan.run()?;
    }
    let names = |nodes: &Vec<std::sync::Arc<retrograde::graph::Node>>| {
        nodes.iter().filter_map(|node| Some(node.operation()?.name())).collect()
    };
    let steps = plan.steps().iter().map(names).collect();
    Ok((plan.read(&weight)?.to_vec(), steps))
}

#[test]
fn an_update_as_an_epilogue_of_its_gradient_changes_no_bit() -> Result<()> {
    for rows in [1, 3, 4, 5, 64, 129, 300] {
        for momentum in [0.0, 0.9] {
            // If every value is kept, the gradient is stored and the update is a separate step.
            let (expected, apart) = trained(rows, momentum, Planner::keep_all)?;
            for threads in [1, 2, 8] {
                let threads = retrograde::kernel::Threads::new(threads).min_work(0);
                let (found, joined) = trained(rows, momentum, |planner| planner.threads(threads))?;
                assert_eq!(found, expected, "{rows} rows, momentum {momentum}");
                let of_both = |step: &Vec<&str>| step.contains(&"matmul") && step.contains(&"subtract");
                assert!(joined.iter().any(of_both) && !apart.iter().any(of_both), "{joined:?}, {apart:?}");
            }
        }
    }
    Ok(())
}

/// A table of bytes, also in another shape, is an error where real numbers are needed; its rows can be gathered.
#[test]
fn bytes_are_an_error_where_real_numbers_are_needed() -> Result<()> {
    type Use = fn(&Var) -> Var;
    let shapes: [Use; 2] = [|t| t.clone(), |t| t.reshape([1, 3])];
    let uses: [Use; 7] = [
        |t| t.sum([1]),
        |t| t.max([0]),
        |t| t.relu(),
        |t| t * t,
        |t| t.slice(0, 0..1),
        |t| t.broadcast([2, 3, 3]),
        |t| t.concat(&[t], 0),
    ];
    for shape in shapes {
        let graph = Graph::new();
        let table = shape(&graph.bytes("table", [3, 1], [1_u8, 2, 3].as_slice(), 0.5));
        for operation in uses {
            let error = operation(&table).checked().expect_err("a table of bytes").to_string();
            assert!(error.contains("table of bytes") && error.contains("gather_rows"), "{error}");
            assert!(error.contains("plans.rs"), "{error}");
        }
        let error = Planner::new(&graph).fetch(&table).compile::<f32>().expect_err("bytes").to_string();
        assert!(error.contains("table of bytes") && error.contains("gather_rows"), "{error}");
        let state = graph.state("state", Tensor::zeros(table.shape()).unwrap());
        assert!(Planner::new(&graph).update(&state, &table).compile::<f32>().is_err());
        let rows = table.reshape([3, 1]).gather_rows(&graph.indices("rows", [2], [2_u32, 0].as_slice()));
        let mut plan = Planner::new(&graph).fetch(&rows).compile::<f32>()?;
        plan.run()?;
        assert_eq!(plan.value(&rows)?.values(), [1.5, 0.5]);
    }
    Ok(())
}

#[test]
fn prefetching_changes_no_value() -> Result<()> {
    let (count, width) = (40, 20);
    // Dense bytes, and mostly zeros, which become compressed rows.
    for zeros in [1, 10] {
        let graph = Graph::new();
        let bytes: Vec<u8> =
            (0..count * width).map(|i| if i % zeros == 0 { (i % 255) as u8 } else { 0 }).collect();
        let table = graph.bytes("table", [count, width], bytes, 0.5);
        let [rows, next] = ["rows", "next"].map(|name| graph.index_input(name, [3]));
        let batch = table.gather_rows(&rows);
        let product = batch.matmul(&graph.constant(Tensor::full([width, 16], 0.1).unwrap()));
        for wanted in [[&product, &product], [&product, &batch]] {
            let planner = || Planner::new(&graph).fetch_all(wanted);
            let (mut plain, mut prefetching) =
                (planner().compile::<f32>()?, planner().prefetch(&rows, &next).compile::<f32>()?);
            plain.set_indices(&rows, &[7, 39, 0])?;
            prefetching.set_indices(&rows, &[7, 39, 0])?;
            prefetching.set_indices(&next, &[1, 1, 38])?;
            plain.run()?;
            prefetching.run()?;
            for value in wanted {
                assert_eq!(plain.read(value)?, prefetching.read(value)?);
            }
            let error = prefetching.set_indices(&next, &[0, 40, 0]).expect_err("no row").to_string();
            assert!(error.contains("index 40 at position 1 is out of range"), "{error}");
        }
    }
    Ok(())
}

#[test]
fn a_prefetch_of_anything_but_equal_index_inputs_is_an_error() {
    let graph = Graph::new();
    let (rows, other) = (graph.index_input("rows", [3]), graph.index_input("other", [4]));
    let fixed = graph.indices("fixed", [3], [0_u32, 1, 2].as_slice());
    for next in [other, fixed, graph.input("real", [3])] {
        let plan = Planner::new(&graph).prefetch(&rows, &next).compile::<f32>();
        let error = plan.expect_err("not an index input of the same shape").to_string();
        assert!(error.contains("`rows`") && error.contains("the same shape"), "{error}");
    }
}

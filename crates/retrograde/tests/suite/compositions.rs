//! Methods that record several operations, against plain arithmetic.

use retrograde::{Error, Graph, Planner, Result, Tensor};

/// The variance of a line from its definition.
fn variance(line: &[f64], correction: f64) -> f64 {
    let mean = line.iter().sum::<f64>() / line.len() as f64;
    line.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (line.len() as f64 - correction)
}

#[test]
fn the_variance_is_that_of_its_definition_also_where_the_mean_is_large() -> Result<()> {
    let at = |i: usize| 1e6 + ((i * 7) % 11) as f64;
    let x = Graph::new().constant(Tensor::from_fn([4, 6], at)?);
    for correction in [0.0, 1.0] {
        let rows: Vec<f64> = (0..4)
            .map(|r| variance(&(0..6).map(|c| at(6 * r + c)).collect::<Vec<_>>(), correction))
            .collect();
        let columns: Vec<f64> = (0..6)
            .map(|c| variance(&(0..4).map(|r| at(6 * r + c)).collect::<Vec<_>>(), correction))
            .collect();
        let all = variance(&(0..24).map(at).collect::<Vec<_>>(), correction);
        for (found, expected) in [
            (x.var(1, correction), rows),
            (x.var([-2], correction), columns),
            (x.var_all(correction), vec![all]),
        ] {
            for (found, expected) in found.value()?.values().iter().zip(&expected) {
                // Deviations of numbers of 1e6 have an error of 1e-10; the variances are about 10.
                assert!((found - expected).abs() < 1e-8, "{found}, not {expected}");
            }
        }
    }
    assert_eq!(x.var_keepdims([0], 1.0).shape()[..], [1, 6]);
    assert_eq!(x.var_keepdims([0, 1], 1.0).shape()[..], [1, 1]);
    let single = Graph::new().constant([3.0]);
    assert!(single.var_all(1.0).value()?.scalar()?.is_nan());
    assert_eq!(single.var_all(0.0).value()?.scalar()?, 0.0);
    Ok(())
}

#[test]
fn a_layer_is_normalized_by_what_keeps_its_axes() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", Tensor::from_fn([3, 5], |i| ((i * i) % 7) as f64)?);
    let shape = x.shape();
    let deviation = &x - x.mean_keepdims(-1).broadcast(&shape);
    let normal = deviation / (x.var_keepdims(-1, 0.0) + 1e-5).sqrt().broadcast(&shape);
    for row in normal.value()?.values().chunks(5) {
        assert!(row.iter().sum::<f64>().abs() < 1e-12);
        assert!((row.iter().map(|x| x * x).sum::<f64>() / 5.0 - 1.0).abs() < 1e-4);
    }
    // The sum of the squares of a normalized row hardly depends on the row.
    let gradient = normal.powf(2.0).sum_all().backward()?.wrt(&x)?.value()?;
    assert!(gradient.values().iter().all(|slope| slope.abs() < 1e-4), "{gradient}");
    Ok(())
}

#[test]
fn comparisons_of_nan_and_of_ties_are_those_of_ieee_754() -> Result<()> {
    let graph = Graph::new();
    let a = graph.constant([1.0, 2.0, 2.0, f64::NAN, f64::NAN, f64::INFINITY]);
    let b = graph.constant([2.0, 1.0, 2.0, 1.0, f64::NAN, f64::INFINITY]);
    for (found, expected) in [
        (a.greater(&b), [0.0, 1.0, 0.0, 0.0, 0.0, 0.0]),
        (a.greater_equal(&b), [0.0, 1.0, 1.0, 0.0, 0.0, 1.0]),
        (a.less(&b), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        (a.less_equal(&b), [1.0, 0.0, 1.0, 0.0, 0.0, 1.0]),
        (a.equal(&b), [0.0, 0.0, 1.0, 0.0, 0.0, 1.0]),
        (a.not_equal(&b), [1.0, 1.0, 0.0, 1.0, 1.0, 0.0]),
    ] {
        assert_eq!(found.value()?.values(), expected);
    }
    Ok(())
}

#[test]
fn indices_in_order_count_from_0() -> Result<()> {
    let graph = Graph::new();
    let table = graph.constant([5.0, 6.0, 7.0]);
    assert_eq!(table.gather_rows(&graph.arange(3)).value()?, table.value()?);
    assert_eq!(graph.arange(0).shape()[..], [0]);
    // A bound is checked like that of given indices.
    let beyond = table.gather_rows(&graph.arange(4));
    let refused = Planner::new(&graph).fetch(&beyond).compile::<f32>();
    assert!(matches!(refused, Err(Error::IndexOutOfRange { .. })));
    if usize::BITS > 32 {
        let error =
            graph.arange((1_u64 << 32) as usize + 1).checked().map(|_| ()).expect_err("33 bits").to_string();
        assert!(error.contains("arange") && error.contains("32 bits"), "{error}");
    }
    Ok(())
}

//! Law 5, second half: a fast kernel agrees with its plain definition at odd sizes.

use retrograde::kernel::Real;
use retrograde::{Graph, Planner, Result, Tensor, Var};

/// Values between -1 and 1 without a pattern, which an f32 represents exactly.
fn numbers(shape: impl AsRef<[usize]>, seed: usize) -> Tensor {
    Tensor::from_fn(shape.as_ref(), |i| f64::from((((i + 1) * (seed + 1)) as f64 * 0.618_034).sin() as f32))
        .unwrap()
}

/// The result of a plan of this precision.
fn run<T: Real>(value: &Var) -> Result<Vec<f64>> {
    let mut plan = Planner::new(value.graph()).fetch(value).compile::<T>()?;
    plan.run()?;
    Ok(plan.value(value)?.into_values())
}

/// Compares both precisions with `expected`, the plain definition in f64. `scale` is the size of the summands; the
/// tolerance is 32 roundings of it.
fn check(label: &str, value: &Var, expected: &[f64], scale: f64) -> Result<()> {
    let (single, double) = (run::<f32>(value)?, run::<f64>(value)?);
    assert_eq!((single.len(), double.len()), (expected.len(), expected.len()), "{label}");
    for (i, &expected) in expected.iter().enumerate() {
        let close = |seen: f64, epsilon: f64| (seen - expected).abs() <= 32.0 * epsilon * scale;
        assert!(close(double[i], f64::EPSILON), "{label}, element {i}: {}, not {expected}", double[i]);
        assert!(
            close(single[i], f64::from(f32::EPSILON)),
            "{label}, element {i}, f32: {}, not {expected}",
            single[i]
        );
    }
    Ok(())
}

#[test]
fn law_5_matrix_products_of_any_size() -> Result<()> {
    for m in 1..=70_usize {
        // Each size from 1 to 70 occurs as m, k and n, in combinations without a pattern.
        let (k, n) = ((m * 29) % 71, (m * 43) % 71);
        let graph = Graph::new();
        let (a, b) = (numbers([m, k], 1), numbers([k, n], 2));
        let at =
            |i: usize, j: usize| (0..k).map(|p| a.values()[i * k + p] * b.values()[p * n + j]).sum::<f64>();
        let expected: Vec<f64> =
            (0..m).flat_map(|i| (0..n).map(move |j| (i, j))).map(|(i, j)| at(i, j)).collect();
        let (a, b) = (graph.constant(a), graph.constant(b));
        check(&format!("{m}×{k}×{n}"), &a.matmul(&b), &expected, 8.0)?;
        check(&format!("{m}×{k}×{n}, bᵀ"), &a.matmul_t(&b.t()), &expected, 8.0)?;
        check(&format!("{m}×{k}×{n}, aᵀ"), &a.t().t_matmul(&b), &expected, 8.0)?;
    }
    Ok(())
}

/// As `numpy.matmul`: the leading axes are aligned at the last of them, and one of the length 1 is repeated.
#[test]
fn law_5_matrix_products_whose_leading_axes_broadcast() -> Result<()> {
    let (m, k, n) = (3, 4, 5);
    for (a_stack, b_stack, stack) in [
        (vec![2], vec![], [1, 1, 2]),
        (vec![], vec![2], [1, 1, 2]),
        (vec![2, 3], vec![3], [1, 2, 3]),
        (vec![3], vec![2, 1], [1, 2, 3]),
        (vec![2, 1, 3], vec![4, 1], [2, 4, 3]),
        (vec![1], vec![1, 1], [1, 1, 1]),
    ] {
        let [a, b] = [(&a_stack, [m, k]), (&b_stack, [k, n])]
            .map(|(stack, matrix)| numbers([&stack[..], &matrix].concat(), stack.len() + 1));
        // The place of the matrix at (i, j, l) of the result among those of an operand.
        let place = |of: &[usize], index: [usize; 3]| {
            of.iter()
                .zip(&index[3 - of.len()..])
                .fold(0, |place, (&length, &i)| place * length + i.min(length - 1))
        };
        let mut expected = Vec::new();
        for matrix in 0..stack.iter().product::<usize>() {
            let index = [matrix / (stack[1] * stack[2]), matrix / stack[2] % stack[1], matrix % stack[2]];
            let (a, b) = (
                &a.values()[place(&a_stack, index) * m * k..],
                &b.values()[place(&b_stack, index) * k * n..],
            );
            for (i, j) in (0..m).flat_map(|i| (0..n).map(move |j| (i, j))) {
                expected.push((0..k).map(|p| a[i * k + p] * b[p * n + j]).sum::<f64>());
            }
        }
        let graph = Graph::new();
        let (a, b) = (graph.constant(a), graph.constant(b));
        let label = format!("{a_stack:?} and {b_stack:?}");
        let swapped = |x: &Var| {
            let rank = x.shape().rank();
            let axes: Vec<usize> = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
            x.transpose(axes)
        };
        for product in [a.matmul(&b), a.matmul_t(&swapped(&b)), swapped(&a).t_matmul(&b)] {
            let rank = a_stack.len().max(b_stack.len());
            assert_eq!(product.shape()[..], [&stack[3 - rank..], &[m, n]].concat(), "{label}");
            check(&label, &product, &expected, 8.0)?;
        }
    }
    Ok(())
}

#[test]
fn law_5_reductions_of_any_length_over_any_axes() -> Result<()> {
    for n in 1..=70_usize {
        for (shape, axes) in [
            ([n, 3, 1], vec![0]),
            ([3, n, 2], vec![1]),
            ([2, 3, n], vec![2]),
            ([n, 2, 3], vec![0, 2]),
            ([3, n, 5], vec![1, 0]),
            ([2, n, n], vec![2, 0, 1]),
            ([n, 3, 2], vec![]),
        ] {
            let x = numbers(shape, n);
            let mut groups: Vec<Vec<f64>> = Vec::new();
            let mut kept = [usize::MAX; 3];
            let mut size = 1;
            for axis in (0..3).rev().filter(|axis| !axes.contains(axis)) {
                kept[axis] = size;
                size *= shape[axis];
            }
            groups.resize(size, Vec::new());
            for (flat, &value) in x.values().iter().enumerate() {
                let index = [flat / (shape[1] * shape[2]), flat / shape[2] % shape[1], flat % shape[2]];
                let group = (0..3)
                    .filter(|&axis| kept[axis] != usize::MAX)
                    .map(|axis| index[axis] * kept[axis])
                    .sum::<usize>();
                groups[group].push(value);
            }
            let each = |f: fn(&[f64]) -> f64| groups.iter().map(|group| f(group)).collect::<Vec<f64>>();
            let x = Graph::new().constant(x);
            let label = format!("{shape:?} over {axes:?}");
            let sums = each(|group| group.iter().sum());
            check(&label, &x.sum(&axes), &sums, 4.0 + (groups[0].len() as f64).sqrt())?;
            check(
                &label,
                &x.mean(&axes),
                &each(|group| group.iter().sum::<f64>() / group.len() as f64),
                1.0,
            )?;
            check(
                &label,
                &x.max(&axes),
                &each(|group| group.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
                0.0,
            )?;
        }
    }
    Ok(())
}

#[test]
fn law_5_softmax_of_any_length_along_either_axis() -> Result<()> {
    for n in 1..=70_usize {
        let x = Tensor::from_fn([3, n], |i| 8.0 * numbers([3 * n], n).values()[i]).unwrap();
        let rows = |f: fn(f64, f64) -> f64| -> Vec<f64> {
            let row = |row: &[f64]| {
                let total: f64 = row.iter().map(|x| x.exp()).sum();
                row.iter().map(|&x| f(x, total)).collect::<Vec<f64>>()
            };
            x.values().chunks(n).flat_map(row).collect()
        };
        let (softmax, log_softmax) = (rows(|x, total| x.exp() / total), rows(|x, total| x - total.ln()));
        let loss = -(0..3).map(|i| log_softmax[i * n + (i * 5) % n]).sum::<f64>() / 3.0;
        let graph = Graph::new();
        let labels: Vec<u32> = (0..3).map(|i| ((i * 5) % n) as u32).collect();
        let labels = graph.indices("labels", [3], labels);
        let x = graph.constant(x);
        check("softmax", &x.softmax(1), &softmax, 1.0)?;
        check("softmax of columns", &x.t().softmax(0).t(), &softmax, 1.0)?;
        check("log_softmax", &x.log_softmax(1), &log_softmax, 16.0)?;
        check("log_softmax of columns", &x.t().log_softmax(0).t(), &log_softmax, 16.0)?;
        check("softmax_with_loss", &x.softmax_with_loss(&labels), &[loss], 16.0)?;
    }
    Ok(())
}

#[test]
fn law_5_elementwise_loops_of_any_length() -> Result<()> {
    type Function = (&'static str, fn(&Var) -> Var, fn(f64) -> f64);
    let functions: [Function; 15] = [
        ("exp", |x| x.exp(), f64::exp),
        ("log", |x| (x * x + 0.5).log(), |x| (x * x + 0.5).ln()),
        ("sqrt", |x| (x * x + 0.5).sqrt(), |x| (x * x + 0.5).sqrt()),
        ("tanh", |x| (x * 3.0).tanh(), |x| (3.0 * x).tanh()),
        ("sigmoid", |x| (x * 9.0).sigmoid(), |x| 1.0 / (1.0 + (-9.0 * x).exp())),
        ("sin", |x| (x * 9.0).sin(), |x| (9.0 * x).sin()),
        ("cos", |x| (x * 9.0).cos(), |x| (9.0 * x).cos()),
        ("power", |x| (x + 2.0).powf(2.5), |x| (x + 2.0).powf(2.5)),
        ("abs", |x| x.abs(), f64::abs),
        ("relu", |x| x.relu(), |x| x.max(0.0)),
        ("elu", |x| x.elu(0.5), |x| if x > 0.0 { x } else { 0.5 * x.exp_m1() }),
        ("silu", |x| (x * 4.0).silu(), |x| 4.0 * x / (1.0 + (-4.0 * x).exp())),
        ("softplus", |x| (x * 9.0).softplus(), |x| (9.0 * x).exp().ln_1p()),
        ("mish", |x| (x * 4.0).mish(), |x| 4.0 * x * (4.0 * x).exp().ln_1p().tanh()),
        ("minimum", |x| x.minimum(&(x * x)), |x| x.min(x * x)),
    ];
    // Also beyond the block size of a fusion group: 512 or 1024 elements.
    for n in (0..=70).chain([511, 512, 513, 1024, 1025, 2050]) {
        let x = numbers([n], n);
        for (name, record, plain) in functions {
            let expected: Vec<f64> = x.values().iter().map(|&x| plain(x)).collect();
            check(&format!("{name} of {n}"), &record(&Graph::new().constant(x.clone())), &expected, 1.0)?;
        }
    }
    Ok(())
}

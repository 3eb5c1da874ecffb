//! Conventions and single mistakes in the style of public NumPy code: layers of one sample, several inputs, square matrices.

use super::{Given, Own, Subject, examine, matrix, numbers, product, zip};
use ndarray::{Array2, Axis, Slice};
use retrograde::Result;
use retrograde::check::{self, Cause, Severity, Verdict};
use retrograde::textbook::Tensor;

fn elementwise(
    name: &'static str,
    forward: super::Forward,
    right: super::Backward,
    wrong: Vec<super::Wrong>,
) -> Subject {
    Subject { name, x: numbers(&[4, 3], 11), parameters: Vec::new(), forward, right, wrong }
}

fn times(d: &Tensor, slope: Tensor) -> (Tensor, Vec<Tensor>) {
    (d * slope, Vec::new())
}

/// A mask whose first row stops everything.
fn masked(x: &Tensor) -> Tensor {
    let rows = x.len_of(Axis(0));
    let mask =
        ndarray::arr2(&[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]).into_dyn();
    mask.slice_axis(Axis(0), Slice::from(..rows)).to_owned()
}

#[test]
fn slopes_and_masks() -> Result<()> {
    examine(vec![
        elementwise(
            "tanh by its output",
            |x, _| x.mapv(f64::tanh),
            |g| times(g.d, g.y.mapv(|y| 1.0 - y * y)),
            vec![
                ("the 1 is missing", "wrong slope −y²", |g| times(g.d, g.y.mapv(|y| -y * y))),
                ("the parentheses are missing", "wrong slope −(1 + y²)", |g| {
                    times(g.d, g.y.mapv(|y| -1.0 - y * y))
                }),
            ],
        ),
        elementwise(
            "relu that keeps x where it stops",
            |x, _| x.mapv(|x| x.max(0.0)),
            |g| times(g.d, g.x.mapv(|x| f64::from(u8::from(x > 0.0)))),
            vec![("the line for x <= 0 is missing", "wrong slope x where x < 0", |g| {
                times(g.d, g.x.mapv(|x| if x > 0.0 { 1.0 } else { x }))
            })],
        ),
        Subject {
            name: "a fixed mask",
            x: numbers(&[4, 3], 5),
            parameters: Vec::new(),
            forward: |x, _| product(&matrix(&(x * masked(x))), &matrix(&numbers(&[3, 2], 40))),
            right: |g| {
                (
                    product(&matrix(g.d), &matrix(&numbers(&[3, 2], 40)).t().to_owned()) * masked(g.x),
                    Vec::new(),
                )
            },
            wrong: vec![("left out", "mask missing", |g| {
                (product(&matrix(g.d), &matrix(&numbers(&[3, 2], 40)).t().to_owned()), Vec::new())
            })],
        },
    ])
}

fn channels(b: &Tensor) -> Tensor {
    b.clone().insert_axis(Axis(1)).insert_axis(Axis(2))
}

fn per_channel(d: &Tensor) -> Tensor {
    d.sum_axis(Axis(3)).sum_axis(Axis(2)).sum_axis(Axis(0))
}

fn mean_per_channel(g: &Given<'_>) -> (Tensor, Vec<Tensor>) {
    (g.d.clone(), vec![per_channel(g.d) * (g.p[0].len() as f64 / g.d.len() as f64)])
}

#[test]
fn the_bias_of_a_channel() -> Result<()> {
    examine(vec![Subject {
        name: "bias of a channel",
        x: numbers(&[2, 2, 5, 4], 3),
        parameters: vec![numbers(&[2], 8)],
        forward: |x, p| x + &channels(&p[0]),
        right: |g| (g.d.clone(), vec![per_channel(g.d)]),
        wrong: vec![("the mean over all", "factor 1/(N·H·W)", mean_per_channel)],
    }])
}

/// tanh(x · w + b), with the state's slope in backward.
fn cell(x: &Tensor, p: &[Tensor]) -> Tensor {
    (product(&matrix(x), &matrix(&p[0])) + &p[1]).mapv(f64::tanh)
}

fn through(g: &Given<'_>) -> Tensor {
    zip(g.y, g.d, |y, d| d * (1.0 - y * y))
}

fn of_cell(g: &Given<'_>, dx: Tensor, dw: Tensor) -> (Tensor, Vec<Tensor>) {
    (dx, vec![dw, through(g).sum_axis(Axis(0))])
}

#[test]
fn square_matrices_of_a_cell() -> Result<()> {
    let right: super::Backward = |g| {
        let (d, x, w) = (matrix(&through(g)), matrix(g.x), matrix(&g.p[0]));
        of_cell(g, product(&d, &w.t().to_owned()), product(&x.t().to_owned(), &d))
    };
    examine(vec![Subject {
        name: "cell",
        x: numbers(&[3, 3], 21),
        parameters: vec![numbers(&[3, 3], 2), numbers(&[3], 7) * 0.5],
        forward: cell,
        right,
        wrong: vec![
            ("w for w.T", "w changed: w.T", |g| {
                let (d, x, w) = (matrix(&through(g)), matrix(g.x), matrix(&g.p[0]));
                of_cell(g, product(&d, &w), product(&x.t().to_owned(), &d))
            }),
            ("x for x.T", "x changed: x.T", |g| {
                let (d, x, w) = (matrix(&through(g)), matrix(g.x), matrix(&g.p[0]));
                let shown = if x.is_square() { x } else { x.t().to_owned() };
                of_cell(g, product(&d, &w.t().to_owned()), product(&shown, &d))
            }),
            ("the bias left out", "b changed: 0", |g| {
                let x = product(&matrix(g.x), &matrix(&g.p[0])).mapv(f64::tanh);
                let d = matrix(&zip(&x, g.d, |y, d| d * (1.0 - y * y)));
                let dx = product(&d, &matrix(&g.p[0]).t().to_owned());
                (dx, vec![product(&matrix(g.x).t().to_owned(), &d), d.sum_axis(Axis(0)).into_dyn()])
            }),
        ],
    }])
}

#[test]
fn a_small_epsilon_on_one_side_is_a_remark() -> Result<()> {
    let log: super::Forward = |x, _| x.mapv(|x| (x + 1e-6).ln());
    let plain: super::Forward = |x, _| x.mapv(f64::ln);
    let conventions: [(super::Forward, super::Backward); 2] = [
        (log, |g| times(g.d, g.x.mapv(|x| 1.0 / x))),
        (plain, |g| times(g.d, g.x.mapv(|x| 1.0 / (x + 1e-6)))),
    ];
    let layer = |forward, backward| {
        let subject = elementwise("log", forward, backward, Vec::new());
        subject.layer(backward)
    };
    let x = numbers(&[3, 4], 2).mapv(|x| x.abs() + 0.2);
    for (forward, backward) in conventions {
        let report = check::layer(&mut layer(forward, backward), &x)?;
        super::super::support::read(&report);
        assert_eq!(report.verdict, Verdict::Together, "{report}");
        assert!(report.findings.iter().all(|found| found.severity == Severity::Remark), "{report}");
        assert!(report.causes().any(|cause| *cause == Cause::Epsilon { value: 1e-6 }), "{report}");
    }
    // A large one is no convention, and another slope is no epsilon.
    let wrong: [(super::Forward, super::Backward); 2] = [
        (|x, _| x.mapv(|x| (x + 1e-3).ln()), |g| times(g.d, g.x.mapv(|x| 1.0 / x))),
        (plain, |g| times(g.d, g.x.mapv(|x| 1.000_001 / x))),
    ];
    for (forward, backward) in wrong {
        let report = check::layer(&mut layer(forward, backward), &x)?;
        assert_eq!(report.verdict, Verdict::Wrong, "{report}");
    }
    Ok(())
}

/// The first two rows, added up.
fn sum_of_two(x: &Tensor) -> Tensor {
    x.slice_axis(Axis(0), Slice::from(..2.min(x.len_of(Axis(0))))).sum_axis(Axis(0))
}

#[test]
fn a_layer_of_one_sample_may_ignore_what_is_too_much() -> Result<()> {
    let mut layer = Own {
        parameters: Vec::new(),
        gradients: Vec::new(),
        forward: |x, _| sum_of_two(x),
        backward: |g| (g.d.broadcast(vec![2, g.d.len()]).expect("one axis more").to_owned(), Vec::new()),
        memory: None,
    };
    let x = numbers(&[2, 6], 4);
    let report = check::layer(&mut layer, &x)?;
    assert_eq!(report.verdict, Verdict::Right, "{report}");
    Ok(())
}

#[test]
fn rows_that_stay_where_they_are_are_no_finding() -> Result<()> {
    // Each row of the first argument belongs to a row of the second.
    let arguments = [("x", numbers(&[3, 4], 1)), ("h", numbers(&[3, 4], 9))];
    let report = check::vjp(
        &arguments,
        |v| Ok(vec![&v[0] * &v[1]]),
        |v, d| Ok(vec![Some(&d[0] * &v[1]), Some(&d[0] * &v[0])]),
    )?;
    assert!(report.verdict == Verdict::Right && report.findings.is_empty(), "{report}");
    Ok(())
}

#[test]
fn a_decay_of_a_loss_without_layers_is_named() -> Result<()> {
    let (x, y, lambda) = (matrix(&numbers(&[6, 3], 1)), matrix(&numbers(&[6, 2], 50)), 0.1);
    let arguments = [("W", numbers(&[3, 2], 30)), ("b", numbers(&[2], 70))];
    let off = |v: &[Tensor]| x.dot(&matrix(&v[0])) + v[1].view().into_shape_with_order(2).unwrap() - &y;
    for (times, expected) in [(1.0, None), (0.0, Some(0.1)), (2.0, Some(-0.1)), (0.5, Some(0.05))] {
        let report = check::function(
            &arguments,
            |v| Ok(off(v).mapv(|e| e * e).mean().unwrap() + 0.5 * lambda * v[0].mapv(|w| w * w).sum()),
            |v| {
                let d = off(v) * (2.0 / y.len() as f64);
                let decay = &v[0] * (times * lambda);
                Ok(vec![product(&x.t().to_owned(), &d) + decay, d.sum_axis(Axis(0)).into_dyn()])
            },
        )?;
        let found = report.causes().find_map(|cause| match cause {
            Cause::WeightDecay { lambda } => Some(*lambda),
            _ => None,
        });
        assert_eq!(report.verdict.is_wrong(), expected.is_some(), "{report}");
        let near = found.zip(expected).map(|(found, expected): (f64, f64)| (found - expected).abs() < 1e-4);
        assert_eq!(near, expected.map(|_| true), "{report}");
    }
    Ok(())
}

/// sigmoid(first half) · tanh(second half) of x · Wx + h · Wh + b.
fn gates(v: &[Tensor]) -> (Array2<f64>, Array2<f64>) {
    let z = matrix(&v[0]).dot(&matrix(&v[2])) + matrix(&v[1]).dot(&matrix(&v[3]));
    let z = z + v[4].view().into_shape_with_order(6).unwrap();
    let half =
        |from: isize, f: fn(f64) -> f64| z.slice_axis(Axis(1), Slice::new(from, Some(from + 3), 1)).mapv(f);
    (half(0, super::sigmoid), half(3, f64::tanh))
}

#[test]
fn one_mistake_in_a_gate_is_one_finding() -> Result<()> {
    let arguments = [
        ("x", numbers(&[2, 4], 1)),
        ("h", numbers(&[2, 3], 30)),
        ("Wx", numbers(&[4, 6], 60)),
        ("Wh", numbers(&[3, 6], 90)),
        ("b", numbers(&[6], 140)),
    ];
    for (sign, right) in [(1.0, true), (-1.0, false)] {
        let report = check::vjp(
            &arguments,
            |v| Ok(vec![(gates(v).0 * gates(v).1).into_dyn()]),
            |v, d| {
                let ((s, t), d) = (gates(v), matrix(&d[0]));
                let ds = &d * &t * &s.mapv(|s| s * (1.0 - s));
                let dt = &d * &s * &t.mapv(|t| 1.0 - t * t) * sign;
                let dz = ndarray::concatenate(Axis(1), &[ds.view(), dt.view()]).unwrap();
                let back = |w: &Tensor| product(&dz, &matrix(w).t().to_owned());
                let of = |x: &Tensor| product(&matrix(x).t().to_owned(), &dz);
                let db = dz.sum_axis(Axis(0)).into_dyn();
                Ok([back(&v[2]), back(&v[3]), of(&v[0]), of(&v[1]), db].into_iter().map(Some).collect())
            },
        )?;
        assert_eq!(report.verdict.is_wrong(), !right, "{report}");
        let faults: Vec<_> = report.findings.iter().filter(|found| found.verdict.is_wrong()).collect();
        assert!(faults.iter().all(|found| found.cause.is_some()), "{report}");
        let blocks: usize = faults.iter().map(|found| found.blocks.len()).sum();
        assert!(right || blocks == 5, "{report}");
    }
    Ok(())
}

//! Graphs at kinks: a gradient nearby is not a fault, another one is, and a kink elsewhere hides nothing.

use super::operations::{Shares, larger, largest};
use retrograde::check::{Cause, Finding, GraphCheck, Report, Severity, Verdict};
use retrograde::{Graph, Result, Tensor, Var};

#[track_caller]
fn is_no_fault(report: &Report) {
    assert!(matches!(report.verdict, Verdict::Right | Verdict::Kink), "{report}");
    assert!(report.findings.iter().all(|found| found.severity != Severity::Fault), "{report}");
    let blocks = report.blocks.iter().chain(report.layers.iter().flat_map(|node| &node.blocks));
    assert!(blocks.into_iter().all(|block| !block.verdict.is_wrong()), "{report}");
}

#[track_caller]
fn counts_ties(report: &Report, place: &str) {
    assert_eq!(report.verdict, Verdict::Wrong, "{report}");
    let found: Vec<_> = report.findings.iter().filter(|found| found.severity == Severity::Fault).collect();
    let counted = |found: &&Finding| matches!(found.cause, Some(Cause::TiesCounted { .. }));
    assert!(found.iter().any(|found| found.location == place && counted(found)), "{report}");
    assert!(found.iter().all(|found| found.location == place), "{report}");
}

/// Rows with ties: those of the issue, windows after a rectifier, and all numbers alike.
fn tied() -> [Tensor; 4] {
    let windows = [[0.0, 0.0, 0.0, 0.0], [0.0, 0.4, 0.0, 0.2], [0.0, 0.0, 0.0, 0.0]];
    [
        [[1.0, 2.0, 2.0, 2.0]].into(),
        [[1.0, 2.0, 2.0, 2.0], [0.5, -0.3, 0.1, 0.5], [-1.0, 0.2, 0.7, 0.3]].into(),
        windows.into(),
        Tensor::full([3, 30], 0.7).unwrap(),
    ]
}

/// Σ r · m for numbers r of either sign.
fn weighed(m: &Var) -> Var {
    let weights = Tensor::from_fn(m.shape(), |i| if i % 2 == 0 { 0.6 + i as f64 } else { -1.3 }).unwrap();
    (m * &m.graph().constant(weights)).sum_all()
}

#[test]
fn a_maximum_gives_its_gradient_once() -> Result<()> {
    for x in tied() {
        for directions in [false, true] {
            let check = |shares: Shares| {
                let graph = Graph::new();
                let m = largest(&graph.parameter("x", x.clone()), shares).named("m");
                let check = GraphCheck::new(&weighed(&m));
                if directions { check.in_random_directions() } else { check }.run()
            };
            for shares in [Shares::First, Shares::Last, Shares::Equal] {
                is_no_fault(&check(shares)?);
            }
            if !directions {
                counts_ties(&check(Shares::Each)?, "m");
            }
        }
    }
    // Without ties each is the one largest.
    let graph = Graph::new();
    let x = graph.parameter("x", [[0.3, -0.7, 1.2, 0.4], [2.0, 1.0, 0.0, -1.0]]);
    let report = GraphCheck::new(&weighed(&largest(&x, Shares::Each))).run()?;
    assert_eq!(report.verdict, Verdict::Right, "{report}");
    Ok(())
}

#[test]
fn the_larger_of_two_that_are_equal_gives_its_gradient_once() -> Result<()> {
    for (shares, right) in [([0.5, 0.5], true), ([1.0, 0.0], true), ([0.0, 1.0], true), ([1.0, 1.0], false)] {
        // Two parameters, and one twice: then there is no kink at all.
        for names in [["a", "b"], ["a", "a"]] {
            let graph = Graph::new();
            let values = [[0.4, -0.2, 1.1], [0.3, 0.9, -0.5]];
            let [a, b] = names.map(|name| graph.parameter(name, values));
            let b = if names[0] == names[1] { a.clone() } else { b };
            let report = GraphCheck::new(&weighed(&larger(&a, &b, shares).named("m"))).run()?;
            if right { is_no_fault(&report) } else { counts_ties(&report, "m") }
        }
    }
    Ok(())
}

/// Black images through two layers of rectifiers without biases: all pre-activations are at their kinks.
struct Black {
    loss: Var,
    blocks: [Var; 4],
    x: Var,
    z: [Var; 2],
    a: [Var; 2],
    e: Var,
}

impl Black {
    fn new() -> Self {
        let graph = Graph::new();
        let draw = |shape: [usize; 2], seed: usize| {
            Tensor::from_fn(shape, |i| ((7919 * (i + seed) + 13) % 1009) as f64 / 504.5 - 1.0).unwrap()
        };
        let x = graph.constant(Tensor::full([3, 4], 0.0).unwrap());
        let (w1, b1) = (
            graph.parameter("w1", draw([4, 5], 3)),
            graph.parameter("b1", Tensor::full([1, 5], 0.0).unwrap()),
        );
        let (w2, b2) = (
            graph.parameter("w2", draw([5, 3], 60)),
            graph.parameter("b2", Tensor::full([1, 3], 0.0).unwrap()),
        );
        let z1 = x.matmul(&w1) + b1.broadcast([3, 5]);
        let a1 = z1.relu();
        let z2 = a1.matmul(&w2) + b2.broadcast([3, 3]);
        let a2 = z2.relu();
        let e = &a2 - &graph.constant(draw([3, 3], 200));
        let loss = (&e * &e).sum_all();
        Black { loss, blocks: [w1, b1, w2, b2], x, z: [z1, z2], a: [a1, a2], e }
    }

    /// The gradients by hand, with a slope of the rectifier at 0 for each layer.
    fn gradients(&self, at_zero: [f64; 2]) -> [Var; 4] {
        let slope = |z: &Var, at_zero: f64| {
            let sign = z.sign();
            let here = 1.0 - &sign * &sign;
            0.5 * (&sign + 1.0 - &here) + at_zero * &here
        };
        let dz2 = 2.0 * &self.e * slope(&self.z[1], at_zero[1]);
        let dz1 = dz2.matmul_t(&self.blocks[2]) * slope(&self.z[0], at_zero[0]);
        [self.x.t_matmul(&dz1), dz1.sum_to([1, 5]), self.a[0].t_matmul(&dz2), dz2.sum_to([1, 3])]
    }

    fn check(&self, gradients: &[Var; 4]) -> Result<Report> {
        let claims = self.blocks.iter().zip(gradients);
        claims.fold(GraphCheck::new(&self.loss), |check, (block, claim)| check.claim(block, claim)).run()
    }
}

#[test]
fn black_images_and_no_biases_are_at_kinks_and_right() -> Result<()> {
    let black = Black::new();
    is_no_fault(&GraphCheck::new(&black.loss).run()?);
    for at_zero in [[0.0, 0.0], [1.0, 1.0], [0.5, 0.5], [1.0, 0.0]] {
        is_no_fault(&black.check(&black.gradients(at_zero))?);
    }
    Ok(())
}

#[test]
fn a_kink_hides_no_wrong_gradient() -> Result<()> {
    let black = Black::new();
    let mut gradients = black.gradients([1.0, 1.0]);
    gradients[3] = 3.0 * &gradients[3];
    let report = black.check(&gradients)?;
    let wrong: Vec<&str> = report
        .blocks
        .iter()
        .filter(|block| block.verdict.is_wrong())
        .map(|block| block.block.as_str())
        .collect();
    assert_eq!((report.verdict, wrong), (Verdict::Wrong, vec!["b2"]), "{report}");

    // Beside a rectifier at its kink, a claim that is twice too large where all is smooth.
    let graph = Graph::new();
    let (w, v) = (graph.parameter("w", [0.0, 0.4]), graph.parameter("v", [0.7, -0.2]));
    let loss = w.relu().sum_all() + (&v * &v).sum_all();
    let report = GraphCheck::new(&loss).claim(&v, &(4.0 * &v)).run()?;
    assert_eq!(report.verdict, Verdict::Wrong, "{report}");
    assert!(report.causes().any(|cause| cause.to_string().starts_with("factor 2")), "{report}");
    Ok(())
}

#[test]
fn a_maximum_by_hand_gives_its_gradient_once() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [[1.0, 2.0, 2.0, 2.0], [0.3, 0.1, 0.3, -1.0]]);
    let m = x.max([1]);
    let loss = weighed(&m);
    let mask =
        |rows: [[f64; 4]; 2]| &graph.constant(Tensor::from(rows)) * &graph.constant([[0.6; 4], [-1.3; 4]]);
    let check = |claim: &Var| GraphCheck::new(&loss).claim(&x, claim).run();
    let third = 1.0 / 3.0;
    for right in [
        [[0.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]],
        [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0]],
        [[0.0, third, third, third], [0.5, 0.0, 0.5, 0.0]],
        [[0.0, 0.2, 0.5, 0.3], [0.9, 0.0, 0.1, 0.0]],
    ] {
        is_no_fault(&check(&mask(right))?);
    }
    let report = check(&mask([[0.0, 1.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0]]))?;
    assert_eq!(report.verdict, Verdict::Wrong, "{report}");
    let report = check(&mask([[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]]))?;
    assert_eq!(report.verdict, Verdict::Wrong, "{report}");
    Ok(())
}

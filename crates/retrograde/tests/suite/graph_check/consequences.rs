//! A graph is wrong if the gradient of a parameter is; if rounding hides it at the given values, others decide.

use super::operations::{Flaw, flawed};
use retrograde::check::{self, GraphCheck, Language, Report, Severity, Verdict};
use retrograde::{Graph, Result, Tensor, Var};

fn draw(shape: [usize; 2], seed: usize) -> Tensor {
    Tensor::from_fn(shape, |i| ((7919 * (i + seed) + 13) % 1009) as f64 / 504.5 - 1.0).unwrap()
}

fn faults(report: &Report) -> usize {
    report.findings.iter().filter(|found| found.severity == Severity::Fault).count()
}

#[test]
fn an_isolated_fault_without_consequence_is_a_remark() -> Result<()> {
    // The upstream gradient is 1 at the end of a graph; here it is the scale.
    let end = |scale: f64| {
        let x = Graph::new().parameter("x", draw([3, 4], 5));
        scale * flawed(&x.tanh(), Flaw::DoutIgnored).named("mine").sum_all()
    };
    for directions in [false, true] {
        let check = |loss: &Var| {
            let check = GraphCheck::new(loss);
            if directions { check.in_random_directions() } else { check }.run()
        };
        let report = check(&end(1.0))?;
        assert_eq!((report.verdict, faults(&report)), (Verdict::Right, 0), "{report}");
        let node = report.layers.iter().find(|node| node.name == "mine").expect("the node");
        assert_eq!(node.verdict, Verdict::Together, "{report}");
        let remark = report.findings.iter().find(|found| found.location == "mine").expect("a remark");
        assert!(
            remark.sentence(Language::English).contains("no consequence"),
            "{}",
            remark.sentence(Language::English)
        );

        let report = check(&end(3.0))?;
        assert_eq!(report.verdict, Verdict::Wrong, "{report}");
        assert_eq!(report.first_wrong().map(|node| node.kind.as_str()), Some("flawed"), "{report}");
    }
    let graph = Graph::new();
    let x = graph.parameter("x", draw([3, 4], 5));
    // What another operation makes up for: −1 times −1.
    let twice = flawed(&flawed(&x.tanh(), Flaw::Sign), Flaw::Sign);
    let report = check::gradients(&(&twice * &twice).sum_all(), &[&x])?;
    assert_eq!((report.verdict, faults(&report)), (Verdict::Right, 0), "{report}");
    // What no parameter depends on but through a factor of 0.
    let unused = (&x * &x).sum_all() + 0.0 * flawed(&x, Flaw::Factor).sum_all();
    let report = check::gradients(&unused, &[&x])?;
    assert_eq!((report.verdict, faults(&report)), (Verdict::Right, 0), "{report}");
    Ok(())
}

#[test]
fn a_sample_without_the_wrong_elements_does_not_pass_the_block() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", draw([20, 20], 5));
    let y = flawed(&x.tanh(), Flaw::OneElement).named("mine");
    for seed in 0..4 {
        let report = GraphCheck::new(&(&y * &y).sum_all()).sample(3).seed(seed).run()?;
        assert_eq!(report.verdict, Verdict::Wrong, "{report}");
        assert_eq!(report.first_wrong().map(|node| node.name.as_str()), Some("mine"), "{report}");
    }
    Ok(())
}

/// Of a large block only a part is differentiated one by one: a random direction through all of it sees the rest.
#[test]
fn a_large_block_is_covered_by_a_direction() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", draw([250, 200], 5));
    let loss = |flaw| -> Var {
        let y = flawed(&x.tanh(), flaw).named("mine");
        (&y * &y).sum_all()
    };
    let right = check::gradients(&(x.tanh() * x.tanh()).sum_all(), &[&x])?;
    assert_eq!(right.verdict, Verdict::Right, "{right}");
    let compared = right.blocks[0].compared;
    assert!((1..50_000).contains(&compared), "{compared} of 50,000 elements are compared: it is no sample");
    let report = check::gradients(&loss(Flaw::OneElement), &[&x])?;
    assert_eq!(report.verdict, Verdict::Wrong, "{report}");
    assert_eq!(report.first_wrong().map(|node| node.name.as_str()), Some("mine"), "{report}");
    Ok(())
}

#[test]
fn a_fault_that_rounding_hides_at_the_given_values_is_found_at_others() -> Result<()> {
    let graph = Graph::new();
    let labels = graph.indices("t", [3], [0, 2, 1]);
    let logits =
        Tensor::from_fn([3, 4], |i| if [0, 6, 9].contains(&i) { 60.0 } else { (i % 3) as f64 }).unwrap();
    let w = graph.parameter("w", logits);
    let right = w.softmax_with_loss(&labels);
    let report = check::gradients(&right, &[&w])?;
    assert_eq!((report.verdict, faults(&report)), (Verdict::Right, 0), "{report}");
    assert!(
        report
            .findings
            .iter()
            .any(|found| found.sentence(Language::English).contains("at other values of the parameters")),
        "{report}"
    );
    for flaw in [Flaw::Sign, Flaw::Factor, Flaw::SlopeMissing] {
        let loss = flawed(&w, flaw).softmax_with_loss(&labels);
        let report = check::gradients(&loss, &[&w])?;
        assert_eq!(report.verdict, Verdict::Wrong, "{flaw:?}: {report}");
        assert_eq!(report.first_wrong().map(|node| node.kind.as_str()), Some("flawed"), "{report}");
    }
    // By hand: what follows the parameters can be compared at others.
    let claim = right.backward()?.wrt(&w)?;
    for (claim, verdict) in [(claim.clone(), Verdict::Right), (3.0 * &claim, Verdict::Wrong)] {
        let report = GraphCheck::new(&right).claim(&w, &claim).run()?;
        assert_eq!(report.verdict, verdict, "{report}");
    }
    Ok(())
}

#[test]
fn gradients_given_as_numbers_are_compared_at_the_given_values() -> Result<()> {
    let graph = Graph::new();
    let (x, y) = (graph.constant(draw([6, 4], 3)), graph.constant(draw([6, 4], 400)));
    let (w, v) = (graph.parameter("w", draw([4, 4], 40)), graph.parameter("v", draw([4, 4], 130)));
    let e = x.matmul(&w).tanh().matmul(&v) - &y;
    let loss = (1.0 / 6.0) * (&e * &e).sum_all();
    let gradients = loss.backward()?;
    let mut plan = retrograde::Planner::new(&graph)
        .fetch(&gradients.wrt(&w)?)
        .fetch(&gradients.wrt(&v)?)
        .compile::<f64>()?;
    plan.run()?;
    let (dw, dv) = (plan.value(&gradients.wrt(&w)?)?, plan.value(&gradients.wrt(&v)?)?);
    let constant = |value: &Tensor| graph.constant(value.clone());
    let (dw, dv) = (constant(&dw), constant(&dv));
    let cases: [(&str, Var, &[&str]); 7] = [
        ("right", dw.clone(), &[]),
        ("sign", -1.0 * &dw, &["wrong sign"]),
        ("factor", 2.0 * &dw, &["factor 2"]),
        ("mean", (1.0 / 6.0) * &dw, &["factor 1/N", "factor 1/6"]),
        ("transposed", dw.transpose([1, 0]), &["transposed"]),
        ("another", dv.clone(), &["gradient of v"]),
        ("zero", 0.0 * &dw, &["zero"]),
    ];
    for (label, claim, causes) in cases {
        let report = GraphCheck::new(&loss).claim(&w, &claim).claim(&v, &dv).run()?;
        let said: Vec<String> = report.causes().map(ToString::to_string).collect();
        if causes.is_empty() {
            assert_eq!((report.verdict, faults(&report)), (Verdict::Right, 0), "{label}: {report}");
            continue;
        }
        assert_eq!((report.verdict, faults(&report)), (Verdict::Wrong, 1), "{label}: {report}");
        assert!(
            said.iter().any(|said| causes.iter().any(|cause| said.starts_with(cause))),
            "{label}: {report}"
        );
        let wrong: Vec<&str> =
            report.blocks.iter().filter(|b| b.verdict.is_wrong()).map(|b| b.block.as_str()).collect();
        assert_eq!(wrong, ["w"], "{label}: {report}");
    }
    Ok(())
}

#[test]
fn gradients_by_hand_that_are_no_numbers_or_of_a_large_network_are_wrong() -> Result<()> {
    let graph = Graph::new();
    let w = graph.parameter("w", draw([3, 4], 5));
    let loss = (&w * &w).sum_all();
    let zero = &w - &w;
    let report = GraphCheck::new(&loss).claim(&w, &(&zero / &zero)).run()?;
    assert_eq!((report.verdict, faults(&report)), (Verdict::Wrong, 1), "{report}");

    let large = Graph::new();
    let (x, y) = (large.constant(draw([2, 300], 3)), large.constant(draw([2, 40], 400)));
    let (w, b) = (large.parameter("w", draw([300, 40], 40)), large.parameter("b", draw([1, 40], 90)));
    let e = (x.matmul(&w) + b.broadcast([2, 40])).tanh() - &y;
    let loss = (&e * &e).sum_all();
    let gradients = loss.backward()?;
    let report = GraphCheck::new(&loss)
        .claim(&w, &(3.0 * &gradients.wrt(&w)?))
        .claim(&b, &gradients.wrt(&b)?)
        .sample(100)
        .run()?;
    assert_eq!((report.verdict, faults(&report)), (Verdict::Wrong, 1), "{report}");
    assert!(report.causes().all(|cause| cause.to_string() == "factor 3"), "{report}");
    Ok(())
}

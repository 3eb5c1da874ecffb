//! Gradients that cannot be compared are never called right.

use super::operations::{Flaw, flawed};
use retrograde::check::{self, GraphCheck, Language, Report, Verdict};
use retrograde::data::Dataset;
use retrograde::nn::{Mlp, Model};
use retrograde::{Graph, Result, Tensor, Var};

fn loss(graph: &Graph, w: [f64; 3]) -> (Var, Var) {
    let w = graph.parameter("w", w);
    (flawed(&w, Flaw::Sign).sum_all().named("loss"), w)
}

#[test]
fn a_check_without_elements_is_an_error() {
    let graph = Graph::new();
    let (wrong, _) = loss(&graph, [1.0, 2.0, 3.0]);
    let constant = graph.constant(2.0).tanh();
    let empty = graph.parameter("none", Tensor::from_fn([0, 3], |_| 0.0).unwrap()).sum_all();
    let samples = Dataset::embedded().and_then(|data| data.train().select(&[0])).expect("a digit");
    let net = Mlp::new([784, 3, 10]).build().expect("a network");
    let refused: [(&str, Result<Report>, &str); 7] = [
        ("no numbers", GraphCheck::new(&wrong).sample(0).run(), "sample at least 1"),
        (
            "none in directions",
            GraphCheck::new(&wrong).sample(0).in_random_directions().run(),
            "sample at least 1",
        ),
        (
            "none of a model",
            check::model(&net, &samples).and_then(|check| check.sample(0).run()),
            "sample at least 1",
        ),
        ("no parameters", check::gradients(&wrong, &[]), "pass at least one parameter"),
        (
            "no parameters in second order",
            GraphCheck::new(&wrong).parameters([]).second_order().run(),
            "pass at least one",
        ),
        ("a constant loss", GraphCheck::new(&constant).run(), "Graph::parameter"),
        ("an empty parameter", GraphCheck::new(&empty).run(), "at least one element"),
    ];
    for (label, report, help) in refused {
        let message = report.expect_err(label).to_string();
        assert!(
            message.contains("there is nothing to compare") && message.contains(help),
            "{label}: {message}"
        );
    }
}

#[test]
fn parameters_that_are_not_finite_are_named_and_no_node_is_wrong() -> Result<()> {
    for second_order in [false, true] {
        let graph = Graph::new();
        let (right, w) = loss(&graph, [1.0, f64::NAN, f64::INFINITY]);
        let other = graph.parameter("other", [1.0, 2.0]);
        let all = right + other.relu().sum_all();
        let check = GraphCheck::new(&all);
        let report = if second_order { check.second_order() } else { check }.run()?;
        assert_eq!(
            (report.verdict, report.findings.len(), report.layers.len()),
            (Verdict::Inconclusive, 1, 0)
        );
        let found = &report.findings[0];
        assert_eq!((found.verdict, &found.blocks[..]), (Verdict::Inconclusive, &["w".to_string()][..]));
        assert!(
            found.sentence(Language::English).starts_with("`w` holds 1 NaN and 1 infinite of its 3 numbers"),
            "{}",
            found.sentence(Language::English)
        );
        let values = GraphCheck::new(&all).set(&w, &[1.0, 2.0, 3.0]).run()?;
        assert_eq!(values.verdict, Verdict::Wrong, "with numbers it is told");
    }
    // A rectifier hides NaN from the loss.
    let graph = Graph::new();
    let hidden = graph.parameter("hidden", [f64::NEG_INFINITY, 1.0]).relu().sum_all();
    assert_eq!(check::GraphCheck::new(&hidden).run()?.verdict, Verdict::Inconclusive);
    Ok(())
}

#[test]
fn a_model_of_nan_is_reported_in_one_sentence() -> Result<()> {
    let mut net = Mlp::new([784, 3, 10]).build()?;
    for (_, value) in net.parameters_mut().iter_mut().filter(|(name, _)| *name == "affine1.bias") {
        *value = Tensor::from_fn([3], |_| f64::NAN).unwrap();
    }
    let samples = Dataset::embedded()?.train().select(&[0, 1])?;
    let report = check::model(&net, &samples)?.run()?;
    assert_eq!((report.verdict, report.findings.len()), (Verdict::Inconclusive, 1));
    assert!(
        report.findings[0]
            .sentence(Language::English)
            .starts_with("`affine1.bias` holds 3 NaN of its 3 numbers")
    );
    Ok(())
}

#[test]
fn a_loss_that_is_not_finite_is_reported_with_its_first_node() -> Result<()> {
    let graph = Graph::new();
    let w = graph.parameter("w", [1.0, -1.0]);
    let log = w.log().named("here");
    let loss = (&log * &log).sum_all();
    let report = check::gradients(&loss, &[&w])?;
    assert_eq!((report.verdict, report.findings.len()), (Verdict::Inconclusive, 1));
    let sentence = &report.findings[0].sentence(Language::English);
    let line = log.node().location.to_string();
    assert!(sentence.contains("The loss is NaN") && sentence.contains("`here`"), "{sentence}");
    assert!(sentence.contains(&line) && sentence.contains("1 NaN of its 2 numbers"), "{sentence}");
    // An infinity that is meant, in a mask, hinders nothing.
    let masked = (&w + &graph.constant([0.0, f64::NEG_INFINITY])).reshape([1, 2]).softmax(1);
    let loss = (&masked * &masked).sum_all();
    assert_eq!(check::gradients(&loss, &[&w])?.verdict, Verdict::Right);
    Ok(())
}

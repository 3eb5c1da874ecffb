//! The gradient check of recorded graphs: right gradients pass, wrong ones are detected and located, and undecidable ones
//! are inconclusive.

mod consequences;
mod inconclusive;
mod kinks;
mod operations;
mod own_convolution;

use operations::{Flaw, flawed};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use retrograde::check::{self, Cause, GraphCheck, Language, Report, Severity, Verdict};
use retrograde::data::Dataset;
use retrograde::nn::{Activation, Init, Mlp, Mode, Model};
use retrograde::{Graph, Result, Tensor, Var, view};

/// A network's loss on random rows.
fn network(graph: &Graph, sizes: &[usize], activation: Activation, rows: usize, seed: u64) -> Result<Var> {
    let net = Mlp::new(sizes).activation(activation).init(Init::LeCun).seed(seed).build()?;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let (inputs, classes) = (sizes[0], sizes[sizes.len() - 1]);
    let x = graph.constant(Tensor::from_fn([rows, inputs], |_| random.random_range(-1.0..1.0)).unwrap());
    let labels: Vec<u32> = (0..rows).map(|_| random.random_range(0..classes as u32)).collect();
    let labels = graph.indices("labels", [rows], labels);
    Ok(net.record(&x, Mode::Train).output.softmax_with_loss(&labels).named("loss"))
}

/// The verdict requires six digits; right gradients agree much better.
fn is_right(report: &Report) {
    assert_eq!(report.verdict, Verdict::Right, "{report:#?}");
    assert!(report.findings.is_empty() && report.first_wrong().is_none());
    assert!(report.blocks.iter().all(|block| block.largest < 1e-5), "{:#?}", report.blocks);
}

#[test]
fn the_two_layer_network_is_right_in_every_one_of_its_parameters() -> Result<()> {
    let graph = Graph::new();
    let loss = view::two_layer(&graph, Dataset::embedded()?.train())?;
    let report = GraphCheck::new(&loss).run()?;
    is_right(&report);
    let blocks: Vec<(&str, usize)> =
        report.blocks.iter().map(|block| (block.block.as_str(), block.compared)).collect();
    let expected =
        [("affine1.weight", 39_200), ("affine1.bias", 50), ("affine2.weight", 500), ("affine2.bias", 10)];
    assert_eq!(blocks, expected);
    for block in &report.blocks {
        assert!(block.median < 1e-8 && (block.cosine - 1.0).abs() < 1e-9, "{block:?}");
    }
    let nodes: Vec<&str> = report.layers.iter().map(|station| station.kind.as_str()).collect();
    assert_eq!(
        nodes,
        ["matmul", "broadcast", "add", "relu", "matmul", "broadcast", "add", "softmax_with_loss"]
    );
    // The same on any number of threads, bit for bit.
    let loss = view::two_layer(&Graph::new(), Dataset::embedded()?.train())?;
    assert_eq!(GraphCheck::new(&loss).threads(1).run()?.blocks, report.blocks);
    let quick = GraphCheck::new(&loss).in_random_directions().run()?;
    is_right(&quick);
    assert_eq!(quick.blocks.len(), 5);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn networks_of_the_library_are_right_in_both_orders(
        sizes in prop::collection::vec(1..8_usize, 2..5),
        which in 0..Activation::ALL.len(),
        rows in 1..9_usize,
        seed in 0..1000_u64,
    ) {
        let graph = Graph::new();
        let loss = network(&graph, &sizes, Activation::ALL[which], rows, seed).expect("a network");
        let first = GraphCheck::new(&loss).threads(1).seed(seed).run().expect("can be checked");
        let both = GraphCheck::new(&loss).second_order().threads(1).seed(seed).run().expect("can be checked");
        match first.verdict {
            // A rectifier that nothing behind it sees has no kink of the loss, and one of its gradient; so has elu, whose slope is
            // continuous.
            Verdict::Right
                if matches!(
                    Activation::ALL[which],
                    Activation::Relu | Activation::LeakyRelu | Activation::Elu
                ) =>
            {
                prop_assert!(matches!(both.verdict, Verdict::Right | Verdict::Kink), "{both:#?}");
            }
            Verdict::Right => prop_assert_eq!(both.verdict, Verdict::Right, "{:#?}", both),
            // Layers so narrow that all inputs of the next are zero put it at its kink, where the slope itself jumps.
            verdict => {
                prop_assert_eq!(verdict, Verdict::Kink, "{:#?}", first);
                prop_assert!(!both.verdict.is_wrong(), "{both:#?}");
            }
        }
    }

    #[test]
    fn only_the_wrong_operation_is_named(
        flaw in prop::sample::select(Flaw::WRONG.to_vec()),
        depth in 1..5_usize,
        at in 0..5_usize,
        seed in 0..1000_u64,
        directions: bool,
    ) {
        let at = at % depth;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let graph = Graph::new();
        let mut x = graph.parameter("x", Tensor::from_fn([3, 4], |_| random.random_range(0.2..1.5)).unwrap());
        let mut culprit = None;
        for layer in 0..depth {
            let w = Tensor::from_fn([4, 4], |_| random.random_range(0.1..1.0)).unwrap();
            let z = x.matmul(&graph.parameter(&format!("w{layer}"), w));
            x = if layer == at {
                let y = flawed(&z, flaw).named("mine");
                culprit = Some(y.clone());
                y
            } else {
                z.tanh()
            };
        }
        let loss = (&x * &x).mean_all();
        let check = GraphCheck::new(&loss).threads(1);
        let report = if directions { check.in_random_directions() } else { check }.run().expect("can be checked");
        prop_assert_eq!(report.verdict, Verdict::Wrong);
        let wrong: Vec<&str> =
            report.layers.iter().filter(|s| s.verdict.is_wrong()).map(|s| s.name.as_str()).collect();
        prop_assert_eq!(&wrong, &["mine"], "{:?} at {}: {:#?}", flaw, at, report);
        let fault = &report.findings[0];
        prop_assert_eq!((fault.severity, fault.location.as_str()), (Severity::Fault, "mine"));
        let line = culprit.map(|var| var.node().location.to_string()).unwrap_or_default();
        prop_assert!(fault.sentence(Language::English).contains("first from the left") && fault.sentence(Language::English).contains(&line), "{}", fault.sentence(Language::English));
    }
}

#[test]
fn the_cause_of_a_wrong_derivative_is_named() -> Result<()> {
    for (flaw, cause) in [
        (Flaw::Sign, "wrong sign"),
        (Flaw::Factor, "factor 2"),
        (Flaw::Rows, "factor 2"),
        (Flaw::SlopeMissing, "slope missing"),
        (Flaw::SlopeAtOutput, "slope taken at the output"),
        (Flaw::Detached, "zero"),
        (Flaw::DoutIgnored, "dout ignored"),
    ] {
        let graph = Graph::new();
        let x = graph.parameter("x", [[0.3, 0.7, -0.4], [1.2, -0.9, 0.5]]);
        let report = check::gradients(&flawed(&x.tanh(), flaw).sum_all(), &[&x])?;
        let said: Vec<String> = report.causes().map(ToString::to_string).collect();
        assert!(said.iter().any(|said| said.starts_with(cause)), "{flaw:?}: {said:?}\n{report}");
    }
    Ok(())
}

#[test]
fn what_is_right_in_first_order_only_is_found_in_second() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [0.3, 0.7, -0.4]);
    let loss = flawed(&x, Flaw::SecondOrder).sum_all();
    assert_eq!(check::gradients(&loss, &[&x])?.verdict, Verdict::Right);
    let report = GraphCheck::new(&loss).second_order().run()?;
    assert_eq!(report.verdict, Verdict::Wrong);
    let found = report.first_wrong().map(|station| station.kind.clone());
    assert_eq!(found.as_deref(), Some("frozen"), "{report:#?}");
    Ok(())
}

#[test]
fn a_derivative_that_cannot_be_recorded_is_the_nodes_fault() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [0.3, 0.7, -0.4]);
    let report = check::gradients(&flawed(&x.tanh(), Flaw::Shape).sum_all(), &[&x])?;
    assert_eq!(report.verdict, Verdict::Wrong);
    assert_eq!(report.first_wrong().map(|station| station.kind.as_str()), Some("flawed"));
    assert!(
        report.findings[0].sentence(Language::English).contains("[1, 3]"),
        "{}",
        report.findings[0].sentence(Language::English)
    );
    Ok(())
}

#[test]
fn kinks_are_not_faults_and_the_side_is_reported() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [0.0, 1.0, -1.0, 0.0]);
    let report = check::gradients(&x.relu().sum_all(), &[&x])?;
    assert_eq!(report.verdict, Verdict::Kink, "{report:#?}");
    let note = &report.findings[0];
    assert_eq!((note.severity, note.verdict), (Severity::Remark, Verdict::Kink));
    assert!(
        note.sentence(Language::English).contains("2 of 4")
            && note.sentence(Language::English).contains("left side"),
        "{}",
        note.sentence(Language::English)
    );
    // relu(x) - relu(-x) is x, whose slope is 1; the sum of the slopes that are taken at 0 is 0.
    for directions in [false, true] {
        let check = GraphCheck::new(&(x.relu() - (-&x).relu()).sum_all());
        let report = if directions { check.in_random_directions() } else { check }.run()?;
        assert_eq!(report.verdict, Verdict::Kink, "{report:#?}");
    }
    // A kink a little away is none: 1e-6 is nearer than any step that one would take without looking.
    let near = graph.parameter("near", [1e-6, -1e-6, 3e-8]);
    let report = check::gradients(&near.relu().sum_all(), &[&near])?;
    assert!(matches!(report.verdict, Verdict::Right | Verdict::Kink), "{report:#?}");
    // Tied maxima get equal contributions.
    let tie = graph.parameter("tie", [2.0, 2.0, 1.0]);
    assert_eq!(check::gradients(&tie.max([0]), &[&tie])?.verdict, Verdict::Kink);
    Ok(())
}

#[test]
fn what_cannot_be_differentiated_is_not_called_wrong() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [1.0, 0.0]);
    let verdict = |y: &Var| Ok::<_, retrograde::Error>(check::gradients(&y.sum_all(), &[&x])?.verdict);
    assert_eq!(verdict(&x.sqrt())?, Verdict::NotDifferentiable);
    assert_eq!(verdict(&flawed(&x, Flaw::Noise))?, Verdict::NotDeterministic);
    Ok(())
}

#[test]
fn parameters_used_twice_and_in_other_ways_are_moved_as_a_whole() -> Result<()> {
    let graph = Graph::new();
    let mut random = Xoshiro256PlusPlus::seed_from_u64(3);
    let mut draw = |shape: [usize; 2]| Tensor::from_fn(shape, |_| random.random_range(-1.0..1.0)).unwrap();
    let (x, w) = (graph.constant(draw([3, 4])), graph.parameter("w", draw([4, 4])));
    // Tied weights, one product behind the other; weight decay; the same beside itself; both operands at once.
    let tied = x.matmul(&w).tanh().matmul_t(&w).tanh().sum_all() + 0.1 * (&w * &w).sum_all();
    let beside = (x.matmul(&w).tanh() * x.matmul_t(&w)).sum_all();
    let both = w.matmul(&w).tanh().sum_all();
    // The loss is itself a product, or the block.
    let row = graph.parameter("row", draw([1, 4]));
    let product = row.matmul(&graph.constant(draw([4, 1])));
    let one = graph.parameter("one", 2.0);
    for (loss, block) in [(&tied, &w), (&beside, &w), (&both, &w), (&product, &row), (&one, &one)] {
        is_right(&GraphCheck::new(loss).parameters([block]).second_order().run()?);
    }
    // A part is missing: the contribution of the products is right, that of the decay is missing.
    let without = x.matmul(&w).tanh().matmul_t(&w).tanh().sum_all().backward()?.wrt(&w)?;
    let report = GraphCheck::new(&tied).claim(&w, &without).run()?;
    assert_eq!(report.verdict, Verdict::Wrong);
    assert!(
        report.first_wrong().is_none()
            && report.findings[0].sentence(Language::English).contains("The given gradient of"),
        "{report:#?}"
    );
    Ok(())
}

#[test]
fn inputs_and_samples_and_what_makes_no_sense() -> Result<()> {
    let graph = Graph::new();
    let (x, w) = (graph.input("x", [50, 30]), graph.parameter("w", Tensor::full([30], 0.1).unwrap()));
    let labels = graph.index_input("labels", [50]);
    let loss = (&x * &w.broadcast([50, 30])).tanh().softmax_with_loss(&labels);
    let check = GraphCheck::new(&loss)
        .set(&x, &Tensor::from_fn([50, 30], |i| (i % 7) as f64 - 3.0).unwrap().into_values());
    let unset = check.clone().run().expect_err("labels have no values").to_string();
    assert!(unset.contains("labels"), "{unset}");
    let check = check.set_indices(&labels, &[3; 50]);
    let report = check.clone().sample(5).seed(9).run()?;
    is_right(&report);
    assert_eq!(report.blocks[0].compared, 5);
    is_right(&check.clone().parameters([&x, &w]).sample(20).run()?);
    let no_number = GraphCheck::new(&w).run().expect_err("30 numbers").to_string();
    assert!(no_number.contains("[30]") && no_number.contains("sum_all"), "{no_number}");
    let other = Graph::new().parameter("other", 1.0);
    assert!(check.clone().parameters([&other]).run().is_err());
    assert!(check.clone().parameters([&labels]).run().is_err());
    assert!(check.clone().claim(&w, &x).run().is_err());
    Ok(())
}

#[test]
fn a_gradient_in_single_precision_is_rounded_and_not_wrong() -> Result<()> {
    let net = Mlp::new([784, 50, 10]).build()?;
    let rows = Dataset::embedded()?.train().select(&[0, 1, 2])?;
    let report = check::model(&net, &rows)?.sample(50).in_single_precision().run()?;
    assert_eq!(report.verdict, Verdict::Rounding, "{report}");
    assert!(report.findings.iter().all(|finding| finding.severity == Severity::Remark), "{report}");
    // Random directions, and the second order, in the same way.
    let directions = check::model(&net, &rows)?.in_random_directions().in_single_precision().run()?;
    assert_eq!(directions.verdict, Verdict::Rounding, "{directions}");

    // (1 + u)² − u² for u = 3e7·w has a slope of 6e7, of which little is left in f32.
    let graph = Graph::new();
    let w = graph.parameter("w", [0.73, 0.61]);
    let large = 3e7 * &w;
    let loss = ((1.0 + &large) * (1.0 + &large) - &large * &large).sum_all();
    let report = check::gradients(&loss, &[&w])?;
    assert_eq!(report.verdict, Verdict::Right, "{report}");
    let report = GraphCheck::new(&loss).in_single_precision().run()?;
    assert_ne!(report.verdict, Verdict::Wrong, "{report}");
    assert_eq!(report.verdict, Verdict::Rounding, "{report}");
    assert_eq!(report.findings[0].severity, Severity::Warning, "{report}");

    // Beyond the range of f32, and not of f64.
    let loss = ((100.0 * &w).exp() * (-100.0 * &w).exp() * &w).sum_all();
    let double = GraphCheck::new(&loss).set(&w, &[2.0, 1.0]);
    assert_eq!(double.clone().run()?.verdict, Verdict::Right);
    let report = double.in_single_precision().run()?;
    assert_eq!(report.verdict, Verdict::Wrong, "{report}");
    assert_eq!(report.causes().next(), Some(&Cause::Overflow), "{report}");

    // A claim that is wrong is wrong in either precision.
    let loss = (&w * &w).sum_all();
    let report = GraphCheck::new(&loss).claim(&w, &(3.0 * &w)).in_single_precision().run()?;
    assert_eq!(report.verdict, Verdict::Wrong, "{report}");
    Ok(())
}

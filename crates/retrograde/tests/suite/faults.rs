//! What could not be recorded: its error arrives as it is, wherever a program looks, and nothing hides it.

use retrograde::check::GraphCheck;
use retrograde::optim::{AdaGrad, Adam, ClipNorm, Momentum, Optimizer, RmsProp, Sgd, WeightDecay};
use retrograde::view::Explain;
use retrograde::{Graph, Planner, Result, Tensor, Var, check, nn};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A product of a stack of matrices by a matrix, which does not fit, and its line.
fn fault(graph: &Graph) -> (Var, u32) {
    let (a, b) = (graph.input("a", [2, 3, 4]), graph.parameter("b", Tensor::zeros([5, 6])));
    (a.matmul(&b), line!())
}

/// Whether a message has the operation that does not fit, its line, and what would fit.
fn is_whole(message: &str, line: u32) -> bool {
    let place = format!("matmul at {}:{line}:", file!());
    message.contains(&place) && message.contains("[2, 3, 4]") && message.contains("help: ")
}

/// What a program's own layer may well do: arithmetic on the shape.
fn layer_norm(x: &Var) -> Var {
    let axis = x.shape().len() - 1;
    let centred = x - x.mean([axis]).reshape([x.shape()[0], 1]).broadcast(x.shape());
    &centred / (&centred * &centred).mean_all().sqrt().broadcast(x.shape())
}

/// Something that a program asks of a variable's shape.
type Look = fn(&Var) -> usize;

#[test]
fn arithmetic_on_a_shape_cannot_hide_the_error() {
    let (faulty, line) = fault(&Graph::new());
    let looks: [(&str, Look); 4] = [
        ("a layer", |x| layer_norm(x).id().index()),
        ("the last axis", |x| x.shape()[0]),
        ("the rank", |x| x.shape().rank() - 1),
        ("the kind", |x| x.kind() as usize),
    ];
    for (what, look) in looks {
        let payload = catch_unwind(AssertUnwindSafe(|| look(&faulty))).expect_err(what);
        let message = payload.downcast_ref::<String>().unwrap_or_else(|| panic!("{what}: a message"));
        assert!(is_whole(message, line), "{what}: {message}");
    }
}

#[test]
fn a_shape_can_be_asked_for_without_a_panic() -> Result<()> {
    let graph = Graph::new();
    assert_eq!(graph.input("x", [2, 3]).try_shape()?[..], [2, 3]);
    let (faulty, line) = fault(&graph);
    let error = faulty.try_shape().map(|_| ()).expect_err("a fault has no shape");
    assert!(is_whole(&error.to_string(), line), "{error}");
    let later = ((&faulty * 2.0).t() + 1.0).exp();
    assert_eq!(
        later.try_shape().map(|_| ()).expect_err("nor what is made of it").to_string(),
        error.to_string()
    );
    Ok(())
}

#[test]
fn the_library_passes_a_fault_on() {
    let graph = Graph::new();
    let (faulty, line) = fault(&graph);
    let (x, w) = (graph.parameter("x", Tensor::zeros([2, 3])), graph.parameter("w", Tensor::zeros([3, 4])));
    let made = [
        faulty.sum_all(),
        faulty.mean_all(),
        faulty.max_all(),
        faulty.sum([0]),
        faulty.t(),
        faulty.slice(1, ..),
        faulty.reshape([1]),
        faulty.reshape([2, 3]),
        faulty.sum_to([1]),
        faulty.broadcast([2]),
        1.0 - &faulty,
        faulty.powf(2.0),
        &x + &faulty,
        x.concatenate(&[&faulty], 0),
        nn::affine(&faulty, &x, &w),
        nn::affine(&x, &faulty, &w),
        nn::affine(&x, &w, &faulty),
    ];
    for (number, made) in made.into_iter().enumerate() {
        let error = made.checked().map(|_| ()).expect_err("a fault");
        assert!(is_whole(&error.to_string(), line), "{number}: {error}");
    }
}

#[test]
fn update_rules_pass_a_fault_on() {
    let rules: [Box<dyn Optimizer>; 7] = [
        Box::new(Sgd::new(0.1)),
        Box::new(Momentum::new(0.1, 0.9)),
        Box::new(AdaGrad::new(0.1)),
        Box::new(RmsProp::new(0.1)),
        Box::new(Adam::new(0.1)),
        Box::new(ClipNorm::new(1.0, Sgd::new(0.1))),
        Box::new(WeightDecay::new(0.1, Sgd::new(0.1))),
    ];
    for (number, rule) in rules.into_iter().enumerate() {
        let graph = Graph::new();
        let (faulty, line) = fault(&graph);
        let (x, rate) = (graph.parameter("x", Tensor::zeros([2, 3])), graph.state("rate", 0.1));
        for (parameter, gradient, rate) in [(&faulty, &x, &rate), (&x, &faulty, &rate), (&x, &x, &faulty)] {
            let updates =
                rule.record(&graph, rate, std::slice::from_ref(parameter), std::slice::from_ref(gradient));
            let planner = Planner::new(&graph);
            let planner =
                updates.iter().fold(planner, |planner, update| planner.update(&update.leaf, &update.value));
            let error = planner.compile::<f32>().map(|_| ()).expect_err("a fault");
            assert!(is_whole(&error.to_string(), line), "rule {number}: {error}");
        }
    }
}

#[test]
fn plans_and_checks_pass_a_fault_on() -> Result<()> {
    let graph = Graph::new();
    let (faulty, line) = fault(&graph);
    let x = graph.parameter("x", [1.0, 2.0]);
    let loss = (&x * &x).sum_all();
    let mut plan = Planner::new(&graph).want(&loss).compile::<f64>()?;
    let errors = [
        plan.set(&faulty, &[1.0]).err(),
        plan.set_element(&faulty, 0, 1.0).err(),
        plan.set_indices(&faulty, &[1]).err(),
        plan.read(&faulty).map(|_| ()).err(),
        plan.value(&faulty).map(|_| ()).err(),
        plan.scalar(&faulty).map(|_| ()).err(),
        faulty.value().map(|_| ()).err(),
        faulty.trace().map(|_| ()).err(),
        faulty.backward().map(|_| ()).err(),
        loss.backward_from(&faulty).map(|_| ()).err(),
        loss.backward()?.wrt(&faulty).map(|_| ()).err(),
        check::gradients(&faulty, &[&x]).map(|_| ()).err(),
        GraphCheck::new(&loss).claim(&x, &faulty).run().map(|_| ()).err(),
        check::gradients(&loss, &[&faulty]).map(|_| ()).err(),
    ];
    for (number, error) in errors.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("{number}: no error"));
        assert!(is_whole(&error.to_string(), line), "{number}: {error}");
    }
    Ok(())
}

//! Deferred errors of recording: they arrive unchanged wherever a program looks, and nothing hides them.

use retrograde::check::GraphCheck;
use retrograde::optim::{AdaGrad, Adam, ClipNorm, Momentum, Optimizer, RmsProp, Sgd, WeightDecay};
use retrograde::view::Explain;
use retrograde::{Graph, Planner, Result, Tensor, Var, check, nn};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An invalid matrix product, and its line.
fn error_node(graph: &Graph) -> (Var, u32) {
    let (a, b) = (graph.input("a", [2, 3, 4]), graph.parameter("b", Tensor::zeros([5, 6]).unwrap()));
    (a.matmul(&b), line!())
}

/// Whether a message has the operation, its line, the shape and the help.
fn is_complete(message: &str, line: u32) -> bool {
    let place = format!("matmul at {}:{line}:", file!());
    message.contains(&place) && message.contains("[2, 3, 4]") && message.contains("help: ")
}

/// A user's layer with arithmetic on the shape.
fn layer_norm(x: &Var) -> Var {
    let axis = x.shape().len() - 1;
    let centered = x - x.mean([axis]).reshape([x.shape()[0], 1]).broadcast(x.shape());
    &centered / (&centered * &centered).mean_all().sqrt().broadcast(x.shape())
}

/// A use of a variable's shape.
type ShapeUse = fn(&Var) -> usize;

#[test]
fn arithmetic_on_a_shape_cannot_hide_the_error() {
    let (failed, line) = error_node(&Graph::new());
    let uses: [(&str, ShapeUse); 4] = [
        ("a layer", |x| layer_norm(x).id().index()),
        ("the last axis", |x| x.shape()[0]),
        ("the rank", |x| x.shape().rank() - 1),
        ("the kind", |x| x.kind() as usize),
    ];
    for (what, use_shape) in uses {
        let payload = catch_unwind(AssertUnwindSafe(|| use_shape(&failed))).expect_err(what);
        let message = payload.downcast_ref::<String>().unwrap_or_else(|| panic!("{what}: a message"));
        assert!(is_complete(message, line), "{what}: {message}");
    }
}

#[test]
fn try_shape_returns_the_error_without_a_panic() -> Result<()> {
    let graph = Graph::new();
    assert_eq!(graph.input("x", [2, 3]).try_shape()?[..], [2, 3]);
    let (failed, line) = error_node(&graph);
    let error = failed.try_shape().map(|_| ()).expect_err("an error node has no shape");
    assert!(is_complete(&error.to_string(), line), "{error}");
    let later = ((&failed * 2.0).t() + 1.0).exp();
    assert_eq!(
        later.try_shape().map(|_| ()).expect_err("its results have none").to_string(),
        error.to_string()
    );
    Ok(())
}

#[test]
fn operations_and_layers_pass_a_deferred_error_on() {
    let graph = Graph::new();
    let (failed, line) = error_node(&graph);
    let (x, w) = (
        graph.parameter("x", Tensor::zeros([2, 3]).unwrap()),
        graph.parameter("w", Tensor::zeros([3, 4]).unwrap()),
    );
    let results = [
        failed.sum_all(),
        failed.mean_all(),
        failed.max_all(),
        failed.sum([0]),
        failed.t(),
        failed.slice(1, ..),
        failed.reshape([1]),
        failed.reshape([2, 3]),
        failed.sum_to([1]),
        failed.broadcast([2]),
        1.0 - &failed,
        failed.powf(2.0),
        &x + &failed,
        x.concat(&[&failed], 0),
        nn::affine(&failed, &x, &w),
        nn::affine(&x, &failed, &w),
        nn::affine(&x, &w, &failed),
    ];
    for (index, result) in results.into_iter().enumerate() {
        let error = result.checked().map(|_| ()).expect_err("a deferred error");
        assert!(is_complete(&error.to_string(), line), "{index}: {error}");
    }
}

#[test]
fn optimizers_pass_a_deferred_error_on() {
    let optimizers: [Box<dyn Optimizer>; 7] = [
        Box::new(Sgd::new(0.1)),
        Box::new(Momentum::new(0.1, 0.9)),
        Box::new(AdaGrad::new(0.1)),
        Box::new(RmsProp::new(0.1)),
        Box::new(Adam::new(0.1)),
        Box::new(ClipNorm::new(1.0, Sgd::new(0.1))),
        Box::new(WeightDecay::new(0.1, Sgd::new(0.1))),
    ];
    for (index, optimizer) in optimizers.into_iter().enumerate() {
        let graph = Graph::new();
        let (failed, line) = error_node(&graph);
        let (x, rate) = (graph.parameter("x", Tensor::zeros([2, 3]).unwrap()), graph.state("rate", 0.1));
        for (parameter, gradient, rate) in [(&failed, &x, &rate), (&x, &failed, &rate), (&x, &x, &failed)] {
            let updates = optimizer.record(
                &graph,
                rate,
                std::slice::from_ref(parameter),
                std::slice::from_ref(gradient),
            );
            let planner = Planner::new(&graph);
            let planner =
                updates.iter().fold(planner, |planner, update| planner.update(&update.leaf, &update.value));
            let error = planner.compile::<f32>().map(|_| ()).expect_err("a deferred error");
            assert!(is_complete(&error.to_string(), line), "optimizer {index}: {error}");
        }
    }
}

#[test]
fn plans_and_checks_pass_a_deferred_error_on() -> Result<()> {
    let graph = Graph::new();
    let (failed, line) = error_node(&graph);
    let x = graph.parameter("x", [1.0, 2.0]);
    let loss = (&x * &x).sum_all();
    let mut plan = Planner::new(&graph).fetch(&loss).compile::<f64>()?;
    let errors = [
        plan.set(&failed, &[1.0]).err(),
        plan.set_element(&failed, 0, 1.0).err(),
        plan.set_indices(&failed, &[1]).err(),
        plan.read(&failed).map(|_| ()).err(),
        plan.value(&failed).map(|_| ()).err(),
        plan.scalar(&failed).map(|_| ()).err(),
        failed.value().map(|_| ()).err(),
        failed.trace().map(|_| ()).err(),
        failed.backward().map(|_| ()).err(),
        loss.backward_from(&failed).map(|_| ()).err(),
        loss.backward()?.wrt(&failed).map(|_| ()).err(),
        check::gradients(&failed, &[&x]).map(|_| ()).err(),
        GraphCheck::new(&loss).claim(&x, &failed).run().map(|_| ()).err(),
        check::gradients(&loss, &[&failed]).map(|_| ()).err(),
    ];
    for (index, error) in errors.into_iter().enumerate() {
        let error = error.unwrap_or_else(|| panic!("{index}: no error"));
        assert!(is_complete(&error.to_string(), line), "{index}: {error}");
    }
    Ok(())
}

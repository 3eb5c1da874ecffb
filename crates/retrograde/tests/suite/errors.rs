//! What a program can do with an error, and calls that once panicked.

use retrograde::data::Dataset;
use retrograde::graph::{Mismatch, Operation, Role, Type, VjpContext, ancestors};
use retrograde::kernel::{Expr, Form, Threads};
use retrograde::nn::{Init, Mlp};
use retrograde::optim::Sgd;
use retrograde::train::{Session, Trainer};
use retrograde::view::Explain;
use retrograde::{Error, ErrorKind, Graph, Planner, Result, Tensor, Var, check};
use std::sync::Arc;

fn kind<T>(result: Result<T>) -> Option<ErrorKind> {
    result.err().map(|error| error.kind())
}

#[test]
fn a_program_can_match_on_what_went_wrong() -> Result<()> {
    let graph = Graph::new();
    let (x, rows) = (graph.input("x", [2]), graph.index_input("rows", [1]));
    let table = graph.parameter("table", [[1.0, 2.0], [3.0, 4.0]]);
    let y = (&x * table.gather_rows(&rows).reshape([2])).sum_all();
    let mut plan = Planner::new(&graph).fetch(&y).compile::<f32>()?;
    assert_eq!(kind(plan.run()), Some(ErrorKind::MissingValue), "inputs without values");
    plan.set(&x, &[1.0, 2.0])?;
    assert_eq!(kind(plan.set_indices(&rows, &[2])), Some(ErrorKind::IndexOutOfRange));
    plan.set_indices(&rows, &[1])?;
    assert_eq!(kind(plan.scalar(&y)), Some(ErrorKind::MissingValue), "not computed yet");
    assert_eq!(kind(plan.value(&y)), Some(ErrorKind::MissingValue));
    assert_eq!(plan.read(&x)?, [1.0, 2.0], "a leaf has its value before a run");
    plan.run()?;
    assert_eq!(plan.scalar(&y)?, 11.0);
    let other = x.tanh();
    assert_eq!(kind(plan.read(&other)), Some(ErrorKind::MissingValue), "a value that it does not keep");
    assert_eq!(kind(plan.set(&x, &[1.0])), Some(ErrorKind::Invalid));
    assert_eq!(kind((&x + &table).checked()), Some(ErrorKind::Recording));
    let huge = graph.full([1 << 40, 1 << 10], 1.0);
    assert_eq!(kind((&huge + &huge).value()), Some(ErrorKind::OutOfMemory));
    assert_eq!(kind(Dataset::from_folder("/no/such/folder")), Some(ErrorKind::Format));
    assert_eq!(kind(Mlp::load("/no/such/file")), Some(ErrorKind::File));
    Ok(())
}

#[test]
fn a_diverged_training_says_so() -> Result<()> {
    // More than an `f32` can be.
    let mut net = Mlp::new([784, 10]).init(Init::Normal(1e300)).build()?;
    let error = Trainer::new(Sgd::new(0.1)).steps(3).fit(&mut net, &Dataset::embedded()?);
    assert_eq!(kind(error), Some(ErrorKind::Diverged));
    Ok(())
}

#[test]
fn errors_of_inputs_name_the_call_that_gives_them() {
    let graph = Graph::new();
    let (w, x) = (graph.parameter("w", [1.0, 2.0]), graph.input("x", [2]));
    let loss = (&w * &x).sum_all();
    for (error, call) in [
        (check::gradients(&loss, &[&w]).expect_err("x has no value"), "GraphCheck"),
        (loss.value().expect_err("x has no value"), "Planner"),
        (loss.trace().expect_err("x has no value"), "Tracer"),
        (loss.explain().expect_err("x has no value"), "Tracer"),
    ] {
        assert!(error.message().contains("no value was given to `x`"), "{error}");
        assert!(error.help().contains(call) && error.help().contains("set"), "{error}");
    }
}

#[test]
fn a_gradient_by_a_constant_says_what_has_one() -> Result<()> {
    let graph = Graph::new();
    let (w, c, m) = (graph.parameter("w", 2.0), graph.constant(3.0), graph.state("m", 1.0));
    let loss = &w * &c * &m;
    let gradients = loss.backward()?;
    for (var, origin) in [(&c, "constant"), (&m, "state")] {
        let error = gradients.wrt(var).expect_err("it has no gradient");
        assert!(error.message().contains(&format!("it was recorded as `{origin}`")), "{error}");
        assert!(error.help().contains("`parameter` or an `input`"), "{error}");
    }
    let apart = graph.parameter("apart", 1.0);
    let error = gradients.wrt(&apart).expect_err("the loss does not depend on it");
    assert!(error.help().contains("compute") && error.help().contains("`apart`"), "{error}");
    Ok(())
}

#[test]
fn a_column_is_broadcast_through_a_reshape() {
    let graph = Graph::new();
    let (matrix, column) = (graph.input("matrix", [3, 4]), graph.input("column", [3]));
    for (sum, which) in [(&matrix + &column, "second"), (&column + &matrix, "first")] {
        let error = sum.checked().expect_err("the shapes differ");
        let repeat = format!("repeat the {which} by `.reshape([3, 1]).broadcast([3, 4])`");
        assert_eq!(error.help(), format!("give operands of the same shape: {repeat}"));
    }
    assert_eq!((matrix + column.reshape([3, 1]).broadcast([3, 4])).shape()[..], [3, 4]);
    let (a, b) = (graph.input("a", [4, 3, 2]), graph.input("b", [5]));
    assert_eq!((a + b).checked().expect_err("the shapes differ").help(), "give operands of the same shape");
}

#[test]
fn ids_of_another_graph_are_deferred_errors() -> Result<()> {
    let (graph, other) = (Graph::new(), Graph::new());
    let own = graph.parameter("own", 1.0);
    for foreign in [other.parameter("first", 1.0), other.parameter("second", 1.0)] {
        // The first one has an index that is in range here, too.
        for var in [graph.var(foreign.id()), &own + graph.var(foreign.id())] {
            let error = var.checked().expect_err("a foreign id");
            assert!(error.message().contains("belongs to another graph"), "{error}");
        }
        assert!(graph.node(foreign.id()).error().is_some());
        assert_eq!(kind(ancestors(&graph, &[foreign.id()])), Some(ErrorKind::Recording));
    }
    assert_eq!(graph.var(own.id()).value()?.scalar()?, 1.0);
    Ok(())
}

#[test]
fn an_operation_is_recorded_again_on_as_many_operands() {
    let graph = Graph::new();
    let x = graph.parameter("x", 1.0);
    let sum = (&x + &x).node();
    for operands in [vec![], vec![&x], vec![&x; 3]] {
        let recorded = graph.re_record(&sum, &operands).expect("an operation");
        assert_eq!(kind(recorded.checked()), Some(ErrorKind::Recording), "{}", operands.len());
    }
    assert!(graph.re_record(&sum, &[&x, &x]).is_some_and(|var| !var.is_error()));
    assert!(graph.re_record(&x.node(), &[]).is_none(), "a leaf");
}

#[test]
fn more_threads_than_a_system_has_are_not_started() -> Result<()> {
    let most = Threads::new(1_000_000).count();
    assert!((1..=Threads::MAX).contains(&most), "{most}");
    let (data, net) = (Dataset::embedded()?, Mlp::new([784, 10]).build()?);
    let trainer = Trainer::new(Sgd::new(0.1)).threads(1_000_000);
    assert_eq!(kind(Session::<f32>::new(&trainer, &net, &data)), Some(ErrorKind::Invalid));
    Ok(())
}

/// 4,000 rows of four million units are 128 GB in `f64`.
#[test]
fn a_training_that_does_not_fit_is_refused_before_its_memory_is_taken() -> Result<()> {
    let (data, net) = (Dataset::embedded()?, Mlp::new([784, 1, 4_000_000, 1, 10]).init(Init::Zero).build()?);
    let trainer = Trainer::new(Sgd::new(0.1)).batch(4000).threads(1);
    let error = Session::<f64>::new(&trainer, &net, &data).expect_err("too large");
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
    assert!(error.message().contains("the training: it needs") && error.help().contains("batch"), "{error}");
    Ok(())
}

#[test]
fn classes_that_do_not_exist_have_no_images() -> Result<()> {
    let data = Dataset::embedded()?;
    let net = Mlp::new([784, 10]).build()?;
    let mut session = Session::<f32>::new(&Trainer::new(Sgd::new(0.1)), &net, &data)?;
    let (_, _, found) = session.classify()?;
    let found = found.expect("a classification");
    assert_eq!((0..10).map(|class| found.count(3, class)).sum::<u64>(), 100);
    assert_eq!((found.count(3, 10), found.count(10, 0), found.count(usize::MAX, usize::MAX)), (0, 0, 0));
    Ok(())
}

/// x, with a vector-Jacobian product that panics.
#[derive(Debug)]
struct Panics;

impl Operation for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        Ok(inputs[0].clone())
    }

    fn form(self: Arc<Self>) -> Form {
        Form::Elementwise(Expr::input(0))
    }

    fn vjp(&self, _: &VjpContext<'_>) -> Vec<Option<Var>> {
        panic!("on purpose")
    }
}

#[test]
fn after_a_vjp_that_panics_the_graph_records_the_forward_pass() {
    let graph = Graph::new();
    let x = graph.parameter("x", 1.0);
    let y = graph.scope("layer", || graph.apply(Panics, &[&x]));
    assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| y.backward())).is_err());
    let next = (&y * 2.0).named("next");
    assert_eq!(next.node().role, Role::Forward);
    assert_eq!(next.name().as_deref(), Some("next"));
}

/// What `main` prints of an error.
#[test]
fn an_error_is_one_line_in_a_log_and_two_from_main() {
    let error = Tensor::new([2, 3], vec![0.0; 5]).expect_err("5 is not 6");
    let message = "a tensor: 5 values for the shape [2, 3]";
    assert_eq!(error.to_string(), format!("{message} (help: give 6 values, or another shape)"));
    assert_eq!(format!("{error:?}"), format!("{message}\n  help: give 6 values, or another shape"));
    let shared: Arc<dyn std::error::Error + Send + Sync> = Arc::new(error);
    assert!(shared.source().is_none());
    assert!(matches!(Tensor::new([2], vec![]), Err(Error::Invalid { .. })));
}

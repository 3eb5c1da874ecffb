//! Values of the library can be moved to other threads and shared between them.

use retrograde::kernel::{Form, Threads};
use retrograde::{Error, Gradients, Graph, Plan, Planner, Tensor, Var};
use retrograde::{check, data, graph, nn, optim, plan, textbook, train, view};

fn send_and_sync<T: Send + Sync>() {}

fn send<T: Send>() {}

#[test]
fn values_are_send_and_sync() {
    send_and_sync::<(Graph, Var, graph::Node, Tensor, Gradients, Form)>();
    send_and_sync::<(
        Planner,
        Plan<f32>,
        Plan<f64>,
        plan::PlanLayout<f32>,
        plan::PlanIr,
        plan::Profile,
        Threads,
    )>();
    send_and_sync::<(Error, nn::Mlp, nn::Parameters, data::Dataset, data::Samples, data::Batches)>();
    send_and_sync::<(train::Trainer, train::Session<f32>, train::Evaluator<f64>, train::Predictor)>();
    send_and_sync::<(train::History, train::Checkpoint, train::TrainingConfig, train::RunDir, optim::Schedule)>(
    );
    send_and_sync::<(check::Report, check::Finding, check::GraphCheck, check::Cause)>();
    send_and_sync::<(view::Trace, view::Diagram, view::Explanation, view::PredictionExplanation)>();
    send_and_sync::<(textbook::Affine, textbook::Relu, textbook::SoftmaxWithLoss)>();
    // Layers of a program need not be shared.
    send::<Box<dyn optim::Optimizer + Send>>();
}

#[test]
fn two_threads_record_and_run_their_own_plans_of_one_graph() {
    let graph = Graph::new();
    let x = graph.parameter("x", [1.0, 2.0]);
    let sums: Vec<f64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|factor| {
                let x = x.clone();
                scope.spawn(move || {
                    let y = (f64::from(factor) * &x).sum_all();
                    y.value().and_then(|value| value.scalar()).expect("a scalar")
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(sums, [0.0, 3.0, 6.0, 9.0]);
}

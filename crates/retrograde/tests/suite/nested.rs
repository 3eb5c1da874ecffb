//! A kernel that runs a plan gets an error: its threads would wait for themselves.

use retrograde::graph::{Mismatch, Operation, Type, VjpContext};
use retrograde::kernel::{Call, Form, Real, Rows, RowsKernel};
use retrograde::{Graph, Plan, Planner, Result, Var};
use std::sync::{Arc, Mutex};

#[derive(Debug)]
struct RunsAPlan {
    plan: Mutex<Plan<f64>>,
    error: Mutex<String>,
}

#[derive(Debug)]
struct Own(Arc<RunsAPlan>);

impl Operation for Own {
    fn name(&self) -> &'static str {
        "runs_a_plan"
    }

    fn infer(&self, inputs: &[Type]) -> Result<Type, Mismatch> {
        Ok(inputs[0].clone())
    }

    fn form(self: Arc<Self>) -> Form {
        Form::rows(self.0.clone())
    }

    fn vjp(&self, _: &VjpContext<'_>) -> Vec<Option<Var>> {
        vec![None]
    }
}

impl RowsKernel for RunsAPlan {
    fn rows(&self, _: &[&[usize]], _: &[usize]) -> usize {
        1
    }
}

impl<T: Real> Rows<T> for RunsAPlan {
    fn evaluate(&self, call: Call<'_, T>) {
        let outcome = self.plan.lock().expect("the plan").run();
        *self.error.lock().expect("the error") = outcome.expect_err("an error").to_string();
        call.output.real().fill(T::zero());
    }
}

#[test]
fn a_kernel_that_runs_a_plan_gets_an_error() -> Result<()> {
    let graph = Graph::new();
    let x = graph.parameter("x", [1.0, 2.0]);
    let threads = retrograde::kernel::Threads::new(2).min_work(0);
    let inner = Planner::new(&graph).fetch(&(&x * 2.0)).threads(threads.clone()).compile::<f64>()?;
    let own = Arc::new(RunsAPlan { plan: Mutex::new(inner), error: Mutex::default() });
    let y = graph.apply(Own(Arc::clone(&own)), &[&x]);
    Planner::new(&graph).fetch(&y).threads(threads).compile::<f64>()?.run()?;
    let error = own.error.lock().expect("the error").clone();
    assert!(error.contains("a kernel of a plan runs a plan") && error.contains("help:"), "{error}");
    Ok(())
}

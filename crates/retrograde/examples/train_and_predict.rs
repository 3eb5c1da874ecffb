//! Trains a small network on sin(x) with one plan, and predicts with another plan for other rows.
//!
//!     cargo run --release -p retrograde --example train_and_predict
//!
//! Each plan has its own parameter values. The second plan starts with the initial values; `set_parameters_from` copies the
//! trained values from the first.

use retrograde::nn::affine;
use retrograde::{Graph, Planner, Result, Tensor, Var};

/// The number of training rows, from −3 to 3.
const ROWS: usize = 61;

/// The inputs of predictions.
pub const INPUTS: [f64; 5] = [-3.0, -1.5, 0.0, 1.5, 3.0];

fn main() -> Result<()> {
    let [untrained, trained] = predictions(10_000)?;
    println!("{:>6} {:>9} {:>9} {:>9}", "x", "sin x", "untrained", "trained");
    for ((x, before), after) in INPUTS.iter().zip(untrained).zip(trained) {
        println!("{x:6.1} {:9.4} {before:9.4} {after:9.4}", x.sin());
    }
    Ok(())
}

/// The predictions before and after training.
pub fn predictions(steps: usize) -> Result<[Vec<f32>; 2]> {
    let graph = Graph::new();
    let parameters = [
        graph.parameter("weight1", Tensor::from_fn([1, 16], |i| 0.5 + i as f64 / 16.0)?),
        graph.parameter("bias1", Tensor::from_fn([16], |i| 3.0 - 0.4 * i as f64)?),
        graph.parameter("weight2", Tensor::from_fn([16, 1], |i| if i % 2 == 0 { 0.2 } else { -0.2 })?),
        graph.parameter("bias2", Tensor::zeros([1])?),
    ];
    let [weight1, bias1, weight2, bias2] = &parameters;
    let network = |x: &Var| affine(&affine(x, weight1, bias1).tanh(), weight2, bias2);

    // The training plan: all rows, and an update of each parameter.
    let rows = Tensor::from_fn([ROWS, 1], |row| row as f64 / 10.0 - 3.0)?;
    let sines = Tensor::from_fn([ROWS, 1], |row| rows.values()[row].sin())?;
    let loss = network(&graph.constant(rows)).mean_squared_error(&graph.constant(sines));
    let gradients = loss.backward()?;
    let mut planner = Planner::new(&graph);
    for parameter in &parameters {
        planner = planner.update(parameter, &(parameter - 0.1 * gradients.wrt(parameter)?));
    }
    let mut training = planner.compile::<f32>()?;

    // The prediction plan: the same network for other rows, without updates.
    let x = graph.input("x", [INPUTS.len(), 1]);
    let y = network(&x);
    let mut predicting = Planner::new(&graph).fetch(&y).compile::<f32>()?;
    predicting.set(&x, &INPUTS)?;
    predicting.run()?;
    let untrained = predicting.read(&y)?.to_vec();

    for _ in 0..steps {
        training.run()?;
    }
    predicting.set_parameters_from(&training)?;
    predicting.run()?;
    Ok([untrained, predicting.read(&y)?.to_vec()])
}

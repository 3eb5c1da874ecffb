//! Trains a small network on sin(x) with one plan, and predicts with another, which has other rows.
//!
//!     cargo run --release -p retrograde --example train_and_predict
//!
//! Each plan has values of its own for the parameters. The second one begins with the initial values, and is given those that
//! the first has trained by `set_parameters_from`.

use retrograde::nn::affine;
use retrograde::{Graph, Planner, Result, Tensor, Var};

/// How many rows are trained on, from −3 to 3.
const ROWS: usize = 61;

/// What the network is asked about.
pub const ASKED: [f64; 5] = [-3.0, -1.5, 0.0, 1.5, 3.0];

fn main() -> Result<()> {
    let [untrained, trained] = predictions(10_000)?;
    println!("{:>6} {:>9} {:>9} {:>9}", "x", "sin x", "untrained", "trained");
    for ((x, before), after) in ASKED.iter().zip(untrained).zip(trained) {
        println!("{x:6.1} {:9.4} {before:9.4} {after:9.4}", x.sin());
    }
    Ok(())
}

/// What the network says of the rows that are asked about, before and after so many steps of training.
pub fn predictions(steps: usize) -> Result<[Vec<f32>; 2]> {
    let graph = Graph::new();
    let parameters = [
        graph.parameter("weight1", Tensor::from_fn([1, 16], |i| 0.5 + i as f64 / 16.0)),
        graph.parameter("bias1", Tensor::from_fn([16], |i| 3.0 - 0.4 * i as f64)),
        graph.parameter("weight2", Tensor::from_fn([16, 1], |i| if i % 2 == 0 { 0.2 } else { -0.2 })),
        graph.parameter("bias2", Tensor::zeros([1])),
    ];
    let [weight1, bias1, weight2, bias2] = &parameters;
    let network = |x: &Var| affine(&affine(x, weight1, bias1).tanh(), weight2, bias2);

    // One plan trains: all rows at once, and an update of each parameter.
    let rows = Tensor::from_fn([ROWS, 1], |row| row as f64 / 10.0 - 3.0);
    let sines = Tensor::from_fn([ROWS, 1], |row| rows.values()[row].sin());
    let loss = network(&graph.constant(rows)).mean_squared_error(&graph.constant(sines));
    let gradients = loss.backward()?;
    let mut planner = Planner::new(&graph);
    for parameter in &parameters {
        planner = planner.update(parameter, &(parameter - 0.1 * gradients.wrt(parameter)?));
    }
    let mut training = planner.compile::<f32>()?;

    // Another predicts: the same network on other rows, without updates.
    let x = graph.input("x", [ASKED.len(), 1]);
    let y = network(&x);
    let mut predicting = Planner::new(&graph).want(&y).compile::<f32>()?;
    predicting.set(&x, &ASKED)?;
    predicting.run()?;
    let untrained = predicting.read(&y)?.to_vec();

    for _ in 0..steps {
        training.run()?;
    }
    predicting.set_parameters_from(&training)?;
    predicting.run()?;
    Ok([untrained, predicting.read(&y)?.to_vec()])
}

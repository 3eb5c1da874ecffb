//! The optimizers against PyTorch's golden values, which `tests/golden/optimizers.py` writes.

use retrograde::optim::{AdaGrad, Adam, ClipNorm, Momentum, Optimizer, RmsProp, Sgd, WeightDecay};
use retrograde::{Graph, Planner, Result, Tensor};
use serde_json::Value;

const STEPS: usize = 100;

fn numbers(shape: [usize; 2], phase: f64) -> Tensor {
    Tensor::from_fn(shape, |i| (phase + 1.7 * i as f64).sin()).unwrap()
}

/// The losses, then the parameters after the last step.
fn train(optimizer: &dyn Optimizer) -> Result<(Vec<f64>, Tensor, Tensor)> {
    let graph = Graph::new();
    let (x, t) = (graph.constant(numbers([5, 3], 0.3)), graph.constant(numbers([5, 2], 0.9)));
    let w = graph.parameter("w", numbers([3, 2], 0.1));
    let b = graph.parameter("b", Tensor::zeros([2]).unwrap());
    let y = (x.matmul(&w) + b.broadcast([5, 2])).tanh();
    let loss = y.mean_squared_error(&t);
    let parameters = [w, b];
    let gradients = loss.gradient(&parameters.iter().collect::<Vec<_>>())?;
    let learning_rate = graph.state("learning_rate", optimizer.learning_rate());
    let mut planner = Planner::new(&graph).fetch(&loss).fetch_all(&parameters);
    for update in optimizer.record(&graph, &learning_rate, &parameters, &gradients) {
        planner = planner.update(&update.leaf, &update.value);
    }
    let mut plan = planner.compile::<f64>()?;
    let mut losses = Vec::new();
    for _ in 0..STEPS {
        plan.run()?;
        losses.push(plan.scalar(&loss)?);
    }
    Ok((losses, plan.value(&parameters[0])?, plan.value(&parameters[1])?))
}

#[test]
fn a_hundred_steps_of_each_optimizer_agree_with_pytorch() -> Result<()> {
    let golden: Value =
        serde_json::from_str(include_str!("../golden/optimizers.json")).expect("golden values");
    let optimizers: [(&str, Box<dyn Optimizer>); 14] = [
        ("sgd", Box::new(Sgd::new(0.1))),
        ("sgd, weight decay", Box::new(WeightDecay::new(0.01, Sgd::new(0.1)))),
        ("sgd, clipped", Box::new(ClipNorm::new(0.1, Sgd::new(0.1)))),
        ("momentum", Box::new(Momentum::new(0.1, 0.9))),
        ("nesterov", Box::new(Momentum::nesterov(0.1, 0.9))),
        ("adagrad", Box::new(AdaGrad::new(0.01))),
        ("rmsprop", Box::new(RmsProp::new(0.01))),
        ("adam", Box::new(Adam::new(0.01))),
        ("adamw", Box::new(Adam::with_decay(0.01, 0.01))),
        ("adagrad, other epsilon", Box::new(AdaGrad::new(0.01).epsilon(0.01))),
        ("rmsprop, other epsilon", Box::new(RmsProp::new(0.01).epsilon(0.01))),
        ("adam, other epsilon", Box::new(Adam::new(0.01).epsilon(0.01))),
        ("adamw, other epsilon", Box::new(Adam::with_decay(0.01, 0.01).epsilon(0.01))),
        ("adam, other betas", Box::new(Adam::new(0.01).betas(0.8, 0.99))),
    ];
    for (name, optimizer) in optimizers {
        let (losses, w, b) = train(&*optimizer)?;
        assert!(losses[STEPS - 1] < losses[0], "{name} does not descend");
        for (what, ours) in [("losses", &losses[..]), ("w", w.values()), ("b", b.values())] {
            let theirs: Vec<f64> =
                golden[name][what].as_array().expect(name).iter().filter_map(Value::as_f64).collect();
            assert_eq!(ours.len(), theirs.len(), "{name}");
            for (ours, theirs) in ours.iter().zip(&theirs) {
                assert!((ours - theirs).abs() <= 1e-10, "{name}, {what}: {ours}, not {theirs}");
            }
        }
    }
    Ok(())
}

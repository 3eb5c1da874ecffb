//! The engine against the textbook, its reference implementation: the same network, with the same weights, on the same
//! digits.

use ndarray::{ArrayD, IxDyn};
use retrograde::nn::{Activation, Mlp, Mode, Model, Recorded};
use retrograde::textbook::{Labels, Tensor as Array, TwoLayerNet};
use retrograde::{Graph, Plan, Planner, Result, Tensor, Var};

use crate::digits::first_three;

/// The engine's two-layer network on three digits, every gradient wanted.
struct Engine {
    plan: Plan<f64>,
    loss: Var,
    parameters: Vec<Var>,
    gradients: Vec<Var>,
}

fn engine(net: &Mlp, x: &Array, labels: &Labels) -> Result<Engine> {
    let Labels::Classes(classes) = labels else { unreachable!("the digits have classes") };
    let classes: Vec<u32> = classes.iter().map(|&class| class as u32).collect();
    let graph = Graph::new();
    let input = graph.input("x", x.shape());
    let labels = graph.indices("t", [classes.len()], classes);
    let Recorded { output, parameters, .. } = net.record(&input, Mode::Train);
    let loss = output.softmax_with_loss(&labels);
    let gradients = loss.gradient(&parameters.iter().collect::<Vec<_>>())?;
    let mut plan = Planner::new(&graph).fetch(&loss).fetch_all(&gradients).compile()?;
    plan.set(&input, x.as_slice().expect("in the order of memory"))?;
    plan.run()?;
    Ok(Engine { plan, loss, parameters, gradients })
}

fn array(tensor: &Tensor) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(tensor.shape()), tensor.values().to_vec()).expect("its own shape")
}

/// The textbook's network with the engine's weights.
fn textbook(net: &Mlp) -> Result<TwoLayerNet> {
    let mut network = TwoLayerNet::new(784, 50, 10, 0.01, 0)?;
    for (name, (_, value)) in ["w1", "b1", "w2", "b2"].into_iter().zip(net.parameters().iter()) {
        network.parameter_mut(name)?.assign(&array(value));
    }
    Ok(network)
}

#[test]
fn both_implementations_give_the_same_loss_and_gradients() -> Result<()> {
    let (x, labels) = first_three()?;
    for seed in 0..5 {
        let net = Mlp::new([784, 50, 10]).seed(seed).activation(Activation::Relu).build()?;
        let (engine, mut textbook) = (engine(&net, &x, &labels)?, textbook(&net)?);
        let loss = textbook.loss(&x, &labels)?;
        assert!((engine.plan.scalar(&engine.loss)? - loss).abs() <= 1e-12);
        let gradients = textbook.gradient(&x, &labels)?;
        for (var, (name, expected)) in engine.gradients.iter().zip(gradients.iter()) {
            let gradient = engine.plan.value(var)?;
            assert_eq!(&**gradient.shape(), expected.shape());
            let largest = gradient.values().iter().zip(expected.iter()).map(|(a, b)| (a - b).abs());
            let largest = largest.fold(0.0, f64::max);
            // Gradients are below 1 here, and both sides sum at most 784 products: 1e-12 is far above rounding.
            assert!(largest <= 1e-12, "seed {seed}: {name} differs by {largest}");
        }
    }
    Ok(())
}

#[test]
fn the_engine_agrees_with_its_numerical_gradient() -> Result<()> {
    // As in the textbook's test: rounding leaves about 2e-11 in a difference with this step, and truncation as much.
    const STEP: f64 = 1e-5;
    let (x, labels) = first_three()?;
    let net = Mlp::new([784, 50, 10]).build()?;
    let mut engine = engine(&net, &x, &labels)?;
    let gradients: Vec<Tensor> =
        engine.gradients.iter().map(|gradient| engine.plan.value(gradient)).collect::<Result<_>>()?;
    for ((var, gradient), (name, value)) in
        engine.parameters.iter().zip(gradients).zip(net.parameters().iter())
    {
        let mut total = 0.0;
        for (position, (&value, &gradient)) in value.values().iter().zip(gradient.values()).enumerate() {
            let mut loss_at = |value: f64| {
                engine.plan.set_element(var, position, value)?;
                engine.plan.run()?;
                engine.plan.scalar(&engine.loss)
            };
            let difference = (loss_at(value + STEP)? - loss_at(value - STEP)?) / (2.0 * STEP);
            engine.plan.set_element(var, position, value)?;
            total += (difference - gradient).abs();
        }
        let mean = total / value.values().len() as f64;
        println!("{name}: {mean:e}");
        assert!(mean <= 1e-10, "{name} is off by {mean}");
    }
    Ok(())
}

//! The engine's side of a comparison: a network of public modules, recorded for one batch.

use ndarray::{ArrayD, IxDyn};
use retrograde::graph::Node;
use retrograde::nn::{Mode, Model, Module, Network, Sequential};
use retrograde::optim::Optimizer;
use retrograde::textbook::{self, Labels, Tensor as Array};
use retrograde::{Graph, Plan, Planner, Result, Tensor, Var};

/// Both sides compute in `f64` and sum in other orders.
pub const TOLERANCE: f64 = 1e-10;

/// A tensor as an array.
pub fn array(tensor: &Tensor) -> Array {
    ArrayD::from_shape_vec(IxDyn(tensor.shape()), tensor.values().to_vec()).expect("its own shape")
}

/// An array as a tensor.
pub fn tensor(array: &Array) -> Tensor {
    Tensor::new(array.shape(), array.iter().copied().collect()).expect("its own shape")
}

/// Numbers from −1 to 1 without a pattern.
pub fn numbers(shape: &[usize], phase: f64) -> Array {
    let mut index = 0.0;
    Array::from_shape_simple_fn(IxDyn(shape), || {
        index += 1.0;
        (phase + 1.7 * index + 0.013 * index * index).sin()
    })
}

/// Asserts that all numbers agree, relative to the largest if that is more than 1.
#[track_caller]
pub fn assert_agree(ours: &Array, engine: &Array, what: &str) {
    assert_eq!(ours.shape(), engine.shape(), "{what}");
    assert!(!ours.is_empty(), "{what}: nothing to compare");
    let size = engine.iter().fold(1.0_f64, |size, value| size.max(value.abs()));
    for (ours, engine) in ours.iter().zip(engine) {
        assert!((ours - engine).abs() <= TOLERANCE * size, "{what}: {ours}, the engine {engine}");
    }
}

/// A module recorded for `x` alone, its parameters replaced by `values` in order: output, gradient of Σ output · upstream with
/// respect to `x` and to each parameter, and the next value of each buffer.
pub struct Recorded {
    pub output: Array,
    pub dx: Array,
    pub gradients: Vec<Array>,
    pub buffers: Vec<Array>,
    pub masks: Vec<Array>,
}

/// Records and runs a module.
pub fn run(
    module: impl Module,
    mode: Mode,
    x: &Array,
    values: &[Array],
    upstream: &dyn Fn(&[usize]) -> Array,
    dropout_rate: f64,
) -> Result<Recorded> {
    let mut network = Network::new(module, &x.shape()[1..]).build()?;
    let mut given = values.iter();
    for (name, value) in network.parameters_mut().iter_mut() {
        // The book does not count steps.
        if name.ends_with("num_batches_tracked") {
            continue;
        }
        if let Some(given) = given.next() {
            assert_eq!(&**value.shape(), given.shape());
            *value = tensor(given);
        }
    }
    let graph = Graph::new();
    let input = graph.parameter("x", tensor(x));
    let recorded = network.record(&input, mode);
    let upstream = upstream(recorded.output.shape().as_ref());
    let loss = (&recorded.output * graph.constant(tensor(&upstream))).sum_all();
    let of: Vec<&Var> = std::iter::once(&input).chain(&recorded.parameters).collect();
    let gradients = loss.gradient(&of)?;
    let masks = uniforms(&graph);
    let counts = |leaf: &Var| leaf.node().label().ends_with("num_batches_tracked");
    let updates = recorded.updates.iter().filter(|(leaf, _)| !counts(leaf));
    let next: Vec<Var> = updates.map(|(_, value)| value.clone()).collect();
    let fetched = gradients.iter().chain(&masks).chain(&next);
    let mut plan = Planner::new(&graph).fetch(&recorded.output).fetch_all(fetched).compile::<f64>()?;
    plan.run()?;
    let read = |vars: &[Var]| -> Result<Vec<Array>> {
        vars.iter().map(|var| Ok(array(&plan.value(var)?))).collect()
    };
    let mut gradients = read(&gradients)?;
    Ok(Recorded {
        output: array(&plan.value(&recorded.output)?),
        dx: gradients.remove(0),
        gradients,
        buffers: read(&next)?,
        masks: read(&masks)?.iter().map(|uniform| mask(uniform, dropout_rate)).collect(),
    })
}

/// The random numbers behind each dropout, in the order of recording.
fn uniforms(graph: &Graph) -> Vec<Var> {
    let nodes = graph.nodes();
    let name = |node: &Node| node.operation().map(|operation| operation.name());
    let drawn = nodes.iter().filter(|node| name(node) == Some("random_uniform"));
    drawn.map(|node| graph.var(node.id)).collect()
}

/// 1 where dropout keeps a number.
fn mask(uniform: &Array, rate: f64) -> Array {
    uniform.mapv(|uniform| f64::from(uniform >= rate))
}

/// A training of the engine on one batch, with the parameters of a network by hand.
pub struct Training {
    plan: Plan<f64>,
    loss: Var,
    parameters: Vec<Var>,
    gradients: Vec<Var>,
    /// The mask of each dropout, the same in each step.
    pub masks: Vec<Array>,
}

/// The book's weight decay in the loss, and the rate of all dropouts.
#[derive(Clone, Copy, Default)]
pub struct Options {
    pub lambda: f64,
    pub dropout_rate: f64,
}

impl Training {
    /// Records the training of `network`, which takes over the values of `by_hand`, layer by layer.
    pub fn new(
        network: Network<Sequential>,
        by_hand: &mut textbook::Network,
        x: &Array,
        classes: &[usize],
        optimizer: &dyn Optimizer,
        options: Options,
    ) -> Result<Self> {
        let network = with_values_of(network, by_hand);
        let graph = Graph::new();
        let recorded = network.record(&graph.constant(tensor(x)), Mode::Train);
        let classes: Vec<u32> = classes.iter().map(|&class| class as u32).collect();
        let labels = graph.indices("t", [x.shape()[0]], classes);
        let mut loss = recorded.output.softmax_with_loss(&labels);
        for weight in recorded.parameters.iter().filter(|var| options.lambda > 0.0 && var.shape().len() > 1) {
            loss = loss + 0.5 * options.lambda * (weight * weight).sum_all();
        }
        let parameters = recorded.parameters;
        let gradients = loss.gradient(&parameters.iter().collect::<Vec<_>>())?;
        let rate = graph.state("learning_rate", optimizer.learning_rate());
        let uniforms = uniforms(&graph);
        let mut planner = Planner::new(&graph).fetch(&loss).fetch_all(gradients.iter().chain(&parameters));
        for (buffer, value) in &recorded.updates {
            planner = planner.update(buffer, value);
        }
        for update in optimizer.record(&graph, &rate, &parameters, &gradients) {
            planner = planner.update(&update.leaf, &update.value);
        }
        let mut drawing = Planner::new(&graph).fetch_all(&uniforms).compile::<f64>()?;
        drawing.run()?;
        let mut masks = Vec::new();
        for uniform in &uniforms {
            masks.push(mask(&array(&drawing.value(uniform)?), options.dropout_rate));
        }
        Ok(Training { plan: planner.compile()?, loss, parameters, gradients, masks })
    }

    /// Trains both for some steps, and compares loss and gradients before each update, and the parameters after it.
    pub fn assert_same_steps(
        mut self,
        by_hand: &mut textbook::Network,
        x: &Array,
        classes: &[usize],
        optimizer: &mut dyn textbook::Optimizer,
        steps: usize,
        what: &str,
    ) -> Result<()> {
        let labels = Labels::from(classes.to_vec());
        assert!(steps > 0);
        for step in 1..=steps {
            let what = format!("{what}, step {step}");
            let loss = by_hand.loss(x, &labels)?;
            let gradients = by_hand.gradient(x, &labels)?;
            self.plan.run()?;
            let engine = self.plan.scalar(&self.loss)?;
            assert!((loss - engine).abs() <= TOLERANCE * engine.abs().max(1.0), "{what}: {loss}, {engine}");
            assert_eq!(gradients.iter().count(), self.gradients.len(), "{what}");
            for ((name, ours), var) in gradients.iter().zip(&self.gradients) {
                assert_agree(ours, &array(&self.plan.value(var)?), &format!("{what}: gradient of {name}"));
            }
            optimizer.update(by_hand.parameters_mut(), &gradients)?;
            for ((name, ours), var) in by_hand.parameters_mut().iter().zip(&self.parameters) {
                assert_agree(&ours.to_owned(), &array(&self.plan.value(var)?), &format!("{what}: {name}"));
            }
        }
        Ok(())
    }
}

/// The engine's network with the values of the one by hand; buffers stay.
fn with_values_of(mut network: Network<Sequential>, by_hand: &mut textbook::Network) -> Network<Sequential> {
    let names = network.parameters().iter().map(|(name, _)| name.to_owned());
    let names: Vec<String> = names.filter(|name| !network.parameters().is_buffer(name)).collect();
    let values = by_hand.parameters_mut();
    assert_eq!(names.len(), values.len(), "{names:?}");
    for (name, (own, value)) in names.iter().zip(values) {
        let to =
            network.parameters_mut().iter_mut().find(|(other, _)| other == name).expect("its own name").1;
        assert_eq!(&**to.shape(), value.shape(), "{name} is {own}");
        *to = tensor(&value.to_owned());
    }
    network
}

//! Recording a graph with its gradient and compiling its plan: training steps, and graphs of many operations.

use divan::Bencher;
use retrograde::nn::{Init, Mlp, Mode, Model, Recorded};
use retrograde::optim::{Adam, Optimizer, Sgd};
use retrograde::{Graph, Planner, Tensor, Var};

fn main() {
    divan::main();
}

/// Records the step of `net` on a batch and compiles it for one thread.
fn compile(net: &Mlp, optimizer: &dyn Optimizer, batch: usize) {
    let graph = Graph::new();
    let (x, labels) = (graph.input("x", [batch, 784]), graph.index_input("labels", [batch]));
    let Recorded { output, parameters, .. } = net.record(&x, Mode::Train);
    let loss = output.softmax_with_loss(&labels);
    let gradients = loss.backward().expect("a gradient");
    let gradients: Vec<Var> = parameters.iter().map(|var| gradients.wrt(var).expect("one each")).collect();
    let rate = graph.state("learning_rate", 0.01);
    let mut planner = Planner::new(&graph).fetch(&loss).threads(1);
    for update in optimizer.record(&graph, &rate, &parameters, &gradients) {
        planner = planner.update(&update.leaf, &update.value);
    }
    divan::black_box(planner.compile::<f32>().expect("a plan"));
}

#[divan::bench]
fn two_layer_with_sgd(bencher: Bencher) {
    let net = Mlp::new([784, 50, 10]).build().expect("a network");
    bencher.bench(|| compile(&net, &Sgd::new(0.1), 100));
}

#[divan::bench]
fn mlp_with_adam(bencher: Bencher) {
    let net = Mlp::new([784, 512, 256, 10]).init(Init::He).build().expect("a network");
    bencher.bench(|| compile(&net, &Adam::new(0.001), 128));
}

/// How many operations are recorded before differentiation.
const OPERATIONS: [usize; 3] = [500, 5_000, 50_000];

/// Differentiates a loss by a leaf, and compiles a plan of the gradient.
fn differentiate_and_compile(graph: &Graph, loss: &Var, leaf: &Var) {
    let gradient = loss.backward().and_then(|gradients| gradients.wrt(leaf)).expect("a gradient");
    divan::black_box(Planner::new(graph).fetch(&gradient).compile::<f32>().expect("a plan"));
}

/// A chain of elementwise operations.
#[divan::bench(args = OPERATIONS, sample_count = 5)]
fn elementwise_chain(operations: usize) {
    let graph = Graph::new();
    let x = graph.parameter("x", Tensor::full([100], 0.5).unwrap());
    let y = (0..operations).fold(x.clone(), |y, at| match at % 4 {
        0 => y.tanh(),
        1 => y * 0.9,
        2 => y.relu(),
        _ => y + 0.1,
    });
    differentiate_and_compile(&graph, &y.sum_all(), &x);
}

/// Residual blocks of four operations: x + relu(x · w) · s.
#[divan::bench(args = OPERATIONS, sample_count = 5)]
fn residual_blocks(operations: usize) {
    let graph = Graph::new();
    let x = graph.parameter("x", Tensor::full([8, 16], 0.1).unwrap());
    let w = graph.parameter("w", Tensor::full([16, 16], 0.01).unwrap());
    let y = (0..operations / 4).fold(x.clone(), |x, _| &x + x.matmul(&w).relu() * 0.5);
    differentiate_and_compile(&graph, &y.sum_all(), &w);
}

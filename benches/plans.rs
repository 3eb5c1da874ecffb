//! Recording a training step and compiling its plan: forward, gradient, updates.

use divan::Bencher;
use retrograde::nn::{Init, Mlp, Model};
use retrograde::optim::{Adam, Optimizer, Sgd};
use retrograde::{Graph, Planner, Var};

fn main() {
    divan::main();
}

/// Records the step of `net` on a batch and compiles it for one thread.
fn compile(net: &Mlp, optimizer: &dyn Optimizer, batch: usize) {
    let graph = Graph::new();
    let (x, labels) = (graph.input("x", [batch, 784]), graph.index_input("labels", [batch]));
    let parameters = net.parameters().record(&graph);
    let loss = net.record(&x, &parameters).softmax_with_loss(&labels);
    let gradients = loss.backward().expect("a gradient");
    let gradients: Vec<Var> = parameters.iter().map(|var| gradients.wrt(var).expect("one each")).collect();
    let rate = graph.state("learning_rate", 0.01);
    let mut planner = Planner::new(&graph).want(&loss).threads(1);
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

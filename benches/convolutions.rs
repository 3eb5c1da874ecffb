//! The three products of convolutions, and poolings, for the layers of small networks. One and two threads; an item is one
//! floating-point operation.

use divan::Bencher;
use divan::counter::ItemsCount;
use retrograde::ops::{Conv2dOptions, Pool2dOptions};
use retrograde::plan::Planner;
use retrograde::{Graph, Var};

fn main() {
    divan::main();
}

const THREADS: [usize; 2] = [1, 2];

/// A convolution: its name, the shapes of the images and of the weight, and the padding.
#[derive(Clone, Copy)]
struct Layer(&'static str, [usize; 4], [usize; 4], usize);

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

const LAYERS: [Layer; 5] = [
    Layer("SimpleConvNet", [100, 1, 28, 28], [30, 1, 5, 5], 0),
    Layer("32 to 64 channels", [64, 32, 26, 26], [64, 32, 3, 3], 0),
    Layer("padded", [100, 16, 28, 28], [16, 16, 3, 3], 1),
    Layer("one image", [1, 32, 26, 26], [64, 32, 3, 3], 0),
    Layer("small images", [64, 64, 7, 7], [128, 64, 3, 3], 1),
];

/// What is computed.
enum Product {
    Output,
    ByInput,
    ByWeight,
}

fn run<const N: usize>(bencher: Bencher, Layer(_, images, weight, padding): Layer, product: &Product) {
    let graph = Graph::new();
    let (x, w) = (graph.input("x", images), graph.input("w", weight));
    let output = x.conv2d(&w, Conv2dOptions { padding: [padding; 2], ..Conv2dOptions::default() });
    let shape = output.shape();
    let g = graph.input("g", &shape);
    let gradients = || output.backward_from(&g).expect("gradients");
    let (wanted, operands) = match product {
        Product::Output => (output.clone(), [&x, &w]),
        Product::ByInput => (gradients().wrt(&x).expect("a gradient"), [&g, &w]),
        Product::ByWeight => (gradients().wrt(&w).expect("a gradient"), [&x, &g]),
    };
    let flops = 2 * shape.elements() * weight[1] * weight[2] * weight[3];
    measure::<N>(bencher, &wanted, &operands, flops);
}

fn measure<const N: usize>(bencher: Bencher, wanted: &Var, operands: &[&Var], items: usize) {
    let planner = Planner::new(wanted.graph()).fetch(wanted).threads(N);
    let mut plan = planner.compile::<f32>().expect("a plan");
    for operand in operands {
        let values: Vec<f32> =
            (0..operand.shape().elements()).map(|i| (i * 7919 % 4001) as f32 / 700.0 - 2.9).collect();
        plan.set(operand, &values).expect("as many values as elements");
    }
    bencher.counter(ItemsCount::new(items)).bench_local(move || {
        plan.set_element(operands[0], 0, 0.5).expect("an element");
        plan.run().expect("a run");
    });
}

#[divan::bench(consts = THREADS, args = LAYERS)]
fn output<const N: usize>(bencher: Bencher, layer: Layer) {
    run::<N>(bencher, layer, &Product::Output);
}

#[divan::bench(consts = THREADS, args = LAYERS)]
fn by_input<const N: usize>(bencher: Bencher, layer: Layer) {
    run::<N>(bencher, layer, &Product::ByInput);
}

#[divan::bench(consts = THREADS, args = LAYERS)]
fn by_weight<const N: usize>(bencher: Bencher, layer: Layer) {
    run::<N>(bencher, layer, &Product::ByWeight);
}

/// Images of a batch, of which halves are taken.
const BATCHES: [[usize; 4]; 2] = [[100, 30, 24, 24], [64, 64, 14, 14]];

fn pool<const N: usize>(bencher: Bencher, shape: [usize; 4], is_max: bool, is_gradient: bool) {
    let graph = Graph::new();
    let x = graph.input("x", shape);
    let options = Pool2dOptions::new([2, 2]);
    let pooled = if is_max { x.max_pool2d(options) } else { x.avg_pool2d(options) };
    let g = graph.input("g", pooled.shape());
    let elements = x.shape().elements();
    if !is_gradient {
        return measure::<N>(bencher, &pooled, &[&x], elements);
    }
    let gradient = pooled.backward_from(&g).and_then(|gradients| gradients.wrt(&x)).expect("a gradient");
    let operands = if is_max { vec![&x, &g] } else { vec![&g] };
    measure::<N>(bencher, &gradient, &operands, elements);
}

/// Halves of images; an item is one element of the images.
#[divan::bench(consts = THREADS, args = BATCHES)]
fn max_pool<const N: usize>(bencher: Bencher, shape: [usize; 4]) {
    pool::<N>(bencher, shape, true, false);
}

#[divan::bench(consts = THREADS, args = BATCHES)]
fn max_pool_gradient<const N: usize>(bencher: Bencher, shape: [usize; 4]) {
    pool::<N>(bencher, shape, true, true);
}

#[divan::bench(consts = THREADS, args = BATCHES)]
fn avg_pool<const N: usize>(bencher: Bencher, shape: [usize; 4]) {
    pool::<N>(bencher, shape, false, false);
}

#[divan::bench(consts = THREADS, args = BATCHES)]
fn avg_pool_gradient<const N: usize>(bencher: Bencher, shape: [usize; 4]) {
    pool::<N>(bencher, shape, false, true);
}

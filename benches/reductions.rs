//! Work that only partitions other than one output row at a time distribute over threads: reductions to few numbers, losses
//! over many classes, stacks of products, one sample. One and two threads; an item is one element of the input.

use divan::Bencher;
use divan::counter::ItemsCount;
use retrograde::plan::Planner;
use retrograde::{Graph, Var};

fn main() {
    divan::main();
}

const THREADS: [usize; 2] = [1, 2];

/// Measures a plan of what `record` makes of inputs of these shapes, and of class indices if there are `classes`.
fn run(
    bencher: Bencher,
    threads: usize,
    shapes: &[&[usize]],
    classes: Option<usize>,
    record: impl Fn(&[Var], Option<&Var>) -> Vec<Var>,
) {
    let graph = Graph::new();
    let inputs: Vec<Var> =
        shapes.iter().enumerate().map(|(i, shape)| graph.input(&format!("x{i}"), *shape)).collect();
    let labels = classes.map(|_| graph.index_input("labels", [shapes[0][0]]));
    let wanted = record(&inputs, labels.as_ref());
    let planner = Planner::new(&graph).fetch_all(&wanted).threads(threads);
    let mut plan = planner.compile::<f32>().expect("a plan");
    for (input, shape) in inputs.iter().zip(shapes) {
        let values: Vec<f32> =
            (0..shape.iter().product()).map(|i: usize| (i * 7919 % 4001) as f32 / 700.0 - 2.9).collect();
        plan.set(input, &values).expect("as many values as elements");
    }
    if let (Some(labels), Some(classes)) = (labels, classes) {
        let indices: Vec<u32> = (0..shapes[0][0]).map(|row| (row * 31 % classes) as u32).collect();
        plan.set_indices(&labels, &indices).expect("indices of classes");
    }
    let elements: usize = shapes[0].iter().product();
    bencher.counter(ItemsCount::new(elements)).bench_local(move || {
        plan.set_element(&inputs[0], 0, 0.5).expect("an element");
        plan.run().expect("a run");
    });
}

/// The sum of each of 16 channels of 64 images of 64 × 64 pixels.
#[divan::bench(args = THREADS)]
fn sum_of_channels(bencher: Bencher, threads: usize) {
    run(bencher, threads, &[&[64, 16, 64, 64]], None, |x, _| vec![x[0].sum([0, 2, 3])]);
}

/// The sum of 16 million numbers.
#[divan::bench(args = THREADS)]
fn sum_all(bencher: Bencher, threads: usize) {
    run(bencher, threads, &[&[1 << 24]], None, |x, _| vec![x[0].sum_all()]);
}

/// The sum of the rows of a batch, as the gradient of a bias: 4,096 rows of 64, and the batches of the networks in `steps`.
#[divan::bench(consts = THREADS, args = [(4096, 64), (100, 50), (128, 512), (256, 2048)])]
fn sum_of_rows<const N: usize>(bencher: Bencher, (rows, columns): (usize, usize)) {
    run(bencher, N, &[&[rows, columns]], None, |x, _| vec![x[0].sum([0])]);
}

/// The cross entropy of rows of logits: of many classes, and of digits.
#[divan::bench(consts = THREADS, args = [(4096, 50_000), (1000, 10), (100, 10)], sample_count = 8)]
fn cross_entropy<const N: usize>(bencher: Bencher, (rows, classes): (usize, usize)) {
    run(bencher, N, &[&[rows, classes]], Some(classes), |x, labels| {
        vec![x[0].cross_entropy(labels.expect("labels"))]
    });
}

/// The same and its gradient.
#[divan::bench(consts = THREADS, args = [(4096, 50_000), (100, 10)], sample_count = 4)]
fn cross_entropy_and_gradient<const N: usize>(bencher: Bencher, (rows, classes): (usize, usize)) {
    run(bencher, N, &[&[rows, classes]], Some(classes), |x, labels| {
        let loss = x[0].cross_entropy(labels.expect("labels"));
        let gradient = loss.backward().and_then(|gradients| gradients.wrt(&x[0]));
        vec![loss, gradient.expect("a gradient")]
    });
}

/// Attention of 48 heads, 64 steps of width 32, without a mask: two stacks of products, and a softmax between them.
#[divan::bench(args = THREADS)]
fn attention(bencher: Bencher, threads: usize) {
    let shape: &[usize] = &[48, 64, 32];
    run(bencher, threads, &[shape, shape, shape], None, |x, _| {
        let scores = (&x[0] * 0.2).matmul_t(&(&x[1] * 1.5));
        vec![scores.softmax(2).matmul(&(&x[2] * 1.1))]
    });
}

/// One sample through 784-512-256-10.
#[divan::bench(args = THREADS)]
fn one_sample(bencher: Bencher, threads: usize) {
    run(bencher, threads, &[&[1, 784], &[784, 512], &[512, 256], &[256, 10]], None, |x, _| {
        vec![x[0].matmul(&x[1]).relu().matmul(&x[2]).relu().matmul(&x[3])]
    });
}

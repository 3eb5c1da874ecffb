//! Chains of twelve elementwise operations, each as a plan of its own: all of arithmetic, and with transcendental functions. An
//! item is one element; the chain reads one tensor and makes another.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use retrograde::{Graph, Planner, Var};

fn main() {
    divan::main();
}

const THREADS: [usize; 2] = [1, 2];
const SIZES: [usize; 2] = [1 << 16, 1 << 24];

fn run<const N: usize>(bencher: Bencher, elements: usize, record: impl FnOnce(&Var, &Var) -> Var) {
    let graph = Graph::new();
    let (x, w) = (graph.input("x", [elements]), graph.input("w", []));
    let y = record(&x, &w.broadcast([elements]));
    let mut plan = Planner::new(&graph).fetch(&y).threads(N).compile::<f32>().expect("a plan");
    let values: Vec<f64> = (0..elements).map(|i| ((i * 7919 % 4001) as f64 - 2000.0) / 700.0).collect();
    plan.set(&x, &values).expect("as many values as elements");
    plan.set(&w, &[0.7]).expect("a number");
    let bytes = BytesCount::new(elements * 2 * size_of::<f32>());
    bencher.counter(ItemsCount::new(elements)).counter(bytes).bench_local(move || {
        plan.set_element(&x, 0, 0.5).expect("an element");
        plan.run().expect("a run");
    });
}

/// ((((x·w + x)·x − w)·w + x)·w − x)·w + x, and so on: sums, differences and products.
#[divan::bench(consts = THREADS, args = SIZES)]
fn arithmetic<const N: usize>(bencher: Bencher, elements: usize) {
    run::<N>(bencher, elements, |x, w| {
        let y = (x * w + x) * x - w;
        let y = (y * w + x) * w - x;
        (y * w + x) * w - w
    });
}

/// gelu(x), relu, select, exp and tanh with products and sums.
#[divan::bench(consts = THREADS, args = SIZES)]
fn mixed<const N: usize>(bencher: Bencher, elements: usize) {
    run::<N>(bencher, elements, |x, w| {
        let inner = (x + x * x * x * 0.044_715) * 0.797_884_56;
        let gelu = x * 0.5 * (inner.tanh() + 1.0);
        let gated = x.gate(&(gelu * w));
        (gated.relu() + (-x.abs()).exp()) * w + x.tanh()
    });
}

/// As many bytes copied.
#[divan::bench(args = SIZES)]
fn copy(bencher: Bencher, elements: usize) {
    let (from, mut to) = (vec![1_f32; elements], vec![0_f32; elements]);
    let bytes = BytesCount::new(elements * 2 * size_of::<f32>());
    bencher.counter(ItemsCount::new(elements)).counter(bytes).bench_local(|| {
        to.copy_from_slice(divan::black_box(&from));
        divan::black_box(&mut to);
    });
}

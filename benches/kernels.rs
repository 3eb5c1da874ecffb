//! Matrix products in the shapes of training, each as a plan on one thread. An item is one multiplication or addition: items
//! per second are FLOP/s.

use divan::Bencher;
use divan::counter::ItemsCount;
use retrograde::kernel::Real;
use retrograde::{Graph, Planner};

fn main() {
    divan::main();
}

/// m, k, n of C = A·B.
type Size = (usize, usize, usize);

/// The forward products x·w: skinny, tall, square, and of one row.
const FORWARD: [Size; 7] = [
    (100, 784, 50),
    (128, 784, 512),
    (1, 784, 512),
    (10, 784, 512),
    (1000, 784, 50),
    (256, 2048, 2048),
    (512, 512, 512),
];

/// The products xᵀ·dy, for the gradient of the weights.
const WEIGHTS: [Size; 5] = [(784, 100, 50), (784, 128, 512), (784, 10, 512), (784, 1, 512), (784, 1000, 50)];

/// The products dy·wᵀ, for the gradient of the layer's input.
const INPUTS: [Size; 4] = [(100, 10, 50), (128, 256, 512), (10, 256, 512), (256, 2048, 2048)];

/// Measures the product of two matrices, of which the first, the second or neither is stored transposed, as in the gradient
/// of a product.
fn product<T: Real>(bencher: Bencher, (m, k, n): Size, transposed: (bool, bool)) {
    let graph = Graph::new();
    let a = graph.input("a", if transposed.0 { [k, m] } else { [m, k] });
    let b = graph.input("b", if transposed.1 { [n, k] } else { [k, n] });
    let c = match transposed {
        (true, _) => a.t_matmul(&b),
        (false, true) => a.matmul_t(&b),
        (false, false) => a.matmul(&b),
    };
    let plan = Planner::new(&graph).fetch(&c).threads(1).compile::<T>();
    let mut plan = plan.expect("operands that fit");
    let numbers = |count| (0..count).map(|i| ((i * 7 % 13) as f64).sin()).collect::<Vec<f64>>();
    plan.set(&a, &numbers(m * k)).expect("as many values as the shape has");
    plan.set(&b, &numbers(k * n)).expect("as many values as the shape has");
    bencher.counter(ItemsCount::new(2 * m * k * n)).bench_local(move || {
        // Sets an input, so that the plan cannot reuse its result.
        plan.set_element(&a, 0, 0.5).expect("an element");
        plan.run().expect("a run");
    });
}

#[divan::bench(types = [f32, f64], args = FORWARD)]
fn x_times_w<T: Real>(bencher: Bencher, size: Size) {
    product::<T>(bencher, size, (false, false));
}

#[divan::bench(types = [f32, f64], args = WEIGHTS)]
fn x_transposed_times_dy<T: Real>(bencher: Bencher, size: Size) {
    product::<T>(bencher, size, (true, false));
}

#[divan::bench(types = [f32, f64], args = INPUTS)]
fn dy_times_w_transposed<T: Real>(bencher: Bencher, size: Size) {
    product::<T>(bencher, size, (false, true));
}

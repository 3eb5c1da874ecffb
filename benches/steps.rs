//! Training steps (sample and gather the batch, forward, backward, update) and evaluations, on the embedded digits. An item
//! is one image.

use divan::Bencher;
use divan::counter::ItemsCount;
use retrograde::data::Dataset;
use retrograde::nn::{Init, Mlp};
use retrograde::optim::{Adam, Sgd};
use retrograde::train::{Session, Trainer};

fn main() {
    divan::main();
}

const THREADS: [usize; 2] = [1, 2];
const BATCHES: [usize; 4] = [1, 10, 100, 1000];

fn session(sizes: &[usize], init: Init, trainer: Trainer, threads: usize) -> Session<f32> {
    let data = Dataset::embedded().expect("the embedded digits");
    let net = Mlp::new(sizes).init(init).build().expect("a network");
    Session::new(&trainer.threads(threads), &net, &data).expect("a session")
}

fn steps(bencher: Bencher, batch: usize, mut session: Session<f32>) {
    bencher.counter(ItemsCount::new(batch)).bench_local(move || session.step().expect("a step"));
}

/// 784-50-10, SGD: the notebook's network.
#[divan::bench(consts = THREADS, args = BATCHES)]
fn two_layer<const N: usize>(bencher: Bencher, batch: usize) {
    let trainer = Trainer::new(Sgd::new(0.01)).batch(batch);
    steps(bencher, batch, session(&[784, 50, 10], Init::Normal(0.01), trainer, N));
}

/// 784-512-256-10, Adam.
#[divan::bench(consts = THREADS, args = BATCHES)]
fn mlp<const N: usize>(bencher: Bencher, batch: usize) {
    let trainer = Trainer::new(Adam::new(1e-4)).batch(batch);
    steps(bencher, batch, session(&[784, 512, 256, 10], Init::He, trainer, N));
}

/// 784-2048-2048-10, batch 256, Adam.
#[divan::bench(args = THREADS)]
fn wide(bencher: Bencher, threads: usize) {
    let trainer = Trainer::new(Adam::new(1e-4)).batch(256);
    steps(bencher, 256, session(&[784, 2048, 2048, 10], Init::He, trainer, threads));
}

/// Loss and accuracy of 784-50-10 on all 5,000 digits.
#[divan::bench(args = THREADS)]
fn evaluation(bencher: Bencher, threads: usize) {
    let mut session = session(&[784, 50, 10], Init::Normal(0.01), Trainer::new(Sgd::new(0.1)), threads);
    let work = ItemsCount::new(5000_usize);
    bencher.counter(work).bench_local(move || session.evaluate().expect("an evaluation"));
}

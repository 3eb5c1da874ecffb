//! The cost of a barrier of two threads between two steps: ours, the spinning barrier of the crate spin, the standard
//! library's, and `rayon::join` for the halves of each step. Prints medians in nanoseconds per barrier.
//!
//!     cargo run --release --manifest-path benches/products/Cargo.toml --bin barriers
//!
//! Ours is measured through a plan of tiny products, whose time is that of the barriers: two threads minus one thread.

use retrograde::kernel::Threads;
use retrograde::{Graph, Planner, Tensor};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const BARRIERS: usize = 1_000;
const ROUNDS: usize = 101;

/// The median time of `round`, in nanoseconds per barrier.
fn measure(mut round: impl FnMut()) -> f64 {
    let mut seen: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            round();
            start.elapsed().as_secs_f64() * 1e9 / BARRIERS as f64
        })
        .collect();
    seen.sort_by(f64::total_cmp);
    seen[ROUNDS / 2]
}

/// A plan in which each product needs all rows of the previous one.
fn ours(threads: usize) -> retrograde::Result<f64> {
    let graph = Graph::new();
    let swap = Tensor::new([2, 2], vec![0.0, 1.0, 1.0, 0.0])?;
    let (first, swap) = (graph.input("x", [2, 2]), graph.constant(swap));
    let mut x = first.clone();
    for _ in 0..BARRIERS {
        x = x.t_matmul(&swap);
    }
    let threads = Threads::new(threads).min_work(0);
    let mut plan = Planner::new(&graph).fetch(&x).threads(threads).compile::<f32>()?;
    plan.set(&first, &[1.0, 2.0, 3.0, 4.0])?;
    plan.run()?;
    Ok(measure(|| plan.run().expect("a plan whose inputs are given")))
}

/// Two threads that only call `wait`.
fn with_barrier(wait: impl Fn() + Sync) -> f64 {
    std::thread::scope(|scope| {
        scope.spawn(|| (0..ROUNDS * BARRIERS).for_each(|_| wait()));
        measure(|| (0..BARRIERS).for_each(|_| wait()))
    })
}

fn main() -> retrograde::Result<()> {
    let (two, one) = (ours(2)?, ours(1)?);
    let spinning = spin::Barrier::new(2);
    let blocking = std::sync::Barrier::new(2);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool of two threads");
    let work = AtomicU64::new(0);
    let halves = || {
        for _ in 0..BARRIERS {
            rayon::join(|| work.fetch_add(1, Ordering::Relaxed), || work.fetch_add(1, Ordering::Relaxed));
        }
    };
    println!("| barrier of two threads | ns |\n| --- | --- |");
    println!("| ours (a step on two threads, {two:.0}, minus one on one, {one:.0}) | {:.0} |", two - one);
    println!(
        "| spin::Barrier | {:.0} |",
        with_barrier(|| {
            spinning.wait();
        })
    );
    println!(
        "| std::sync::Barrier | {:.0} |",
        with_barrier(|| {
            blocking.wait();
        })
    );
    println!("| rayon::join, a step's halves | {:.0} |", pool.install(|| measure(halves)));
    black_box(work);
    Ok(())
}

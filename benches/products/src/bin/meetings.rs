//! What it costs two threads to meet between two steps: ours, the spinning barrier of the crate spin, the standard
//! library's, and handing the two halves of each step to rayon's pool. Prints nanoseconds a meeting, medians.
//!
//!     cargo run --release --manifest-path benches/products/Cargo.toml --bin meetings
//!
//! Ours is measured from outside: a plan of products so small that the meetings are what takes time, on two threads less
//! the same on one.

use retrograde::kernel::Threads;
use retrograde::{Graph, Planner, Tensor};
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

const MEETINGS: usize = 1_000;
const ROUNDS: usize = 101;

/// The median time of `round`, in nanoseconds a meeting.
fn measure(mut round: impl FnMut()) -> f64 {
    let mut seen: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            round();
            start.elapsed().as_secs_f64() * 1e9 / MEETINGS as f64
        })
        .collect();
    seen.sort_by(f64::total_cmp);
    seen[ROUNDS / 2]
}

/// A plan in which each product needs all rows of the one before.
fn ours(threads: usize) -> retrograde::Result<f64> {
    let graph = Graph::new();
    let turn = Tensor::new([2, 2], vec![0.0, 1.0, 1.0, 0.0])?;
    let (first, turn) = (graph.input("x", [2, 2]), graph.constant(turn));
    let mut x = first.clone();
    for _ in 0..MEETINGS {
        x = x.t_matmul(&turn);
    }
    let threads = Threads::new(threads).min_work(0);
    let mut plan = Planner::new(&graph).want(&x).threads(threads).compile::<f32>()?;
    plan.set(&first, &[1.0, 2.0, 3.0, 4.0])?;
    plan.run()?;
    Ok(measure(|| plan.run().expect("a plan whose inputs are given")))
}

/// Two threads that do nothing but meet, by `wait`.
fn with_barrier(wait: impl Fn() + Sync) -> f64 {
    std::thread::scope(|scope| {
        scope.spawn(|| (0..ROUNDS * MEETINGS).for_each(|_| wait()));
        measure(|| (0..MEETINGS).for_each(|_| wait()))
    })
}

fn main() -> retrograde::Result<()> {
    let (two, one) = (ours(2)?, ours(1)?);
    let spinning = spin::Barrier::new(2);
    let blocking = std::sync::Barrier::new(2);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("a pool of two threads");
    let work = AtomicU64::new(0);
    let halves = || {
        for _ in 0..MEETINGS {
            rayon::join(|| work.fetch_add(1, Ordering::Relaxed), || work.fetch_add(1, Ordering::Relaxed));
        }
    };
    println!("| two threads meet by | ns |\n| --- | --- |");
    println!("| ours (a step on two threads, {two:.0}, less one on one, {one:.0}) | {:.0} |", two - one);
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

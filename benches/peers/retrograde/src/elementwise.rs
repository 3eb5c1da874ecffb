//! Twelve elementwise operations on one tensor and one number, as a plan.
use retrograde::graph::{Graph, Tensor, Var};
use retrograde::plan::Planner;
use std::error::Error;
use std::time::Instant;

/// Measures the `chain` for so many `seconds`, and prints the median time.
pub fn run(chain: &str, elements: usize, threads: usize, seconds: f64) -> Result<(), Box<dyn Error>> {
    let graph = Graph::new();
    let numbers = Tensor::from_fn([elements], |i| ((i * 7919 % 4001) as f64 - 2000.0) / 700.0)?;
    let (x, w) = (graph.parameter("x", numbers), graph.parameter("w", 0.7));
    let result = record(chain, &x, &w.broadcast([elements]));
    let mut plan = Planner::new(&graph).fetch(&result).threads(threads).compile::<f32>()?;
    let (mut seen, start) = (Vec::new(), Instant::now());
    while seen.len() < 8 || start.elapsed().as_secs_f64() < seconds {
        let begin = Instant::now();
        plan.run()?;
        seen.push(begin.elapsed().as_secs_f64());
    }
    // The first three warm up.
    let mut seen = seen.split_off(3);
    seen.sort_by(f64::total_cmp);
    let total: f64 = plan.read(&result)?.iter().map(|&value| f64::from(value)).sum();
    println!(
        "{{\"peer\":\"retrograde\",\"version\":\"{}\",\"seconds\":{},\"accuracy\":{total}}}",
        retrograde::kernel::instruction_set(),
        seen[seen.len() / 2]
    );
    Ok(())
}

fn record(chain: &str, x: &Var, w: &Var) -> Var {
    if chain == "arithmetic" {
        let y = (x * w + x) * x - w;
        let y = (y * w + x) * w - x;
        return (y * w + x) * w - w;
    }
    let inner = (x + x * x * x * 0.044_715) * 0.797_884_56;
    let gelu = x * 0.5 * (inner.tanh() + 1.0);
    let gated = x.gate(&(gelu * w));
    (gated.relu() + (-x.abs()).exp()) * w + x.tanh()
}

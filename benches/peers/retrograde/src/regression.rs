//! A network with tanh and the squared error on rows of numbers: all rows are the batch, and a step is one run of a plan.
use retrograde::graph::{Graph, Tensor};
use retrograde::nn::affine;
use retrograde::optim::{Adam, Optimizer};
use retrograde::plan::Planner;
use std::error::Error;
use std::time::Instant;

/// Measures for so many `seconds`, in chunks of steps, and prints the median time of a step.
pub fn run(
    sizes: &[usize],
    rows: usize,
    rate: f64,
    threads: usize,
    chunk: usize,
    seconds: f64,
) -> Result<(), Box<dyn Error>> {
    let graph = Graph::new();
    let (inputs, outputs) = (sizes[0], sizes[sizes.len() - 1]);
    let mut draw = normal_numbers();
    let features: Vec<f64> = (0..rows * inputs).map(|_| draw()).collect();
    let target = Tensor::from_fn([rows, outputs], |at| features[at / outputs * inputs + at % outputs].sin())?;
    let x = graph.constant(Tensor::new([rows, inputs], features)?);
    let target = graph.constant(target);

    let (mut value, mut parameters) = (x, Vec::new());
    for (layer, pair) in sizes.windows(2).enumerate() {
        let scale = (2.0 / pair[0] as f64).sqrt();
        let weight = graph.parameter("weight", Tensor::from_fn([pair[0], pair[1]], |_| scale * draw())?);
        let bias = graph.parameter("bias", Tensor::zeros([pair[1]])?);
        value = affine(&value, &weight, &bias);
        if layer + 2 < sizes.len() {
            value = value.tanh();
        }
        parameters.extend([weight, bias]);
    }
    let loss = value.mean_squared_error(&target);
    let gradients = loss.backward()?;
    let gradients = parameters.iter().map(|p| gradients.wrt(p)).collect::<Result<Vec<_>, _>>()?;
    let learning_rate = graph.constant(rate);
    let updates = Adam::new(rate).record(&graph, &learning_rate, &parameters, &gradients);
    let mut planner = Planner::new(&graph).fetch(&loss).threads(threads);
    for update in &updates {
        planner = planner.update(&update.leaf, &update.value);
    }
    let mut plan = planner.compile::<f32>()?;

    let (mut seen, start) = (Vec::new(), Instant::now());
    while seen.len() < 6 || start.elapsed().as_secs_f64() < seconds {
        let begin = Instant::now();
        for _ in 0..chunk {
            plan.run()?;
        }
        seen.push(begin.elapsed().as_secs_f64() / chunk as f64);
    }
    // The first chunk warms up.
    let mut seen = seen.split_off(1);
    seen.sort_by(f64::total_cmp);
    let (seconds, error) = (seen[seen.len() / 2], plan.scalar(&loss)?);
    println!(
        "{{\"peer\":\"retrograde\",\"version\":\"{}\",\"seconds\":{seconds},\"accuracy\":{error}}}",
        retrograde::kernel::instruction_set()
    );
    Ok(())
}

/// Sums of twelve uniform numbers of a linear congruential generator, which are nearly normal.
fn normal_numbers() -> impl FnMut() -> f64 {
    let mut state = 1_u64;
    move || {
        let mut uniform = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        (0..12).map(|_| uniform()).sum::<f64>() - 6.0
    }
}

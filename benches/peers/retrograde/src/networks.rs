//! Training steps of the networks beyond the perceptron, on random data: forward, backward and update are one run of a plan.
use retrograde::nn::{
    Activation, Context, Conv2d, Dropout, Embedding, Flatten, LayerNorm, Linear, Lstm, MaxPool2d, Mode,
    Model, Module, MultiHeadAttention, Network, Sequential,
};
use retrograde::optim::{Adam, Optimizer};
use retrograde::plan::Planner;
use retrograde::{Graph, Var};
use std::error::Error;
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Measures the network of this name: its training step, or with `inference` its output alone, for so many rows.
pub fn run(
    name: &str,
    rows: usize,
    inference: bool,
    threads: usize,
    seconds: f64,
    profile: bool,
) -> Outcome<()> {
    let conv = |channels, kernel| Conv2d::new(channels, kernel);
    let relu = Activation::Relu;
    let job = Job { rows, inference, threads, seconds, profile };
    match name {
        "simple-conv-net" => job.run(
            &Sequential::new()
                .then(conv(30, 5))
                .then(relu)
                .then(MaxPool2d::new(2))
                .then(Flatten::new())
                .then(Linear::new(100))
                .then(relu)
                .then(Linear::new(10)),
            &[1, 28, 28],
            10,
        ),
        "mnist-example" => job.run(
            &Sequential::new()
                .then(conv(32, 3))
                .then(relu)
                .then(conv(64, 3))
                .then(relu)
                .then(MaxPool2d::new(2))
                .then(Dropout::new(0.25))
                .then(Flatten::new())
                .then(Linear::new(128))
                .then(relu)
                .then(Dropout::new(0.5))
                .then(Linear::new(10)),
            &[1, 28, 28],
            10,
        ),
        "lenet5" => job.run(
            &Sequential::new()
                .then(conv(6, 5))
                .then(relu)
                .then(MaxPool2d::new(2))
                .then(conv(16, 5))
                .then(relu)
                .then(MaxPool2d::new(2))
                .then(Flatten::new())
                .then(Linear::new(120))
                .then(relu)
                .then(Linear::new(84))
                .then(relu)
                .then(Linear::new(10)),
            &[1, 28, 28],
            10,
        ),
        "gpt" => job.run(&Gpt, &[64], 65),
        "gpt-256" => job.run(&Gpt, &[256], 65),
        "gpt-1024" => job.run(&Gpt, &[1024], 65),
        "lstm" => job.run(&LastState, &[64, 64], 10),
        _ => Err(format!("there is no network `{name}`").into()),
    }
}

/// nanoGPT's configuration for a CPU, four layers, four heads, width 128, context 64; also with longer contexts.
#[derive(Debug)]
struct Gpt;

impl Module for Gpt {
    fn forward(&self, context: &Context, tokens: &Var) -> Var {
        let shape = tokens.shape();
        let (rows, positions, width) = (shape[0], shape[1], 128);
        let places = context.graph().arange(positions);
        let token = context.call("token", &Embedding::new(65, width), tokens);
        let place = context.call("position", &Embedding::new(positions, width), &places);
        let mut x = token + place.broadcast([rows, positions, width]);
        for layer in 0..4 {
            x = context.call(format!("block{layer}"), &Block, &x);
        }
        let x = context.call("norm", &LayerNorm::new(), &x);
        context.call("out", &Linear::new(65), &x).reshape([rows * positions, 65])
    }
}

/// A layer of a GPT.
#[derive(Debug)]
struct Block;

impl Module for Block {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let width = x.shape()[2];
        let norm = context.call("norm1", &LayerNorm::new(), x);
        let x = x + context.call("attention", &MultiHeadAttention::new(4).causal(true), &norm);
        let norm = context.call("norm2", &LayerNorm::new(), &x);
        let up = context.call("up", &Linear::new(4 * width), &norm).gelu();
        x + context.call("down", &Linear::new(width), &up)
    }
}

/// An LSTM of 128 units, and a linear layer on its last state.
#[derive(Debug)]
struct LastState;

impl Module for LastState {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        let states = context.call("lstm", &Lstm::new(128), x);
        let shape = states.shape();
        let last = states.slice(1, shape[1] - 1..).reshape([shape[0], shape[2]]);
        context.call("out", &Linear::new(10), &last)
    }
}

struct Job {
    rows: usize,
    inference: bool,
    threads: usize,
    seconds: f64,
    profile: bool,
}

impl Job {
    fn run(&self, module: &impl Module, input: &[usize], classes: usize) -> Outcome<()> {
        let graph = Graph::new();
        let of_indices = input.len() == 1;
        let shape = [&[self.rows], input].concat();
        let x =
            if of_indices { graph.index_input("x", shape.clone()) } else { graph.input("x", shape.clone()) };
        let module = Boxed(module);
        let network =
            if of_indices { Network::of_indices(module, input) } else { Network::new(module, input) };
        let network = network.seed(0).build()?;
        let mode = if self.inference { Mode::Evaluate } else { Mode::Train };
        let recorded = if self.inference { network.record(&x, mode) } else { network.record_steps(&x, 0) };
        let targets = recorded.output.shape()[0];
        let t = graph.index_input("t", [targets]);
        let mut planner = Planner::new(&graph).threads(self.threads);
        let loss = recorded.output.softmax_with_loss(&t);
        if self.inference {
            planner = planner.fetch(&recorded.output);
        } else {
            let gradients = loss.backward()?;
            let gradients =
                recorded.parameters.iter().map(|p| gradients.wrt(p)).collect::<Result<Vec<_>, _>>()?;
            let rate = graph.constant(1e-3);
            planner = planner.fetch(&loss);
            for update in Adam::new(1e-3).record(&graph, &rate, &recorded.parameters, &gradients) {
                planner = planner.update(&update.leaf, &update.value);
            }
        }
        let mut plan = planner.compile::<f32>()?;
        let elements: usize = shape.iter().product();
        if of_indices {
            plan.set_indices(&x, &(0..elements).map(|i| (i * 7919 % 65) as u32).collect::<Vec<_>>())?;
        } else {
            plan.set(&x, &(0..elements).map(|i| (i * 7919 % 1001) as f32 / 1000.0).collect::<Vec<_>>())?;
        }
        if !self.inference {
            plan.set_indices(
                &t,
                &(0..targets).map(|i| (i * 7919 % 1009 % classes) as u32).collect::<Vec<_>>(),
            )?;
            if let Some(step) = &recorded.step {
                plan.set_indices(step, &vec![0; step.shape().elements()])?;
            }
        }
        let (mut seen, start) = (Vec::new(), Instant::now());
        while seen.len() < 12 || start.elapsed().as_secs_f64() < self.seconds {
            let begin = Instant::now();
            plan.run()?;
            seen.push(begin.elapsed().as_secs_f64());
        }
        // The first runs warm up.
        let mut seen = seen.split_off(2);
        seen.sort_by(f64::total_cmp);
        let (seconds, megabytes) = (seen[seen.len() / 2], plan.memory() as f64 / 1e6);
        println!(
            "{{\"peer\":\"retrograde\",\"version\":\"{}\",\"seconds\":{seconds},\"accuracy\":{megabytes}}}",
            retrograde::kernel::instruction_set()
        );
        if self.profile {
            plan.begin_profile();
            for _ in 0..20 {
                plan.run()?;
            }
            for step in plan.end_profile().steps {
                let labels: Vec<String> = step.nodes.iter().map(|node| node.label().to_string()).collect();
                let (micros, gigaflops) = (step.time.as_secs_f64() * 1e6, step.gigaflops());
                let bytes = step.gigabytes_per_second();
                eprintln!("{micros:9.1} us {gigaflops:7.1} GFLOP/s {bytes:6.1} GB/s  {}", labels.join(" "));
            }
        }
        Ok(())
    }
}

/// A module by reference.
#[derive(Debug)]
struct Boxed<'a, M>(&'a M);

impl<M: Module> Module for Boxed<'_, M> {
    fn forward(&self, context: &Context, x: &Var) -> Var {
        self.0.forward(context, x)
    }
}

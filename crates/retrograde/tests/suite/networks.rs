//! The networks of `tests/data/networks`, which have every kind of layer, and their training steps.

use retrograde::kernel::{Real, Threads};
use retrograde::nn::{Model, NetworkConfig};
use retrograde::ops::RandomKey;
use retrograde::optim::{Adam, Optimizer};
use retrograde::{Graph, Plan, Planner, Result, Tensor, Var};
use std::path::PathBuf;

/// The names of the model files.
pub const NAMES: [&str; 3] = ["images", "sequences", "tokens"];

/// A model file.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/networks/{name}.toml"))
}

/// The rows of a batch.
const ROWS: usize = 6;

/// A training step of Adam on one batch.
pub struct Step<T: Real> {
    plan: Plan<T>,
    random: Option<Var>,
    loss: Var,
    values: Vec<Var>,
    done: u64,
}

impl<T: Real> Step<T> {
    /// The step of this network.
    pub fn new(name: &str, threads: Threads) -> Result<Self> {
        let config = NetworkConfig::read(path(name))?;
        let network = config.build(1)?;
        let graph = Graph::new();
        let shape = [&[ROWS], &config.input[..]].concat();
        let x = if config.layers.takes_indices() {
            // The index 0 is padding: of the last positions, the fewer the later the row.
            let index = |element: usize| {
                let (row, position) = (element / shape[1], element % shape[1]);
                if position > 2 + row { 0 } else { 1 + (7 * element % 10) as u32 }
            };
            graph.indices("x", shape.clone(), (0..ROWS * shape[1]).map(index).collect::<Vec<u32>>())
        } else {
            graph.constant(Tensor::from_fn(shape, |element| (1.7 * element as f64).sin())?)
        };
        let recorded = network.record_steps(&x, 3);
        let labels = graph.indices("labels", [ROWS], [0, 1, 2, 3, 4, 0]);
        let loss = recorded.output.softmax_with_loss(&labels);
        let gradients = loss.gradient(&recorded.parameters.iter().collect::<Vec<_>>())?;
        let learning_rate = graph.constant(0.01);
        let updates = Adam::new(0.01).record(&graph, &learning_rate, &recorded.parameters, &gradients);
        let mut planner = Planner::new(&graph).fetch(&loss).fetch_all(&recorded.values).threads(threads);
        for (buffer, value) in &recorded.updates {
            planner = planner.update(buffer, value);
        }
        for update in &updates {
            planner = planner.update(&update.leaf, &update.value);
        }
        let plan = planner.compile()?;
        Ok(Step { plan, random: recorded.step, loss, values: recorded.values, done: 0 })
    }

    /// Runs the next step.
    pub fn run(&mut self) -> Result<()> {
        if let Some(random) = &self.random {
            self.plan.set_indices(random, &RandomKey::step_indices(self.done))?;
        }
        self.done += 1;
        self.plan.run()
    }

    /// The bits of the loss, and of all parameters and buffers.
    #[allow(dead_code, reason = "one of the test binaries that share this file does not compare")]
    pub fn bits(&self) -> Result<Vec<u64>> {
        let mut bits = Vec::new();
        for var in [&self.loss].into_iter().chain(&self.values) {
            bits.extend(self.plan.read(var)?.iter().map(|value| value.widen().to_bits()));
        }
        Ok(bits)
    }
}

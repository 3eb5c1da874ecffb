//! A training that runs, step by step, with every number of a step in view.

use crate::training::{Block, ClaimedGradient, Order, Rows, Training};
use retrograde_base::Result;
use retrograde_core::graph::{Graph, Leaf, Tensor, Var};
use retrograde_core::kernel::{Real, Threads};
use retrograde_core::ops::RandomKey;
use retrograde_core::plan::{Plan, Planner};
use retrograde_train::data::{Batches, Matrix, Sampling};
use retrograde_train::nn::{Context, Mode, Model, Network as Built, NetworkBuilder, Parameters, Precision};

/// A plan of either precision.
#[derive(Debug)]
pub(crate) enum AnyPlan {
    Single(Plan<f32>),
    Double(Plan<f64>),
}

macro_rules! either {
    ($plan:expr, $name:ident => $call:expr) => {
        match $plan {
            AnyPlan::Single($name) => $call,
            AnyPlan::Double($name) => $call,
        }
    };
}

impl AnyPlan {
    pub(crate) fn compile(planner: Planner, precision: Precision) -> Result<Self> {
        Ok(match precision {
            Precision::F32 => AnyPlan::Single(planner.compile()?),
            _ => AnyPlan::Double(planner.compile()?),
        })
    }

    pub(crate) fn set<V: Real>(&mut self, var: &Var, values: &[V]) -> Result<()> {
        either!(self, plan => plan.set(var, values))
    }

    pub(crate) fn set_indices(&mut self, var: &Var, values: &[u32]) -> Result<()> {
        either!(self, plan => plan.set_indices(var, values))
    }

    pub(crate) fn run(&mut self) -> Result<()> {
        either!(self, plan => plan.run())
    }

    pub(crate) fn value(&self, var: &Var) -> Result<Tensor> {
        either!(self, plan => plan.value(var))
    }

    pub(crate) fn scalar(&self, var: &Var) -> Result<f64> {
        either!(self, plan => plan.scalar(var))
    }
}

/// The network of a training with its initial values.
pub(crate) fn build(training: &Training) -> Result<Built<crate::training::Network>> {
    let network = training.network.clone();
    let input = network.input.clone();
    let builder: NetworkBuilder<_> = Built::new(network, input);
    let mut built = builder.seed(training.seed).build()?;
    training.initialization.draw(built.parameters_mut(), training.seed);
    Ok(built)
}

/// What a run keeps of each step, beside the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Nothing: counterfactual runs.
    Losses,
    /// The outputs, the gradients that are used, and those of the loss.
    Everything,
}

/// A training that runs.
#[derive(Debug)]
pub struct Run {
    plan: AnyPlan,
    training: Training,
    x: Var,
    targets: Var,
    loss: Var,
    output: Var,
    rate: Var,
    step_input: Option<Var>,
    parameters: Vec<Var>,
    /// Parameters and buffers, in the order of the model.
    values: Vec<Var>,
    gradients: Option<Vec<Var>>,
    batches: Batches,
    rows: Vec<u32>,
    shuffled: Option<(u64, Vec<u32>)>,
    numbers: Vec<f64>,
    step: u64,
}

impl Run {
    /// Records and compiles a training, which begins with its initial values.
    ///
    /// # Errors
    /// Those of the settings and of recording.
    pub fn new(training: &Training) -> Result<Self> {
        let built = build(training)?;
        Run::with(training, built.parameters(), Keep::Losses)
    }

    /// As [`new`](Self::new), and each step keeps its [outputs](Self::output) and [gradients](Self::gradients).
    ///
    /// # Errors
    /// Those of the settings and of recording.
    pub fn watched(training: &Training) -> Result<Self> {
        let built = build(training)?;
        Run::with(training, built.parameters(), Keep::Everything)
    }

    /// A run that begins with other values.
    pub(crate) fn with(training: &Training, initial: &Parameters, keep: Keep) -> Result<Self> {
        training.check()?;
        let mut model = build(training)?;
        for ((_, to), (_, value)) in model.parameters_mut().iter_mut().zip(initial.iter()) {
            to.clone_from(value);
        }
        let batch = training.batch_rows();
        let graph = Graph::new();
        let x = graph.input("x", [batch, training.train.x().shape()[1]]);
        let targets = graph.input("t", [batch, training.train.targets().shape()[1]]);
        let (context, values) = Context::new(&graph, Mode::Train, model.parameters());
        let context = context.with_steps(training.seed);
        let recorded = training.network.record_all(&context, &x);
        let (buffers, step) = (context.updates(), context.step());
        let output = recorded.last().cloned().unwrap_or_else(|| x.clone()).checked()?;
        let is_parameter = |var: &&Var| matches!(var.node().leaf(), Some(Leaf::Parameter(_)));
        let parameters: Vec<Var> = values.iter().filter(is_parameter).cloned().collect();
        let loss = training.loss.record(&output, &targets).checked()?;
        let total = with_penalty(&loss, training, &parameters);
        let gradients = total.backward()?;
        let mut used =
            parameters.iter().map(|var| gradients.wrt_or_zero(var)).collect::<Result<Vec<Var>>>()?;
        match training.code.claimed {
            Some(ClaimedGradient::OutputMinusTarget) => {
                let logits = &recorded[training.network.logits()];
                let upstream = ((&output - &targets) * (1.0 / batch as f64)).reshape(logits.shape());
                let gradients = logits.backward_from(&upstream)?;
                used = parameters.iter().map(|var| gradients.wrt_or_zero(var)).collect::<Result<_>>()?;
            }
            Some(ClaimedGradient::WithoutSlopes) => {
                used = without_slopes(training, &output - &targets, &recorded, &parameters)?;
            }
            None => {}
        }
        let mut updates = Vec::new();
        if training.code.accumulates {
            for (gradient, parameter) in used.iter_mut().zip(&parameters) {
                let name = format!("accumulated.{}", parameter.node().label());
                let sum = graph.zero_state(&name, parameter.shape_or_scalar());
                let next = &sum + &*gradient;
                updates.push((sum, next.clone()));
                *gradient = next;
            }
        }
        if training.code.ascends {
            used.iter_mut().for_each(|gradient| *gradient = -&*gradient);
        }
        let optimizer = training.optimizer.build()?;
        let rate = graph.state("learning_rate", optimizer.learning_rate());
        for update in optimizer.record(&graph, &rate, &parameters, &used) {
            let is_frozen = training.code.frozen.contains(&update.leaf.node().label());
            if !is_frozen {
                updates.push((update.leaf, update.value));
            }
        }
        let threads = Threads::new(std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
        let mut planner = Planner::new(&graph).fetch(&loss).fetch(&rate).threads(threads);
        for (leaf, value) in buffers.iter().chain(&updates) {
            planner = planner.update(leaf, value);
        }
        planner = planner.fetch_all(&values);
        let everything = keep == Keep::Everything;
        if everything {
            planner = planner.fetch(&output).fetch_all(&used);
        }
        let sampling = match training.order {
            Order::Shuffled => Sampling::WithoutReplacement,
            Order::Stored | Order::WithReplacement => Sampling::WithReplacement,
        };
        Ok(Run {
            plan: AnyPlan::compile(planner, training.precision)?,
            x,
            targets,
            loss,
            output,
            rate,
            step_input: step,
            parameters,
            values,
            gradients: everything.then_some(used),
            batches: Batches::new(training.train.len(), batch, sampling, training.seed)?,
            rows: vec![0; batch],
            shuffled: None,
            numbers: Vec::new(),
            step: 0,
            training: training.clone(),
        })
    }

    /// The training.
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// The number of steps done.
    pub fn steps(&self) -> u64 {
        self.step
    }

    /// The targets of the next step, which is counted as done without being run.
    pub(crate) fn next_targets(&mut self) -> Result<Matrix> {
        self.draw_rows()?;
        let rows = self.target_rows();
        self.step += 1;
        Ok(self.training.train.select(&rows)?.targets().clone())
    }

    /// The rows whose targets the batch gets.
    fn target_rows(&mut self) -> Vec<u32> {
        if self.training.code.shuffles_targets { self.moved_targets() } else { self.rows.clone() }
    }

    /// Runs a step, and returns the loss of its batch before it, without the penalty. It may be infinite or not a number.
    ///
    /// # Errors
    /// None that the settings did not have at first.
    pub fn step(&mut self) -> Result<f64> {
        self.draw_rows()?;
        let rows = &self.training.train;
        set_rows(&mut self.plan, &self.x, rows.x(), &self.rows, &mut self.numbers)?;
        if let Some(augmentation) = self.training.code.augmentation {
            let seed = self.training.seed ^ (self.step + 1).wrapping_mul(0xd1b5_4a32_d192_ed03);
            augmentation.apply(&mut self.numbers, &self.training.network.input, seed);
            self.plan.set(&self.x, &self.numbers)?;
        }
        if !self.training.schedule.is_constant() {
            let factor = self.training.schedule.factor(self.step, self.training.steps);
            self.plan.set(&self.rate, &[self.training.optimizer.learning_rate * factor])?;
        }
        let target_rows = self.target_rows();
        let targets = self.training.train.targets();
        set_rows(&mut self.plan, &self.targets, targets, &target_rows, &mut self.numbers)?;
        if let Some(step) = &self.step_input {
            self.plan.set_indices(step, &RandomKey::step_indices(self.step))?;
        }
        self.plan.run()?;
        self.step += 1;
        self.plan.scalar(&self.loss)
    }

    fn draw_rows(&mut self) -> Result<()> {
        if self.training.order == Order::Stored {
            let (count, batch) = (self.training.train.len() as u64, self.rows.len() as u64);
            let first = self.step.wrapping_mul(batch) % count;
            for (row, index) in self.rows.iter_mut().zip(0_u64..) {
                *row = ((first + index) % count) as u32;
            }
            return Ok(());
        }
        self.batches.draw(self.step, &mut self.rows)
    }

    /// The rows whose targets the rows of the batch get, where targets are shuffled apart from them.
    fn moved_targets(&mut self) -> Vec<u32> {
        use rand::SeedableRng;
        use rand::seq::SliceRandom;
        let epoch = self.step / self.training.steps_per_epoch().max(1);
        if self.shuffled.as_ref().is_none_or(|(of, _)| *of != epoch) {
            let mut order: Vec<u32> = (0..self.training.train.len() as u32).collect();
            let seed = self.training.seed ^ (epoch + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            order.shuffle(&mut rand_xoshiro::Xoshiro256PlusPlus::seed_from_u64(seed));
            self.shuffled = Some((epoch, order));
        }
        let order = self.shuffled.as_ref().map(|(_, order)| order.as_slice()).unwrap_or_default();
        self.rows.iter().map(|row| order.get(*row as usize).copied().unwrap_or(*row)).collect()
    }

    /// The rows of the batch of the last step.
    pub fn batch(&self) -> &[u32] {
        &self.rows
    }

    /// The inputs, without augmentation, and targets that the last step got.
    pub(crate) fn batch_rows(&mut self) -> Result<Rows> {
        let targets = self.target_rows();
        let train = &self.training.train;
        Rows::new(train.select(&self.rows)?.x().clone(), train.select(&targets)?.targets().clone())
    }

    /// The outputs of the last step, if they are kept.
    ///
    /// # Errors
    /// As [`Plan::value`].
    pub fn output(&self) -> Result<Tensor> {
        self.plan.value(&self.output)
    }

    /// The learning rate.
    ///
    /// # Errors
    /// As [`Plan::scalar`].
    pub fn rate(&self) -> Result<f64> {
        self.plan.scalar(&self.rate)
    }

    /// The gradients that the last step used, in the order of [`parameters`](Self::parameters), if they are kept.
    ///
    /// # Errors
    /// As [`Plan::value`].
    pub fn gradients(&self) -> Result<Vec<Tensor>> {
        self.gradients.iter().flatten().map(|var| self.plan.value(var)).collect()
    }

    /// The trained parameters, by name.
    ///
    /// # Errors
    /// As [`Plan::value`].
    pub fn parameters(&self) -> Result<Vec<(String, Tensor)>> {
        self.parameters.iter().map(|var| Ok((var.node().label(), self.plan.value(var)?))).collect()
    }

    /// Parameters and buffers, in the order of the model.
    ///
    /// # Errors
    /// As [`Plan::value`].
    pub fn values(&self) -> Result<Vec<Tensor>> {
        self.values.iter().map(|var| self.plan.value(var)).collect()
    }

    /// Gives parameters and buffers these values, and sets the step.
    pub(crate) fn set_values(&mut self, values: &[Tensor], step: u64) -> Result<()> {
        for (var, value) in self.values.iter().zip(values) {
            self.plan.set(var, value.values())?;
        }
        self.step = step;
        Ok(())
    }
}

/// The gradients of the chain rule from output − target without the slopes of the activations: the gradient goes through them as it is.
fn without_slopes(
    training: &Training,
    upstream: Var,
    recorded: &[Var],
    parameters: &[Var],
) -> Result<Vec<Var>> {
    let blocks = &training.network.blocks;
    let mut upstream = upstream;
    let mut used: Vec<Option<Var>> = vec![None; parameters.len()];
    for (index, block) in blocks.iter().enumerate().rev() {
        if matches!(block, Block::Function(_)) {
            continue;
        }
        let gradients = recorded[index + 1].backward_from(&upstream)?;
        let prefix = format!("{index}.");
        for (gradient, parameter) in used.iter_mut().zip(parameters) {
            if parameter.node().label().starts_with(&prefix) {
                *gradient = Some(gradients.wrt_or_zero(parameter)?);
            }
        }
        upstream = gradients.wrt_or_zero(&recorded[index])?;
    }
    let zero = |parameter: &Var| parameter.graph().full(parameter.shape_or_scalar(), 0.0);
    Ok(used.into_iter().zip(parameters).map(|(used, var)| used.unwrap_or_else(|| zero(var))).collect())
}

/// The loss with the penalty of the weights.
fn with_penalty(loss: &Var, training: &Training, parameters: &[Var]) -> Var {
    let penalty = training.penalty;
    let weights = parameters.iter().filter(|var| var.node().label().ends_with("weight"));
    weights.fold(loss.clone(), |mut sum, weight| {
        if penalty.l1 != 0.0 {
            sum = sum + weight.abs().sum_all() * penalty.l1;
        }
        if penalty.l2 != 0.0 {
            sum = sum + (weight * weight).sum_all() * penalty.l2;
        }
        sum
    })
}

pub(crate) fn set_rows(
    plan: &mut AnyPlan,
    input: &Var,
    matrix: &Matrix,
    rows: &[u32],
    numbers: &mut Vec<f64>,
) -> Result<()> {
    numbers.clear();
    numbers.extend(rows.iter().flat_map(|row| matrix.row(*row as usize).unwrap_or_default()));
    plan.set(input, numbers)
}

/// The outputs and the loss of a network for fixed rows, in evaluation, for changing parameters.
#[derive(Debug)]
pub struct Probe {
    plan: AnyPlan,
    values: Vec<Var>,
    /// The values before each block and behind the last.
    recorded: Vec<Var>,
    loss: Var,
    rows: Rows,
}

impl Probe {
    /// The probe of a training on rows, of all values between blocks.
    ///
    /// # Errors
    /// Those of recording.
    pub fn new(training: &Training, rows: &Rows, mode: Mode) -> Result<Self> {
        let model = build(training)?;
        let graph = Graph::new();
        let x = graph.input("x", rows.x().shape());
        let targets = graph.input("t", rows.targets().shape());
        let (context, values) = Context::new(&graph, mode, model.parameters());
        let recorded = training.network.record_all(&context, &x);
        let output = recorded.last().cloned().unwrap_or_else(|| x.clone()).checked()?;
        let loss = training.loss.record(&output, &targets).checked()?;
        let planner = Planner::new(&graph).fetch(&loss).fetch_all(&recorded).fetch_all(&values);
        let mut plan = AnyPlan::compile(planner, training.precision)?;
        plan.set(&x, rows.x().values())?;
        plan.set(&targets, rows.targets().values())?;
        Ok(Probe { plan, values, recorded, loss, rows: rows.clone() })
    }

    /// The rows.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// Computes everything for these parameters and buffers, in the order of [`Run::values`].
    ///
    /// # Errors
    /// [`Error::Invalid`](retrograde_base::Error::Invalid) for values of another network.
    pub fn run(&mut self, values: &[Tensor]) -> Result<()> {
        for (var, value) in self.values.iter().zip(values) {
            self.plan.set(var, value.values())?;
        }
        self.plan.run()
    }

    /// The loss, without the penalty.
    ///
    /// # Errors
    /// As [`Plan::scalar`].
    pub fn loss(&self) -> Result<f64> {
        self.plan.scalar(&self.loss)
    }

    /// The outputs.
    ///
    /// # Errors
    /// As [`Plan::value`].
    pub fn output(&self) -> Result<Tensor> {
        self.value(self.recorded.len() - 1)
    }

    /// The value before block `index`; with the number of blocks the output.
    ///
    /// # Errors
    /// As [`Plan::value`].
    pub fn value(&self, index: usize) -> Result<Tensor> {
        self.plan.value(&self.recorded[index.min(self.recorded.len() - 1)])
    }
}

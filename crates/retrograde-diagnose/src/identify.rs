//! Which network, loss and step a program computes, found from the numbers of its first steps: so that a diagnosis can run it again.

use crate::observe::Observed;
use crate::outcome::JUDGED_ROWS;
use crate::proofs::{Finding, findings};
use crate::run::{Keep, Probe, Run, build};
use crate::statistics::{Score, permutation_test, probabilities, score};
use crate::training::{
    Block, ClaimedGradient, Distribution, Formula, Function, Initialization, LoopCode, Loss, Network, Order,
    Reduction, Rows, TargetKind, Training,
};
use retrograde_base::Result;
use retrograde_core::graph::Tensor;
use retrograde_train::data::Matrix;
use retrograde_train::nn::{Activation, Layer, Linear, Mode, Model, Precision};
use retrograde_train::optim::{OptimizerConfig, OptimizerKind};
use std::time::Duration;

/// The first step of a program's own loop.
#[derive(Debug, Clone)]
pub struct RecordedStep {
    /// The batch.
    pub batch: Rows,
    /// What the network returns for it, `[rows, outputs]`.
    pub output: Tensor,
    /// The loss, if the program computes one.
    pub loss: Option<f64>,
    /// The layers' weights `[inputs, outputs]`, and biases `[outputs]` or `[1, outputs]`, in order, before the step.
    pub before: Vec<(Tensor, Option<Tensor>)>,
    /// The same after it.
    pub after: Vec<(Tensor, Option<Tensor>)>,
}

/// Outputs and losses are equal up to this: `f32`, and small numbers that people add before a logarithm.
const EQUAL: f64 = 2e-3;

/// A step is explained by a gradient if what is left of it is below this part.
const EXPLAINED: f64 = 2e-2;

impl RecordedStep {
    /// The training that computes these numbers, on rows that the program has used, for as many steps as it will do. None if no network of
    /// linear layers with one of the known activations, no known loss, or no known step gives them.
    ///
    /// # Errors
    /// Those of running a training.
    pub fn identify(&self, rows: Rows, batch: usize, steps: u64) -> Result<Option<Training>> {
        let Some((network, returned)) = self.network()? else { return Ok(None) };
        let Some((head, loss)) = self.loss(&network, returned)? else { return Ok(None) };
        let mut training = Training {
            network: with_head(&network, head),
            loss,
            batch,
            steps,
            order: Order::Shuffled,
            ..self.training(rows, network)
        };
        Ok(self.step(&mut training)?.then_some(training))
    }

    /// A training with the recorded parameters and nothing else known.
    fn training(&self, rows: Rows, network: Network) -> Training {
        let named = self.before.iter().enumerate().flat_map(|(layer, (weight, bias))| {
            let block = linear_position(&network, layer);
            let values = |tensor: &Tensor| Distribution::Values(tensor.values().to_vec());
            let weight = (format!("{block}.weight"), values(weight));
            let bias = bias.as_ref().map(|bias| (format!("{block}.bias"), values(bias)));
            [Some(weight), bias].into_iter().flatten()
        });
        let initialization = Initialization { named: named.collect(), ..Initialization::default() };
        let rate = OptimizerConfig { learning_rate: 0.0, ..OptimizerConfig::default_for(OptimizerKind::Sgd) };
        let training = Training::new(rows, network, Formula::SquaredError.into(), rate);
        Training { initialization, precision: Precision::F64, ..training }
    }

    /// The network whose values at some place are the returned outputs, and whether that is behind an output's activation.
    fn network(&self) -> Result<Option<(Network, Option<Function>)>> {
        let widths: Vec<usize> =
            self.before.iter().filter_map(|(weight, _)| weight.shape().last().copied()).collect();
        let inputs = self.before.first().map_or(0, |(weight, _)| weight.shape()[0]);
        if inputs != self.batch.x().shape()[1] {
            return Ok(None);
        }
        let hidden = Activation::ALL.map(|activation| Some(Function::from(activation)));
        for hidden in hidden.into_iter().chain([Some(Function::Softmax), Some(Function::Exp), None]) {
            let last = widths.len() - 1;
            let blocks =
                widths.iter().zip(&self.before).enumerate().flat_map(|(index, (width, (_, bias)))| {
                    let linear = Block::from(Layer::Linear(Linear::new(*width).bias(bias.is_some())));
                    [Some(linear), hidden.filter(|_| index < last).map(Block::Function)].into_iter().flatten()
                });
            let network = Network::new([inputs], blocks);
            let training = self.training(self.batch.clone(), network.clone());
            let mut probe = Probe::new(&training, &self.batch, Mode::Evaluate)?;
            probe.run(&values(&training)?)?;
            let logits = probe.output()?;
            for head in [None].into_iter().chain(HEADS.map(Some)) {
                let output = match head {
                    None => logits.clone(),
                    Some(function) => function.value(&logits)?,
                };
                if are_equal(output.values(), self.output.values()) {
                    return Ok(Some((network, head)));
                }
            }
            if hidden.is_none() || widths.len() == 1 {
                break;
            }
        }
        Ok(None)
    }

    /// The output's activation and the loss that give the recorded loss. Without one, those that fit the targets.
    fn loss(
        &self,
        network: &Network,
        returned: Option<Function>,
    ) -> Result<Option<(Option<Function>, Loss)>> {
        let training = self.training(self.batch.clone(), network.clone());
        let kind = training.kind();
        let heads: Vec<Option<Function>> = match returned {
            Some(function) => vec![Some(function)],
            None => [None].into_iter().chain(HEADS.map(Some)).collect(),
        };
        let Some(recorded) = self.loss else {
            let fitting = Loss::from(kind.fitting_formula());
            let loss = if returned.is_some() && fitting.formula.takes_logits() {
                Loss::from(of_probabilities(fitting.formula))
            } else {
                fitting
            };
            return Ok(Some((returned, loss)));
        };
        let mut best: Option<(f64, (Option<Function>, Loss))> = None;
        for head in heads {
            let mut training = Training { network: with_head(network, head), ..training.clone() };
            for formula in FORMULAS {
                for reduction in REDUCTIONS {
                    for factor in [1.0, 0.5] {
                        training.loss = Loss { formula, reduction, factor };
                        let mut probe = Probe::new(&training, &self.batch, Mode::Evaluate)?;
                        probe.run(&values(&training)?)?;
                        let error = (probe.loss()? - recorded).abs() / recorded.abs().max(f64::MIN_POSITIVE);
                        if error < best.as_ref().map_or(EQUAL, |(least, _)| *least) {
                            best = Some((error, (head, training.loss)));
                        }
                    }
                }
            }
        }
        Ok(best.map(|(_, found)| found))
    }

    /// Finds the rate and the gradient that explain the change of the parameters, and sets them.
    fn step(&self, training: &mut Training) -> Result<bool> {
        let flat = |layers: &[(Tensor, Option<Tensor>)]| -> Vec<f64> {
            let tensors = layers.iter().flat_map(|(weight, bias)| [Some(weight), bias.as_ref()]);
            tensors.flatten().flat_map(|tensor| tensor.values().iter().copied()).collect()
        };
        let moved: Vec<f64> = flat(&self.after).iter().zip(flat(&self.before)).map(|(a, b)| a - b).collect();
        let size = dot(&moved, &moved);
        if size == 0.0 {
            return Ok(false);
        }
        for claimed in [None, Some(ClaimedGradient::OutputMinusTarget)] {
            let code = LoopCode { claimed, ..LoopCode::default() };
            let one = Training {
                train: self.batch.clone(),
                batch: self.batch.len(),
                order: Order::Stored,
                code: code.clone(),
                ..training.clone()
            };
            let mut run = Run::with(&one, build(&one)?.parameters(), Keep::Everything)?;
            run.step()?;
            let gradient: Vec<f64> = run.gradients()?.iter().flat_map(|g| g.values().to_vec()).collect();
            let along = dot(&moved, &gradient) / dot(&gradient, &gradient).max(f64::MIN_POSITIVE);
            let left: f64 = moved.iter().zip(&gradient).map(|(m, g)| (m - along * g).powi(2)).sum();
            if left <= EXPLAINED.powi(2) * size {
                training.optimizer.learning_rate = along.abs();
                training.code = LoopCode { ascends: along > 0.0, ..code };
                return Ok(true);
            }
            // Adam's first step is the rate times the sign of the gradient.
            let rate = moved.iter().map(|m| m.abs()).fold(0.0, f64::max);
            let signs = moved.iter().zip(&gradient).filter(|(m, g)| m.abs() > 0.5 * rate && **g != 0.0);
            let (agree, all) =
                signs.fold((0, 0), |(agree, all), (m, g)| (agree + usize::from(*m * *g < 0.0), all + 1));
            let most = moved.iter().filter(|m| m.abs() > 0.9 * rate).count();
            if claimed.is_none()
                && all > 0
                && agree == all
                && most * 2 > moved.iter().filter(|m| **m != 0.0).count()
            {
                training.optimizer = OptimizerConfig {
                    learning_rate: rate,
                    ..OptimizerConfig::default_for(OptimizerKind::Adam)
                };
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Proves what can be proved of a training by its first steps, in a part of a second for small networks.
///
/// # Errors
/// Those of a training that cannot be run.
pub fn prove(training: &Training) -> Result<Vec<Finding>> {
    let short = Training { steps: training.steps.min(20), ..training.clone() };
    findings(&Observed::new(&short, Duration::from_secs(2))?)
}

const HEADS: [Function; 5] = [
    Function::Softmax,
    Function::Elementwise(Activation::Sigmoid),
    Function::SoftmaxOfBatch,
    Function::SoftmaxOfColumns,
    Function::Elementwise(Activation::Relu),
];

const FORMULAS: [Formula; 6] = [
    Formula::CrossEntropy { clip: Some(1e-7), normalizes: false },
    Formula::SoftmaxCrossEntropy,
    Formula::BinaryCrossEntropy { clip: Some(1e-7) },
    Formula::SigmoidCrossEntropy,
    Formula::SquaredError,
    Formula::AbsoluteError,
];

const REDUCTIONS: [Reduction; 4] =
    [Reduction::Mean, Reduction::SumOfOutputs, Reduction::SumOfRows, Reduction::Sum];

fn of_probabilities(formula: Formula) -> Formula {
    match formula {
        Formula::SoftmaxCrossEntropy => FORMULAS[0],
        _ => FORMULAS[2],
    }
}

fn with_head(network: &Network, head: Option<Function>) -> Network {
    let head = head.map(Block::Function);
    Network::new(network.input.clone(), network.blocks.iter().cloned().chain(head))
}

/// The position of a linear layer among the blocks.
fn linear_position(network: &Network, layer: usize) -> usize {
    let linear = network.blocks.iter().enumerate().filter(|(_, block)| block.has_weights());
    linear.map(|(position, _)| position).nth(layer).unwrap_or(0)
}

/// The initial values of a training's parameters.
fn values(training: &Training) -> Result<Vec<Tensor>> {
    Ok(build(training)?.parameters().iter().map(|(_, value)| value.clone()).collect())
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Whether numbers are equal up to rounding, against the largest of them.
fn are_equal(a: &[f64], b: &[f64]) -> bool {
    let largest = b.iter().map(|value| value.abs()).fold(0.0, f64::max);
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-4 * largest)
}

/// The rows that a diagnosis keeps of a program at most.
pub const MAX_ROWS: usize = 10 * JUDGED_ROWS;

/// The outputs of a network for some rows, judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// How well they fit.
    pub score: Score,
    /// Whether they know something of the targets, beyond chance.
    pub has_learned: bool,
}

/// Judges outputs `[rows, outputs]`, by the targets and nothing else.
pub fn judge(targets: &Matrix, outputs: &[f64], loss: &Loss) -> Result<Judgement> {
    let x = Matrix::new(targets.shape()[0], vec![0.0; targets.shape()[0]])?;
    let kind = TargetKind::of(&Rows::new(x, targets.clone())?, loss);
    let width = targets.shape()[1];
    let outputs = probabilities(kind, outputs, loss.formula.takes_logits());
    let score = score(kind, &outputs, targets.values(), width, 0.5);
    let p = permutation_test(kind, &outputs, targets.values(), width);
    let has_learned = score.skill >= 0.9 || p <= 0.01 && score.skill > 0.0;
    Ok(Judgement { score, has_learned })
}

//! Changes of a training, one setting each.

use crate::training::{
    Block, Distribution, Function, Initialization, LoopCode, Loss, Order, Penalty, Reduction, Rows,
    TargetKind, Training,
};
use retrograde_base::Result;
use retrograde_train::data::Matrix;
use retrograde_train::nn::{Activation, Layer, Linear};
use retrograde_train::optim::{OptimizerConfig, OptimizerKind};
use serde::Serialize;

/// A change of one setting of a training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// The optimizer's step on the gradient of the loss, instead of what the loop does.
    OwnStep,
    /// Output and loss for these targets.
    FittingOutput,
    /// The mean over the rows.
    MeanLoss,
    /// An activation behind each hidden layer that has none.
    AddActivations,
    /// Leaky relu as the hidden activation.
    LeakyRelu,
    /// Initial weights of He et al., biases of zero.
    HeWeights,
    /// Inputs of mean 0 and deviation 1.
    StandardizedInputs,
    /// Targets of mean 0 and deviation 1.
    StandardizedTargets,
    /// No penalty of the weights, no weight decay.
    NoPenalty,
    /// No dropout.
    NoDropout,
    /// Rows in random order.
    Shuffled,
    /// The learning rate times a factor.
    Rate(f64),
    /// The number of steps times a factor.
    Steps(u64),
    /// Adam with its default rate.
    Adam,
    /// So many rows in a batch.
    Batch(usize),
    /// Hidden layers so many times as wide.
    Wider(usize),
}

/// Columns from which on inputs are scaled by one number for all: pixels, words.
const MANY_COLUMNS: usize = 100;

/// The deviation below which a column does not vary: rounding.
const CONSTANT: f64 = 1e-12;

impl Change {
    /// The training with this change. None where it changes nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`](retrograde_base::Error::Invalid) for numbers that are not finite.
    pub fn apply(self, training: &Training) -> Result<Option<Training>> {
        let mut changed = training.clone();
        let is_changed = match self {
            Change::OwnStep => {
                changed.code =
                    LoopCode { shuffles_targets: training.code.shuffles_targets, ..LoopCode::default() };
                changed.code != training.code
            }
            Change::FittingOutput => return fitting_output(training),
            Change::MeanLoss => {
                changed.loss = Loss { reduction: Reduction::Mean, ..training.loss };
                changed.loss != training.loss
            }
            Change::AddActivations => {
                changed.network.blocks = with_activations(&training.network.blocks);
                changed.network != training.network
            }
            Change::LeakyRelu => {
                let leaky = Block::from(Activation::LeakyRelu);
                for (position, _) in training.network.hidden_functions() {
                    changed.network.blocks[position] = leaky.clone();
                }
                changed.network != training.network
            }
            Change::HeWeights => {
                changed.initialization = Initialization::with(Distribution::He);
                changed.initialization != training.initialization
            }
            Change::StandardizedInputs => {
                let columns = training.train.x().shape()[1];
                let scale = Scale::of(training.train.x(), columns >= MANY_COLUMNS);
                changed.train =
                    Rows::new(scale.apply(training.train.x())?, training.train.targets().clone())?;
                if let Some(rows) = &training.held_out {
                    changed.held_out = Some(Rows::new(scale.apply(rows.x())?, rows.targets().clone())?);
                }
                scale.is_far_from_standard()
            }
            Change::StandardizedTargets => {
                let scale = Scale::of(training.train.targets(), false);
                changed.train =
                    Rows::new(training.train.x().clone(), scale.apply(training.train.targets())?)?;
                if let Some(rows) = &training.held_out {
                    changed.held_out = Some(Rows::new(rows.x().clone(), scale.apply(rows.targets())?)?);
                }
                // Small targets need a larger rate, not another scale.
                training.kind() == TargetKind::Reals && scale.is_large()
            }
            Change::NoPenalty => {
                changed.penalty = Penalty::default();
                changed.optimizer.weight_decay = 0.0;
                changed.penalty != training.penalty || training.optimizer.weight_decay != 0.0
            }
            Change::NoDropout => {
                changed.network.blocks.iter_mut().for_each(|block| {
                    if matches!(block, Block::Layer(Layer::Dropout(_))) {
                        *block = Block::Layer(Layer::Dropout(retrograde_train::nn::Dropout::new(0.0)));
                    }
                });
                changed.network != training.network
            }
            Change::Shuffled => {
                changed.order = Order::Shuffled;
                training.order == Order::Stored && training.batch_rows() < training.train.len()
            }
            Change::Rate(factor) => {
                changed.optimizer.learning_rate *= factor;
                changed.optimizer.learning_rate.is_finite()
            }
            Change::Steps(factor) => {
                changed.steps = training.steps.saturating_mul(factor);
                factor != 1
            }
            Change::Adam => {
                changed.optimizer = OptimizerConfig {
                    weight_decay: training.optimizer.weight_decay,
                    ..OptimizerConfig::default_for(OptimizerKind::Adam)
                };
                changed.optimizer != training.optimizer
            }
            Change::Batch(rows) => {
                changed.batch = rows;
                changed.batch_rows() != training.batch_rows()
            }
            Change::Wider(factor) => return Ok(wider(training, factor)),
        };
        Ok(is_changed.then_some(changed))
    }
}

/// The network without the output's activations, and the loss that fits the targets. None if they do already.
fn fitting_output(training: &Training) -> Result<Option<Training>> {
    let kind = training.kind();
    let formula = kind.fitting_formula();
    let functions = training.network.output_functions();
    let (loss, takes) = (training.loss.formula, &functions[..]);
    let fits = match kind {
        TargetKind::Classes => match takes {
            [] => loss == formula,
            [function] => function.is_softmax() && *function == Function::Softmax && is_cross_entropy(loss),
            _ => false,
        },
        TargetKind::Binary | TargetKind::MultiLabel => match takes {
            [] => loss == formula,
            [Function::Elementwise(Activation::Sigmoid)] => {
                matches!(loss, crate::training::Formula::BinaryCrossEntropy { clip: Some(_) })
            }
            _ => false,
        },
        TargetKind::ClassNumbers => false,
        TargetKind::Reals => takes.is_empty() && loss == formula,
    };
    let Some(last) = training.network.last_weights().filter(|_| !fits) else { return Ok(None) };
    let mut changed = training.clone();
    let mut position = 0;
    changed.network.blocks.retain(|block| {
        position += 1;
        position - 1 <= last || !matches!(block, Block::Function(_))
    });
    // Sums over the rows or the outputs stay, so that one thing changes.
    let reduction = match training.loss.reduction {
        Reduction::MeanOfPairs => Reduction::Mean,
        reduction => reduction,
    };
    changed.loss = Loss { formula, reduction, factor: 1.0 };
    if kind == TargetKind::ClassNumbers {
        let numbers = training.train.targets().values();
        let classes = numbers.iter().copied().fold(0.0, f64::max) as usize + 1;
        let of_classes = |rows: &Rows| {
            let labels: Vec<u32> = rows
                .targets()
                .values()
                .iter()
                .map(|label| (*label as usize).min(classes - 1) as u32)
                .collect();
            Rows::of_classes(rows.x().clone(), &labels, classes)
        };
        changed.train = of_classes(&training.train)?;
        changed.held_out = training.held_out.as_ref().map(of_classes).transpose()?;
        if !matches!(changed.network.blocks[last], Block::Layer(Layer::Linear(_))) {
            return Ok(None);
        }
        changed.network.blocks[last] = Block::Layer(Layer::Linear(Linear::new(classes)));
    }
    Ok(Some(changed))
}

fn is_cross_entropy(formula: crate::training::Formula) -> bool {
    matches!(formula, crate::training::Formula::CrossEntropy { clip: Some(_), .. })
}

/// Blocks with a leaky relu behind each layer with weights that has no activation before the next one.
fn with_activations(blocks: &[Block]) -> Vec<Block> {
    let mut changed = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        changed.push(block.clone());
        let mut rest = blocks[index + 1..].iter();
        let next = rest.find(|next| next.has_weights() || matches!(next, Block::Function(_)));
        if block.has_weights() && next.is_some_and(Block::has_weights) {
            changed.push(Block::from(Activation::LeakyRelu));
        }
    }
    changed
}

/// The network with wider hidden layers. A layer of one unit's kind: linear layers, and convolutions.
fn wider(training: &Training, factor: usize) -> Option<Training> {
    let mut changed = training.clone();
    let last = training.network.last_weights().unwrap_or(0);
    let mut any = false;
    for block in &mut changed.network.blocks[..last] {
        let Block::Layer(layer) = block else { continue };
        let Ok(mut value) = serde_json::to_value(&*layer) else { continue };
        for field in ["outputs", "channels"] {
            if let Some(width) = value.get(field).and_then(serde_json::Value::as_u64) {
                value[field] = (width * factor as u64).into();
                if let Ok(wide) = serde_json::from_value(value.clone()) {
                    *layer = wide;
                    any = true;
                }
            }
        }
    }
    any.then_some(changed)
}

/// The mean and deviation of columns.
struct Scale {
    columns: Vec<(f64, f64)>,
}

impl Scale {
    fn of(matrix: &Matrix, as_one: bool) -> Self {
        let [rows, columns] = matrix.shape();
        let of = |values: &mut dyn Iterator<Item = f64>| {
            let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
            for value in values {
                n += 1.0;
                let difference = value - mean;
                mean += difference / n;
                squares += difference * (value - mean);
            }
            let deviation = (squares / f64::max(n, 1.0)).sqrt();
            (mean, if deviation > CONSTANT * f64::max(1.0, f64::abs(mean)) { deviation } else { 1.0 })
        };
        let columns = if as_one {
            vec![of(&mut matrix.values().iter().copied()); columns]
        } else {
            let column = |at: usize| move |row: usize| matrix.values()[row * columns + at];
            (0..columns).map(|at| of(&mut (0..rows).map(column(at)))).collect()
        };
        Scale { columns }
    }

    fn apply(&self, matrix: &Matrix) -> Result<Matrix> {
        let [rows, columns] = matrix.shape();
        let values = matrix.values().iter().enumerate().map(|(at, value)| {
            let (mean, deviation) = self.columns[at % columns.max(1)];
            (value - mean) / deviation
        });
        Matrix::new(rows, values.collect())
    }

    /// Whether some column varies and is further from 0 than a few deviations, or varies by much more than 1.
    fn is_large(&self) -> bool {
        self.columns
            .iter()
            .any(|(mean, deviation)| *deviation > 4.0 || mean.abs() > 5.0 * deviation && *deviation != 1.0)
    }

    /// Whether some column is further from mean 0 and deviation 1 than numbers from 0 to 1 are.
    fn is_far_from_standard(&self) -> bool {
        self.columns.iter().any(|(mean, deviation)| {
            mean.abs() > 2.5 * deviation || *deviation > 4.0 || (*deviation < 0.1 && *deviation > 0.0)
        })
    }
}

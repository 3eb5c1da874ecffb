//! How the rows of a batch become one number, and whether they influence each other.

use super::Finding;
use crate::cause::CauseName;
use crate::observe::Observed;
use crate::outcome::JUDGED_ROWS;
use crate::run::Probe;
use crate::search::Change;
use crate::text::Sentence;
use crate::training::{Rows, Training};
use retrograde_base::Result;
use retrograde_core::graph::{Graph, Tensor};
use retrograde_train::data::Matrix;
use retrograde_train::nn::Mode;

/// Rounding of sums in `f32` over some thousand rows.
const ROUNDING: f64 = 1e-4;

pub(super) fn findings(observed: &Observed) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    found.extend(other_rows(observed)?);
    found.extend(doubled(observed)?);
    found.extend(pairs(observed)?);
    Ok(found)
}

/// The loss of outputs and targets.
fn loss(training: &Training, outputs: Vec<f64>, targets: Vec<f64>, width: usize) -> Result<f64> {
    let graph = Graph::new();
    let shape = [outputs.len() / width.max(1), width];
    let outputs = graph.constant(Tensor::new(shape, outputs)?);
    let targets = graph.constant(Tensor::new(shape, targets)?);
    training.loss.record(&outputs, &targets).value()?.scalar()
}

/// The loss of a batch twice is twice the loss: it is a sum over the rows.
fn doubled(observed: &Observed) -> Result<Option<Finding>> {
    let Some(step) = observed.steps.first() else { return Ok(None) };
    let (outputs, targets) = (step.output.values(), step.rows.targets());
    let width = targets.shape()[1];
    let twice = |values: &[f64]| [values, values].concat();
    let one = loss(&observed.training, outputs.to_vec(), targets.values().to_vec(), width)?;
    let two = loss(&observed.training, twice(outputs), twice(targets.values()), width)?;
    let ratio = two / one;
    let rows = targets.shape()[0];
    let is_sum = (ratio - 2.0).abs() < ROUNDING && rows > 1;
    Ok(is_sum.then(|| {
        let evidence = Sentence::new("loss-is-sum").with("one", one).with("two", two).with("rows", rows);
        Finding::new(CauseName::LossReduction, evidence).without(Change::MeanLoss)
    }))
}

/// The loss does not change when the targets of the rows change places. Of outputs that are spread as the targets are: beside
/// targets of another size those of the network would be lost in rounding.
fn pairs(observed: &Observed) -> Result<Option<Finding>> {
    let Some(step) = observed.steps.first() else { return Ok(None) };
    let targets = step.rows.targets();
    let [rows, width] = targets.shape();
    let (low, high) = if observed.training.loss.formula.is_for_classes() {
        (0.05, 0.95)
    } else {
        let values = targets.values().iter().copied();
        (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max))
    };
    // Squares times the golden ratio fill an interval evenly, and their sums over rows in another order differ.
    let part = |index: usize| ((index * index) as f64 * 0.618_033_988_749_895).fract();
    let outputs: Vec<f64> =
        (0..targets.values().len()).map(|index| low + (high - low) * part(index)).collect();
    let mut moved = targets.values().to_vec();
    moved.rotate_left(width);
    let own = loss(&observed.training, outputs.clone(), targets.values().to_vec(), width)?;
    let other = loss(&observed.training, outputs, moved.clone(), width)?;
    let same = (own - other).abs() <= 1e-9 * own.abs() && moved != targets.values();
    let evidence = Sentence::new("loss-of-pairs").with("loss", own).with("rows", rows);
    Ok(same.then(|| Finding::new(CauseName::LossReduction, evidence).preventing().without(Change::MeanLoss)))
}

/// The output for a row depends on the other rows of its batch.
fn other_rows(observed: &Observed) -> Result<Option<Finding>> {
    let training = &observed.training;
    let batch = training.train.sample(JUDGED_ROWS.min(training.batch_rows().max(2)))?;
    let [rows, columns] = batch.x().shape();
    if rows < 2 {
        return Ok(None);
    }
    // The first row stays, the others become its opposite.
    let mut moved = batch.x().values().to_vec();
    for (at, value) in moved.iter_mut().enumerate().skip(columns) {
        *value = -*value - batch.x().values()[at % columns.max(1)];
    }
    let moved = Rows::new(Matrix::new(rows, moved)?, batch.targets().clone())?;
    let first = |rows: &Rows| -> Result<Vec<f64>> {
        let mut probe = Probe::new(training, rows, Mode::Evaluate)?;
        probe.run(&observed.start_values)?;
        let output = probe.output()?;
        let width = output.shape().last().copied().unwrap_or(1);
        Ok(output.values()[..width].to_vec())
    };
    let (own, other) = (first(&batch)?, first(&moved)?);
    let largest = own.iter().chain(&other).map(|value| value.abs()).fold(0.0, f64::max);
    let changed = own.iter().zip(&other).find(|(a, b)| (*a - *b).abs() > ROUNDING * largest);
    Ok(changed.map(|(a, b)| {
        let evidence = Sentence::new("other-rows").with("own", *a).with("other", *b).with("rows", rows);
        Finding::new(CauseName::LossReduction, evidence).preventing().without(Change::FittingOutput)
    }))
}

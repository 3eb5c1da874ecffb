//! The first number that is not finite.

use super::Finding;
use crate::cause::CauseName;
use crate::observe::Observed;
use crate::run::{Probe, Run};
use crate::search::Change;
use crate::text::Sentence;
use crate::training::{Block, Formula, Function};
use retrograde_base::Result;
use retrograde_train::nn::Mode;

/// Replays the steps up to the one whose loss was not finite, and finds the first block whose output was not.
pub(super) fn finding(observed: &Observed) -> Result<Option<Finding>> {
    let Some(bad) = observed.outcome.non_finite else { return Ok(None) };
    let training = &observed.training;
    let mut run = Run::new(training)?;
    while run.steps() + 1 < bad {
        run.step()?;
    }
    let values = run.values()?;
    run.step()?;
    let parameters_are_finite =
        values.iter().all(|value| value.values().iter().all(|value| value.is_finite()));
    if !parameters_are_finite {
        return Ok(None);
    }
    let mut probe = Probe::new(training, &run.batch_rows()?, Mode::Evaluate)?;
    probe.run(&values)?;
    let is_finite = |probe: &Probe, index: usize| -> Result<bool> {
        Ok(probe.value(index)?.values().iter().all(|value| value.is_finite()))
    };
    for (index, block) in training.network.blocks.iter().enumerate() {
        if is_finite(&probe, index + 1)? {
            continue;
        }
        let Block::Function(function) = block else { return Ok(None) };
        let input = probe.value(index)?.values().iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let evidence = Sentence::new("function-overflows")
            .with("function", function.to_string())
            .with("input", input)
            .with("step", bad);
        let is_output = index >= training.network.last_weights().unwrap_or(0);
        return Ok(Some(match function {
            Function::Exp if !is_output => {
                Finding::new(CauseName::Exploding, evidence).without(Change::LeakyRelu)
            }
            _ => Finding::new(CauseName::LossNumeric, evidence).without(Change::FittingOutput),
        }));
    }
    let guarded = !matches!(
        training.loss.formula,
        Formula::CrossEntropy { clip: None, .. } | Formula::BinaryCrossEntropy { clip: None }
    );
    if guarded {
        return Ok(None);
    }
    let output = probe.output()?;
    let least = output.values().iter().copied().fold(f64::INFINITY, f64::min);
    let evidence = Sentence::new("logarithm-of-zero").with("step", bad).with("least", least);
    Ok(Some(Finding::new(CauseName::LossNumeric, evidence).without(Change::FittingOutput)))
}

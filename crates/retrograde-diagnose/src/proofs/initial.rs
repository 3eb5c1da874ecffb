//! Units that begin equal, and stay so.

use super::Finding;
use crate::cause::CauseName;
use crate::observe::Observed;
use crate::search::Change;
use crate::text::Sentence;
use retrograde_core::graph::Tensor;

/// All units of a hidden layer have equal weights, bit for bit, before the first step and after the last that was seen.
pub(super) fn finding(observed: &Observed) -> Option<Finding> {
    let (first, last) = (observed.steps.first()?, observed.steps.last()?);
    let end = observed.training.network.last_weights()?;
    let is_hidden = |name: &str| {
        let block = name.split('.').next().and_then(|index| index.parse::<usize>().ok());
        block.is_some_and(|block| block < end) && name.ends_with("weight")
    };
    let mut weights = first.before.iter().zip(&last.after).filter(|((name, _), _)| is_hidden(name));
    let ((name, before), _) = weights.find(|((_, before), (_, after))| {
        units(before) > 1 && all_units_equal(before) && all_units_equal(after)
    })?;
    let evidence = Sentence::new("equal-units")
        .with("name", name.as_str())
        .with("units", units(before))
        .with("steps", observed.steps.len());
    Some(Finding::new(CauseName::Symmetric, evidence).without(Change::HeWeights))
}

/// The outputs of a weight: the columns of a product, the first axis of a convolution.
fn units(weight: &Tensor) -> usize {
    match weight.shape()[..] {
        [_, outputs] | [outputs, _, _, ..] => outputs,
        _ => 1,
    }
}

fn all_units_equal(weight: &Tensor) -> bool {
    let values = weight.values();
    let units = units(weight);
    if weight.shape().rank() == 2 {
        values.chunks_exact(units).all(|row| row.iter().all(|value| *value == row[0]))
    } else {
        let size = values.len() / units.max(1);
        values.chunks_exact(size.max(1)).all(|unit| unit == &values[..size])
    }
}

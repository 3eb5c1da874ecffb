//! The learning rate against the curvature of the loss.

use super::Finding;
use crate::cause::CauseName;
use crate::observe::Observed;
use crate::search::Change;
use crate::statistics::Curvature;
use crate::text::Sentence;
use retrograde_base::Result;
use retrograde_train::optim::OptimizerKind;

/// Rows on which the curvature is measured.
const ROWS: usize = 256;

/// Numbers of parameters up to which a Hessian-vector product is cheap.
const MAX_PARAMETERS: usize = 2_000_000;

/// Descent with the rate η multiplies the part of the error along the steepest direction by 1 − η·λ in each step, so that a rate above 2 / λ, or
/// 2 (1 + μ) / λ with momentum μ, diverges. A finding needs both the prediction and a loss that grew.
pub(super) fn finding(observed: &Observed) -> Result<Option<Finding>> {
    let training = &observed.training;
    let momentum = match training.optimizer.kind {
        OptimizerKind::Sgd => 0.0,
        OptimizerKind::Momentum | OptimizerKind::Nesterov => {
            training.optimizer.momentum.or(training.optimizer.kind.momentum()).unwrap_or(0.0)
        }
        _ => return Ok(None),
    };
    let outcome = &observed.outcome;
    let (start, end) = outcome.loss;
    let grew = outcome.non_finite.is_some() || end > start || !end.is_finite();
    let count: usize = observed.start_values.iter().map(|value| value.shape().elements()).sum();
    if !grew || count > MAX_PARAMETERS {
        return Ok(None);
    }
    let rows = training.train.sample(ROWS.min(training.batch_rows()).max(training.batch_rows().min(ROWS)))?;
    let eigenvalue = Curvature::new(training, &rows)?.largest_eigenvalue(&observed.start_values)?;
    let Some(eigenvalue) = eigenvalue.filter(|value| *value > 0.0) else { return Ok(None) };
    let rate = training.optimizer.learning_rate;
    let limit = 2.0 * (1.0 + momentum) / eigenvalue;
    if rate <= limit {
        return Ok(None);
    }
    let growth = growth(&observed.losses);
    let predicted = (1.0 - rate * eigenvalue).powi(2);
    let evidence = Sentence::new("rate-above-limit")
        .with("rate", rate)
        .with("limit", limit)
        .with("eigenvalue", eigenvalue)
        .with("predicted", predicted)
        .with("measured", growth.unwrap_or(f64::NAN));
    let factor = 10_f64.powf((limit / 4.0 / rate).log10().floor());
    Ok(Some(Finding::new(CauseName::RateHigh, evidence).without(Change::Rate(factor))))
}

/// The factor by which the loss grows in a step: the median over the steps in which it does.
pub(crate) fn growth(losses: &[f64]) -> Option<f64> {
    let mut factors: Vec<f64> = losses
        .windows(2)
        .filter(|pair| pair[0] > 0.0 && pair[1].is_finite() && pair[1] > pair[0])
        .map(|pair| pair[1] / pair[0])
        .take(50)
        .collect();
    factors.sort_by(f64::total_cmp);
    factors.get(factors.len() / 2).copied()
}

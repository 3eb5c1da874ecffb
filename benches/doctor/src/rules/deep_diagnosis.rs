//! DeepDiagnosis' symptoms and its decision tree from the symptom to the change, of its description.

use super::{Warning, Watched};
use retrograde::diagnose::Formula;

/// This share of outputs at or below 0 makes a layer dead.
const DEAD: f64 = 0.7;
/// This share of inputs beyond ± 5 makes a layer saturated.
const SATURATED: f64 = 0.5;
/// A mean gradient below this has vanished.
const VANISHED: f64 = 1e-7;
/// The range of the variance of a good weight.
const VARIANCE: [f64; 2] = [1e-5, 10.0];
/// The range of rate times gradient over weight of a good rate.
const RATIO: [f64; 2] = [1e-5, 0.1];

pub fn warnings(run: &Watched) -> Vec<Warning> {
    if out_of_range(run) {
        return vec![Warning::new("out.range", "targets are outside of what the last layer can give")];
    }
    // Symptoms in the order in which they come; the first is explained.
    for moment in &run.moments {
        if moment.weights.iter().any(|weight| !weight.is_finite) || !moment.train.loss.is_finite() {
            return vec![change(run, "a number is not finite", "lr.high")];
        }
        if moment.units.iter().any(|unit| unit.rectifies() && unit.not_positive >= DEAD) {
            return vec![change(run, "a layer is dead", "act.dead")];
        }
        if moment.units.iter().any(|unit| unit.is_bounded() && unit.beyond_5 > SATURATED) {
            return vec![change(run, "a layer is saturated", "act.saturated")];
        }
        if moment.weights.iter().any(|weight| weight.gradient < VANISHED) {
            return vec![change(run, "a gradient has vanished", "act.saturated")];
        }
        if moment.weights.iter().any(|weight| weight.is_unchanged) {
            return vec![change(run, "a weight does not change", "lr.low")];
        }
    }
    let (Some(first), Some(last)) = (run.moments.first(), run.moments.last()) else { return Vec::new() };
    if last.train.loss >= first.train.loss {
        return vec![change(run, "the loss does not fall", "opt.choice")];
    }
    if run.training.loss.formula.is_for_classes() && last.train.score <= first.train.score {
        return vec![change(run, "the accuracy does not rise", "opt.choice")];
    }
    Vec::new()
}

/// The change that the tree leads to.
fn change(run: &Watched, symptom: &str, otherwise: &'static str) -> Warning {
    let training = &run.training;
    let say = |cause, change: &str| Warning::new(cause, format!("{symptom}: {change}"));
    let Some(first) = run.moments.first() else { return say(otherwise, "change the layer") };
    if let Some(weight) =
        first.weights.iter().find(|weight| !(VARIANCE[0]..=VARIANCE[1]).contains(&weight.variance))
    {
        let cause = if weight.variance > VARIANCE[1] { "init.scale.large" } else { "init.scale.small" };
        return say(cause, "change the initial weights");
    }
    if training.train.x().values().iter().any(|value| value.abs() > 1.0) {
        return say("data.scale_in", "normalize the data");
    }
    let rate = training.optimizer.learning_rate;
    let ratios = first.weights.iter().map(|weight| rate * weight.gradient / weight.mean.max(1e-12));
    for ratio in ratios {
        if ratio > RATIO[1] {
            return say("lr.high", "lower the rate");
        }
        if ratio < RATIO[0] {
            return say("lr.low", "raise the rate");
        }
    }
    say(otherwise, "change the optimizer or the activation")
}

fn out_of_range(run: &Watched) -> bool {
    let training = &run.training;
    let range = training.network.output_functions().last().map(|function| function.range());
    let (low, high) = match (range, training.loss.formula) {
        (_, formula) if formula.takes_logits() => (0.0, 1.0),
        (_, Formula::CategoricalHinge | Formula::Hinge) | (None, _) => return false,
        (Some(range), _) => range,
    };
    training.train.targets().values().iter().any(|target| *target < low || *target > high)
}

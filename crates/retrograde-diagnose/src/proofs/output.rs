//! The output of the network, against the targets and the loss.

use super::Finding;
use crate::cause::CauseName;
use crate::observe::Observed;
use crate::run::AnyPlan;
use crate::search::Change;
use crate::text::Sentence;
use crate::training::{Formula, Function, TargetKind, Training};
use retrograde_base::Result;
use retrograde_core::graph::Graph;
use retrograde_core::plan::Planner;
use retrograde_train::nn::Activation;

/// The share of the targets' spread that an output may miss before that is a finding: rounding of scaled targets.
const MISSED: f64 = 1e-3;

pub(super) fn findings(observed: &Observed) -> Result<Vec<Finding>> {
    let training = &observed.training;
    let all = [
        softmax_of_one(training)?,
        domain(training)?,
        twice(training),
        not_probabilities(training),
        out_of_reach(training),
        bits(training),
    ];
    Ok(all.into_iter().flatten().map(|found| found.without(Change::FittingOutput)).collect())
}

/// The loss of the training set if all outputs are 1, in the precision of the training.
fn loss_at_one(training: &Training) -> Result<f64> {
    let targets = training.train.targets();
    let graph = Graph::new();
    let outputs = graph.input("y", targets.shape());
    let expected = graph.input("t", targets.shape());
    let loss = training.loss.record(&outputs, &expected);
    let mut plan = AnyPlan::compile(Planner::new(&graph).fetch(&loss), training.precision)?;
    plan.set(&outputs, &vec![1.0; targets.values().len()])?;
    plan.set(&expected, targets.values())?;
    plan.run()?;
    plan.scalar(&loss)
}

/// One-hot rows as bits: most are zero, and an output of zeros has most of them right.
fn bits(training: &Training) -> Option<Finding> {
    let of_bits =
        matches!(training.loss.formula, Formula::BinaryCrossEntropy { .. } | Formula::SigmoidCrossEntropy);
    let width = training.train.targets().shape()[1];
    (of_bits && training.kind() == TargetKind::Classes && width > 2).then(|| {
        let zeros = training.train.targets().values().iter().filter(|value| **value == 0.0).count();
        let share = zeros as f64 / training.train.targets().values().len() as f64;
        let evidence = Sentence::new("bits-of-classes").with("share", share).with("classes", width);
        Finding::new(CauseName::LossMismatch, evidence)
    })
}

/// A softmax over one output is 1 for any input, and its derivative 0.
fn softmax_of_one(training: &Training) -> Result<Option<Finding>> {
    let width = training.train.targets().shape()[1];
    let constant = width == 1 && training.network.output_functions().into_iter().any(Function::is_softmax);
    if !constant {
        return Ok(None);
    }
    let evidence = Sentence::new("softmax-of-one").with("loss", loss_at_one(training)?);
    Ok(Some(Finding::new(CauseName::SoftmaxOfOne, evidence).preventing()))
}

/// Targets that the loss is not defined for, or that it is not smallest at.
fn domain(training: &Training) -> Result<Option<Finding>> {
    let (formula, kind) = (training.loss.formula, training.kind());
    let values = training.train.targets().values();
    let outside = values.iter().filter(|value| !(0.0..=1.0).contains(*value)).count();
    let for_probabilities = formula.takes_probabilities() || formula.takes_logits();
    if for_probabilities && outside > 0 {
        let evidence = Sentence::new("targets-outside-domain")
            .with("loss", formula.to_string())
            .with("outside", outside)
            .with("count", values.len())
            .with("largest", values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
            .with("pinned", loss_at_one(training)?);
        return Ok(Some(Finding::new(CauseName::LossMismatch, evidence).preventing()));
    }
    let of_rows = matches!(formula, Formula::CrossEntropy { .. } | Formula::SoftmaxCrossEntropy);
    if of_rows && training.train.targets().shape()[1] == 1 {
        let evidence = Sentence::new("cross-entropy-of-one").with("loss", formula.to_string());
        return Ok(Some(Finding::new(CauseName::LossMismatch, evidence).preventing()));
    }
    if of_rows && kind == TargetKind::MultiLabel {
        let width = training.train.targets().shape()[1];
        let sums = values.chunks_exact(width).map(|row| row.iter().sum::<f64>());
        let other = sums.filter(|sum| (sum - 1.0).abs() > 1e-6).count();
        let evidence = Sentence::new("targets-not-one-class")
            .with("loss", formula.to_string())
            .with("rows", other)
            .with("count", training.train.len());
        return Ok(Some(Finding::new(CauseName::LossMismatch, evidence).preventing()));
    }
    if matches!(formula, Formula::Hinge | Formula::CategoricalHinge) {
        let last = training.network.output_functions().pop().filter(|last| last.range().1 <= 1.0);
        return Ok(last.map(|last| {
            let evidence = Sentence::new("hinge-of-bounded").with("function", last.to_string());
            Finding::new(CauseName::LossMismatch, evidence)
        }));
    }
    Ok(None)
}

/// The network applies the activation that the loss applies again.
fn twice(training: &Training) -> Option<Finding> {
    let functions = training.network.output_functions();
    let softmaxes = functions.iter().filter(|function| function.is_softmax()).count();
    let sigmoids =
        functions.iter().filter(|function| **function == Function::Elementwise(Activation::Sigmoid)).count();
    let width = training.train.targets().shape()[1] as f64;
    let double_softmax = softmaxes + usize::from(training.loss.formula == Formula::SoftmaxCrossEntropy) > 1;
    let double_sigmoid = sigmoids + usize::from(training.loss.formula == Formula::SigmoidCrossEntropy) > 1;
    if double_softmax {
        // The largest probability after a second softmax is that of a one among zeros.
        let floor = (std::f64::consts::E + width - 1.0).ln() - 1.0;
        let evidence = Sentence::new("softmax-twice").with("floor", floor).with("classes", width);
        return Some(Finding::new(CauseName::DoubleActivation, evidence));
    }
    if double_sigmoid {
        // The sigmoid of 1, and of 0.
        let floor = ((1.0 + (-1.0_f64).exp()).ln()).min(std::f64::consts::LN_2);
        let evidence = Sentence::new("sigmoid-twice").with("floor", floor);
        return Some(Finding::new(CauseName::DoubleActivation, evidence));
    }
    if training.loss.formula.takes_logits()
        && let Some(last) = functions.last()
    {
        let evidence = Sentence::new("activation-of-logits").with("function", last.to_string());
        return Some(Finding::new(CauseName::OutputRange, evidence));
    }
    None
}

/// The loss takes the logarithm of probabilities, and the outputs are none.
fn not_probabilities(training: &Training) -> Option<Finding> {
    let formula = training.loss.formula;
    if !formula.takes_probabilities() {
        return None;
    }
    let Some(last) = training.network.output_functions().pop() else {
        let evidence = Sentence::new("no-output-activation").with("loss", formula.to_string());
        return Some(Finding::new(CauseName::OutputMissing, evidence));
    };
    let (low, high) = last.range();
    let with_function =
        |id| Sentence::new(id).with("function", last.to_string()).with("loss", formula.to_string());
    if low < 0.0 || high > 1.0 {
        return Some(Finding::new(CauseName::OutputRange, with_function("output-not-probability")));
    }
    let of_rows = matches!(formula, Formula::CrossEntropy { .. });
    let sums_to_one = last.is_softmax() || last.mixes_rows();
    (of_rows && !sums_to_one && training.train.targets().shape()[1] > 1)
        .then(|| Finding::new(CauseName::OutputMissing, with_function("output-not-distribution")))
}

/// The nearest outputs to the targets are not the targets.
fn out_of_reach(training: &Training) -> Option<Finding> {
    let last = training.network.output_functions().pop()?;
    let targets = training.train.targets();
    let [rows, width] = targets.shape();
    let values = targets.values();
    let (low, high) = last.range();
    let of_simplex = last.is_softmax() && width > 1;
    let nearest: Vec<f64> = if of_simplex {
        values.chunks_exact(width).flat_map(onto_simplex).collect()
    } else {
        values.iter().map(|value| value.clamp(low, high)).collect()
    };
    let missed: f64 = values.iter().zip(&nearest).map(|(value, near)| (value - near).powi(2)).sum();
    let spread: f64 = (0..width)
        .map(|column| {
            let mean = (0..rows).map(|row| values[row * width + column]).sum::<f64>() / rows as f64;
            (0..rows).map(|row| (values[row * width + column] - mean).powi(2)).sum::<f64>()
        })
        .sum();
    let share = missed / spread.max(f64::MIN_POSITIVE);
    (share > MISSED).then(|| {
        let count = values.iter().zip(&nearest).filter(|(value, near)| (*value - *near).abs() > 1e-9).count();
        let evidence =
            Sentence::new(if of_simplex { "simplex-misses-targets" } else { "range-misses-targets" })
                .with("function", last.to_string())
                .with("low", low)
                .with("high", high)
                .with("least", values.iter().copied().fold(f64::INFINITY, f64::min))
                .with("largest", values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
                .with("share", 100.0 * share.min(1.0))
                .with("count", count)
                .with("floor", missed / values.len() as f64);
        let found = Finding::new(CauseName::OutputRange, evidence);
        if share > 0.05 { found.preventing() } else { found }
    })
}

/// The nearest point whose coordinates are at least 0 and sum to 1. J. Duchi et al., "Efficient projections onto the l1-ball", 2008.
fn onto_simplex(point: &[f64]) -> Vec<f64> {
    let mut sorted = point.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut shift) = (0.0, 0.0);
    for (index, value) in sorted.iter().enumerate() {
        sum += value;
        let candidate = (sum - 1.0) / (index + 1) as f64;
        if value - candidate > 0.0 {
            shift = candidate;
        }
    }
    point.iter().map(|value| (value - shift).max(0.0)).collect()
}

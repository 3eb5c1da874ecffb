//! The decision: is there a fault, and which change repairs it?

use crate::cause::CauseName;
use crate::observe::Observed;
use crate::outcome::Outcome;
use crate::proofs::{Finding, Units, findings};
use crate::search::{Change, Reference, Repairs, Trial};
use crate::text::Sentence;
use crate::training::{Distribution, Function, Training};
use retrograde_base::Result;
use retrograde_base::clock::Instant;
use retrograde_train::nn::Activation;
use serde::Serialize;
use std::time::Duration;

/// How a diagnosis is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// The time for the training's own run, the references and all counterfactual runs. Default: 30 seconds.
    pub budget: Duration,
    /// By how much the skill of the training must be below that of the reference for a fault. Default: 0.3.
    pub margin: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options { budget: Duration::from_secs(30), margin: 0.3 }
    }
}

/// The answer to "does it learn, and if not, why?".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It learns what a network of these widths can learn of the data.
    Healthy,
    /// It does not, and something repairs it or prevents it.
    Fault,
    /// It does not yet, and is not over.
    NoVerdictYet,
    /// Nothing learns anything of the data.
    NoSignal,
}

/// The diagnosis of a training.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The answer.
    pub verdict: Verdict,
    /// The earliest cause of a fault.
    pub cause: Option<CauseName>,
    /// The sentence for the cause, with its numbers.
    pub evidence: Option<Sentence>,
    /// The counterfactual run that repairs the training.
    pub repair: Option<Trial>,
    /// Other changes that repair it as well.
    pub other_repairs: Vec<Trial>,
    /// What is true of the training and is not the cause.
    pub advice: Vec<Finding>,
    /// How the training itself ended.
    pub outcome: Outcome,
    /// How the best reference ended, if one was run.
    pub reference: Option<Outcome>,
    /// All counterfactual runs.
    pub trials: Vec<Trial>,
    /// Seconds that the diagnosis took.
    pub seconds: f64,
    /// The settings that suggestions speak of.
    pub(crate) settings: Settings,
}

/// Settings of the training that suggestions speak of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Settings {
    pub(crate) rate: f64,
    pub(crate) steps: u64,
    pub(crate) fitting_loss: String,
}

/// The skill at which no reference is needed: there is little left to learn.
const LEARNED: f64 = 0.9;

/// The parts of the budget: of the training's own run, and of each counterfactual run.
const OWN_PART: u32 = 4;
const RUN_PART: u32 = 24;

/// Changes that are tried alone, in the order in which their settings come into a program. Of two that repair equally well the first is
/// named. Initial weights of a usual scale, and activations, come last: a faster training gets over both.
const SINGLES: [Change; 21] = [
    Change::OwnStep,
    Change::FittingOutput,
    Change::MeanLoss,
    Change::AddActivations,
    Change::StandardizedInputs,
    Change::StandardizedTargets,
    Change::Shuffled,
    Change::NoPenalty,
    Change::Rate(0.1),
    Change::Rate(0.01),
    Change::Rate(1e-3),
    Change::Rate(1e-4),
    Change::Rate(10.0),
    Change::Rate(100.0),
    Change::Rate(1e3),
    Change::Rate(1e4),
    Change::Steps(10),
    Change::LeakyRelu,
    Change::HeWeights,
    Change::NoDropout,
    Change::Adam,
];

/// Changes that are tried when no other repairs the training.
const LATER: [Change; 3] = [Change::Steps(100), Change::Batch(32), Change::Wider(4)];

/// Changes of the structure, which repair a training that learns too little.
const STRUCTURAL: [Change; 7] = [
    Change::OwnStep,
    Change::FittingOutput,
    Change::MeanLoss,
    Change::AddActivations,
    Change::StandardizedInputs,
    Change::StandardizedTargets,
    Change::NoPenalty,
];

/// A training learns too little if its skill is below that of the reference by this, and what it misses is so many times as much.
const MILD: f64 = 0.08;
const MILD_RATIO: f64 = 3.0;

/// Of two repairs that close the distance up to this, neither is better: the standard error of skills over seeds.
const TIE: f64 = 0.2;

/// Diagnoses a training: runs it, proves what can be proved, and finds by counterfactual runs which change repairs it.
///
/// ```
/// # fn main() -> retrograde::Result<()> {
/// use retrograde::data::Matrix;
/// use retrograde::diagnose::{CauseName, Formula, Network, Options, Rows, Training, Verdict, diagnose};
/// use retrograde::optim::OptimizerConfig;
///
/// // y = x / 2.5 for x up to 40, with a learning rate that works for x up to 1.
/// let x: Vec<f64> = (1..=8).map(|row| 5.0 * f64::from(row)).collect();
/// let y = x.iter().map(|x| x / 2.5).collect();
/// let rows = Rows::new(Matrix::new(8, x)?, Matrix::new(8, y)?)?;
/// let optimizer = OptimizerConfig { learning_rate: 0.01, ..OptimizerConfig::default() };
/// let training = Training::new(rows, Network::dense(1, [(1, None)]), Formula::SquaredError.into(), optimizer);
///
/// let diagnosis = diagnose(&training, &Options::default())?;
/// assert_eq!((diagnosis.verdict, diagnosis.cause), (Verdict::Fault, Some(CauseName::RateHigh)));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of a training that cannot be run.
pub fn diagnose(training: &Training, options: &Options) -> Result<Diagnosis> {
    let begin = Instant::now();
    let observed = Observed::new(training, options.budget / OWN_PART)?;
    let found = findings(&observed)?;
    let mut diagnosis = Diagnosis {
        verdict: Verdict::Healthy,
        cause: None,
        evidence: None,
        repair: None,
        other_repairs: Vec::new(),
        advice: Vec::new(),
        outcome: observed.outcome.clone(),
        reference: None,
        trials: Vec::new(),
        seconds: 0.0,
        settings: Settings {
            rate: training.optimizer.learning_rate,
            steps: training.steps,
            fitting_loss: training.kind().fitting_formula().to_string(),
        },
    };
    let skill = observed.outcome.score.skill;
    let misses_classes = found.iter().any(|finding| finding.evidence.id() == "unseen-class");
    if !(skill >= LEARNED && observed.outcome.has_learned()) || misses_classes {
        let search = Search { observed: &observed, found: &found, options, begin };
        search.decide(&mut diagnosis)?;
    }
    let cause = diagnosis.cause;
    diagnosis.advice = found.into_iter().filter(|finding| Some(finding.cause) != cause).collect();
    diagnosis.seconds = begin.elapsed().as_secs_f64();
    Ok(diagnosis)
}

struct Search<'a> {
    observed: &'a Observed,
    found: &'a [Finding],
    options: &'a Options,
    begin: Instant,
}

impl Search<'_> {
    fn decide(&self, diagnosis: &mut Diagnosis) -> Result<()> {
        let training = &self.observed.training;
        let time = self.options.budget / RUN_PART;
        let steps = self.observed.outcome.steps.max(1);
        // A run that ended early has the steps that it would have had.
        let steps = if self.observed.outcome.non_finite.is_some() { training.steps } else { steps };
        let reference = Reference::run(training, steps, time)?;
        let skill = self.observed.outcome.score.skill;
        let gap = reference.outcome.score.skill - skill;
        let preventing = self.found.iter().find(|finding| finding.prevents);
        diagnosis.reference = Some(reference.outcome.clone());
        let is_behind = gap > self.options.margin
            || self.observed.outcome.non_finite.is_some()
            || !self.observed.outcome.has_learned() && gap > 0.1;
        let end = self.begin + self.options.budget;
        let mut repairs = Repairs::new(training, skill, gap.max(0.05), steps, (time, end));
        if let Some(finding) = preventing.filter(|_| is_behind || !self.observed.outcome.has_learned()) {
            diagnosis.verdict = Verdict::Fault;
            diagnosis.cause = Some(finding.cause);
            diagnosis.evidence = Some(finding.evidence.clone());
            if let Some(change) = finding.change {
                diagnosis.repair = repairs.try_changes(&[change])?;
            }
        } else if !reference.outcome.has_learned() && !is_behind {
            diagnosis.verdict = Verdict::NoSignal;
        } else if is_behind {
            self.search(diagnosis, &mut repairs)?;
        } else if gap > MILD && (1.0 - skill) > MILD_RATIO * (1.0 - reference.outcome.score.skill) {
            self.search_mild(diagnosis, &mut repairs)?;
        }
        diagnosis.trials = repairs.into_trials();
        Ok(())
    }

    /// Finds the changes that repair the training, and names the cause.
    fn search(&self, diagnosis: &mut Diagnosis, repairs: &mut Repairs<'_>) -> Result<()> {
        diagnosis.verdict = Verdict::Fault;
        // What was found, without it.
        for finding in self.found {
            let Some(change) = finding.change else { continue };
            if let Some(trial) = repairs.try_changes(&[change])?.filter(Trial::repairs) {
                diagnosis.cause = Some(finding.cause);
                diagnosis.evidence = Some(finding.evidence.clone());
                diagnosis.repair = Some(trial);
                break;
            }
        }
        let mut good: Vec<Trial> = Vec::new();
        for change in SINGLES {
            if is_further(change, &good) {
                continue;
            }
            if let Some(trial) = repairs.try_changes(&[change])?
                && trial.repairs()
            {
                good.push(trial);
            }
        }
        if good.is_empty() && diagnosis.repair.is_none() {
            for change in LATER {
                if let Some(trial) = repairs.try_changes(&[change])?
                    && trial.repairs()
                {
                    good.push(trial);
                }
            }
        }
        // Initial weights of another scale come before the rate.
        let is_unusual =
            initial_deviation(&self.observed.training).is_some_and(|ratio| !(0.4..2.5).contains(&ratio));
        if let Some(at) =
            good.iter().position(|trial| trial.changes == [Change::HeWeights]).filter(|_| is_unusual)
        {
            let trial = good.remove(at);
            let before =
                good.iter().take_while(|trial| !matches!(trial.changes[..], [Change::Rate(_)])).count();
            good.insert(before.min(good.len()), trial);
        }
        if diagnosis.repair.is_none() {
            let best = good.iter().map(|trial| trial.closed).fold(0.0, f64::max);
            diagnosis.repair = good.iter().find(|trial| trial.closed >= best - TIE).cloned();
        }
        if diagnosis.repair.is_none() {
            diagnosis.repair = Self::pairs(repairs)?;
        }
        if let (None, Some(trial)) = (diagnosis.cause, &diagnosis.repair)
            && let Some(change) = trial.changes.first()
        {
            let (cause, evidence) = self.name(*change);
            diagnosis.cause = Some(cause);
            diagnosis.evidence = Some(evidence);
        }
        if diagnosis.cause.is_none() {
            let finding = self.found.first();
            diagnosis.cause = finding.map(|finding| finding.cause);
            diagnosis.evidence = finding.map(|finding| finding.evidence.clone());
        }
        if diagnosis.cause.is_none() && !self.observed.is_finished() {
            diagnosis.verdict = Verdict::NoVerdictYet;
        }
        let repair = diagnosis.repair.as_ref().map(|trial| trial.changes.clone());
        diagnosis.other_repairs =
            good.into_iter().filter(|trial| Some(&trial.changes) != repair.as_ref()).collect();
        Ok(())
    }

    /// Finds the one setting of a training that learns, with several times the error that the rows allow. Rates and steps are none:
    /// a training that is not over is no fault.
    fn search_mild(&self, diagnosis: &mut Diagnosis, repairs: &mut Repairs<'_>) -> Result<()> {
        // A layer may be frozen on purpose.
        let is_frozen = self.found.iter().any(|finding| finding.cause == CauseName::Frozen);
        for change in STRUCTURAL.into_iter().filter(|change| !(is_frozen && *change == Change::OwnStep)) {
            let Some(trial) = repairs.try_changes(&[change])? else { continue };
            if trial.closed < 0.7 || !trial.outcome.has_learned() {
                continue;
            }
            let found = self.found.iter().find(|finding| finding.change == Some(change));
            let (cause, evidence) =
                found.map_or_else(|| self.name(change), |found| (found.cause, found.evidence.clone()));
            diagnosis.verdict = Verdict::Fault;
            diagnosis.cause = Some(cause);
            diagnosis.evidence = Some(evidence);
            diagnosis.repair = Some(trial);
            return Ok(());
        }
        Ok(())
    }

    /// Two changes that repair the training together: those that help alone first, then others.
    fn pairs(repairs: &mut Repairs<'_>) -> Result<Option<Trial>> {
        let mut best: Option<Trial> = None;
        let mut order: Vec<(f64, Change)> = Vec::new();
        for change in SINGLES {
            if let Some(trial) = repairs.known(change) {
                order.push((trial.closed, change));
            }
        }
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (index, (_, first)) in order.iter().take(6).enumerate() {
            for (_, second) in order.iter().skip(index + 1).take(8) {
                let position = |change: &Change| SINGLES.iter().position(|single| single == change);
                let (first, second) =
                    if position(first) <= position(second) { (first, second) } else { (second, first) };
                if std::mem::discriminant(first) == std::mem::discriminant(second) {
                    continue;
                }
                let Some(trial) = repairs.try_changes(&[*first, *second])? else { continue };
                if trial.repairs() && trial.closed > best.as_ref().map_or(0.0, |best| best.closed + TIE) {
                    best = Some(trial);
                }
            }
            if best.is_some() {
                break;
            }
        }
        Ok(best)
    }

    /// The cause that a change repairs.
    fn name(&self, change: Change) -> (CauseName, Sentence) {
        let training = &self.observed.training;
        let start = Units::of(self.observed, &self.observed.start_blocks);
        let end = Units::of(self.observed, &self.observed.end_blocks);
        let functions = training.network.hidden_functions();
        let sentence = |id: &'static str| {
            Sentence::new(id).with("rate", training.optimizer.learning_rate).with("steps", training.steps)
        };
        let of = |cause, id: &'static str| (cause, sentence(id));
        match change {
            Change::OwnStep => of(CauseName::WrongGradient, "repair-step"),
            Change::FittingOutput if training.network.output_functions().is_empty() => {
                of(CauseName::LossMismatch, "repair-loss")
            }
            Change::FittingOutput => of(CauseName::LossMismatch, "repair-output"),
            Change::MeanLoss => of(CauseName::LossReduction, "repair-reduction"),
            Change::AddActivations => of(CauseName::ActivationMissing, "repair-activations"),
            Change::StandardizedInputs => of(CauseName::InputScale, "repair-inputs"),
            Change::StandardizedTargets => of(CauseName::TargetScale, "repair-targets"),
            Change::Shuffled => of(CauseName::NotShuffled, "repair-order"),
            Change::HeWeights => match initial_deviation(training) {
                Some(ratio) if ratio > 2.0 => {
                    (CauseName::LargeInit, sentence("repair-large-weights").with("ratio", ratio))
                }
                Some(ratio) if ratio < 0.5 => {
                    (CauseName::SmallInit, sentence("repair-small-weights").with("ratio", ratio))
                }
                _ if end.dead > 0.3 => {
                    (CauseName::Dead, sentence("repair-dead").with("dead", 100.0 * end.dead))
                }
                _ if start.saturated > 0.3 => {
                    (CauseName::Saturated, sentence("repair-saturated").with("flat", 100.0 * start.saturated))
                }
                _ => of(CauseName::SmallInit, "repair-weights"),
            },
            Change::LeakyRelu => {
                if functions.iter().any(|(_, function)| function.is_softmax() || function.mixes_rows()) {
                    of(CauseName::HiddenSoftmax, "repair-hidden-softmax")
                } else if functions.iter().any(|(_, function)| *function == Function::Exp) {
                    of(CauseName::Exploding, "repair-exploding")
                } else if functions
                    .iter()
                    .any(|(_, function)| *function == Function::Elementwise(Activation::Relu))
                {
                    (CauseName::Dead, sentence("repair-dead").with("dead", 100.0 * end.dead))
                } else {
                    (CauseName::Saturated, sentence("repair-saturated").with("flat", 100.0 * end.saturated))
                }
            }
            Change::NoPenalty | Change::NoDropout => {
                of(CauseName::StrongRegularization, "repair-regularization")
            }
            Change::Rate(factor) => {
                let (cause, id) = if factor < 1.0 {
                    (CauseName::RateHigh, "repair-rate-high")
                } else {
                    (CauseName::RateLow, "repair-rate-low")
                };
                (cause, sentence(id).with("better", training.optimizer.learning_rate * factor))
            }
            Change::Steps(factor) => {
                (CauseName::FewSteps, sentence("repair-steps").with("better", training.steps * factor))
            }
            Change::Adam => of(CauseName::Optimizer, "repair-optimizer"),
            Change::Batch(rows) => (CauseName::BatchSize, sentence("repair-batch").with("better", rows)),
            Change::Wider(factor) => (CauseName::Capacity, sentence("repair-width").with("factor", factor)),
        }
    }
}

/// Whether it is a rate beyond one that repairs already, or more than a hundred times as far.
fn is_further(change: Change, good: &[Trial]) -> bool {
    let Change::Rate(factor) = change else { return false };
    let is_far = !(0.005..200.0).contains(&factor);
    let same_side =
        |trial: &Trial| matches!(trial.changes[..], [Change::Rate(other)] if (other > 1.0) == (factor > 1.0));
    is_far && good.iter().any(same_side)
}

/// The deviation of the initial weights against that of He et al., the largest ratio of all layers.
fn initial_deviation(training: &Training) -> Option<f64> {
    use retrograde_train::nn::Model;
    let draw = |training: &Training| crate::run::build(training).ok();
    let own = draw(training)?;
    let changed = Training {
        initialization: crate::training::Initialization::with(Distribution::He),
        ..training.clone()
    };
    let usual = draw(&changed)?;
    let deviation =
        |values: &[f64]| (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt();
    let weights = own
        .parameters()
        .iter()
        .zip(usual.parameters().iter())
        .filter(|((name, _), _)| name.ends_with("weight"));
    let ratios = weights.map(|((_, own), (_, usual))| deviation(own.values()) / deviation(usual.values()));
    ratios.filter(|ratio| ratio.is_finite()).max_by(|a, b| a.ln().abs().total_cmp(&b.ln().abs()))
}

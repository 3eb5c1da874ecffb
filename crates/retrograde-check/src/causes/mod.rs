//! Hypotheses on the cause of a fault, tested on the numbers.
//!
//! A hypothesis predicts the gradient of code with this fault. It is accepted only if the prediction is the claimed
//! gradient, to rounding, at every probe (other inputs, upstream gradients, parameters and numbers of rows), and differs
//! from the truth in enough elements.

mod attention;
mod axis_slice;
mod batch;
mod changed;
mod contributions;
mod cross_entropy;
mod dense;
mod edges;
mod edits;
mod follows;
mod formulas;
mod loss_terms;
mod mask;
mod memory;
mod moving;
mod normalization;
mod omitted;
mod one_point;
mod order;
mod paths;
mod product;
mod recognized;
mod rectifier;
mod recurrent;
mod result;
mod scale;
mod slope;
mod softmax;
mod terms;
mod tied;
mod transposed;
mod unrolled;
mod windows;
mod within;

use ndarray::Array2;

use super::probe::Observations;
use super::probed_block::ProbedBlock;
use super::{Argument, Cause, Finding, Message, Severity, Verdict};
use retrograde_textbook::{Labels, Layer, Tensor};

/// A proved cause, with its messages.
#[derive(Debug, Clone)]
pub(super) struct Diagnosis {
    pub cause: Cause,
    /// Its message: by default that of the cause.
    pub message: Message,
    /// The message before it.
    pub besides: Option<Message>,
    /// Further observations.
    pub remarks: Vec<Message>,
    /// The prediction of the hypothesis, by probed block.
    pub predicted: Vec<Option<Tensor>>,
    /// Whether the upstream gradient was taken as 1, because the layer ignores it.
    pub from_one: bool,
}

/// A wrong block with its observations.
pub(super) struct Case<'a> {
    pub observations: &'a Observations,
    pub block: usize,
    /// The probes at which the block has differences.
    pub probed_blocks: Vec<ProbedBlock<'a>>,
    /// The labels, if the layer is a loss.
    pub labels: Option<&'a Labels>,
}

/// A hypothesis: returns the diagnosis if it reproduces the numbers.
type Hypothesis = fn(&Case<'_>, &mut dyn Layer) -> Option<Diagnosis>;

/// All hypotheses: the more specific ones come first.
const ALL: &[Hypothesis] = &[
    scale::detached,
    scale::sign,
    cross_entropy::forward_over_wrong_axis,
    cross_entropy::terms,
    softmax::forward_over_wrong_axis,
    memory::stale_elements,
    mask::dropout,
    mask::mask,
    slope::slope_missing_or_twice,
    slope::epsilon,
    one_point::slope_at,
    attention::terms,
    scale::factor,
    dense::edited,
    moving::places,
    normalization::paths,
    omitted::factor,
    memory::stale,
    recurrent::handed_back,
    order::another_parameter,
    softmax::terms,
    slope::at_output_or_input,
    mask::shifted_mask,
    paths::skip,
    slope::other_function,
    mask::redrawn,
    order::axes,
    order::rearranged,
    contributions::part_detached,
    contributions::missing,
    contributions::own_rows_or_elements,
    contributions::wrong_axis,
    contributions::dout_changed,
    within::at_the_end,
    within::at_the_beginning,
    loss_terms::wrong_term,
    rectifier::mask,
    windows::places,
    product::own_output,
    product::of_one_input,
    within::element_factor,
    axis_slice::factor,
    tied::path,
    result::changed,
    paths::direct,
    paths::weight_decay,
    scale::of_square,
    omitted::path,
    mask::fixed,
    transposed::factor,
    changed::input,
    changed::parameter,
];

/// The first hypothesis that reproduces the numbers of a block.
pub(super) fn diagnose(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    first_of(ALL, case, layer)
}

fn first_of(all: &[Hypothesis], case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    let found = all.iter().find_map(|hypothesis| hypothesis(case, layer))?;
    Some(found.with("block", case.name()))
}

/// Hypotheses that use only the contributions of a layer. They come last, because other hypotheses give more specific
/// causes.
const CONTRIBUTIONS: &[Hypothesis] = &[edges::written_into, edges::formula, edges::of_dout];

/// The diagnosis by the contributions of the outputs, if no other hypothesis reproduces the numbers of a block.
pub(super) fn diagnose_contributions(case: &Case<'_>, layer: &mut dyn Layer) -> Option<Diagnosis> {
    first_of(CONTRIBUTIONS, case, layer)
}

/// Hypotheses on the order and the contributions, which may be combined with a wrong size or sign.
const BESIDES: &[Hypothesis] = &[
    softmax::terms,
    slope::slope_missing_or_twice,
    order::another_parameter,
    normalization::paths,
    order::axes,
    order::rearranged,
    contributions::part_detached,
    contributions::missing,
    contributions::own_rows_or_elements,
    contributions::wrong_axis,
    contributions::dout_changed,
    within::at_the_end,
    within::at_the_beginning,
    paths::direct,
];

/// Two faults in one block: [`diagnose`] for the claimed gradient divided by a factor, and the factor.
///
/// `case` has the claimed gradients divided by the factor.
pub(super) fn diagnose_besides(
    factor: &scale::Besides,
    case: &Case<'_>,
    layer: &mut dyn Layer,
) -> Option<[Diagnosis; 2]> {
    let mut found = first_of(BESIDES, case, layer)?;
    for (predicted, probed) in found.predicted.iter_mut().zip(&case.probed_blocks) {
        if let Some(predicted) = predicted {
            *predicted *= factor.of(probed.probe);
        }
    }
    // Two faults that cancel are no fault.
    let pairs = found
        .predicted
        .iter()
        .zip(&case.probed_blocks)
        .filter_map(|(one, probed)| Some((one.as_ref()?, probed)));
    let distinguishing: usize = pairs.map(|(predicted, probed)| probed.distinguishing(predicted)).sum();
    if distinguishing < 2 {
        return None;
    }
    let second = factor.diagnosis(case, found.predicted.clone());
    Some([found, second])
}

pub(super) use cross_entropy::{Forward as CrossEntropy, recognize as cross_entropy_of, without_epsilon};
pub(super) use dense::Network;
pub(super) use follows::follows;
pub(super) use formulas::plain;
pub(super) use memory::{Memory, earlier_calls};
pub(super) use order::wrong_shape;
pub(super) use paths::decay;
pub(super) use scale::BESIDES as FACTORS;
pub(super) use softmax::{Over, log_softmax, same};

/// The diagnosis of a softmax over the wrong axis.
pub(super) fn over_wrong_axis(over: Over, rows: usize) -> Diagnosis {
    softmax::over_wrong_axis(over, rows, Vec::new())
}

impl<'a> Case<'a> {
    /// The probed blocks without kinks, where the slopes are known.
    pub fn smooth(&self) -> impl Iterator<Item = (usize, &ProbedBlock<'a>)> {
        self.probed_blocks.iter().enumerate().filter(|(_, probed)| probed.jacobian.kinks.is_empty())
    }

    /// The predictions of a hypothesis, if they are the claimed gradient at every probe and not the truth.
    pub fn fit(
        &self,
        predict: impl FnMut(&ProbedBlock<'a>) -> Option<Tensor>,
    ) -> Option<Vec<Option<Tensor>>> {
        self.fit_where(|_| true, predict)
    }

    /// The same for a hypothesis that predicts some wrong elements as unknown.
    pub fn fit_partly(
        &self,
        predict: impl FnMut(&ProbedBlock<'a>) -> Option<Tensor>,
    ) -> Option<Vec<Option<Tensor>>> {
        self.fit_if(|_| true, false, predict)
    }

    /// The same for a hypothesis that applies to some probes only.
    pub fn fit_where(
        &self,
        speaks: impl Fn(&ProbedBlock<'a>) -> bool,
        predict: impl FnMut(&ProbedBlock<'a>) -> Option<Tensor>,
    ) -> Option<Vec<Option<Tensor>>> {
        self.fit_if(speaks, true, predict)
    }

    fn fit_if(
        &self,
        speaks: impl Fn(&ProbedBlock<'a>) -> bool,
        whole: bool,
        mut predict: impl FnMut(&ProbedBlock<'a>) -> Option<Tensor>,
    ) -> Option<Vec<Option<Tensor>>> {
        let mut predicted: Vec<Option<Tensor>> = self.probed_blocks.iter().map(|_| None).collect();
        let (mut distinguishing, mut count) = (0, 0);
        for (at, probed) in self.smooth().filter(|(_, probed)| speaks(probed)) {
            let prediction = predict(probed)?;
            if !probed.matches(&prediction) || (whole && probed.misses_wrong_elements(&prediction)) {
                return None;
            }
            distinguishing += probed.distinguishing(&prediction);
            count += probed.elements(&prediction).count();
            predicted[at] = Some(prediction);
        }
        // A hypothesis must apply to every wrong probe.
        let unexplained =
            self.smooth().any(|(at, probed)| probed.verdict.is_wrong() && predicted[at].is_none());
        (distinguishing >= 2 && count >= 3 && !unexplained).then_some(predicted)
    }

    /// The same for contributions: the claimed Jacobian must be the predicted one, outputs × the elements with differences.
    pub fn fit_shares(
        &self,
        mut predict: impl FnMut(&ProbedBlock<'a>, &Array2<f64>) -> Option<Array2<f64>>,
    ) -> Option<Vec<Option<Tensor>>> {
        let mut predicted: Vec<Option<Tensor>> = self.probed_blocks.iter().map(|_| None).collect();
        let (mut distinguishing, mut count) = (0, 0);
        for (at, probed) in self.smooth() {
            let (jacobian, code) = (probed.jacobian, probed.claimed_jacobians?);
            let contributions = predict(probed, code)?;
            let size = |all: &Array2<f64>| {
                all.iter().fold(0.0_f64, |most, contribution| most.max(contribution.abs()))
            };
            let scale = 1e-8 * size(&jacobian.center).max(size(code));
            let all = contributions.iter().zip(code).zip(jacobian.center.iter().zip(&jacobian.error));
            for ((contribution, code), (slope, error)) in all {
                let tolerance = 10.0 * error + scale;
                if !contribution.is_finite() || (contribution - code).abs() > tolerance {
                    return None;
                }
                distinguishing += usize::from((contribution - slope).abs() > 3.0 * tolerance);
                count += 1;
            }
            let sums = contributions
                .columns()
                .into_iter()
                .map(|column| column.iter().zip(&probed.d).map(|(s, d)| s * d).sum());
            predicted[at] = Some(jacobian.spread(sums));
        }
        (distinguishing >= 2 && count >= 3).then_some(predicted)
    }

    /// The name of the block.
    pub fn name(&self) -> &str {
        &self.observations.names[self.block]
    }

    /// The name of the gradient: `dx`, `dw`.
    pub fn gradient(&self) -> String {
        format!("d{}", self.name())
    }

    /// Whether it is a parameter, not the input.
    pub fn is_parameter(&self) -> bool {
        self.block > 0
    }
}

impl Diagnosis {
    /// A diagnosis with the message of its cause.
    pub fn new(cause: Cause, predicted: Vec<Option<Tensor>>) -> Self {
        Diagnosis {
            message: cause.message(),
            cause,
            besides: None,
            remarks: Vec::new(),
            predicted,
            from_one: false,
        }
    }

    /// Adds an argument to its message.
    pub fn with(mut self, name: &str, value: impl Into<Argument>) -> Self {
        self.message = self.message.with(name, value);
        self
    }

    /// Replaces the text by another one, such as `sign-besides`, which falls back to `sign`.
    pub fn with_text(mut self, id: &str) -> Self {
        self.message = self.message.with_text(id);
        self
    }

    /// Converts it to a finding, without its evidence.
    pub fn finding(self, severity: Severity, verdict: Verdict, place: &str, blocks: Vec<String>) -> Finding {
        let sentences = self.besides.into_iter().chain([self.message]).collect();
        Finding { sentences, ..Finding::new(severity, verdict, place, blocks, Message::verbatim("")) }
            .of(self.cause)
    }

    /// Adds a further observation.
    pub fn remark(mut self, remark: impl Into<Message>) -> Self {
        self.remarks.push(remark.into());
        self
    }
}

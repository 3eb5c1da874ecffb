//! Diagnoses a block: the order in which causes are tested.

use super::Cause;
use super::causes::{
    Case, Diagnosis, FACTORS, Memory, diagnose, diagnose_besides, diagnose_contributions, earlier_calls,
    without_epsilon, wrong_shape,
};
use super::kinks::AtKink;
use super::message::text;
use super::numbers::largest;
use super::probe::{Observations, SAME_SHAPE};
use super::probed_block::ProbedBlock;
use super::subject::{claims, with_values};
use retrograde_textbook::{Labels, Layer, Tensor};

/// The causes of a wrong block: up to two, an ignored dout and another.
pub(super) fn explain(
    observations: &Observations,
    block: usize,
    labels: Option<&Labels>,
    layer: &mut dyn Layer,
) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    if observations.probes.iter().any(|probe| probe.claimed[block].is_none()) {
        return found;
    }
    if let Some(diagnosis) = wrong_shape(observations, block) {
        return vec![diagnosis];
    }
    if let Some(diagnosis) = ties(observations, block) {
        return vec![diagnosis];
    }
    let numbers = || 0..observations.probes.len();
    if let Some(diagnosis) = added_to_the_last(observations, block) {
        return vec![diagnosis];
    }
    if let Memory::Used(diagnosis) = earlier_calls(observations, block, layer) {
        return vec![*diagnosis];
    }
    let ignored = dout_ignored(observations, block) && ignored_everywhere(observations, block, layer);
    let ones: Vec<Tensor> = observations.probes.iter().map(|probe| Tensor::ones(probe.d.shape())).collect();
    let probed = |n: usize| ProbedBlock::new(observations, n, block, ignored.then(|| &ones[n]), None);
    let probed_blocks: Vec<ProbedBlock<'_>> = numbers().filter_map(probed).collect();
    if ignored {
        let predicted = probed_blocks.iter().map(|probed| Some(probed.truth.clone())).collect();
        let ignoring = Diagnosis::new(Cause::DoutIgnored, predicted).remark(text!("dout_ignored-seen"));
        found.push(ignoring.with("block", &observations.names[block]));
        if probed_blocks.iter().all(|probed| !probed.verdict.is_wrong()) {
            return found;
        }
    }
    // The ignored dout is not the whole error: another cause explains the rest.
    for diagnosis in &mut found {
        diagnosis.predicted.clear();
        diagnosis.besides = Some(text!("besides"));
    }
    let with_upstream = |diagnosis: Diagnosis| Diagnosis { from_one: ignored, ..diagnosis };
    // The probe with large numbers comes last: differences of constant outputs are inaccurate there.
    let is_far = |probed: &ProbedBlock<'_>| Some(probed.probe_index) == observations.far_probe;
    let (near, far): (Vec<ProbedBlock<'_>>, Vec<ProbedBlock<'_>>) =
        probed_blocks.into_iter().partition(|probed| !is_far(probed));
    let mut case = Case { observations, block, probed_blocks: near, labels };
    without_epsilon(&mut case);
    let wrong_near = case.probed_blocks.iter().any(|probed| probed.verdict.is_wrong());
    if let Some(diagnosis) = wrong_near.then(|| diagnose(&case, layer)).flatten() {
        if let (true, Cause::SharesMissing { .. }) = (ignored, &diagnosis.cause) {
            // If dout is ignored in one contribution and the others are missing, it is one mistake.
            found[0] = Diagnosis {
                predicted: diagnosis.predicted,
                besides: None,
                ..with_upstream(found[0].clone())
            };
            return found;
        }
        found.insert(0, with_upstream(diagnosis));
        return found;
    }
    // Two faults: one of sign or size, and another.
    for factor in FACTORS.iter().filter(|_| wrong_near) {
        let claimed: Vec<Option<Tensor>> = observations
            .probes
            .iter()
            .map(|probe| Some(probe.claimed[block].as_ref()? / factor.of(probe)))
            .collect();
        let probed = |n: usize| {
            ProbedBlock::new(observations, n, block, ignored.then(|| &ones[n]), claimed[n].as_ref())
        };
        let probed_blocks = numbers().filter_map(probed).filter(|probed| !is_far(probed)).collect();
        if let Some(two) =
            diagnose_besides(factor, &Case { observations, block, probed_blocks, labels }, layer)
        {
            found.splice(0..0, two.map(with_upstream));
            return found;
        }
    }
    let near = case.probed_blocks.len();
    let mut last = None;
    if !far.is_empty() {
        case.probed_blocks.extend(far);
        last = diagnose(&case, layer);
        case.probed_blocks.truncate(near);
    }
    let last = last.or_else(|| wrong_near.then(|| diagnose_contributions(&case, layer)).flatten());
    found.splice(0..0, last.map(with_upstream));
    found
}

/// Inputs are tied for a maximum, and the gradient is counted several times, or lost, along the direction in which
/// all of them move together, which has no kink.
fn ties(observations: &Observations, block: usize) -> Option<Diagnosis> {
    let mut counted = observations.probes.iter().filter_map(|probe| probe.at_kinks[block].as_ref()).flatten();
    let (_, times) = counted.find_map(|(element, state)| match state {
        AtKink::Counted(times) => Some((*element, *times)),
        _ => None,
    })?;
    let smooth = (0..observations.probes.len())
        .filter_map(|number| ProbedBlock::new(observations, number, block, None, None))
        .filter(|probed| probed.jacobian.kinks.is_empty());
    if smooth.into_iter().any(|probed| probed.verdict.is_wrong()) {
        return None;
    }
    Some(ties_counted(&observations.names[block], times))
}

/// The diagnosis that ties of a maximum are counted this many times.
pub(super) fn ties_counted(name: &str, times: f64) -> Diagnosis {
    Diagnosis::new(Cause::TiesCounted { times }, Vec::new()).with("block", name)
}

/// The gradient is added to that of the previous call.
fn added_to_the_last(observations: &Observations, block: usize) -> Option<Diagnosis> {
    let mut predicted = Vec::new();
    let mut grown = 0;
    for (number, probe) in observations.probes.iter().enumerate() {
        let Some(probed) = ProbedBlock::new(observations, number, block, None, None) else { continue };
        // For an input of another shape the arrays may be new.
        let is_new = number > SAME_SHAPE && observations.probes[number - 1].x.shape() != probe.x.shape();
        let before = probe.before[block].as_ref().filter(|before| before.shape() == probed.claimed.shape());
        let Some(before) = before.filter(|_| !is_new || probed.verdict.is_wrong()) else {
            predicted.push(Some(probed.truth));
            continue;
        };
        let without = &probed.claimed - before;
        if ProbedBlock::new(observations, number, block, None, Some(&without))?.verdict.is_wrong() {
            return None;
        }
        grown += usize::from(probed.verdict.is_wrong() && largest(before) > 0.0);
        predicted.push(Some(&probed.truth + before));
    }
    let accumulated = |predicted| Diagnosis::new(Cause::Accumulated, predicted);
    (grown >= 2).then(|| accumulated(predicted).with("block", &observations.names[block]))
}

pub(super) fn dout_ignored(observations: &Observations, block: usize) -> bool {
    let extra_calls = &observations.extra_calls;
    let (Some(first), Some(other), Some(sum)) =
        (&observations.probes[0].claimed[block], &extra_calls.other[block], &extra_calls.sum[block])
    else {
        return false;
    };
    if largest(first) > 0.0 {
        return first == other && other == sum;
    }
    // Where the first gradient is 0, the others decide: all are those of an upstream gradient of 1.
    let is = |number: usize, d: Option<&Tensor>| {
        let probed = ProbedBlock::new(observations, number, block, d, None)?;
        (probed.conclusive >= 0.5 && largest(&probed.truth) > 0.0).then(|| !probed.verdict.is_wrong())
    };
    let numbers = || 0..observations.probes.len();
    let claims = observations.probes.iter().filter_map(|probe| probe.claimed[block].as_ref());
    if claims.map(largest).fold(0.0, f64::max) == 0.0 {
        return false;
    }
    let ones = |number: usize| Tensor::ones(observations.probes[number].d.shape());
    numbers().filter_map(|number| is(number, None)).any(|right| !right)
        && numbers().filter_map(|number| is(number, Some(&ones(number)))).all(|right| right)
}

/// Whether the gradient does not depend on the upstream gradient at other inputs, too.
fn ignored_everywhere(observations: &Observations, block: usize, layer: &mut dyn Layer) -> bool {
    (0..=SAME_SHAPE).all(|number| {
        let probe = &observations.probes[number];
        let other = &observations.probes[(number + 1) % (SAME_SHAPE + 1)].d;
        let claimed = with_values(layer, &probe.values[1..], |layer| {
            layer.forward(&probe.x)?;
            claims(layer, other)
        });
        claimed.ok().is_some_and(|claimed| claimed[block] == probe.claimed[block])
    })
}

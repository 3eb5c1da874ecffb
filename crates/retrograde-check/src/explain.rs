//! What is wrong with a block: the order in which its causes are looked for.

use super::Cause;
use super::causes::{
    Case, Diagnosis, FACTORS, Memory, diagnose, diagnose_besides, diagnose_contributions, earlier_calls,
    without_epsilon, wrong_shape,
};
use super::kinks::AtKink;
use super::message::text;
use super::numbers::largest;
use super::probe::{Answers, SAME_SHAPE};
use super::subject::{claims, with_values};
use super::view::View;
use retrograde_textbook::{Labels, Layer, Tensor};

/// What is wrong with a block: up to two causes, dout being ignored and another.
pub(super) fn explain(
    answers: &Answers,
    block: usize,
    labels: Option<&Labels>,
    layer: &mut dyn Layer,
) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    if answers.probes.iter().any(|probe| probe.claimed[block].is_none()) {
        return found;
    }
    if let Some(diagnosis) = wrong_shape(answers, block) {
        return vec![diagnosis];
    }
    if let Some(diagnosis) = ties(answers, block) {
        return vec![diagnosis];
    }
    let numbers = || 0..answers.probes.len();
    if let Some(diagnosis) = added_to_the_last(answers, block) {
        return vec![diagnosis];
    }
    if let Memory::Used(diagnosis) = earlier_calls(answers, block, layer) {
        return vec![*diagnosis];
    }
    let ignored = dout_ignored(answers, block) && ignored_everywhere(answers, block, layer);
    let ones: Vec<Tensor> = answers.probes.iter().map(|probe| Tensor::ones(probe.d.shape())).collect();
    let view = |n: usize| View::new(answers, n, block, ignored.then(|| &ones[n]), None);
    let views: Vec<View<'_>> = numbers().filter_map(view).collect();
    if ignored {
        let predicted = views.iter().map(|view| Some(view.truth.clone())).collect();
        let ignoring = Diagnosis::new(Cause::DoutIgnored, predicted).remark(text!("dout_ignored-seen"));
        found.push(ignoring.with("block", &answers.names[block]));
        if views.iter().all(|view| !view.verdict.is_wrong()) {
            return found;
        }
    }
    // That dout is ignored is seen, but it is not all: what the numbers are otherwise is for another cause to say.
    for diagnosis in &mut found {
        diagnosis.predicted.clear();
        diagnosis.besides = Some(text!("besides"));
    }
    let told = |diagnosis: Diagnosis| Diagnosis { from_one: ignored, ..diagnosis };
    // Far out, differences of what stands still are of little use: it is looked at last.
    let is_far = |view: &View<'_>| Some(view.number) == answers.far;
    let (near, far): (Vec<View<'_>>, Vec<View<'_>>) = views.into_iter().partition(|view| !is_far(view));
    let mut case = Case { answers, block, views: near, labels };
    without_epsilon(&mut case);
    let wrong_near = case.views.iter().any(|view| view.verdict.is_wrong());
    if let Some(diagnosis) = wrong_near.then(|| diagnose(&case, layer)).flatten() {
        if let (true, Cause::SharesMissing { .. }) = (ignored, &diagnosis.cause) {
            // Where dout is ignored in one contribution, the others are not there: it is one mistake.
            found[0] = Diagnosis { predicted: diagnosis.predicted, besides: None, ..told(found[0].clone()) };
            return found;
        }
        found.insert(0, told(diagnosis));
        return found;
    }
    // Two faults at once: one of sign or size, and another.
    for factor in FACTORS.iter().filter(|_| wrong_near) {
        let claimed: Vec<Option<Tensor>> = answers
            .probes
            .iter()
            .map(|probe| Some(probe.claimed[block].as_ref()? / factor.of(probe)))
            .collect();
        let view = |n: usize| View::new(answers, n, block, ignored.then(|| &ones[n]), claimed[n].as_ref());
        let views = numbers().filter_map(view).filter(|view| !is_far(view)).collect();
        if let Some(two) = diagnose_besides(factor, &Case { answers, block, views, labels }, layer) {
            found.splice(0..0, two.map(told));
            return found;
        }
    }
    let near = case.views.len();
    let mut last = None;
    if !far.is_empty() {
        case.views.extend(far);
        last = diagnose(&case, layer);
        case.views.truncate(near);
    }
    let last = last.or_else(|| wrong_near.then(|| diagnose_contributions(&case, layer)).flatten());
    found.splice(0..0, last.map(told));
    found
}

/// Several inputs are tied for a maximum, and the gradient is counted several times, or lost, along the direction in which
/// all of them move together: there is no kink in that direction.
fn ties(answers: &Answers, block: usize) -> Option<Diagnosis> {
    let mut counted = answers.probes.iter().filter_map(|probe| probe.at_kinks[block].as_ref()).flatten();
    let (_, times) = counted.find_map(|(element, state)| match state {
        AtKink::Counted(times) => Some((*element, *times)),
        _ => None,
    })?;
    let smooth = (0..answers.probes.len())
        .filter_map(|number| View::new(answers, number, block, None, None))
        .filter(|view| view.jacobian.kinks.is_empty());
    if smooth.into_iter().any(|view| view.verdict.is_wrong()) {
        return None;
    }
    Some(ties_counted(&answers.names[block], times))
}

/// That ties of a maximum are counted so many times.
pub(super) fn ties_counted(name: &str, times: f64) -> Diagnosis {
    Diagnosis::new(Cause::TiesCounted { times }, Vec::new()).with("block", name)
}

/// The gradient is right but for that of the call before, to which it is added.
fn added_to_the_last(answers: &Answers, block: usize) -> Option<Diagnosis> {
    let mut predicted = Vec::new();
    let mut grown = 0;
    for (number, probe) in answers.probes.iter().enumerate() {
        let Some(view) = View::new(answers, number, block, None, None) else { continue };
        // For an input of another shape than the last the arrays may be new ones.
        let is_new = number > SAME_SHAPE && answers.probes[number - 1].x.shape() != probe.x.shape();
        let before = probe.before[block].as_ref().filter(|before| before.shape() == view.claimed.shape());
        let Some(before) = before.filter(|_| !is_new || view.verdict.is_wrong()) else {
            predicted.push(Some(view.truth));
            continue;
        };
        let without = &view.claimed - before;
        if View::new(answers, number, block, None, Some(&without))?.verdict.is_wrong() {
            return None;
        }
        grown += usize::from(view.verdict.is_wrong() && largest(before) > 0.0);
        predicted.push(Some(&view.truth + before));
    }
    let accumulated = |predicted| Diagnosis::new(Cause::Accumulated, predicted);
    (grown >= 2).then(|| accumulated(predicted).with("block", &answers.names[block]))
}

pub(super) fn dout_ignored(answers: &Answers, block: usize) -> bool {
    let experiments = &answers.experiments;
    let (Some(first), Some(other), Some(sum)) =
        (&answers.probes[0].claimed[block], &experiments.other[block], &experiments.sum[block])
    else {
        return false;
    };
    if largest(first) > 0.0 {
        return first == other && other == sum;
    }
    // Where the first gradient is 0, the others tell: all are those of an upstream gradient of 1.
    let is = |number: usize, d: Option<&Tensor>| {
        let view = View::new(answers, number, block, d, None)?;
        (view.conclusive >= 0.5 && largest(&view.truth) > 0.0).then(|| !view.verdict.is_wrong())
    };
    let numbers = || 0..answers.probes.len();
    let claims = answers.probes.iter().filter_map(|probe| probe.claimed[block].as_ref());
    if claims.map(largest).fold(0.0, f64::max) == 0.0 {
        return false;
    }
    let ones = |number: usize| Tensor::ones(answers.probes[number].d.shape());
    numbers().filter_map(|number| is(number, None)).any(|right| !right)
        && numbers().filter_map(|number| is(number, Some(&ones(number)))).all(|right| right)
}

/// Whether at other inputs, too, the gradient is the same for another gradient from above.
fn ignored_everywhere(answers: &Answers, block: usize, layer: &mut dyn Layer) -> bool {
    (0..=SAME_SHAPE).all(|number| {
        let probe = &answers.probes[number];
        let other = &answers.probes[(number + 1) % (SAME_SHAPE + 1)].d;
        let claimed = with_values(layer, &probe.values[1..], |layer| {
            layer.forward(&probe.x)?;
            claims(layer, other)
        });
        claimed.ok().is_some_and(|claimed| claimed[block] == probe.claimed[block])
    })
}

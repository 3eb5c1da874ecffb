//! Describes where and how a gradient is wrong without a known cause, from the numbers alone.

use std::collections::BTreeSet;

use super::Message;
use super::comparison::index_of;
use super::message::text;
use super::numbers::{flat, largest, nth};
use super::probe::{GIVEN, Observations};
use super::probed_block::ProbedBlock;

/// Longer lists of positions are not printed.
const LISTED: usize = 8;

/// Sentences about the numbers of a wrong block.
pub(super) fn sentences(
    observations: &Observations,
    block: usize,
    probed_blocks: &[ProbedBlock<'_>],
) -> Vec<Message> {
    let Some(first) = probed_blocks.iter().find(|probed| probed.verdict.is_wrong()) else {
        return Vec::new();
    };
    // A batch of another size has other positions.
    let shapes =
        |probed: &ProbedBlock<'_>| (probed.jacobian.shape.clone(), probed.probe.out.shape().to_vec());
    let alike: Vec<&ProbedBlock<'_>> =
        probed_blocks.iter().filter(|probed| shapes(probed) == shapes(first)).collect();
    let (shape, out) = shapes(first);
    let elements = |wrong: bool| alike.iter().flat_map(|probed| those(probed, wrong)).collect();
    let mut found = along(&shape, &elements(true), &elements(false), false);
    let all: Vec<Contribution> =
        alike.iter().flat_map(|probed| contributions(observations, probed)).collect();
    let outputs = |wrong: bool| all.iter().filter(|one| one.wrong == wrong).map(|one| one.output).collect();
    found.extend(along(&out, &outputs(true), &outputs(false), true));
    found.extend(from_later_positions(&all, &shape, &out));
    found.extend(one_ratio(probed_blocks));
    found.extend(one_value(probed_blocks));
    found.extend(in_the_same_outputs(observations, block, first.probe_index));
    found
}

/// The wrong, or the right, elements of a probed block.
fn those(probed: &ProbedBlock<'_>, wrong: bool) -> Vec<usize> {
    let tolerance = flat(&probed.tolerance);
    let all = probed.jacobian.columns.iter().copied();
    all.filter(|&at| (probed.error(at) > tolerance[at]) == wrong).collect()
}

/// The contribution of an output to an element, if it is not negligible.
struct Contribution {
    output: usize,
    element: usize,
    wrong: bool,
}

fn contributions(observations: &Observations, probed: &ProbedBlock<'_>) -> Vec<Contribution> {
    let (Some(code), jacobian) = (probed.claimed_jacobians, probed.jacobian) else { return Vec::new() };
    let size = largest(code.iter().chain(&jacobian.center));
    let rounding = size * observations.precision_at(probed.block, probed.probe_index);
    let all = code.indexed_iter().filter_map(|((output, column), code)| {
        let at = [output, column];
        let wrong = (code - jacobian.center[at]).abs() > 10.0 * jacobian.error[at] + rounding;
        let is_some = wrong || code.abs() > 1e-6 * size;
        is_some.then(|| Contribution { output, element: jacobian.columns[column], wrong })
    });
    all.collect()
}

/// The wrong positions along each axis, if some positions are right throughout.
fn along(shape: &[usize], wrong: &BTreeSet<usize>, right: &BTreeSet<usize>, outputs: bool) -> Vec<Message> {
    let mut found = Vec::new();
    for (axis, &length) in shape.iter().enumerate() {
        let at = |all: &BTreeSet<usize>| -> BTreeSet<usize> {
            all.iter().map(|&one| index_of(one, shape)[axis]).collect()
        };
        let wrong: Vec<usize> = at(wrong).into_iter().collect();
        let right: Vec<usize> = at(right).into_iter().filter(|at| !wrong.contains(at)).collect();
        if wrong.is_empty() || right.is_empty() || wrong.len().min(right.len()) > LISTED {
            continue;
        }
        let id = match right[..] {
            _ if right.len() > LISTED => "extent-wrong",
            _ if wrong.len() > LISTED => "extent-right",
            [at] if at + 1 == length => "extent-last",
            [0] => "extent-first",
            _ => "extent-both",
        };
        found.push(text!(id, wrong, right, axis, outputs));
    }
    found
}

/// Along an axis that block and output share, contributions within the same position are right.
fn from_later_positions(all: &[Contribution], shape: &[usize], out: &[usize]) -> Option<Message> {
    let axes = (0..shape.len()).flat_map(|a| (0..out.len()).map(move |b| (a, b)));
    let mut axes = axes.filter(|(a, b)| shape[*a] == out[*b] && shape[*a] > 1);
    let (axis, _) = axes.find(|(a, b)| {
        let place = |one: &Contribution| (index_of(one.element, shape)[*a], index_of(one.output, out)[*b]);
        let own = all.iter().any(|one| place(one).0 == place(one).1);
        own && all.iter().any(|one| one.wrong)
            && all.iter().all(|one| {
                let (element, output) = place(one);
                element < output || (element == output && !one.wrong)
            })
    })?;
    Some(text!("extent-later", axis))
}

/// The wrong gradient is the right one times one number, at all inputs.
fn one_ratio(probed_blocks: &[ProbedBlock<'_>]) -> Option<Message> {
    let mut ratios = Vec::new();
    for probed in probed_blocks {
        for element in those(probed, true) {
            let (claimed, truth) = (nth(&probed.claimed, element), nth(&probed.truth, element));
            ratios.push((claimed / truth, nth(&probed.tolerance, element) / truth.abs()));
        }
    }
    let &(ratio, _) = ratios.iter().min_by(|a, b| a.1.total_cmp(&b.1)).filter(|_| ratios.len() >= 3)?;
    let same = ratios.iter().all(|(other, error)| (other - ratio).abs() <= 2.0 * error);
    same.then(|| text!("extent-ratio", ratio))
}

/// Random inputs are right: the fault depends on special values of the given ones.
fn one_value(probed_blocks: &[ProbedBlock<'_>]) -> Option<Message> {
    let given = probed_blocks.iter().find(|probed| probed.probe_index == GIVEN)?;
    if probed_blocks.len() < 2
        || probed_blocks.iter().any(|probed| probed.verdict.is_wrong() != (probed.probe_index == GIVEN))
    {
        return None;
    }
    let values = &given.probe.values[given.block];
    let of = |elements: Vec<usize>| -> Vec<f64> { elements.iter().map(|&at| nth(values, at)).collect() };
    let (wrong, right) = (of(those(given, true)), of(those(given, false)));
    let value = *wrong.first()?;
    let one = wrong.iter().all(|other| *other == value) && !right.contains(&value);
    Some(if one { text!("extent-value", value) } else { text!("extent-given") })
}

/// Other blocks that are wrong in the contributions of the same outputs.
fn in_the_same_outputs(observations: &Observations, block: usize, number: usize) -> Option<Message> {
    let wrong_in = |block: usize| -> BTreeSet<usize> {
        let probed = ProbedBlock::new(observations, number, block, None, None);
        let all = probed.iter().flat_map(|probed| contributions(observations, probed)).collect::<Vec<_>>();
        all.iter().filter(|one| one.wrong).map(|one| one.output).collect()
    };
    let own = wrong_in(block);
    // If all outputs are wrong in all blocks, this is no information.
    if own.is_empty() || own.len() == observations.probes[number].out.len() {
        return None;
    }
    let others = (0..observations.names.len()).filter(|other| *other != block && wrong_in(*other) == own);
    let others: Vec<String> = others.map(|other| format!("d{}", observations.names[other])).collect();
    (!others.is_empty()).then(|| text!("extent-outputs", others))
}

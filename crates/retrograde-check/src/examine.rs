//! Examines a single layer: observes, differentiates, judges and diagnoses it.

use super::causes::{CrossEntropy, Diagnosis, cross_entropy_of, follows, plain};
use super::control::{affordable, done};
use super::evidence::{numbers, unexplained};
use super::explain::{dout_ignored, explain};
use super::guarded::Guarded;
use super::message::text;
use super::observe::{Inputs, Unobservable, expect_numbers, observe};
use super::probe::{GIVEN, Observations, normal, random, relative};
use super::probed_block::ProbedBlock;
use super::{
    Cause, Comparison, Evidence, Finding, LayerReport, Message, Severity, Verdict, invariants, linearity,
};
use retrograde_base::Result;
use retrograde_textbook::{Labels, Layer, Tensor};

/// The number of elements of a block for detection; random directions cover whole blocks.
const FEW: usize = 48;
/// The number of elements of a block for diagnosis.
const MANY: usize = 144;

/// The result of an examination.
pub(super) struct Examined {
    /// The cross entropy without its epsilon, if a small one in the logarithm is the only deviation.
    pub epsilon: Option<CrossEntropy>,
    pub layer: LayerReport,
    pub findings: Vec<Finding>,
    pub method: Vec<Message>,
    /// The relative noise of an output.
    pub noise: f64,
    /// The relative rounding tolerance of its gradients.
    pub precision: f64,
}

/// Examines a layer at random inputs of the shape of `x`, and at `x`. A loss comes with its labels.
pub(super) fn examine(
    layer: &mut dyn Layer,
    name: &str,
    x: &Tensor,
    labels: Option<&Labels>,
) -> Result<Examined> {
    examine_at(layer, (name, "x"), (x, Inputs::Random), labels, &[])
}

/// Examines a layer whose input may have another name than `x`, at `inputs`; `data` are the arrays that a loss
/// depends on besides its arguments.
pub(super) fn examine_at(
    layer: &mut dyn Layer,
    (name, input): (&str, &str),
    (x, inputs): (&Tensor, Inputs),
    labels: Option<&Labels>,
    data: &[Tensor],
) -> Result<Examined> {
    let layer = &mut Guarded::new(layer);
    expect_numbers(name, x)?;
    let kind = layer.name().to_owned();
    let report = |output: Vec<usize>, verdict, blocks| LayerReport {
        name: name.to_owned(),
        kind: kind.clone(),
        output,
        verdict,
        blocks,
    };
    let mut observations = match observe(layer, input, x, (inputs, 1))? {
        Ok(observations) => observations,
        Err(unobservable) => {
            let output = layer.forward(x)?.shape().to_vec();
            let finding = refused(name, unobservable);
            let layer = report(output, finding.verdict, Vec::new());
            return Ok(Examined {
                epsilon: None,
                layer,
                findings: vec![finding],
                method: Vec::new(),
                noise: f64::EPSILON,
                precision: relative(f64::EPSILON),
            });
        }
    };
    observations.data = data.to_vec();
    let mut wrong: Vec<(usize, Vec<Diagnosis>)> = Vec::new();
    let mut blocks = Vec::new();
    let mut findings = Vec::new();
    let mut suspicious = suspicions(layer, &mut observations)?;
    for (block, suspicious) in suspicious.iter_mut().enumerate() {
        *suspicious |= dout_ignored(&observations, block);
    }
    if suspicious.iter().any(|suspicious| *suspicious) {
        done(0.5);
        let many = affordable(MANY, observations.probes.len() * observations.names.len(), 0.8);
        for probe in 0..observations.probes.len() {
            for block in 0..observations.names.len() {
                observations.differentiate(layer, probe, block, many, 2)?;
            }
            observations.observe_claimed_jacobians(layer, probe);
            // All probes are at one point, and so at the same kinks.
            if inputs == Inputs::Given && probe > GIVEN {
                observations.judge_kinks(layer, probe)?;
            }
            for block in (0..observations.names.len()).filter(|block| !suspicious[*block]) {
                observations.recheck(layer, probe, block)?;
            }
        }
    }
    for (block, suspicious) in suspicious.iter().enumerate() {
        let judged = judge(&observations, block);
        let verdict = if *suspicious { Verdict::Wrong } else { judged.0 };
        if *suspicious {
            wrong.push((block, explain(&observations, block, labels, layer)));
        } else {
            findings.extend(remark(&observations, name, block, verdict));
        }
        blocks.push(Comparison { verdict, ..judged.1 });
    }
    copy_bias_causes(&observations, &mut wrong);
    findings.extend(right_to_few_digits(&observations, name, &mut wrong, &mut blocks));
    findings.splice(0..0, fault_findings(&observations, name, &wrong));
    let epsilon = labels.and_then(|labels| small_epsilon(&observations, labels, &mut findings));
    if epsilon.is_some()
        && !findings.iter().any(|found| found.verdict.is_wrong())
        && blocks[0].verdict.is_wrong()
    {
        blocks[0].verdict = Verdict::Together;
    }
    harmless_epsilons(&mut findings, &mut blocks);
    // A violated invariant without a known cause is a finding of its own.
    let explained =
        |block: &str| findings.iter().any(|f| f.cause.is_some() && f.blocks.iter().any(|b| b == block));
    let unexplained = (0..observations.names.len()).filter(|block| !explained(&observations.names[*block]));
    let broken: Vec<Finding> =
        unexplained.filter_map(|block| linearity::as_finding(&observations, name, block)).collect();
    findings.extend(broken);
    findings.extend(invariants::of_layer(layer, name, &observations, labels, &findings));
    findings.splice(0..0, layer.findings(name));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let verdict = Verdict::of_all(
        blocks.iter().map(|block| block.verdict).chain(findings.iter().map(|finding| finding.verdict)),
    );
    let mut method = vec![text!(
        "method-layer",
        layer = name,
        inputs = observations.probes.len(),
        count = blocks.iter().map(|block| block.compared).sum::<usize>()
    )];
    if observations.batch.is_none() && x.ndim() > 1 {
        method.push(text!("method-one_batch", layer = name));
    }
    let output = observations.probes[GIVEN].out.shape().to_vec();
    let precision =
        (0..observations.names.len()).map(|block| observations.precision(block)).fold(0.0, f64::max);
    let layer = report(output, verdict, blocks);
    Ok(Examined { epsilon, layer, findings, method, noise: observations.noise, precision })
}

/// Whether a block agrees with the differences to a few digits at all probes.
fn few_digits(observations: &Observations, block: usize) -> bool {
    let mut probed_blocks = (0..observations.probes.len())
        .map(|number| ProbedBlock::new(observations, number, block, None, None));
    probed_blocks.all(|probed| probed.is_some_and(|probed| probed.agrees_to_few_digits()))
}

/// Sets blocks that are wrong without a known cause to right, if they agree with the differences to a few digits.
fn right_to_few_digits(
    observations: &Observations,
    name: &str,
    wrong: &mut Vec<(usize, Vec<Diagnosis>)>,
    blocks: &mut [Comparison],
) -> Vec<Finding> {
    let is_right =
        |(block, found): &mut (usize, Vec<Diagnosis>)| found.is_empty() && few_digits(observations, *block);
    let right = wrong.extract_if(.., is_right).map(|(block, _)| {
        blocks[block].verdict = Verdict::Rounding;
        few_digits_finding(name, &observations.names[block])
    });
    right.collect()
}

/// The finding for a block that agrees with the differences to a few digits.
pub(super) fn few_digits_finding(place: &str, block: &str) -> Finding {
    let sentence = text!("few_digits", block);
    Finding::new(Severity::Remark, Verdict::Rounding, place, vec![block.to_owned()], sentence)
}

/// An epsilon up to this in the logarithm of a loss guards it against ln 0, and its effect on the gradient is
/// negligible.
const SMALL_EPSILON: f64 = 1e-6;

/// The loss without its small epsilon, if it has one. A gradient without the epsilon is then a remark.
fn small_epsilon(
    observations: &Observations,
    labels: &Labels,
    findings: &mut [Finding],
) -> Option<CrossEntropy> {
    let pairs: Vec<(&Tensor, f64)> =
        observations.probes.iter().map(|probe| (&probe.x, probe.out.sum())).collect();
    let small = |forward: &CrossEntropy| forward.epsilon > 0.0 && forward.epsilon <= SMALL_EPSILON;
    let forward = cross_entropy_of(&pairs, labels, observations.noise).filter(small)?;
    let is_epsilon = |found: &&mut Finding| matches!(found.cause, Some(Cause::Epsilon { .. }));
    let Some(found) = findings.iter_mut().find(is_epsilon) else {
        return Some(CrossEntropy { epsilon: 0.0, ..forward });
    };
    *found = found.clone().harmless([text!("epsilon-small")]);
    Some(CrossEntropy { epsilon: 0.0, ..forward })
}

/// A small epsilon on one side only is a remark.
fn harmless_epsilons(findings: &mut [Finding], blocks: &mut [Comparison]) {
    for found in findings.iter_mut().filter(|found| found.verdict.is_wrong()) {
        if !matches!(found.cause, Some(Cause::Epsilon { value }) if value <= SMALL_EPSILON) {
            continue;
        }
        *found = found.clone().harmless([text!("epsilon-small")]);
        for block in blocks.iter_mut().filter(|block| found.blocks.contains(&block.block)) {
            block.verdict = Verdict::Together;
        }
    }
}

fn refused(name: &str, unobservable: Unobservable) -> Finding {
    let (verdict, sentence) = match unobservable {
        Unobservable::NotDeterministic(at, first, second) => (
            Verdict::NotDeterministic,
            text!("refused-not_deterministic", at, first = first.to_string(), second = second.to_string()),
        ),
        Unobservable::NotFinite => (Verdict::NotDifferentiable, text!("refused-not_finite")),
    };
    Finding::new(Severity::Remark, verdict, name, Vec::new(), sentence)
}

/// By block: whether an element deviates at two probes, or a random direction at any.
fn suspicions(layer: &mut dyn Layer, observations: &mut Observations) -> Result<Vec<bool>> {
    let blocks = observations.names.len();
    let few = affordable(FEW, 2 * blocks, 0.4);
    for probe in [0, GIVEN] {
        for block in 0..blocks {
            observations.differentiate(layer, probe, block, few, 1)?;
            done(0.1 + 0.3 * (probe * blocks + block + 1) as f64 / (2 * blocks) as f64);
        }
        observations.judge_kinks(layer, probe)?;
        for block in 0..observations.names.len() {
            observations.recheck(layer, probe, block)?;
        }
    }
    let mut all = Vec::new();
    for block in 0..observations.names.len() {
        let misfit = observations.probes.iter().any(|probe| {
            probe.claimed[block].as_ref().is_none_or(|claimed| claimed.shape() != probe.values[block].shape())
        });
        let mut wrong = misfit || judge(observations, block).0.is_wrong();
        let mut random = random(block as u64 + 10);
        for probe in 0..observations.probes.len() {
            for _ in 0..2 {
                // A wrong block needs no further directions.
                if wrong {
                    break;
                }
                let mut direction = normal(observations.probes[probe].values[block].shape(), &mut random);
                if !observations.away_from_kinks(probe, block, &mut direction) {
                    continue;
                }
                wrong = !observations.agrees_along(layer, probe, block, &direction)?;
            }
        }
        all.push(wrong);
    }
    Ok(all)
}

/// The verdict of a block over the probes at which it was differentiated, and the comparison to show.
fn judge(observations: &Observations, block: usize) -> (Verdict, Comparison) {
    let probed_blocks: Vec<ProbedBlock<'_>> = (0..observations.probes.len())
        .filter_map(|number| ProbedBlock::new(observations, number, block, None, None))
        .collect();
    // If rounding hides the gradient at one input, the others decide.
    let is_conclusive = |probed: &&ProbedBlock<'_>| probed.verdict != Verdict::Inconclusive;
    let any_conclusive = probed_blocks.iter().any(|probed| is_conclusive(&probed));
    let counted = probed_blocks.iter().filter(|probed| !any_conclusive || is_conclusive(probed));
    let mut verdict = Verdict::of_all(counted.map(|probed| probed.verdict));
    if verdict == Verdict::Inconclusive && probed_blocks.iter().all(|probed| probed.negligible) {
        // Numerical and claimed gradients are 0 at all inputs, up to the rounding of a function of some size.
        verdict = Verdict::Right;
    }
    let shown = probed_blocks
        .iter()
        .find(|probed| probed.probe_index == GIVEN && (probed.verdict.is_wrong() || !verdict.is_wrong()))
        .or_else(|| probed_blocks.iter().find(|probed| probed.verdict == verdict));
    let name = &observations.names[block];
    let comparison = shown.map_or_else(
        || Comparison::new(name, observations.probes[GIVEN].values[block].shape(), &[], &[], Verdict::Wrong),
        |probed| probed.comparison(name),
    );
    (verdict, comparison)
}

/// The remark on a right block, if any.
fn remark(observations: &Observations, name: &str, block: usize, verdict: Verdict) -> Option<Finding> {
    let own = observations.names[block].as_str();
    let note =
        |sentence: Message| Finding::new(Severity::Remark, verdict, name, vec![own.to_owned()], sentence);
    match verdict {
        Verdict::Kink => {
            let probed = ProbedBlock::new(observations, GIVEN, block, None, None)?;
            let kinks = &probed.jacobian.kinks;
            let at = super::comparison::index_of(*kinks.first()?, &probed.jacobian.shape);
            let column =
                probed.jacobian.columns.iter().position(|column| column == kinks.first().unwrap_or(&0))?;
            let (left, right) = (probed.jacobian.left.column(column), probed.jacobian.right.column(column));
            let o = (0..left.len()).find(|o| (left[*o] - right[*o]).abs() > 1e-6)?;
            let claimed = probed.claimed.iter().nth(kinks[0]).copied()?;
            Some(note(text!(
                "remark-kink",
                block = own,
                kinks = kinks.len(),
                all = probed.jacobian.columns.len(),
                at,
                left = plain(left[o] * probed.d[o]),
                right = plain(right[o] * probed.d[o]),
                claimed = plain(claimed)
            )))
        }
        Verdict::Rounding => {
            let id = if observations.noise > 1e-12 { "remark-rounding" } else { "remark-precision" };
            let precision = observations.gradient_precisions[block].name();
            Some(note(text!(
                id,
                block = own,
                to = format!("{:.0e}", observations.precision(block)),
                precision
            )))
        }
        Verdict::NotDifferentiable => Some(note(text!("remark-jump", block = own))),
        Verdict::Inconclusive => Some(note(text!("remark-inconclusive", block = own))),
        Verdict::Right
            if ProbedBlock::new(observations, GIVEN, block, None, None)
                .is_some_and(|probed| probed.verdict == Verdict::Inconclusive) =>
        {
            Some(note(text!("remark-near_zero", block = own)))
        }
        Verdict::Right if observations.repeat_spread[block] > 1e-12 => Some(note(text!(
            "remark-spread",
            block = own,
            spread = format!("{:.0e}", observations.repeat_spread[block])
        ))),
        Verdict::Right | Verdict::Wrong | Verdict::Together | Verdict::NotDeterministic => None,
    }
}

/// Blocks without a cause get that of a bias whose gradient has the same mistake.
fn copy_bias_causes(observations: &Observations, wrong: &mut [(usize, Vec<Diagnosis>)]) {
    let known: Vec<(usize, Vec<Diagnosis>)> =
        wrong.iter().filter(|(_, found)| !found.is_empty()).cloned().collect();
    for (block, found) in wrong.iter_mut().filter(|(_, found)| found.is_empty()) {
        let same = known.iter().find(|(bias, _)| follows(observations, *block, *bias));
        found.extend(same.into_iter().flat_map(|(_, causes)| causes.clone()));
    }
}

/// The findings of all wrong blocks: one for each cause, with all blocks that have it.
fn fault_findings(
    observations: &Observations,
    name: &str,
    wrong: &[(usize, Vec<Diagnosis>)],
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (block, diagnoses) in wrong {
        let block_name = observations.names[*block].clone();
        let probed = |number: usize| ProbedBlock::new(observations, number, *block, None, None);
        let explained = diagnoses.iter().any(|diagnosis| {
            !matches!(diagnosis.cause, Cause::DoutIgnored) || !diagnosis.predicted.is_empty()
        });
        if !explained {
            findings.push(unexplained(
                observations,
                name,
                *block,
                &(0..observations.probes.len()).filter_map(probed).collect::<Vec<_>>(),
            ));
        }
        for diagnosis in diagnoses {
            let known = findings.iter_mut().find(|finding| finding.cause.as_ref() == Some(&diagnosis.cause));
            if let Some(known) = known {
                known.blocks.push(block_name.clone());
                continue;
            }
            let mut found =
                diagnosis.clone().finding(Severity::Fault, Verdict::Wrong, name, vec![block_name.clone()]);
            let replaced = |other: &Diagnosis| matches!(other.cause, Cause::DoutChanged { .. });
            let harmless = observations.probes[GIVEN].out.len() == 1 && !diagnoses.iter().any(replaced);
            if diagnoses.len() > 1 && diagnosis.cause == Cause::DoutIgnored && harmless {
                // A mistake of its own, without an effect if this is the last layer.
                found.severity = Severity::Warning;
            }
            found.evidence.extend(numbers(observations, *block, diagnosis));
            let ignored = |diagnosis: &Diagnosis| diagnosis.cause == Cause::DoutIgnored;
            if ignored(diagnosis) || !diagnoses.iter().any(ignored) {
                found.evidence.extend(linearity::as_evidence(observations, *block));
            }
            found.evidence.extend(diagnosis.remarks.iter().cloned().map(Evidence::stating));
            findings.push(found);
        }
    }
    findings
}

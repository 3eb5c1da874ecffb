//! Evidence: tables of numbers that prove a finding, or that locate an unexplained one.

use super::causes::Diagnosis;
use super::comparison::index_of;
use super::message::text;
use super::numbers::nth;
use super::probe::{GIVEN, Observations};
use super::probed_block::ProbedBlock;
use super::{Evidence, Finding, Message, Severity, Table, Verdict, extent};
use retrograde_textbook::Tensor;

/// The largest number of rows of a table.
const SHOWN: usize = 6;

/// A statement about elements of a block, with a table of the first of them.
pub(super) fn elements(
    statement: Message,
    shape: &[usize],
    columns: Vec<Message>,
    rows: impl IntoIterator<Item = (usize, Vec<f64>)>,
) -> Evidence {
    let row = |(element, numbers)| (format!("{:?}", index_of(element, shape)), numbers);
    let rows = rows.into_iter().take(SHOWN).map(row).collect();
    Evidence { statement, table: Some(Table { columns, rows }) }
}

/// The elements with the largest errors.
fn furthest(probed: &ProbedBlock<'_>) -> Vec<usize> {
    let mut all: Vec<(usize, f64)> =
        probed.jacobian.columns.iter().map(|&at| (at, probed.error(at))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut shown: Vec<usize> = all.into_iter().take(SHOWN).map(|(at, _)| at).collect();
    shown.sort_unstable();
    shown
}

/// The evidence that a diagnosis reproduces the claimed gradient, with the columns side by side.
pub(super) fn numbers(observations: &Observations, block: usize, diagnosis: &Diagnosis) -> Option<Evidence> {
    let ones: Vec<Tensor> = observations.probes.iter().map(|probe| Tensor::ones(probe.d.shape())).collect();
    let probed = |number: usize| {
        ProbedBlock::new(observations, number, block, diagnosis.from_one.then(|| &ones[number]), None)
    };
    let probed_blocks: Vec<ProbedBlock<'_>> = (0..observations.probes.len()).filter_map(probed).collect();
    let pairs: Vec<_> = probed_blocks
        .iter()
        .zip(&diagnosis.predicted)
        .filter_map(|(probed, predicted)| Some((probed, predicted.as_ref()?)))
        .collect();
    let distinguishes = |probed: &ProbedBlock<'_>, predicted| probed.distinguishing(predicted) > 0;
    let &(probed, predicted) = pairs
        .iter()
        .find(|(probed, predicted)| probed.probe_index == GIVEN && distinguishes(probed, predicted))
        .or_else(|| pairs.iter().find(|(probed, predicted)| distinguishes(probed, predicted)))
        .or_else(|| pairs.first())?;
    let (mut count, mut worst, mut off) = (0, 0.0_f64, 0.0_f64);
    for (probed, predicted) in &pairs {
        for (claimed, predicted, _) in probed.elements(predicted) {
            count += 1;
            worst = worst.max((claimed - predicted).abs());
        }
        for (claimed, truth, _) in probed.elements(&probed.truth) {
            off = off.max((claimed - truth).abs());
        }
    }
    let statement = text!(
        if worst == 0.0 { "evidence-reproduced_exactly" } else { "evidence-reproduced" },
        count,
        inputs = pairs.len(),
        worst = format!("{worst:.0e}"),
        off = format!("{off:.2e}")
    );
    let columns = vec![text!("column-code"), text!("column-fault"), text!("column-differences")];
    let numbers =
        |element: usize| [&probed.claimed, predicted, &probed.truth].map(|one| nth(one, element)).to_vec();
    let rows = furthest(probed).into_iter().map(|element| (element, numbers(element)));
    Some(elements(statement, &probed.jacobian.shape, columns, rows))
}

/// The finding for a wrong block without a proved cause.
pub(super) fn unexplained(
    observations: &Observations,
    place: &str,
    block: usize,
    probed_blocks: &[ProbedBlock<'_>],
) -> Finding {
    let name = &observations.names[block];
    let missing = observations.probes.iter().any(|probe| probe.claimed[block].is_none());
    let endless = probed_blocks.iter().find_map(|probed| {
        let (at, value) = probed.claimed.iter().enumerate().find(|(_, value)| !value.is_finite())?;
        Some((index_of(at, probed.claimed.shape()), *value))
    });
    let sentence = match endless {
        Some((at, value)) => text!("unexplained-infinite", block = name, at, value = value.to_string()),
        None if missing => text!("unexplained-missing", block = name),
        None => text!("unexplained", block = name),
    };
    let mut found = Finding::new(Severity::Fault, Verdict::Wrong, place, vec![name.clone()], sentence);
    let Some(probed) = probed_blocks
        .iter()
        .find(|v| v.verdict.is_wrong() && v.probe_index == GIVEN)
        .or_else(|| probed_blocks.iter().find(|v| v.verdict.is_wrong()))
    else {
        found.evidence.push(Evidence::stating(text!("unexplained-few")));
        return found;
    };
    let comparison = probed.comparison(name);
    let wrong: Vec<usize> = probed
        .jacobian
        .columns
        .iter()
        .copied()
        .filter(|&element| probed.error(element) > nth(&probed.tolerance, element))
        .collect();
    let statement = text!(
        "evidence-compared",
        wrong = wrong.len(),
        all = probed.jacobian.columns.len(),
        cosine = format!("{:.4}", comparison.cosine),
        ratio = format!("{:.4}", comparison.ratio)
    );
    let columns = vec![text!("column-code"), text!("column-differences")];
    let numbers = |element: usize| [&probed.claimed, &probed.truth].map(|one| nth(one, element)).to_vec();
    let rows = furthest(probed).into_iter().map(|element| (element, numbers(element)));
    found.evidence.push(elements(statement, &probed.jacobian.shape, columns, rows));
    found
        .evidence
        .extend(extent::sentences(observations, block, probed_blocks).into_iter().map(Evidence::stating));
    found
}

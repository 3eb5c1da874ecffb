//! What follows from the gradient of the whole for the nodes, and from the nodes for kinks of the whole.
//!
//! A gradient of a parameter that someone uses is wrong, or it is not; the nodes alone say where. What a node does otherwise
//! than alone it should, and what makes no difference in this graph, is a remark.

use super::super::message::text;
use super::super::{Cause, Verdict};
use super::judge::Measured;
use super::loss_check::{CheckedLoss, Compared, ELSEWHERE, Point};
use super::node_checks::NodeChecks;
use super::rounding::{elsewhere, nearby};
use super::{by_hand, claims};
use retrograde_base::error::Result;

/// So many times smaller than the mistake of a node must a mistake be that the comparison of the whole would see, for the
/// whole to say that the mistake has no consequence.
const SHARPER: f64 = 50.0;

/// Settles what the whole and the nodes say of each other.
pub(super) fn settle(
    subject: &CheckedLoss<'_>,
    point: &Point,
    rows: &mut [Compared],
    alone: &mut NodeChecks,
) -> Result<()> {
    at_kinks(subject, point, rows, alone)?;
    if alone.first_wrong.is_some() && !recorded(subject, rows).any(Compared::is_wrong) {
        let harmless = is_without_consequence(subject, point, rows, alone)?;
        if harmless {
            without_consequence(alone);
        }
    }
    let open = |verdict| matches!(verdict, Verdict::NotDifferentiable | Verdict::Inconclusive);
    let verdict = super::loss_check::verdict(rows);
    if !open(verdict) && !verdict.is_wrong() {
        // Where a node alone jumps or does not settle and the whole does not, there is nothing to say: the contribution of a
        // maximum compares two numbers that are moved together in the whole, and alone here.
        alone.findings.retain(|found| !open(found.verdict));
    }
    Ok(())
}

/// The rows whose gradient is what backpropagation records.
fn recorded<'r>(subject: &CheckedLoss<'_>, rows: &'r [Compared]) -> impl Iterator<Item = &'r Compared> {
    let claimed: Vec<bool> = (0..subject.blocks.len()).map(|block| subject.is_claimed(block)).collect();
    let any = claimed.contains(&true);
    rows.iter()
        .enumerate()
        .filter(move |(row, _)| !claimed.get(*row).copied().unwrap_or(any))
        .map(|(_, one)| one)
}

/// Rows that look wrong, or right, only because the loss has a kink.
fn at_kinks(
    subject: &CheckedLoss<'_>,
    point: &Point,
    rows: &mut [Compared],
    alone: &NodeChecks,
) -> Result<()> {
    // Each node takes one of the slopes of its kink, and the product of such slopes need be no slope of the whole: where
    // there is no kink, it is right.
    let explained = alone.first_wrong.is_none()
        && alone.kinks
        && recorded(subject, rows).any(Compared::is_wrong)
        && compared_nearby(subject, point)?
            .is_none_or(|rows| !recorded(subject, &rows).any(Compared::is_wrong));
    let mut open = Vec::new();
    for (row, one) in rows.iter_mut().enumerate() {
        let verdict = one.comparison.verdict;
        if row >= subject.blocks.len() || !subject.is_claimed(row) {
            one.comparison.verdict = if explained && verdict.is_wrong() { Verdict::Kink } else { verdict };
            let counted = verdict == Verdict::Kink && alone.wrong_at_kinks && row < subject.blocks.len();
            open.extend(counted.then_some(row));
        } else if verdict == Verdict::Kink || verdict.is_wrong() && alone.kinks {
            open.extend(may_be_admissible(subject, point, row, one)?.then_some(row));
        }
    }
    if !open.is_empty() {
        for (row, verdict) in by_hand::at_kinks(subject, point, &open)? {
            rows[row].comparison.verdict = verdict;
        }
    }
    Ok(())
}

/// Whether all that looks wrong in a gradient that was given may be what it takes at a kink: where there is none it is right; or,
/// if it holds at the given values alone, what backpropagation records is no slope in those elements either.
fn may_be_admissible(subject: &CheckedLoss<'_>, point: &Point, block: usize, row: &Compared) -> Result<bool> {
    if subject.follows(block)? {
        return Ok(compared_nearby(subject, point)?.is_none_or(|rows| !rows[block].is_wrong()));
    }
    let Some(measured) = &row.measured else { return Ok(true) };
    let recorded = claims::computed::<f64>(&subject.recorded[block..=block], &point.given)?.swap_remove(0);
    let known = Measured::new(recorded, measured.elements.clone(), measured.slopes.clone(), 0.0);
    let pairs = measured.verdicts.iter().zip(&known.verdicts);
    Ok(pairs.filter(|(verdict, _)| verdict.is_wrong()).all(|(_, known)| *known != Verdict::Right))
}

/// The blocks compared where all parameters are moved a little, if the loss and its gradients are finite there.
fn compared_nearby(subject: &CheckedLoss<'_>, point: &Point) -> Result<Option<Vec<Compared>>> {
    let there = nearby(&point.values.of_all(subject.blocks)?, subject.options.seed);
    let there = subject.at_blocks(point, there)?;
    there.map(|there| subject.compare_here(&there, Some(ELSEWHERE))).transpose()
}

/// Whether what is wrong in nodes alone reaches no parameter: the recorded gradients agree with the loss so well that they
/// would not if it did. Rows for which it does become wrong.
fn is_without_consequence(
    subject: &CheckedLoss<'_>,
    point: &Point,
    rows: &mut [Compared],
    alone: &NodeChecks,
) -> Result<bool> {
    // A sample may leave out what is wrong; a direction does not.
    if subject.options.sample.is_some() && !subject.options.directions {
        let along = subject.directions(point)?;
        mark(subject, rows, &along);
    }
    if recorded(subject, rows).any(Compared::is_wrong) {
        return Ok(false);
    }
    let sharp = alone.least_mistake() / SHARPER;
    let right = |row: &Compared| row.comparison.verdict == Verdict::Right && row.detection_limit <= sharp;
    // A gradient of 0 is right whatever is multiplied by it.
    let distinguishing = |row: &Compared| right(row) && !row.is_zero();
    let mut somewhere = recorded(subject, rows).all(distinguishing);
    let mut everywhere = recorded(subject, rows).all(right);
    // What a node takes at a kink matters there alone.
    if alone.wrong_at_kinks {
        return Ok(somewhere);
    }
    // Where the mistake is multiplied by next to nothing it is not seen: behind an activation that is saturated here.
    let starts = point.values.of_all(subject.blocks)?;
    let seed = subject.options.seed;
    for there in std::iter::once(nearby(&starts, seed)).chain(elsewhere(&starts, seed)) {
        let Some(there) = subject.at_blocks(point, there)? else {
            continue;
        };
        let found = subject.compare_here(&there, Some(ELSEWHERE))?;
        mark(subject, rows, &found);
        if recorded(subject, rows).any(Compared::is_wrong) {
            return Ok(false);
        }
        somewhere |= recorded(subject, &found).all(distinguishing);
        everywhere &= recorded(subject, &found).all(right);
    }
    Ok(somewhere || everywhere)
}

/// Rows that were found to be wrong in another way of comparing them.
fn mark(subject: &CheckedLoss<'_>, rows: &mut [Compared], found: &[Compared]) {
    for (number, (row, found)) in rows.iter_mut().zip(found).enumerate() {
        let claimed = number < subject.blocks.len() && subject.is_claimed(number);
        if found.is_wrong() && !claimed {
            row.comparison.verdict = Verdict::Wrong;
        }
    }
}

/// Nodes that are wrong alone, in a graph whose gradients are right.
fn without_consequence(alone: &mut NodeChecks) {
    for node in alone.layers.iter_mut().filter(|node| node.verdict.is_wrong()) {
        node.verdict = Verdict::Together;
        for block in node.blocks.iter_mut().filter(|block| block.verdict.is_wrong()) {
            block.verdict = Verdict::Together;
        }
    }
    for found in alone.findings.iter_mut().filter(|found| found.verdict.is_wrong()) {
        let condition = match &found.cause {
            Some(Cause::DoutIgnored) => "matters-scaled",
            _ => "matters-another_graph",
        };
        *found = found.clone().harmless([text!("harmless-graph"), text!(condition)]);
    }
}

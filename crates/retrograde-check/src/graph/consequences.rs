//! The consequences of the loss gradient for the nodes, and of the nodes for kinks of the loss.
//!
//! The used gradients of the parameters decide; the isolated nodes only give the location. A deviation of a node without an
//! effect in this graph is a remark.

use super::super::message::text;
use super::super::{Cause, Verdict};
use super::judge::Measured;
use super::loss_check::{CheckedLoss, Compared, ELSEWHERE, Point};
use super::node_checks::NodeChecks;
use super::rounding::{elsewhere, nearby};
use super::{by_hand, claims};
use retrograde_base::error::Result;

/// The loss check must detect mistakes this many times smaller than that of the node, before the mistake counts as one
/// without a consequence.
const SHARPER: f64 = 50.0;

/// Reconciles the verdicts of the loss gradient and of the nodes.
pub(super) fn settle(
    subject: &CheckedLoss<'_>,
    point: &Point,
    rows: &mut [Compared],
    node_checks: &mut NodeChecks,
) -> Result<()> {
    at_kinks(subject, point, rows, node_checks)?;
    if node_checks.first_wrong.is_some() && !recorded(subject, rows).any(Compared::is_wrong) {
        let harmless = is_without_consequence(subject, point, rows, node_checks)?;
        if harmless {
            without_consequence(node_checks);
        }
    }
    let open = |verdict| matches!(verdict, Verdict::NotDifferentiable | Verdict::Inconclusive);
    let verdict = super::loss_check::verdict(rows);
    if !open(verdict) && !verdict.is_wrong() {
        // A node that jumps in isolation, while the loss does not, is no finding: the contribution of a maximum compares
        // two numbers that move together in the graph.
        node_checks.findings.retain(|found| !open(found.verdict));
    }
    Ok(())
}

/// The rows with recorded gradients.
fn recorded<'r>(subject: &CheckedLoss<'_>, rows: &'r [Compared]) -> impl Iterator<Item = &'r Compared> {
    let claimed: Vec<bool> = (0..subject.blocks.len()).map(|block| subject.is_claimed(block)).collect();
    let any = claimed.contains(&true);
    rows.iter()
        .enumerate()
        .filter(move |(row, _)| !claimed.get(*row).copied().unwrap_or(any))
        .map(|(_, one)| one)
}

/// Rows that look wrong, or right, only because of a kink of the loss.
fn at_kinks(
    subject: &CheckedLoss<'_>,
    point: &Point,
    rows: &mut [Compared],
    node_checks: &NodeChecks,
) -> Result<()> {
    // Each node takes one of the slopes of its kink, and the product of these slopes may not be a slope of the loss:
    // without a kink it is right.
    let explained = node_checks.first_wrong.is_none()
        && node_checks.kinks
        && recorded(subject, rows).any(Compared::is_wrong)
        && compared_nearby(subject, point)?
            .is_none_or(|rows| !recorded(subject, &rows).any(Compared::is_wrong));
    let mut open = Vec::new();
    for (row, one) in rows.iter_mut().enumerate() {
        let verdict = one.comparison.verdict;
        if row >= subject.blocks.len() || !subject.is_claimed(row) {
            one.comparison.verdict = if explained && verdict.is_wrong() { Verdict::Kink } else { verdict };
            let counted =
                verdict == Verdict::Kink && node_checks.wrong_at_kinks && row < subject.blocks.len();
            open.extend(counted.then_some(row));
        } else if verdict == Verdict::Kink || verdict.is_wrong() && node_checks.kinks {
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

/// Whether the deviation of a given gradient may be the choice at a kink: it is right at points without a kink; or, if it
/// holds only at the given values, the recorded gradient is no slope in those elements either.
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

/// The comparison of the blocks after a small move of all parameters, if the loss and its gradients are finite there.
fn compared_nearby(subject: &CheckedLoss<'_>, point: &Point) -> Result<Option<Vec<Compared>>> {
    let there = nearby(&point.values.of_all(subject.blocks)?, subject.options.seed);
    let there = subject.at_blocks(point, there)?;
    there.map(|there| subject.compare_here(&there, Some(ELSEWHERE))).transpose()
}

/// Whether faults of isolated nodes reach no parameter: the recorded gradients agree with the loss so well that the faults
/// would be detected. Also returns the rows that become wrong.
fn is_without_consequence(
    subject: &CheckedLoss<'_>,
    point: &Point,
    rows: &mut [Compared],
    node_checks: &NodeChecks,
) -> Result<bool> {
    // A sample may miss wrong elements; a direction does not.
    if subject.options.sample.is_some() && !subject.options.directions {
        let along = subject.directions(point)?;
        mark(subject, rows, &along);
    }
    if recorded(subject, rows).any(Compared::is_wrong) {
        return Ok(false);
    }
    let sharp = node_checks.least_mistake() / SHARPER;
    let right = |row: &Compared| row.comparison.verdict == Verdict::Right && row.detection_limit <= sharp;
    // A gradient of 0 cannot be changed by a factor.
    let distinguishing = |row: &Compared| right(row) && !row.is_zero();
    let mut somewhere = recorded(subject, rows).all(distinguishing);
    let mut everywhere = recorded(subject, rows).all(right);
    // The choice of a node at a kink matters only there.
    if node_checks.wrong_at_kinks {
        return Ok(somewhere);
    }
    // A mistake multiplied by nearly 0 is not detected: downstream of an activation that is saturated here.
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

/// Rows that another comparison found to be wrong.
fn mark(subject: &CheckedLoss<'_>, rows: &mut [Compared], found: &[Compared]) {
    for (number, (row, found)) in rows.iter_mut().zip(found).enumerate() {
        let claimed = number < subject.blocks.len() && subject.is_claimed(number);
        if found.is_wrong() && !claimed {
            row.comparison.verdict = Verdict::Wrong;
        }
    }
}

/// Nodes that are wrong in isolation, in a graph whose gradients are right.
fn without_consequence(node_checks: &mut NodeChecks) {
    for node in node_checks.layers.iter_mut().filter(|node| node.verdict.is_wrong()) {
        node.verdict = Verdict::Together;
        for block in node.blocks.iter_mut().filter(|block| block.verdict.is_wrong()) {
            block.verdict = Verdict::Together;
        }
    }
    for found in node_checks.findings.iter_mut().filter(|found| found.verdict.is_wrong()) {
        let condition = match &found.cause {
            Some(Cause::DoutIgnored) => "matters-scaled",
            _ => "matters-another_graph",
        };
        *found = found.clone().harmless([text!("harmless-graph"), text!(condition)]);
    }
}

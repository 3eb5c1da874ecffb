//! The findings about a graph's nodes and gradients.

use super::super::evidence::elements;
use super::super::explain::ties_counted;
use super::super::kinks::AtKink;
use super::super::message::text;
use super::super::{Comparison, Evidence, Finding, Message, Severity, Verdict};
use super::blocks::Along;
use super::loss_check::Compared;
use super::node::InputCheck;
use retrograde_base::error::Error;
use retrograde_core::graph::Node;

/// A node that gave two values for the same inputs.
pub(super) fn nondeterministic(node: &Node) -> Finding {
    let sentence = text!("node-not_deterministic", node = described(node));
    Finding::new(Severity::Warning, Verdict::NotDeterministic, node.label(), Vec::new(), sentence)
}

/// A node whose derivative could not be recorded.
pub(super) fn not_recorded(node: &Node, error: &Error, first_wrong: Option<&Node>) -> Finding {
    let sentence = text!("node-not_recorded", place = place(node, first_wrong), error = error.to_string());
    Finding::new(Severity::Fault, Verdict::Wrong, node.label(), Vec::new(), sentence)
}

/// The finding of the check of one input of a node, if any.
pub(super) fn of_input(node: &Node, check: &InputCheck, first_wrong: Option<&Node>) -> Option<Finding> {
    match check.verdict {
        Verdict::Right | Verdict::Rounding => None,
        Verdict::Wrong => Some(wrong_input(node, check, first_wrong)),
        Verdict::Kink => Some(kink(node, check)),
        verdict => {
            let jumps = verdict == Verdict::NotDifferentiable;
            let id = if jumps { "node-jump" } else { "node-inconclusive" };
            let sentence = text!(id, node = described(node), block = &check.label);
            Some(of_check(Severity::Warning, verdict, node, check, sentence))
        }
    }
}

/// A derivative that is not admissible where several elements are tied, of all inputs of a node together.
pub(super) fn wrong_ties(node: &Node, checks: &[InputCheck], first_wrong: Option<&Node>) -> Option<Finding> {
    let wrong: Vec<&InputCheck> = checks.iter().filter(|check| check.is_wrong_at_ties()).collect();
    let mut blocks: Vec<String> = wrong.iter().map(|check| check.label.clone()).collect();
    blocks.dedup();
    let mut found = Finding { blocks: blocks.clone(), ..wrong_input(node, wrong.first()?, first_wrong) };
    let Some(AtKink::Counted(times)) = wrong.first()?.tied else {
        found.sentences.push(text!("node-between"));
        return Some(found);
    };
    let counted = ties_counted(&blocks.join(" and d"), times);
    found.sentences.push(counted.message);
    Some(found.of(counted.cause))
}

fn wrong_input(node: &Node, check: &InputCheck, first_wrong: Option<&Node>) -> Finding {
    let sentence = text!("node-wrong", place = place(node, first_wrong), block = &check.label);
    let mut found = of_check(Severity::Fault, Verdict::Wrong, node, check, sentence);
    let wrong = check.measured.rows().filter(|(.., verdict)| verdict.is_wrong());
    let differing: Vec<(usize, Vec<f64>)> =
        wrong.map(|(element, claimed, slope, _)| (element, vec![claimed, slope.value])).collect();
    if !differing.is_empty() {
        let (count, all) = (differing.len(), check.measured.elements.len());
        let columns = vec![text!("column-derivative"), text!("column-differences")];
        let statement = text!("node-differ", count, all);
        found.evidence.push(elements(statement, &check.shape, columns, differing));
    }
    if let Some(Along { claimed, slope, .. }) = &check.along {
        found.evidence.push(Evidence::stating(text!(
            "node-along",
            claimed = format!("{claimed:.9e}"),
            differences = format!("{:.9e}", slope.value)
        )));
    }
    found
}

/// Adds the proved cause of the layer check, with its message.
pub(super) fn explain(found: &mut Finding, cause: Finding) {
    found.sentences.extend(cause.sentences);
    found.evidence.splice(0..0, cause.evidence);
    found.cause = cause.cause;
}

fn kink(node: &Node, check: &InputCheck) -> Finding {
    let kinks = check.measured.kinks();
    let at_side = |side: usize| {
        let takes = |(_, slopes): &&(usize, [f64; 3])| {
            let [left, claimed, right] = *slopes;
            (claimed - slopes[side]).abs() <= 1e-6 * left.abs().max(right.abs())
        };
        kinks.iter().filter(takes).count()
    };
    let (left, right, all) = (at_side(0), at_side(2), kinks.len());
    let taken = match all {
        0 => None,
        _ if left == all => Some(text!("node-left")),
        _ if right == all => Some(text!("node-right")),
        _ => Some(text!("node-sides", left, right, between = all.saturating_sub(left + right))),
    };
    let sentence = text!(
        "node-kink",
        node = described(node),
        block = &check.label,
        kinks = all,
        all = check.measured.elements.len()
    );
    let mut found = of_check(Severity::Remark, Verdict::Kink, node, check, sentence);
    found.sentences.extend(taken);
    found.sentences.push(text!("node-no_fault"));
    if all > 0 {
        let columns = vec![text!("column-left"), text!("column-taken"), text!("column-right")];
        let rows = kinks.into_iter().map(|(element, slopes)| (element, slopes.to_vec()));
        found.evidence.push(elements(text!("node-slopes"), &check.shape, columns, rows));
    }
    found
}

/// A finding about one input of a node.
fn of_check(
    severity: Severity,
    verdict: Verdict,
    node: &Node,
    check: &InputCheck,
    sentence: Message,
) -> Finding {
    Finding::new(severity, verdict, node.label(), vec![check.label.clone()], sentence)
}

/// A recorded gradient of the loss that is wrong without a wrong node.
pub(super) fn loss_gradient(wrong: &[&Comparison]) -> Finding {
    let wrong: Vec<String> = wrong.iter().map(|block| block.block.clone()).collect();
    Finding::new(Severity::Fault, Verdict::Wrong, wrong.join(", "), wrong, text!("graph-unexplained"))
}

/// Only rounding could be compared at the given values.
pub(super) fn elsewhere(rows: &[Compared], title: &str) -> Option<Finding> {
    let named = |rows: Vec<&Compared>| -> Vec<String> {
        rows.iter().map(|row| row.comparison.block.clone()).collect()
    };
    let moved = named(rows.iter().filter(|row| row.elsewhere).collect());
    let open = named(rows.iter().filter(|row| row.comparison.verdict == Verdict::Inconclusive).collect());
    if moved.is_empty() && open.is_empty() {
        return None;
    }
    let mut sentences = Vec::new();
    if !moved.is_empty() {
        sentences.push(text!("graph-moved", names = moved.clone()));
    }
    if !open.is_empty() {
        sentences.push(text!("graph-open", names = open.clone()));
    }
    let all = rows.len() == open.len();
    let (severity, verdict) =
        if all { (Severity::Warning, Verdict::Inconclusive) } else { (Severity::Remark, Verdict::Right) };
    let blocks = [moved, open].concat();
    let found = Finding::new(severity, verdict, format!("gradient{title}"), blocks, Message::verbatim(""));
    Some(Finding { sentences, ..found })
}

/// A finding about a block of the loss gradient.
pub(super) fn of_block(severity: Severity, verdict: Verdict, name: String, sentence: Message) -> Finding {
    Finding::new(severity, verdict, name.clone(), vec![name], sentence)
}

/// The node, its operation and the line that recorded it.
pub(super) fn described(node: &Node) -> Message {
    let operation = node.operation().map_or("", |operation| operation.name());
    text!("node", label = node.label(), operation, location = node.location.to_string())
}

fn place(node: &Node, first_wrong: Option<&Node>) -> Message {
    let id = match first_wrong {
        None => "place-first",
        Some(first) if first.id == node.id => "place-too",
        Some(_) => "place-as_well",
    };
    text!(id, node = described(node))
}

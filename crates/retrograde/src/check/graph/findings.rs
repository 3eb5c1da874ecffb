//! What is said about a graph's nodes and gradients.

use super::super::examine::ties_counted;
use super::super::kinks::AtKink;
use super::super::{Comparison, Evidence, Finding, Formulas, Severity, Table, Verdict};
use super::node::InputCheck;
use super::whole::Compared;
use crate::error::Error;
use crate::graph::Node;

/// How many elements a table of evidence shows.
const SHOWN: usize = 6;

/// A node that gave two values for the same inputs.
pub(super) fn unsteady(node: &Node) -> Finding {
    Finding {
        severity: Severity::Warning,
        verdict: Verdict::NotDeterministic,
        location: node.label(),
        blocks: Vec::new(),
        cause: None,
        invariant: None,
        sentence: format!(
            "{} had another value in a second run with the same inputs, so that there is no one function to \
             differentiate.",
            described(node)
        ),
        formulas: None,
        evidence: Vec::new(),
        help: Some("Draw its random numbers from a fixed seed, or give them as an input.".into()),
        consequence: None,
    }
}

/// A node whose derivative is refused.
pub(super) fn not_recorded(node: &Node, error: &Error, first_wrong: Option<&Node>) -> Finding {
    Finding {
        sentence: format!("{} has a derivative that cannot be recorded: {error}", place(node, first_wrong)),
        ..wrong(node, Vec::new())
    }
}

/// What the check of one input of a node says, if it says anything.
pub(super) fn of_input(node: &Node, check: &InputCheck, first_wrong: Option<&Node>) -> Option<Finding> {
    match check.verdict {
        Verdict::Right | Verdict::Rounding => None,
        Verdict::Wrong => Some(wrong_input(node, check, first_wrong)),
        Verdict::Kink => Some(kink(node, check)),
        verdict => Some(Finding {
            severity: Severity::Warning,
            verdict,
            sentence: match verdict {
                Verdict::NotDifferentiable => format!(
                    "{} jumps or has no value near this value of {}, so that no difference can say what its slope is.",
                    described(node),
                    check.label
                ),
                _ => format!(
                    "Whether the derivative of {} with respect to {} is right cannot be told: the differences do not \
                     settle.",
                    described(node),
                    check.label
                ),
            },
            ..wrong(node, vec![check.label.clone()])
        }),
    }
}

/// A derivative that is none of those that are possible where several numbers are tied: of all inputs of a node together.
pub(super) fn wrong_ties(node: &Node, checks: &[InputCheck], first_wrong: Option<&Node>) -> Option<Finding> {
    let wrong: Vec<&InputCheck> = checks.iter().filter(|check| check.is_wrong_at_ties()).collect();
    let mut blocks: Vec<String> = wrong.iter().map(|check| check.label.clone()).collect();
    blocks.dedup();
    let found = Finding { blocks: blocks.clone(), ..wrong_input(node, wrong.first()?, first_wrong) };
    let Some(AtKink::Counted(times)) = wrong.first()?.tied else {
        let what = "Several of its numbers are at a kink together, and what it takes there is none of the gradients nearby, nor between them.";
        return Some(Finding { sentence: format!("{} {what}", found.sentence), ..found });
    };
    let counted = ties_counted(&blocks.join(" and d"), times);
    let formulas = counted.formulas.map(|(code, right)| Formulas { code, right });
    Some(Finding {
        sentence: format!("{} {}", found.sentence, counted.sentence),
        cause: Some(counted.cause),
        formulas,
        help: Some(counted.help),
        consequence: Some(counted.consequence),
        ..found
    })
}

fn wrong_input(node: &Node, check: &InputCheck, first_wrong: Option<&Node>) -> Finding {
    let (measured, along) = (&check.measured, check.along.as_ref());
    let mut evidence = Vec::new();
    let elements = measured.elements.iter().zip(&measured.slopes).zip(&measured.verdicts);
    let differing: Vec<(String, Vec<f64>)> = elements
        .filter(|(_, verdict)| verdict.is_wrong())
        .map(|((&element, slope), _)| {
            let index = super::super::comparison::index_of(element, &check.shape);
            (format!("{index:?}"), vec![check.claimed[element], slope.value])
        })
        .collect();
    if !differing.is_empty() {
        let count = differing.len();
        evidence.push(Evidence {
            statement: format!(
                "{count} of {} elements differ from the differences of its own output, for a random upstream gradient.",
                measured.elements.len()
            ),
            table: Some(Table {
                columns: vec!["its derivative".into(), "differences".into()],
                rows: differing.into_iter().take(SHOWN).collect(),
            }),
        });
    }
    if let Some((claimed, slope)) = along {
        evidence.push(Evidence::stating(format!(
            "Along a random direction of all elements its derivative gives {claimed:.9e}, the differences {:.9e}.",
            slope.value
        )));
    }
    Finding {
        sentence: format!(
            "{} has a wrong derivative with respect to {}.",
            place(node, first_wrong),
            check.label
        ),
        evidence,
        consequence: Some("Every gradient to the left of it is wrong with it.".into()),
        ..wrong(node, vec![check.label.clone()])
    }
}

/// Adds the cause that the check of layers has proved, with its words.
pub(super) fn explain(found: &mut Finding, cause: Finding) {
    found.sentence = format!("{} {}", found.sentence, cause.sentence);
    found.evidence.splice(0..0, cause.evidence);
    found.cause = cause.cause;
    found.formulas = cause.formulas;
    found.help = cause.help;
    found.consequence = cause.consequence.or(found.consequence.take());
}

fn kink(node: &Node, check: &InputCheck) -> Finding {
    let kinks: Vec<(usize, f64, f64)> = check.measured.kinks().collect();
    let rows = kinks.iter().take(SHOWN).map(|&(element, left, right)| {
        let index = super::super::comparison::index_of(element, &check.shape);
        (format!("{index:?}"), vec![left, check.claimed[element], right])
    });
    let table = Table { columns: vec!["left".into(), "taken".into(), "right".into()], rows: rows.collect() };
    let at_side = |of: fn(f64, f64) -> f64| {
        let takes = |&&(element, left, right): &&(usize, f64, f64)| {
            (check.claimed[element] - of(left, right)).abs() <= 1e-6 * left.abs().max(right.abs())
        };
        kinks.iter().filter(takes).count()
    };
    let (left, right) = (at_side(|left, _| left), at_side(|_, right| right));
    let taken = match kinks.len() {
        0 => String::new(),
        all if left == all => " It takes the slope of the left side.".into(),
        all if right == all => " It takes the slope of the right side.".into(),
        all => format!(
            " It takes the slope of the left side at {left}, of the right side at {right}, and one between at {}.",
            all.saturating_sub(left + right)
        ),
    };
    Finding {
        severity: Severity::Remark,
        verdict: Verdict::Kink,
        sentence: format!(
            "{} has a kink at this value of {}: {} of {} elements have one slope on the left and another on the right.\
             {taken} That is no fault.",
            described(node),
            check.label,
            kinks.len(),
            check.measured.elements.len()
        ),
        evidence: if kinks.is_empty() {
            Vec::new()
        } else {
            vec![Evidence {
                statement: "The slopes of both sides, and the one taken.".into(),
                table: Some(table),
            }]
        },
        ..wrong(node, vec![check.label.clone()])
    }
}

/// A recorded gradient that is wrong in the whole, and for which no node is to blame.
pub(super) fn whole(wrong: &[&Comparison]) -> Finding {
    let wrong: Vec<String> = wrong.iter().map(|block| block.block.clone()).collect();
    let sentence = "Every node has the right derivative alone, and yet the gradient of the whole is wrong: what is wrong shows \
                    at other values than those that the nodes have here, or in elements that were not drawn.";
    let found = of_block(Severity::Fault, Verdict::Wrong, wrong.join(", "), sentence.into());
    Finding { blocks: wrong, ..found }
}

/// Where rounding was all there was to compare at the given values.
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
        sentences.push(format!(
            "At the given values the gradient of {} is so near 0 that rounding is all there is to compare; it was compared at other values of the parameters instead.",
            moved.join(", ")
        ));
    }
    if !open.is_empty() {
        sentences.push(format!(
            "The differences are too inaccurate, at the given values and at others, to say whether the gradient of {} is right.",
            open.join(", ")
        ));
    }
    let all = rows.len() == open.len();
    let (severity, verdict) =
        if all { (Severity::Warning, Verdict::Inconclusive) } else { (Severity::Remark, Verdict::Right) };
    let found = of_block(severity, verdict, format!("gradient{title}"), sentences.join(" "));
    Some(Finding { blocks: [moved, open].concat(), ..found })
}

/// A finding about a block of the whole, to be filled in.
pub(super) fn of_block(severity: Severity, verdict: Verdict, name: String, sentence: String) -> Finding {
    Finding {
        severity,
        verdict,
        location: name.clone(),
        blocks: vec![name],
        cause: None,
        invariant: None,
        sentence,
        formulas: None,
        evidence: Vec::new(),
        help: None,
        consequence: None,
    }
}

/// A finding about a node, without its words.
fn wrong(node: &Node, blocks: Vec<String>) -> Finding {
    Finding {
        severity: Severity::Fault,
        verdict: Verdict::Wrong,
        location: node.label(),
        blocks,
        cause: None,
        invariant: None,
        sentence: String::new(),
        formulas: None,
        evidence: Vec::new(),
        help: None,
        consequence: None,
    }
}

/// The node, its operation and the line that recorded it.
pub(super) fn described(node: &Node) -> String {
    let operation = node.operation().map_or("", |operation| operation.name());
    format!("`{}` (the operation `{operation}`, recorded at {})", node.label(), node.location)
}

fn place(node: &Node, first_wrong: Option<&Node>) -> String {
    match first_wrong {
        None => format!("{} is the first from the left that is wrong: it", described(node)),
        Some(first) if first.id == node.id => format!("{}, too,", described(node)),
        Some(_) => format!("{} is wrong as well: it", described(node)),
    }
}

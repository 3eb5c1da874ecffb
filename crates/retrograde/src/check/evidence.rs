//! The columns of numbers that prove a finding, or that localise what could not be explained.

use super::causes::Diagnosis;
use super::comparison::index_of;
use super::probe::{Answers, GIVEN};
use super::view::View;
use super::{Evidence, Finding, Severity, Table, Verdict, extent};
use crate::textbook::Tensor;

/// How many rows a table of evidence has at most.
const SHOWN: usize = 6;

/// A finding to be filled in.
pub(super) fn finding(
    severity: Severity,
    verdict: Verdict,
    place: &str,
    blocks: Vec<String>,
    sentence: String,
) -> Finding {
    Finding {
        severity,
        verdict,
        location: place.to_owned(),
        blocks,
        cause: None,
        invariant: None,
        sentence,
        formulas: None,
        evidence: Vec::new(),
        help: None,
        consequence: None,
    }
}

/// The differentiated elements, those that are furthest off first.
fn furthest(view: &View<'_>) -> Vec<usize> {
    let mut all: Vec<(usize, f64)> = view.jacobian.columns.iter().map(|&at| (at, view.off(at))).collect();
    all.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut shown: Vec<usize> = all.into_iter().take(SHOWN).map(|(at, _)| at).collect();
    shown.sort_unstable();
    shown
}

fn at(values: &Tensor, element: usize) -> f64 {
    values.iter().nth(element).copied().unwrap_or(f64::NAN)
}

/// That a diagnosis reproduces the code's numbers, with the columns side by side.
pub(super) fn numbers(answers: &Answers, block: usize, diagnosis: &Diagnosis) -> Option<Evidence> {
    let ones: Vec<Tensor> = answers.probes.iter().map(|probe| Tensor::ones(probe.d.shape())).collect();
    let view =
        |number: usize| View::new(answers, number, block, diagnosis.from_one.then(|| &ones[number]), None);
    let views: Vec<View<'_>> = (0..answers.probes.len()).filter_map(view).collect();
    let pairs: Vec<_> = views
        .iter()
        .zip(&diagnosis.predicted)
        .filter_map(|(view, predicted)| Some((view, predicted.as_ref()?)))
        .collect();
    let told = |view: &View<'_>, predicted| view.tells(predicted) > 0;
    let &(view, predicted) = pairs
        .iter()
        .find(|(view, predicted)| view.number == GIVEN && told(view, predicted))
        .or_else(|| pairs.iter().find(|(view, predicted)| told(view, predicted)))
        .or_else(|| pairs.first())?;
    let (mut count, mut worst, mut off) = (0, 0.0_f64, 0.0_f64);
    for (view, predicted) in &pairs {
        for (claimed, predicted, _) in view.elements(predicted) {
            count += 1;
            worst = worst.max((claimed - predicted).abs());
        }
        for (claimed, truth, _) in view.elements(&view.truth) {
            off = off.max((claimed - truth).abs());
        }
    }
    let rows = furthest(view).into_iter().map(|element| {
        let index = format!("{:?}", index_of(element, &view.jacobian.shape));
        (index, vec![at(&view.claimed, element), at(predicted, element), at(&view.truth, element)])
    });
    let table = Table {
        columns: vec!["the code".into(), "this fault".into(), "by differences".into()],
        rows: rows.collect(),
    };
    Some(Evidence {
        statement: format!(
            "This fault gives all {count} numbers of the code at {} inputs, to {worst:.0e}; the right ones are up to {off:.2e} away.",
            pairs.len()
        ),
        table: Some(table),
    })
}

/// A block that is wrong for no cause that could be proved: where, and how.
pub(super) fn unexplained(answers: &Answers, place: &str, block: usize, views: &[View<'_>]) -> Finding {
    let name = &answers.names[block];
    let missing = answers.probes.iter().any(|probe| probe.claimed[block].is_none());
    let sentence = if missing {
        format!("backward leaves no gradient for `{name}`.")
    } else {
        format!("d{name} is wrong, and no known fault reproduces its numbers: here is where they differ.")
    };
    let endless = views.iter().find_map(|view| {
        let (at, value) = view.claimed.iter().enumerate().find(|(_, value)| !value.is_finite())?;
        Some((index_of(at, view.claimed.shape()), *value))
    });
    let sentence = endless.map_or(sentence, |(at, value)| {
        format!("d{name} is {value} at {at:?}, where the differences are finite: backward divides by 0, or a number leaves the range on the way.")
    });
    let mut found = finding(Severity::Fault, Verdict::Wrong, place, vec![name.clone()], sentence);
    found.consequence =
        Some("the gradient is not that of the loss; what training does with it cannot be said".into());
    if missing {
        found.help = Some(format!("compute d{name} in backward, and show it in `parameters`"));
    }
    let Some(view) = views
        .iter()
        .find(|v| v.verdict.is_wrong() && v.number == GIVEN)
        .or_else(|| views.iter().find(|v| v.verdict.is_wrong()))
    else {
        found.evidence.push(Evidence::stating("Along random directions through the whole block it disagrees; the elements that were differentiated one by one are right, so that few elements are wrong."));
        return found;
    };
    let comparison = view.comparison(name);
    let wrong: Vec<usize> = view
        .jacobian
        .columns
        .iter()
        .copied()
        .filter(|&element| view.off(element) > at(&view.tolerance, element))
        .collect();
    let rows = furthest(view).into_iter().map(|element| {
        let index = format!("{:?}", index_of(element, &view.jacobian.shape));
        (index, vec![at(&view.claimed, element), at(&view.truth, element)])
    });
    found.evidence.push(Evidence {
        statement: format!(
            "{} of {} elements are wrong; the cosine to the right gradient is {:.4}, the ratio of the norms {:.4}.",
            wrong.len(), view.jacobian.columns.len(), comparison.cosine, comparison.ratio,
        ),
        table: Some(Table { columns: vec!["the code".into(), "by differences".into()], rows: rows.collect() }),
    });
    found.evidence.extend(extent::sentences(answers, block, views).into_iter().map(Evidence::stating));
    found
}
